//! Translates the patterns of fields for browsers.
//!
//! The server's check is the one that counts. The browser's check only saves the person a round trip. A pattern that
//! browsers would read differently is not given to them.

use integrations_core::catalog::Field;

/// The `pattern` attribute of a field's input: the whole value must match it, as a JavaScript regular expression with
/// the flag `v` (HTML Standard, "The pattern attribute").
///
/// Blanks, and the field's prefix and suffix, are allowed around the value, because the server removes them.
pub(crate) fn for_browsers(field: &Field) -> Option<String> {
    let source = field.pattern.as_ref()?.as_str();
    let inner = translated(source.strip_prefix('^')?.strip_suffix('$')?)?;
    let literal = |text: &Option<String>| text.as_deref().map(|text| format!("(?:{})?", escaped(text)));
    let (prefix, suffix) = (literal(&field.prefix), literal(&field.suffix));
    let around = |one: Option<String>| one.unwrap_or_default();
    Some(format!("\\s*{}(?:{inner}){}/?\\s*", around(prefix), around(suffix)))
}

/// The pattern, with those characters escaped that are literal in our syntax but not in a browser's character class.
/// `None` if it contains something that browsers read differently.
fn translated(pattern: &str) -> Option<String> {
    let mut out = String::with_capacity(pattern.len() + 8);
    let mut letters = pattern.chars().peekable();
    let mut in_class = false;
    let mut before = ' ';
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => {
                let escaped = letters.next()?;
                // The syntaxes differ in classes, boundaries and named code points. The flag `v` also refuses
                // unnecessary escapes.
                let is_same =
                    matches!(escaped, 'd' | 's' | 'S' | 'D') || r"\.+*?()[]{}|^$/-".contains(escaped);
                is_same.then(|| out.extend(['\\', escaped]))?;
                before = 'x';
                continue;
            }
            '[' if in_class => return None,
            '[' => in_class = true,
            ']' => in_class = false,
            '-' if in_class && (matches!(before, '[' | '^') || letters.peek() == Some(&']')) => {
                out.push('\\')
            }
            '(' | ')' | '{' | '}' | '/' | '|' if in_class => out.push('\\'),
            '&' | '~' if in_class => return None,
            '(' if letters.peek() == Some(&'?') => {
                let mut ahead = letters.clone();
                ahead.next();
                (ahead.next() == Some(':')).then_some(())?;
            }
            _ => {}
        }
        out.push(letter);
        before = letter;
    }
    Some(out)
}

/// A text, escaped to be literal in a regular expression.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        if r"\.+*?()[]{}|^$/".contains(letter) {
            out.push('\\');
        }
        out.push(letter);
    }
    out
}

#[cfg(test)]
mod tests {
    use integrations_core::catalog::Catalog;

    use super::*;

    #[test]
    fn a_class_is_written_as_browsers_want_it() {
        assert_eq!(translated("[a-z0-9][a-z0-9-]*").unwrap(), "[a-z0-9][a-z0-9\\-]*");
        assert_eq!(translated("[-a][^-a]").unwrap(), "[\\-a][^\\-a]");
        assert_eq!(translated("(?:a|b)[+/=_|]\\.c").unwrap(), "(?:a|b)[+\\/=_\\|]\\.c");
    }

    #[test]
    fn patterns_that_browsers_read_differently_are_not_given_to_them() {
        for pattern in ["(?i)a", "[[:alpha:]]", "\\pL", "\\bx", "[a&&b]", "\\w", "\\_"] {
            assert_eq!(translated(pattern), None, "{pattern}");
        }
    }

    #[test]
    fn every_pattern_of_the_catalog_is_given_to_browsers() {
        let catalog = Catalog::embedded().unwrap();
        for field in catalog.iter().flat_map(|provider| &provider.connection) {
            assert_eq!(for_browsers(field).is_some(), field.pattern.is_some(), "{field:?}");
        }
    }
}
