//! The result of a task that judges: a table of what was observed, and what is wrong with it.

/// A line of the result.
pub(crate) struct Line {
    what: &'static str,
    value: String,
    is_good: bool,
}

impl Line {
    /// A check, and whether it passed.
    pub(crate) fn checked(what: &'static str, value: impl ToString, is_good: bool) -> Self {
        Self { what, value: value.to_string(), is_good }
    }

    /// Something that is only told.
    pub(crate) fn told(what: &'static str, value: impl ToString) -> Self {
        Self::checked(what, value, true)
    }
}

/// The result.
pub(crate) struct Judgement {
    pub(crate) lines: Vec<Line>,
    /// Errors that must not happen, in words.
    pub(crate) faults: Vec<String>,
}

impl Judgement {
    /// Whether every check passed.
    pub(crate) fn is_good(&self) -> bool {
        self.lines.iter().all(|line| line.is_good)
    }

    /// The result as a table, and the errors below it.
    pub(crate) fn table(&self) -> String {
        let width = self.lines.iter().map(|line| line.what.len()).max().unwrap_or_default();
        let mut text = String::new();
        for Line { what, value, is_good } in &self.lines {
            let verdict = if *is_good { "" } else { "   FAILED" };
            text.push_str(&format!("{what:width$}  {value}{verdict}\n"));
        }
        for fault in &self.faults {
            text.push_str(&format!("  {fault}\n"));
        }
        text
    }
}
