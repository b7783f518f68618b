//! What was found: one line for each check.

use std::io::{self, Write as _};

use serde::Serialize;

/// What a check came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    /// It is as it should be.
    Ok,
    /// The server works, but perhaps not as it was meant.
    Warning,
    /// Something does not work.
    Failed,
}

#[derive(Debug, Serialize)]
struct Finding {
    check: &'static str,
    state: State,
    /// One line.
    message: String,
}

/// What was found so far.
#[derive(Debug, Default)]
pub(super) struct Report(Vec<Finding>);

impl Report {
    /// A check found nothing wrong.
    pub(super) fn ok(&mut self, check: &'static str, message: impl Into<String>) {
        self.add(check, State::Ok, message.into());
    }

    /// A check found something that may not be meant.
    pub(super) fn warning(&mut self, check: &'static str, message: impl Into<String>) {
        self.add(check, State::Warning, message.into());
    }

    /// A check found what does not work.
    pub(super) fn failed(&mut self, check: &'static str, message: impl Into<String>) {
        self.add(check, State::Failed, message.into());
    }

    fn add(&mut self, check: &'static str, state: State, message: String) {
        // What another server answered is in it, and could otherwise write anything to the terminal.
        let message = message.replace(char::is_control, " ");
        self.0.push(Finding { check, state, message });
    }

    /// How many checks failed, and how many there were.
    pub(super) fn failures(&self) -> (usize, usize) {
        let failed = self.0.iter().filter(|finding| finding.state == State::Failed);
        (failed.count(), self.0.len())
    }

    /// Writes it to stdout: as a JSON list, or as lines for people.
    pub(super) fn write(&self, json: bool) -> io::Result<()> {
        let mut out = io::stdout().lock();
        if json {
            serde_json::to_writer(&mut out, &self.0)?;
            writeln!(out)?;
        } else {
            for Finding { check, state, message } in &self.0 {
                let state = match state {
                    State::Ok => "ok",
                    State::Warning => "warning",
                    State::Failed => "failed",
                };
                writeln!(out, "{state:<7}  {check:<17}  {message}")?;
            }
        }
        out.flush()
    }
}
