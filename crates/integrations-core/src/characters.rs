//! Classes of characters that people do not see, or that change how the others look.

/// Whether `c` shows nothing by itself and is no space: a control character, one that Unicode calls default ignorable
/// (DerivedCoreProperties.txt), or an anchor of an annotation.
pub fn is_invisible(c: char) -> bool {
    (c.is_control() && !c.is_whitespace())
        || matches!(
            c,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{202a}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

/// Whether `c` is a mark that turns the direction of writing (UAX #9, section 2). A text with it can look like another.
pub fn turns_direction(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether `c` at the end of a text is never meant: a space, or a mark that came along when the text was copied. Not
/// what belongs to the character before it, such as the selector that makes a heart red.
pub fn is_stray(c: char) -> bool {
    c.is_whitespace()
        || turns_direction(c)
        || matches!(c, '\u{ad}' | '\u{200b}' | '\u{2060}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

/// Whether a text shows nothing at all.
pub fn is_blank(text: &str) -> bool {
    // U+2800 is a braille cell without dots, which counts as a visible symbol.
    text.chars().all(|c| c.is_whitespace() || is_invisible(c) || c == '\u{2800}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_shows_nothing_is_blank() {
        for text in [
            "",
            " \t\u{a0}\u{3000}",
            "\u{200b}",
            "\u{feff}\u{ad}",
            "\u{202e}",
            "\u{2066}\u{2069}",
            "\u{2800}",
            "\u{3164}\u{ffa0}\u{115f}",
            "\u{e0041}",
            "\u{fe0f}",
            "\u{200d}",
            "\u{180e}",
            "\0\u{7f}",
        ] {
            assert!(is_blank(text), "{text:?}");
        }
        for text in ["a", "\u{200b}x", "漢", "🙂", ".", "é"] {
            assert!(!is_blank(text), "{text:?}");
        }
    }

    #[test]
    fn what_belongs_to_a_letter_is_not_stray() {
        let ends = |text: &'static str| text.trim_matches(is_stray);
        assert_eq!(ends("\u{feff} ❤\u{fe0f}\u{200b}\u{a0}"), "❤\u{fe0f}");
        assert_eq!(ends("\u{200e}می\u{200c}خواهم\u{200f}"), "می\u{200c}خواهم");
    }
}
