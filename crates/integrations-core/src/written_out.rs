//! Texts for people who must see all of them: nothing hidden, nothing in another order, nothing out of sight.

use crate::characters::is_invisible;

/// Longer runs of blanks are counted instead of shown.
const FEW_BLANKS: usize = 8;

/// A part of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Characters that can be seen, with spaces and line breaks between them.
    Plain(&'a str),
    /// A character that shows nothing, or changes how others look.
    Hidden {
        /// The character. It is written as `\u{…}`.
        character: char,
        /// How often it stands there.
        times: usize,
    },
    /// So many spaces, line breaks and other blanks that what follows them would be out of sight.
    Blanks(usize),
}

/// The parts of a text, in order. Together they are the whole text.
pub fn written_out(text: &str) -> Vec<Piece<'_>> {
    let (mut pieces, mut rest) = (Vec::new(), text);
    while let Some(first) = rest.chars().next() {
        let (piece, length) = if let Some(blanks) = many_blanks(rest) {
            (Piece::Blanks(blanks.chars().count()), blanks.len())
        } else if is_hidden(first) {
            let same = leading(rest, |c| c == first);
            (Piece::Hidden { character: first, times: same.chars().count() }, same.len())
        } else {
            let ends = |(at, c): &(usize, char)| is_hidden(*c) || many_blanks(rest.split_at(*at).1).is_some();
            let length = rest.char_indices().find(ends).map_or(rest.len(), |(at, _)| at);
            (Piece::Plain(rest.split_at(length).0), length)
        };
        pieces.push(piece);
        rest = rest.split_at(length).1;
    }
    pieces
}

/// The blanks at the beginning of a text, if they are many.
fn many_blanks(text: &str) -> Option<&str> {
    // U+2800 is a braille cell without dots, which counts as a visible symbol.
    let is_blank = |c: char| c.is_whitespace() || c == '\u{2800}';
    let blanks = leading(text, is_blank);
    (blanks.chars().nth(FEW_BLANKS).is_some()).then_some(blanks)
}

/// What a text begins with, as far as its characters are of a kind.
fn leading(text: &str, is_of_kind: impl Fn(char) -> bool) -> &str {
    let end = text.find(|c| !is_of_kind(c)).unwrap_or(text.len());
    text.split_at(end).0
}

/// Whether a character is written out: a control character, a format character, a separator other than space and line
/// break, a private or unassigned one, or one that shows nothing.
fn is_hidden(c: char) -> bool {
    c != '\n' && (is_invisible(c) || !is_printable(c))
}

/// Whether a character can be printed, as the standard library's `escape_debug` counts: it is of none of Unicode's
/// categories C and Z, or a space. An accent is printable where it follows a letter.
fn is_printable(c: char) -> bool {
    matches!(c, '\\' | '\'' | '"') || format!("a{c}").escape_debug().nth(1) != Some('\\')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const fn hidden(character: char) -> Piece<'static> {
        Piece::Hidden { character, times: 1 }
    }

    #[test]
    fn what_can_be_seen_stays_as_it_is() {
        for text in
            ["a \"b\" \\ 'c'\nd", "Grüße, e\u{301}té, 漢字, שלום, हिन्दी, ไทย, 🙂", "        ", "<script>"]
        {
            assert_eq!(written_out(text), [Piece::Plain(text)], "{text}");
        }
        assert_eq!(written_out(""), []);
    }

    #[test]
    fn what_hides_or_reorders_is_written_out() {
        for c in [
            '\0',
            '\t',
            '\r',
            '\u{1b}',
            '\u{7f}',
            '\u{9b}',
            '\u{a0}',
            '\u{ad}',
            '\u{34f}',
            '\u{61c}',
            '\u{115f}',
            '\u{180e}',
            '\u{200b}',
            '\u{200d}',
            '\u{202e}',
            '\u{2028}',
            '\u{2029}',
            '\u{2066}',
            '\u{3000}',
            '\u{3164}',
            '\u{e000}',
            '\u{fe0f}',
            '\u{feff}',
            '\u{fff9}',
            '\u{378}',
            '\u{e0041}',
            '\u{e0100}',
            '\u{10fffd}',
        ] {
            let text = format!("a{c}b");
            assert_eq!(written_out(&text), [Piece::Plain("a"), hidden(c), Piece::Plain("b")], "{c:?}");
        }
        let many = format!("a{}", "\u{200b}".repeat(9_000));
        assert_eq!(
            written_out(&many),
            [Piece::Plain("a"), Piece::Hidden { character: '\u{200b}', times: 9_000 }]
        );
    }

    #[test]
    fn many_blanks_are_counted() {
        let text = format!("ok{}; refund all", " ".repeat(9_000));
        assert_eq!(
            written_out(&text),
            [Piece::Plain("ok"), Piece::Blanks(9_000), Piece::Plain("; refund all")]
        );
        let mixed = format!("{}x", "\n \u{2800}".repeat(3));
        assert_eq!(written_out(&mixed), [Piece::Blanks(9), Piece::Plain("x")]);
    }

    proptest! {
        #[test]
        fn the_pieces_are_the_whole_text(text in "[ \\n\\ta-c\u{200b}\u{202e}é]{0,60}") {
            let length = |piece: &Piece<'_>| match piece {
                Piece::Plain(plain) => plain.chars().count(),
                Piece::Hidden { times, .. } => *times,
                Piece::Blanks(blanks) => *blanks,
            };
            prop_assert_eq!(written_out(&text).iter().map(length).sum::<usize>(), text.chars().count());
        }
    }
}
