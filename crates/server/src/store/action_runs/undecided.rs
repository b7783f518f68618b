//! Why an approval was not decided on.

use integrations_core::action::{ApprovalStatus, NotApprover};
use sea_orm::DbErr;

use crate::store::{ReadError, StoreError};

/// An approval was not decided on. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum DecideError<E> {
    /// The integration could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The project has no such approval.
    #[error("there is no such approval")]
    NoSuchApproval,
    /// The rights of who decides have ended.
    #[error("the rights to decide have ended")]
    Lapsed,
    /// They may not decide on this one.
    #[error(transparent)]
    NotApprover(#[from] NotApprover),
    /// It was decided, or has expired.
    #[error("the approval is {0}")]
    NotPending(ApprovalStatus),
    /// `decide` failed.
    #[error("refused")]
    Refused(E),
}

impl<E> From<StoreError> for DecideError<E> {
    fn from(error: StoreError) -> Self {
        Self::Read(error.into())
    }
}

impl<E> From<DbErr> for DecideError<E> {
    fn from(error: DbErr) -> Self {
        StoreError::from(error).into()
    }
}
