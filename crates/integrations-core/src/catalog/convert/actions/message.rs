//! The `message` of an action: which of its inputs carry a message for people.

use crate::catalog::action::{ActionInput, MAX_MESSAGE, MAX_SUBJECT, Message, Shape};
use crate::catalog::file::MessageTable;
use crate::catalog::names::ActionKind;
use crate::catalog::problems::Problems;

/// Reads it. Only what writes, and takes a text of several lines that is not sensitive, can carry a message.
pub(super) fn message(
    table: MessageTable,
    path: &str,
    kind: ActionKind,
    inputs: &[ActionInput],
    problems: &mut Problems,
) -> Message {
    let path = format!("{path}.message");
    if kind != ActionKind::Write {
        problems.add(&path, "only an action of the kind `write` carries a message");
    }
    let mut check = |key: &str, name: &str, most: usize, lines: bool| {
        let input = inputs.iter().find(|input| input.key == name);
        let problem = match input.map(|input| (&input.shape, input.sensitive)) {
            None => format!("there is no input `{name}`"),
            Some((_, true)) => format!("`{name}` is sensitive, so nobody could see what was sent"),
            Some((Shape::Text(text), false))
                if text.pattern.is_none() && text.options.is_empty() && text.format.is_none() =>
            {
                if lines && !text.lines {
                    format!("`{name}` takes no line breaks: it needs `lines = true`")
                } else if text.max_length < most {
                    format!("`{name}` must take at least {most} characters")
                } else {
                    return;
                }
            }
            Some(_) => format!("`{name}` does not take any text"),
        };
        problems.add(format!("{path}.{key}"), problem);
    };
    check("text", &table.text, MAX_MESSAGE, true);
    if let Some(subject) = &table.subject {
        check("subject", subject, MAX_SUBJECT, false);
        if *subject == table.text {
            problems.add(format!("{path}.subject"), "is the input of the text");
        }
    }
    Message { text: table.text, subject: table.subject, markup: table.markup }
}
