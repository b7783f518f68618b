//! How a move ends at the source.

use integrations_core::{
    ids::{ExportId, ProjectId},
    lifecycle::Refusal,
    moving::of_export,
    receipt::{Receipt, ReceiptError},
};
use serde::Serialize;
use time::OffsetDateTime;

use super::export::{Exporter, decision};
use crate::store::{EndingExport, ExportRecord, ExportStatus, ReadError, Returning, StoreError};

/// An export that has ended.
#[derive(Clone, Debug, Serialize)]
pub struct Ended {
    /// The export.
    pub export_id: ExportId,
    /// `moved` or `cancelled`.
    pub status: ExportStatus,
    /// The integrations that were disconnected or go on here.
    pub integrations: Vec<String>,
    /// How many were connected anew or disconnected here meanwhile, and are left alone.
    pub left_alone: u64,
}

/// Why a move was not ended.
#[derive(Debug, thiserror::Error)]
pub enum EndError {
    /// There is no such export.
    #[error("there is no export {0} on this server: nothing was changed")]
    NoSuchExport(ExportId),
    /// A receipt is of an export that is not known.
    #[error(
        "there is no export {export} on this server, and nothing was changed. The receipt says that it was imported \
         into {project} at {at}. If it was made here, this database is older than the export, as after a restore: then both \
         servers have the credentials, and each renewal at one may lock the other out. Disconnect these integrations \
         here at once, without revoking"
    )]
    UnknownReceipt {
        /// The export.
        export: ExportId,
        /// Where it was imported.
        project: ProjectId,
        /// When.
        at: OffsetDateTime,
    },
    /// Two receipts prove two imports.
    #[error(
        "the export {export} was imported twice, as its two receipts prove: into {} at {}, and into {} at {}. Both \
         receivers have the credentials, and each renewal at one may lock the other out. Disconnect these integrations \
         at one of them at once, without revoking: {integrations}",
        .first.project, .first.imported_at, .second.project, .second.imported_at
    )]
    TwoReceivers {
        /// The export.
        export: ExportId,
        /// The receipt that ended it.
        first: Box<Receipt>,
        /// The other one.
        second: Box<Receipt>,
        /// The integrations.
        integrations: String,
    },
    /// It has ended already.
    #[error("the export {0} has ended already: it was {1}. Nothing was changed")]
    Ended(ExportId, String),
    /// It was cancelled, and imported all the same.
    #[error(
        "the export {0} was cancelled here, and this receipt proves that it was imported: both servers have the \
         credentials, and each renewal at one may lock the other out. Disconnect these integrations here at once, \
         without revoking: {1}"
    )]
    TwoHolders(ExportId, String),
    /// The receipt does not count.
    #[error(transparent)]
    Receipt(#[from] ReceiptError),
    /// The lifecycle does not allow it, which is a bug.
    #[error("{0} does not allow the end of its move")]
    Refused(String),
    /// The database did not do its part.
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl From<StoreError> for EndError {
    fn from(error: StoreError) -> Self {
        Self::Read(error.into())
    }
}

impl Exporter {
    /// An export that is known here.
    pub async fn find(&self, id: ExportId) -> Result<ExportRecord, EndError> {
        self.store.export(id).await?.ok_or(EndError::NoSuchExport(id))
    }

    /// Goes on with the integrations of an export here.
    pub async fn cancel(&self, id: ExportId) -> Result<Ended, EndError> {
        let record = self.find(id).await?;
        let mut open = self.begin(&record, id, None).await?;
        let mut integrations = Vec::new();
        while let Some(returning) = open.next().await? {
            let Returning { loaded, chosen, .. } = &returning;
            let revision = loaded.integration.take_back(id, *chosen, self.environment.now());
            let revision = revision.map_err(|refusal| refused(&returning, refusal))?;
            integrations.push(loaded.integration.provider.to_string());
            let decision = decision(&self.environment, &open.tenant(), revision);
            open.take_back(returning, decision).await?;
        }
        open.commit().await?;
        Ok(ended(&record, id, ExportStatus::Cancelled, integrations))
    }

    /// Disconnects the integrations of an export here, because its receipt proves that they are at the receiver. A
    /// receipt that counted before changes nothing.
    pub async fn settle(&self, receipt: &Receipt) -> Result<Ended, EndError> {
        let Receipt { export: id, project, imported_at: at, .. } = *receipt;
        let record = self.store.export(id).await?;
        let record = record.ok_or(EndError::UnknownReceipt { export: id, project, at })?;
        receipt.verify(&record.receipt_key)?;
        if record.status == ExportStatus::Cancelled.as_str() {
            let back = self.store.exported(id).await?;
            return Err(EndError::TwoHolders(id, back.join(", ")));
        }
        let first = record.receipt.as_deref().and_then(|first| Receipt::read(first).ok());
        if let Some(first) = first.filter(|first| first != receipt) {
            let (first, second) = (Box::new(first), Box::new(receipt.clone()));
            let integrations = self.store.exported(id).await?.join(", ");
            return Err(EndError::TwoReceivers { export: id, first, second, integrations });
        }
        let told = serde_json::to_string(receipt).map_err(|error| StoreError::Damaged(error.to_string()))?;
        let mut open = self.begin(&record, id, Some(told)).await?;
        let mut integrations = Vec::new();
        while let Some(returning) = open.next().await? {
            let integration = &returning.loaded.integration;
            let revision = integration.disconnect(self.environment.now());
            let revision = revision.map_err(|refusal| refused(&returning, refusal))?;
            let Some(mut revision) = revision else { continue };
            integrations.push(integration.provider.to_string());
            revision.changes.push(of_export(id.to_string().into(), "moved".into()));
            let decision = decision(&self.environment, &open.tenant(), revision);
            open.disconnect(returning, decision).await?;
        }
        open.commit().await?;
        Ok(ended(&record, id, ExportStatus::Moved, integrations))
    }

    async fn begin(
        &self,
        record: &ExportRecord,
        id: ExportId,
        receipt: Option<String>,
    ) -> Result<EndingExport, EndError> {
        let open = self.store.begin_ending(id, receipt, self.environment.now()).await?;
        open.ok_or_else(|| EndError::Ended(id, record.status.clone()))
    }
}

fn refused(returning: &Returning, refusal: Refusal) -> EndError {
    EndError::Refused(format!("{}: {refusal}", returning.loaded.integration.provider))
}

fn ended(record: &ExportRecord, id: ExportId, status: ExportStatus, integrations: Vec<String>) -> Ended {
    let count = u64::try_from(integrations.len()).unwrap_or(u64::MAX);
    Ended { export_id: id, status, integrations, left_alone: record.integrations.saturating_sub(count) }
}
