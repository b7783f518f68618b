//! Why something was not done with a webhook.

use crate::{
    store::{ReadError, StoreError},
    vault::VaultError,
};

/// Why a message was not sent, for a reason of our own.
#[derive(Debug, thiserror::Error)]
pub enum MessageError {
    /// Its webhook has no secret that can be opened.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The database did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A stored value cannot be used.
    #[error("the stored {0} of a webhook cannot be used")]
    Stored(&'static str),
}

/// Why a webhook was not tested.
#[derive(Debug, thiserror::Error)]
pub enum TestError {
    /// The database did not answer, or the tenant may not see the webhook.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// There is no such webhook.
    #[error("there is no such webhook")]
    NotFound,
    /// Its secret cannot be opened.
    #[error(transparent)]
    Message(#[from] MessageError),
}
