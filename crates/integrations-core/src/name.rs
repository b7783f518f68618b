//! Names of one line that people give: of organizations, projects, keys and integrations. One rule for all of them.

use serde_json::Value;

use crate::characters::{is_blank, is_stray, turns_direction};

/// The most characters of a name.
pub const MAX_NAME: usize = 100;

/// Why a text is no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// It shows nothing.
    #[error("Must not be blank")]
    Blank,
    /// It is too long.
    #[error("Must have {MAX_NAME} characters or fewer")]
    Long,
    /// It has another line or a control character.
    #[error("Must be one line and must not contain control characters")]
    Control,
    /// It contains this mark.
    #[error("Must not contain U+{:04X}, an invisible mark that turns the direction of writing", *.0 as u32)]
    Direction(char),
}

/// Reads a name: one line of 1 to [`MAX_NAME`] characters that shows something and turns no text around. Spaces and
/// what nobody sees are taken off its ends.
pub fn read_name(text: &str) -> Result<String, NameError> {
    if let Some(mark) = text.chars().find(|c| turns_direction(*c)) {
        return Err(NameError::Direction(mark));
    }
    let name = text.trim_matches(is_stray);
    if is_blank(name) {
        return Err(NameError::Blank);
    }
    if name.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')) {
        return Err(NameError::Control);
    }
    if name.chars().count() > MAX_NAME {
        return Err(NameError::Long);
    }
    Ok(name.to_owned())
}

/// The letters and digits of a text in lower case, with hyphens between them, at most `most` characters. Empty if it
/// has neither.
pub(crate) fn hyphenated(text: &str, most: usize) -> String {
    let mut hyphenated = String::new();
    for c in text.chars().map(|c| c.to_ascii_lowercase()) {
        match c {
            'a'..='z' | '0'..='9' => hyphenated.push(c),
            _ if hyphenated.is_empty() || hyphenated.ends_with('-') => {}
            _ => hyphenated.push('-'),
        }
    }
    hyphenated.truncate(most);
    hyphenated.trim_end_matches('-').to_owned()
}

/// Reads an integration's display name: `null`, or a name.
pub fn read_display_name(value: Value) -> Result<Option<String>, String> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => match read_name(&text) {
            Ok(name) => Ok(Some(name)),
            Err(NameError::Blank) => Err(format!("{}; null removes the override", NameError::Blank)),
            Err(error) => Err(error.to_string()),
        },
        _ => Err("Expected string or null".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_line_that_shows_something() {
        for (text, name) in [
            ("Acme", "Acme"),
            (" Acme \n", "Acme"),
            ("\u{feff}Acme\u{200b}\u{a0}", "Acme"),
            ("شركة أكمي", "شركة أكمي"),
            ("👩\u{200d}🔧 ❤\u{fe0f}", "👩\u{200d}🔧 ❤\u{fe0f}"),
        ] {
            assert_eq!(read_name(text).as_deref(), Ok(name), "{text:?}");
        }
        for blank in
            ["", " ", "\u{200b}", "\u{2800}\u{2800}", "\u{3164}", "\u{feff}\u{ad}", "\u{e0041}", "\u{fe0f}"]
        {
            assert_eq!(read_name(blank), Err(NameError::Blank), "{blank:?}");
        }
        for lines in ["a\nb", "a\u{2028}b", "a\u{2029}b", "a\u{85}b", "a\tb", "a\0b", "a\u{1b}[2Jb"] {
            assert_eq!(read_name(lines), Err(NameError::Control), "{lines:?}");
        }
        for mark in ['\u{61c}', '\u{200e}', '\u{200f}', '\u{202a}', '\u{202e}', '\u{2066}', '\u{2069}'] {
            assert_eq!(read_name(&format!("moc{mark}.live")), Err(NameError::Direction(mark)));
            assert_eq!(read_name(&mark.to_string()), Err(NameError::Direction(mark)));
        }
        assert_eq!(read_name(&"é".repeat(MAX_NAME)).map(|name| name.chars().count()), Ok(MAX_NAME));
        assert_eq!(read_name(&"é".repeat(MAX_NAME + 1)), Err(NameError::Long));
    }

    #[test]
    fn the_words_name_what_nobody_sees() {
        assert_eq!(
            NameError::Direction('\u{202e}').to_string(),
            "Must not contain U+202E, an invisible mark that turns the direction of writing"
        );
        assert_eq!(
            read_display_name("\u{200b}".into()),
            Err("Must not be blank; null removes the override".to_owned())
        );
    }
}
