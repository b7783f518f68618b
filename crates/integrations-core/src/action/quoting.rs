//! Writes a value into a text of another language, so that it stays one value there.

use crate::catalog::action::Quoting;

/// The value as it stands between the quotes that the file wrote around it. `None`: it has a line break or another
/// control character, and the language has no way to write it that every provider reads.
pub(super) fn quoted(quoting: Quoting, value: &str) -> Option<String> {
    match quoting {
        // "Quoted String Escape Sequences" of Salesforce's SOQL reference.
        Quoting::Soql => one_line(value).map(|value| escaped(value, '\'')),
        Quoting::Search => one_line(value).map(|value| escaped(value, '"')),
        // "Escaping text" of Slack's reference: these three and no others.
        Quoting::Slack => Some(entities(value, "&<>")),
        Quoting::Html => Some(entities(value, "&<>\"'")),
    }
}

fn one_line(value: &str) -> Option<&str> {
    (!value.contains(char::is_control)).then_some(value)
}

/// Writes a backslash before each quote, and before each backslash, which would take the quote's away.
fn escaped(value: &str, quote: char) -> String {
    let mut escaped = String::with_capacity(value.len());
    for c in value.chars() {
        if c == quote || c == '\\' {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// Writes those of these characters that it has as entities.
fn entities(value: &str, special: &str) -> String {
    let mut written = String::with_capacity(value.len());
    for c in value.chars() {
        match c {
            '&' => written.push_str("&amp;"),
            '<' => written.push_str("&lt;"),
            '>' => written.push_str("&gt;"),
            '"' if special.contains(c) => written.push_str("&quot;"),
            '\'' if special.contains(c) => written.push_str("&#39;"),
            c => written.push(c),
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Reads a literal as its language does, up to the quote that ends it: the value, and what is behind it.
    fn literal(text: &str, quote: char) -> Option<(String, &str)> {
        let mut value = String::new();
        let mut characters = text.strip_prefix(quote)?.chars();
        while let Some(c) = characters.next() {
            match c {
                '\\' => value.push(characters.next()?),
                c if c == quote => return Some((value, characters.as_str())),
                c => value.push(c),
            }
        }
        None
    }

    fn without_entities(text: &str) -> String {
        let text =
            text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#39;", "'");
        text.replace("&amp;", "&")
    }

    #[test]
    fn a_backslash_does_not_free_the_quote() {
        assert_eq!(quoted(Quoting::Soql, r"\' OR Name != '").unwrap(), r"\\\' OR Name != \'");
        assert_eq!(quoted(Quoting::Search, r#"a\" repo:b/c"#).unwrap(), r#"a\\\" repo:b/c"#);
        assert_eq!(quoted(Quoting::Soql, "it\"s").unwrap(), "it\"s");
    }

    #[test]
    fn queries_have_no_line_breaks_and_messages_may() {
        for quoting in [Quoting::Soql, Quoting::Search] {
            assert_eq!(quoted(quoting, "a\nb"), None);
            assert_eq!(quoted(quoting, "a\u{0}"), None);
        }
        assert_eq!(
            quoted(Quoting::Slack, "done <!channel>\n<https://evil.test|here> & \"it's\"").unwrap(),
            "done &lt;!channel&gt;\n&lt;https://evil.test|here&gt; &amp; \"it's\""
        );
        assert_eq!(
            quoted(Quoting::Html, "<a href='x'>\"&amp;").unwrap(),
            "&lt;a href=&#39;x&#39;&gt;&quot;&amp;amp;"
        );
    }

    proptest! {
        #[test]
        fn a_quoted_value_is_one_literal(value in r#"([\\'"% a-z_)(]|\PC){0,30}"#) {
            for (quoting, quote) in [(Quoting::Soql, '\''), (Quoting::Search, '"')] {
                let text = format!("{quote}{}{quote} AND b", quoted(quoting, &value).unwrap());
                prop_assert_eq!(literal(&text, quote), Some((value.clone(), " AND b")));
            }
        }

        #[test]
        fn entities_are_read_back_as_the_value(value in r#"([&<>"';#a-z]|\PC|\n){0,30}"#) {
            for quoting in [Quoting::Slack, Quoting::Html] {
                let text = quoted(quoting, &value).unwrap();
                prop_assert!(!text.contains(['<', '>']));
                prop_assert_eq!(without_entities(&text), value.clone());
            }
        }
    }
}
