//! Why something was not done with the events of a provider.

use crate::{
    store::{OwnedError, ReadError, StoreError},
    vault::VaultError,
};

/// Why something was not done with the events of a provider.
#[derive(Debug, thiserror::Error)]
pub enum EventsError {
    /// It could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It may not be changed, or the change could not be stored.
    #[error(transparent)]
    Owned(OwnedError),
    /// The account of this name is not installed in the project.
    #[error("{0} is not installed in this project")]
    NotInstalled(String),
    /// The integration is disconnected, so nothing is taken for it.
    #[error("the integration is disconnected")]
    Disconnected,
    /// There is no app here that could have an address.
    #[error("no OAuth app is set here")]
    NoApp,
    /// The provider sends no events that can be verified. The text says why, if its file does.
    #[error("the provider sends no events that can be verified")]
    SendsNone(Option<String>),
    /// The address is the OAuth app's, and not the integration's.
    #[error("the address is that of the OAuth app")]
    OfApp,
    /// The events are verified with the client secret of the OAuth app, or with one that the provider does not bring.
    #[error("nobody is asked for this secret")]
    NotAsked,
    /// What was entered is not such a secret. The text says what is expected.
    #[error("{0}")]
    Secret(String),
    /// There is no such event.
    #[error("there is no such event")]
    NoSuchEvent,
    /// Something stored cannot be opened.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

impl From<StoreError> for EventsError {
    fn from(error: StoreError) -> Self {
        Self::Read(error.into())
    }
}

impl From<OwnedError> for EventsError {
    fn from(error: OwnedError) -> Self {
        match error {
            OwnedError::Store(error) => error.into(),
            error => Self::Owned(error),
        }
    }
}
