//! Checks a chain, link by link: what was changed, what is missing, what was put in, and where it goes two ways.

use std::fmt;

use serde_json::Value;

use super::{Head, Line, LineHash, PRUNED_TO, Recorded};
use crate::{
    audit::{AuditAction, Change},
    words::words,
};

words! {
    /// What is wrong with an audit log.
    pub enum FindingKind {
        /// An event, or its line in the chain, was changed.
        Changed = "changed",
        /// An event, or its line, was removed.
        Missing = "missing",
        /// An event was put in that the chain does not know.
        Inserted = "inserted",
        /// A line stands at another number than it says.
        Renumbered = "renumbered",
        /// Two lines follow the same one, or the chain is not the one whose head was kept.
        Fork = "fork",
        /// The end of the chain is missing.
        CutTail = "cut_tail",
        /// The beginning of the chain is missing, and no removal of old events says so.
        CutBeginning = "cut_beginning",
    }
}

/// Something that is wrong with an audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What.
    pub kind: FindingKind,
    /// The number in the chain at which it is; the first one if there are several. `None`: outside the chain.
    pub number: Option<u64>,
    /// The event, if it is known.
    pub event: Option<String>,
    /// What it is, for people.
    pub message: String,
}

impl Finding {
    /// A finding outside the chain: an event that no chain holds.
    pub fn outside(event: &str) -> Self {
        let message = format!(
            "event {event} is in the log, but not in the chain, and does not wait to be chained: somebody put it in"
        );
        Self { kind: FindingKind::Inserted, number: None, event: Some(event.to_owned()), message }
    }

    /// A finding outside the chain: an event that was recorded, and is gone before it was chained.
    pub fn gone_before_chained(event: &str) -> Self {
        let message =
            format!("event {event} waits to be chained, but is not in the log any more: it was removed");
        Self { kind: FindingKind::Missing, number: None, event: Some(event.to_owned()), message }
    }

    fn at(kind: FindingKind, number: u64, event: Option<&str>, message: String) -> Self {
        Self { kind, number: Some(number), event: event.map(ToOwned::to_owned), message }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind, self.message)
    }
}

/// A stored link of a chain.
#[derive(Clone, Debug)]
pub struct Link {
    /// Its number.
    pub number: u64,
    /// The event that it is for.
    pub event: String,
    /// The event's line.
    pub line: String,
    /// The stored hash of the line.
    pub hash: String,
    /// The event as the log has it; `None` if the log has it no more.
    pub recorded: Option<Recorded>,
}

/// What is known of the last link.
#[derive(Clone, Copy, Debug)]
struct Last {
    number: u64,
    /// The hash that is stored for its line, and that of its line. They differ if one of them was changed.
    hashes: [LineHash; 2],
    /// The hash that it follows.
    follows: Option<LineHash>,
}

/// Follows one organization's chain from where it begins.
#[derive(Debug)]
pub struct Verifier {
    organization: String,
    begins_after: Head,
    is_removal_recorded: bool,
    last: Last,
    expected: Option<Head>,
}

impl Verifier {
    /// A verifier of the chain that begins after `begins_after`: [`Head::NONE`], or where old events were removed to.
    /// `expected` is a head that was kept elsewhere.
    pub fn new(organization: String, begins_after: Head, expected: Option<Head>) -> Self {
        let last = Last { number: begins_after.number, hashes: [begins_after.hash; 2], follows: None };
        Self { organization, begins_after, is_removal_recorded: begins_after == Head::NONE, last, expected }
    }

    /// The number of the last link.
    pub const fn reached(&self) -> u64 {
        self.last.number
    }

    /// Checks the next link. Links come in the order of their numbers.
    pub fn follow(&mut self, link: &Link) -> Vec<Finding> {
        let mut findings = Vec::new();
        let next = self.last.number.saturating_add(1);
        if link.number > next {
            findings.push(missing(FindingKind::Missing, next, link.number - 1));
        }
        let found = LineHash::of(&link.line);
        let stored = link.hash.parse().unwrap_or(found);
        let line = Line::read(&link.line).ok();
        let follows = line.as_ref().and_then(Line::previous);
        if found.to_string() != link.hash {
            let message = format!(
                "number {} (event {}) was changed: its line does not have its hash",
                link.number, link.event
            );
            findings.push(Finding::at(FindingKind::Changed, link.number, Some(&link.event), message));
        } else if let Some(line) = &line {
            findings.extend(self.place(link, line, link.number == next));
            findings.extend(self.compare(link, line));
        } else {
            let message =
                format!("number {} (event {}) was changed: its line cannot be read", link.number, link.event);
            findings.push(Finding::at(FindingKind::Changed, link.number, Some(&link.event), message));
        }
        findings.extend(self.meet_expected(link.number, found));
        self.last = Last { number: link.number, hashes: [stored, found], follows };
        findings
    }

    /// Whether a link whose line is whole stands where it belongs.
    fn place(&mut self, link: &Link, line: &Line, is_next: bool) -> Option<Finding> {
        let Link { number, event, .. } = link;
        let at = |kind, message| Some(Finding::at(kind, *number, Some(event), message));
        if line.number != Some(*number) {
            let said = line.number.map_or_else(|| "none".to_owned(), |number| number.to_string());
            return at(
                FindingKind::Renumbered,
                format!(
                    "number {number} has the line of event {}, which says that its number is {said}",
                    line.id
                ),
            );
        }
        if line.id != *event || line.organization != self.organization {
            return at(
                FindingKind::Renumbered,
                format!(
                    "number {number} is stored for event {event} of {}, and its line is that of event {} of {}",
                    self.organization, line.id, line.organization
                ),
            );
        }
        self.is_removal_recorded |= self.records_the_removal(line);
        // After a gap there is nothing to compare with.
        if !is_next || line.previous().is_some_and(|previous| self.last.hashes.contains(&previous)) {
            return None;
        }
        let before = self.last.number;
        if line.previous() == self.last.follows && self.last.follows.is_some() {
            return at(
                FindingKind::Fork,
                format!(
                    "numbers {before} and {number} follow the same line: two chains were written at once"
                ),
            );
        }
        if before == self.begins_after.number {
            return at(
                FindingKind::Changed,
                format!(
                    "number {number} does not follow {}, after which the chain begins",
                    self.begins_after
                ),
            );
        }
        Some(Finding::at(
            FindingKind::Changed,
            before,
            None,
            format!(
                "number {before} was changed together with its hash, or replaced: number {number} follows another"
            ),
        ))
    }

    /// Whether the log still has the event as its line says.
    fn compare(&self, link: &Link, line: &Line) -> Option<Finding> {
        let Link { number, event, .. } = link;
        let Some(recorded) = &link.recorded else {
            let message =
                format!("number {number}: event {event} is not in the log any more; its line is still here");
            return Some(Finding::at(FindingKind::Missing, *number, Some(event), message));
        };
        let differences = line.differences(recorded);
        (!differences.is_empty()).then(|| {
            let message = format!(
                "number {number}: event {event} was changed in the log ({}); its line still says what was recorded",
                differences.join(", ")
            );
            Finding::at(FindingKind::Changed, *number, Some(event), message)
        })
    }

    /// Whether this is the event of the removal up to where the chain begins.
    fn records_the_removal(&self, line: &Line) -> bool {
        if line.action != AuditAction::AuditPruned.as_str() {
            return false;
        }
        let changes: Vec<Change> = serde_json::from_str(line.changes.get()).unwrap_or_default();
        let said = Value::from(self.begins_after.to_string());
        changes.iter().any(|change| change.path == PRUNED_TO && change.to == said)
    }

    /// Compares the link with the head that was kept elsewhere, if that is its number.
    fn meet_expected(&self, number: u64, hash: LineHash) -> Option<Finding> {
        let expected = self.expected.filter(|expected| expected.number == number && expected.hash != hash)?;
        let message = format!(
            "number {number} has the hash {hash}, and the head that was kept says {}: the chain was written anew, or \
             went two ways",
            expected.hash
        );
        Some(Finding::at(FindingKind::Fork, number, None, message))
    }

    /// Checks the end, when all links were followed. `head` is the stored head.
    pub fn end(self, head: Head) -> Vec<Finding> {
        let mut findings = Vec::new();
        let reached = self.last.number;
        let last = reached.max(head.number);
        if reached < head.number {
            findings.push(missing(FindingKind::CutTail, reached.saturating_add(1), head.number));
        } else if reached > head.number {
            let message =
                format!("the stored head is number {}, and the chain goes on to {reached}", head.number);
            findings.push(Finding::at(FindingKind::Inserted, head.number.saturating_add(1), None, message));
        } else if !self.last.hashes.contains(&head.hash) {
            let message = format!(
                "number {reached} was changed together with its hash: the stored head has another hash"
            );
            findings.push(Finding::at(FindingKind::Changed, reached, None, message));
        }
        if let Some(expected) = self.expected {
            if expected.number > last {
                findings.push(missing(FindingKind::CutTail, last.saturating_add(1), expected.number));
            } else if expected.number == self.begins_after.number {
                findings.extend(self.meet_expected(expected.number, self.begins_after.hash));
            }
        }
        if !self.is_removal_recorded {
            let message = format!(
                "the chain begins after number {}, and no event says that what was before was removed as old",
                self.begins_after.number
            );
            findings.push(Finding::at(FindingKind::CutBeginning, self.begins_after.number, None, message));
        }
        findings
    }
}

/// Numbers that are missing.
fn missing(kind: FindingKind, first: u64, last: u64) -> Finding {
    let numbers =
        if first == last { format!("number {first}") } else { format!("numbers {first} to {last}") };
    let message = match kind {
        FindingKind::CutTail => format!("the end of the chain was cut off: {numbers}"),
        _ => format!("removed from the chain: {numbers}"),
    };
    Finding::at(kind, first, None, message)
}
