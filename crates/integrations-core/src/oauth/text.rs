//! Makes a provider's text safe to show to people: on one line and without secrets.

use crate::characters::{is_blank, is_stray, turns_direction};

/// Puts `text` on one line: leaves out control characters, line separators and marks that turn the direction of
/// writing, and cuts it to `limit` characters. `None` if no text remains.
pub(super) fn one_line(text: &str, limit: usize) -> Option<String> {
    let shown = |c: char| if c == '\n' || c == '\t' { ' ' } else { c };
    let left_out = |c: char| c.is_control() || turns_direction(c) || is_out_of_place(c);
    let kept: String = text.chars().map(shown).filter(|c| !left_out(*c)).collect();
    let cut: String = kept.trim_matches(is_stray).chars().take(limit).collect();
    let cut = cut.trim_end_matches(is_stray);
    (!is_blank(cut)).then(|| cut.to_owned())
}

/// Line and paragraph separators, and characters without width that no writing system needs. The joiners of emoji and
/// of Persian stay.
fn is_out_of_place(c: char) -> bool {
    matches!(
        c,
        '\u{200b}' | '\u{2028}' | '\u{2029}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

/// The shortest run of characters that is taken for a token. Providers issue no shorter ones, because they could be
/// guessed.
const TOKEN_LENGTH: usize = 16;

/// Replaces everything in `text` that could be a token, because a provider may repeat what it was sent.
///
/// A token is a run of at least [`TOKEN_LENGTH`] characters of RFC 6750's `b64token` that contains a digit. Names such
/// as `redirect_uri_mismatch` contain none.
pub(super) fn without_tokens(text: &str) -> String {
    let of_token = |c: char| c.is_ascii_alphanumeric() || "-._~+/=".contains(c);
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let (run, after) = rest.split_at(rest.find(|c| !of_token(c)).unwrap_or(rest.len()));
        let is_token = run.len() >= TOKEN_LENGTH && run.bytes().any(|b| b.is_ascii_digit());
        clean.push_str(if is_token { "[redacted]" } else { run });
        let (other, after) = after.split_at(after.find(of_token).unwrap_or(after.len()));
        clean.push_str(other);
        rest = after;
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_becomes_one_short_line() {
        assert_eq!(one_line("  Acme\r\nInc\u{7}. ", 100).unwrap(), "Acme Inc.");
        assert_eq!(one_line("moc\u{202e}.live", 100).unwrap(), "moc.live");
        assert_eq!(one_line("ab cdef", 3).unwrap(), "ab");
        assert_eq!(one_line("日本語", 2).unwrap(), "日本");
        assert_eq!(one_line(" \n\u{200e}\u{61c}\u{200b}\u{2060}\u{e0041}", 100), None);
        for blank in [" \n\u{200e}", "\u{200b}", "\u{2800}", "\u{3164} \u{ad}"] {
            assert_eq!(one_line(blank, 100), None, "{blank:?}");
        }
        assert_eq!(one_line("\u{61c}Acme\u{feff}", 100).unwrap(), "Acme");
    }

    #[test]
    fn tokens_are_taken_out_and_words_stay() {
        assert_eq!(
            without_tokens("the code 0907a61c0c8d55e99db179b68161bc00 is wrong (redirect_uri_mismatch)."),
            "the code [redacted] is wrong (redirect_uri_mismatch)."
        );
        assert_eq!(without_tokens("token=xoxb-1234567890-abc"), "[redacted]");
        assert_eq!(without_tokens("see https://a.example/docs"), "see https://a.example/docs");
        assert_eq!(without_tokens(""), "");
    }
}
