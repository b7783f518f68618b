//! Exports the audit log, page by page.

use integrations_core::{audit_export::ExportFormat, ids::AuditEventId};

use crate::store::{AuditFilter, ExportOf, ReadError, Store, Tenant};

/// How many events are in memory at once.
const PAGE: u16 = 500;

/// Whose events are exported.
#[derive(Clone, Copy, Debug)]
pub enum Exporting {
    /// What the operator asks for.
    ByOperator(ExportOf),
    /// A tenant's project.
    OfTenant(Tenant),
}

/// An export under way.
#[derive(Debug)]
pub struct Export {
    store: Store,
    of: Exporting,
    filter: AuditFilter,
    format: ExportFormat,
    /// The last event of the page before.
    after: Option<AuditEventId>,
    progress: Progress,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    Beginning,
    UnderWay,
    Ended,
}

/// A piece of an export.
#[derive(Clone, Debug)]
pub struct Exported {
    /// Its text.
    pub text: String,
    /// How many events it has.
    pub events: u64,
}

impl Export {
    pub(super) fn new(store: Store, of: Exporting, filter: AuditFilter, format: ExportFormat) -> Self {
        Self { store, of, filter, format, after: None, progress: Progress::Beginning }
    }

    /// The next piece. `None`: that was all.
    pub async fn next(&mut self) -> Result<Option<Exported>, ReadError> {
        if self.progress == Progress::Ended {
            return Ok(None);
        }
        let lines = match self.of {
            Exporting::ByOperator(of) => self.store.audit_lines(of, &self.filter, self.after, PAGE).await?,
            Exporting::OfTenant(tenant) => {
                self.store.audit_lines_of(&tenant, &self.filter, self.after, PAGE).await?
            }
        };
        let mut text = match self.progress {
            Progress::Beginning => self.format.beginning(),
            _ => String::new(),
        };
        let is_last = lines.len() < usize::from(PAGE);
        self.progress = if is_last { Progress::Ended } else { Progress::UnderWay };
        self.after = lines.last().map(|(id, _)| *id).or(self.after);
        lines.iter().for_each(|(_, line)| text.push_str(&self.format.event(line)));
        Ok(Some(Exported { text, events: lines.len() as u64 }))
    }
}
