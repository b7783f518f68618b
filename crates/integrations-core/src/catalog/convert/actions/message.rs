//! The `message` of an action: which of its inputs carry a message for people.

use crate::catalog::action::{ActionInput, MAX_MESSAGE, MAX_SUBJECT, Message, Shape, TextFormat};
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
    let (path, before) = (format!("{path}.message"), problems.len());
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
    let message = Message {
        text: table.text,
        subject: table.subject,
        markup: table.markup,
        destination: table.destination,
    };
    if problems.len() == before {
        check_destination(&message, &path, inputs, problems);
    }
    message
}

/// Checks that a project can say where a message goes, and nothing else.
fn check_destination(message: &Message, path: &str, inputs: &[ActionInput], problems: &mut Problems) {
    let is_carried = |name: &String| *name == message.text || Some(name) == message.subject.as_ref();
    for (index, name) in message.destination.iter().enumerate() {
        let input = inputs.iter().find(|input| input.key == *name);
        let problem = match input {
            None => format!("there is no input `{name}`"),
            Some(_) if is_carried(name) => format!("`{name}` is written by the server"),
            Some(input) if input.sensitive => format!("`{name}` is sensitive, and the setting is shown"),
            Some(input) if carries_words(&input.shape) => {
                format!("`{name}` can carry words: it needs a `pattern`, `options` or the format `email`")
            }
            Some(_) => continue,
        };
        problems.add(format!("{path}.destination.{index}"), problem);
    }
    let lacks = |input: &&ActionInput| {
        input.required && !is_carried(&input.key) && !message.destination.contains(&input.key)
    };
    for input in inputs.iter().filter(lacks) {
        problems.add(format!("{path}.destination"), format!("lacks `{}`, which is required", input.key));
    }
}

/// Whether somebody could write to people with it.
fn carries_words(shape: &Shape) -> bool {
    match shape {
        Shape::Text(text) => {
            let is_narrow =
                text.pattern.is_some() || !text.options.is_empty() || text.format == Some(TextFormat::Email);
            text.lines || !is_narrow
        }
        Shape::List { items, .. } => carries_words(&items.shape),
        Shape::Integer { .. } | Shape::Boolean => false,
        Shape::Money { .. } | Shape::Object(_) | Shape::Map { .. } => true,
    }
}
