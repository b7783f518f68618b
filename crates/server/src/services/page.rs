//! Pages of lists, newest first.

use crate::store::{ApprovalRow, AuditEntry, RunRow};

/// A page of a list.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// The entries, newest first.
    pub entries: Vec<T>,
    /// Whether there are older ones.
    pub has_more: bool,
}

/// An entry of a list.
pub trait Entry {
    /// Its id. Later ones have later ids.
    fn id(&self) -> &str;
}

impl<T: Entry> Page<T> {
    /// A page of up to `limit` entries. `read` has one more than that if there are older ones.
    pub(super) fn of(mut read: Vec<T>, limit: u16) -> Self {
        let has_more = read.len() > usize::from(limit);
        read.truncate(usize::from(limit));
        Self { entries: read, has_more }
    }

    /// The id for the next page, which ends before it. `None` if there are no older entries.
    pub fn cursor(&self) -> Option<&str> {
        self.entries.last().filter(|_| self.has_more).map(Entry::id)
    }
}

impl Entry for AuditEntry {
    fn id(&self) -> &str {
        &self.id
    }
}

impl Entry for RunRow {
    fn id(&self) -> &str {
        &self.id
    }
}

impl Entry for ApprovalRow {
    fn id(&self) -> &str {
        &self.id
    }
}
