//! Presents what the API answered with in each mode: as a card or a table, as JSON, or as ids.

use serde::Deserialize;
use serde_json::Value;

use crate::client::{read, text_field};
use crate::error::Failure;
use crate::output::{Mode, Output};
use crate::text::{Column, card, table};

/// Prints one thing. `id` is the field that stands for it in quiet mode.
pub(crate) fn one<T: for<'de> Deserialize<'de>>(
    data: &Value,
    id: &str,
    facts: impl FnOnce(&T) -> Vec<(&'static str, String)>,
    output: &Output,
) -> Result<(), Failure> {
    match output.mode {
        Mode::Json => output.json(data),
        Mode::Quiet => output.ids([text_field(data, id)]),
        Mode::Table => output.raw(&card(&facts(&read(data)?), output.width, output.paint)),
    }
}

/// Prints a list. In a table, an empty one is `none`, on standard error.
pub(crate) fn many<T: for<'de> Deserialize<'de>>(
    data: &Value,
    id: &str,
    columns: &[Column],
    row: impl Fn(&T) -> Vec<String>,
    none: &str,
    output: &Output,
) -> Result<(), Failure> {
    if output.mode == Mode::Json {
        return output.json(data);
    }
    if output.mode == Mode::Quiet {
        let things: Vec<Value> = read(data)?;
        return output.ids(things.iter().map(|thing| text_field(thing, id)));
    }
    let things: Vec<T> = read(data)?;
    if things.is_empty() {
        output.notice(none);
        return Ok(());
    }
    let rows: Vec<Vec<String>> = things.iter().map(row).collect();
    output.raw(&table(columns, &rows, output.width, output.paint))
}
