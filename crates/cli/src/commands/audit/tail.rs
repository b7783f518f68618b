//! `riq audit tail`

use std::collections::BTreeSet;

use clap::Args;
use serde_json::Value;
use tokio::time::sleep;

use super::events::{Filters, Period, fetch, row};
use crate::client::{read, text_field};
use crate::context::Context;
use crate::error::Failure;
use crate::output::Mode;
use crate::polling::Polling;
use crate::text::cut;

const EXAMPLES: &str = "\
Examples:
  riq audit tail
  riq audit tail --follow
  riq audit tail --lines 0 --follow --json | jq -r 'select(.action == \"integration.errored\") | .provider'";

/// The least number of events to remember. An event whose transaction ended late has an older id than events that were
/// printed before it. It is recognised as new because it is not remembered.
const REMEMBERED: usize = 200;

/// The command's arguments.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    filters: Filters,
    /// How many of the last events to print first
    #[arg(short = 'n', long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(..=10_000))]
    lines: u32,
    /// Then print new events as they happen, until interrupted
    #[arg(short, long)]
    follow: bool,
}

/// Prints the last events, oldest first, and with `--follow` also new ones.
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let lines = arguments.lines as usize;
    let most = if arguments.follow { lines.max(REMEMBERED) } else { lines };
    if most == 0 {
        return Ok(());
    }
    let last = fetch(&arguments.filters, &Period::default(), most, |_| true, context).await?;
    print(last.values.iter().take(lines), context)?;
    if !arguments.follow {
        return Ok(());
    }
    let mut printed = Printed::new(&last.values, last.has_more)?;
    let mut polling = Polling::new();
    loop {
        let new = fetch_new(&arguments.filters, &printed, context).await;
        if let Some(new) = polling.tolerate(new, &context.output)? {
            print(new.iter(), context)?;
            printed.remember(&new)?;
        }
        sleep(polling.pause()).await;
    }
}

/// Fetches the events that were not printed yet, newest first.
async fn fetch_new(filters: &Filters, printed: &Printed, context: &Context) -> Result<Vec<Value>, Failure> {
    // If the last event of a page was printed before, older pages contain nothing new.
    let is_new = |event: &Value| id(event).is_ok_and(|id| printed.is_new(&id));
    let events = fetch(filters, &Period::default(), usize::MAX, is_new, context).await?;
    let mut new = Vec::new();
    for event in events.values {
        if printed.is_new(&id(&event)?) {
            new.push(event);
        }
    }
    Ok(new)
}

/// Prints events, which are given newest first, in the order oldest first, one on each line.
fn print<'a>(events: impl DoubleEndedIterator<Item = &'a Value>, context: &Context) -> Result<(), Failure> {
    for value in events.rev() {
        match context.output.mode {
            Mode::Json => context.output.json_line(value)?,
            Mode::Quiet => context.output.ids([text_field(value, "id")])?,
            Mode::Table => {
                let cells = row(&read(value)?);
                let line = cells.iter().zip(WIDTHS).map(|(cell, width)| format!("{cell:width$}"));
                let line = line.collect::<Vec<_>>().join("  ");
                context.output.raw(&format!("{}\n", cut(line.trim_end(), context.output.width)))?;
            }
        }
    }
    Ok(())
}

/// The least width of each cell. The widths are fixed, because later events are not known yet.
const WIDTHS: [usize; 5] = [20, 29, 10, 12, 0];

fn id(event: &Value) -> Result<String, Failure> {
    let id = text_field(event, "id").map(str::to_owned);
    id.ok_or_else(|| Failure::invalid_response("the server's answer lacks an id"))
}

/// The events that were printed: the newest by their ids, and all that are older. Later events have later ids.
struct Printed {
    remembered: BTreeSet<String>,
    /// The newest event that is no longer remembered.
    forgotten: Option<String>,
}

impl Printed {
    /// Counts the events that exist at the start as printed. If `is_more`, all older events count as printed too.
    fn new(events: &[Value], is_more: bool) -> Result<Self, Failure> {
        let remembered: BTreeSet<String> = events.iter().map(id).collect::<Result<_, _>>()?;
        let forgotten = if is_more { remembered.first().cloned() } else { None };
        Ok(Self { remembered, forgotten })
    }

    fn is_new(&self, id: &str) -> bool {
        self.forgotten.as_deref().is_none_or(|forgotten| id > forgotten) && !self.remembered.contains(id)
    }

    fn remember(&mut self, events: &[Value]) -> Result<(), Failure> {
        for event in events {
            self.remembered.insert(id(event)?);
        }
        while self.remembered.len() > 2 * REMEMBERED {
            self.forgotten = self.remembered.pop_first();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn events(ids: impl IntoIterator<Item = usize>) -> Vec<Value> {
        ids.into_iter().map(|id| json!({"id": format!("aud_{id:06}")})).collect()
    }

    #[test]
    fn an_event_is_new_once() {
        let mut printed = Printed::new(&events([5, 7]), false).unwrap();
        assert!(printed.is_new("aud_000006"), "it was committed late");
        assert!(printed.is_new("aud_000001"), "the log is known to its beginning");
        printed.remember(&events([6])).unwrap();
        assert!(!printed.is_new("aud_000006") && !printed.is_new("aud_000007"));
        assert!(printed.is_new("aud_000008"));
    }

    #[test]
    fn what_is_older_than_the_beginning_is_not_new() {
        let printed = Printed::new(&events([5, 7]), true).unwrap();
        assert!(!printed.is_new("aud_000004") && !printed.is_new("aud_000005"));
        assert!(printed.is_new("aud_000006"));
    }

    #[test]
    fn memory_is_bounded_and_forgets_nothing_new() {
        let mut printed = Printed::new(&[], false).unwrap();
        printed.remember(&events(0..1000)).unwrap();
        assert_eq!(printed.remembered.len(), 2 * REMEMBERED);
        assert!((0..1000).all(|id| !printed.is_new(&format!("aud_{id:06}"))));
        assert!(printed.is_new("aud_001000"));
    }
}
