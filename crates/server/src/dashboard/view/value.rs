//! What came from others, whole and as text: nothing is cut, and nothing in it hides or reorders the rest.

use integrations_core::written_out::{Piece, written_out};
use maud::{Markup, html};
use serde_json::Value;

/// A text, with what nobody would see written out.
pub(crate) fn text(text: &str) -> Markup {
    html! {
        @for piece in written_out(text) {
            @match piece {
                Piece::Plain(plain) => (plain),
                Piece::Hidden { character, times } => {
                    span.hidden-one { (character.escape_unicode()) @if times > 1 { " × " (times) } }
                }
                Piece::Blanks(blanks) => span.hidden-one { (blanks) " blanks" },
            }
        }
    }
}

/// The value of an input: a text as it is, everything else as JSON.
pub(crate) fn value(value: &Value) -> Markup {
    match value {
        Value::String(words) => html! { div.value { (text(words)) } },
        other => json(other),
    }
}

/// A value as JSON, one member a line.
pub(crate) fn json(value: &Value) -> Markup {
    html! { div.value.json { (written(value, 0)) } }
}

/// A stored JSON text as JSON. One that cannot be read is shown as the text that it is.
pub(crate) fn stored_json(stored: &str) -> Markup {
    match serde_json::from_str(stored) {
        Ok(value) => json(&value),
        Err(_) => html! { div.value { (text(stored)) } },
    }
}

fn written(value: &Value, depth: usize) -> Markup {
    match value {
        Value::Array(items) if !items.is_empty() => {
            let lines = items.iter().map(|item| written(item, depth + 1));
            block('[', &lines.collect::<Vec<_>>(), ']', depth)
        }
        Value::Object(members) if !members.is_empty() => {
            let lines = members.iter().map(|(name, value)| {
                html! { (scalar(&name.as_str().into())) ": " (written(value, depth + 1)) }
            });
            block('{', &lines.collect::<Vec<_>>(), '}', depth)
        }
        other => scalar(other),
    }
}

fn block(open: char, lines: &[Markup], close: char, depth: usize) -> Markup {
    let indent = |depth: usize| "  ".repeat(depth);
    html! {
        (open) "\n"
        @for (place, line) in lines.iter().enumerate() {
            (indent(depth + 1)) (line) @if place + 1 < lines.len() { "," } "\n"
        }
        (indent(depth)) (close)
    }
}

fn scalar(value: &Value) -> Markup {
    text(&value.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nothing_hides_in_a_text() {
        let shown = text("a\u{202e}b<script>\u{200b}\u{200b}").into_string();
        assert_eq!(
            shown,
            "a<span class=\"hidden-one\">\\u{202e}</span>b&lt;script&gt;\
             <span class=\"hidden-one\">\\u{200b} × 2</span>"
        );
    }

    #[test]
    fn json_has_one_member_a_line_and_hides_nothing() {
        let value = json!({"a": [1, "x\u{2066}"], "b": {}, "<c>": null});
        let shown = json(&value).into_string();
        assert_eq!(
            shown,
            "<div class=\"value json\">{\n  &quot;a&quot;: [\n    1,\n    &quot;x<span \
             class=\"hidden-one\">\\u{2066}</span>&quot;\n  ],\n  &quot;b&quot;: {},\n  &quot;&lt;c&gt;&quot;: null\n}</div>"
        );
    }
}
