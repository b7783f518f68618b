//! Why a call did not become a run.

use integrations_core::{fields::BodyError, issue::Issue, lifecycle::Status};

use crate::{
    store::{BeginRunError, ReadError, StoreError},
    vault::VaultError,
};

/// Why a call did not become a run. Nothing was changed at the provider.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The integration could not be read, or the run could not be stored.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The account of this name is not installed in the project.
    #[error("{account} is not installed in this project")]
    NotInstalled {
        /// Its name for people.
        account: String,
    },
    /// The provider has no action of this name.
    #[error("{provider} has no action of this name")]
    NoSuchAction {
        /// The provider's name.
        provider: String,
    },
    /// The integration is not active.
    #[error("the integration is {0}, so its actions cannot be called")]
    NotActive(Status),
    /// The integration is on its way to another server. The text says so.
    #[error("{0}")]
    Moving(String),
    /// There is no usable credential any more.
    #[error("no usable credential: install again")]
    ReinstallRequired,
    /// The body is not valid.
    #[error(transparent)]
    Body(#[from] BodyError),
    /// The input is not valid for what it names at the provider.
    #[error("the input is not valid")]
    Input(Vec<Issue>),
    /// The provider asked for no calls for now.
    #[error("{provider} allows no more requests for now")]
    Limited {
        /// The provider's name.
        provider: String,
        /// How long to wait.
        seconds: u32,
    },
    /// The provider refused to tell what must be known before.
    #[error("{message}")]
    Refused {
        /// In the provider's words, or the file's.
        message: String,
        /// The status of the provider's answer.
        provider_status: Option<u16>,
    },
    /// The provider could not be asked what must be known before.
    #[error("{0}")]
    Unavailable(String),
    /// The integration was connected anew, or permitted, while the call was prepared.
    #[error("the integration was changed while the call was prepared; call again")]
    Changed,
    /// It is not known yet whether there is a run.
    #[error("the call is still being prepared")]
    Unfinished,
    /// So many calls of the caller wait for a person that no more may.
    #[error(
        "{0} calls of this caller wait for a person in this project already, and nothing was stored; have some decided \
         first: GET …/approvals?status=pending lists them"
    )]
    TooManyWaiting(u64),
    /// A secret cannot be opened.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// A bug of this server.
    #[error("{0}")]
    Broken(String),
}

impl From<StoreError> for CallError {
    fn from(error: StoreError) -> Self {
        Self::Read(error.into())
    }
}

impl CallError {
    /// The run of a call was not stored. `account` is the name of the integration's account.
    pub(super) fn unbegun(error: BeginRunError<Self>, account: String) -> Self {
        match error {
            BeginRunError::Read(error) => Self::Read(error),
            BeginRunError::NotInstalled => Self::NotInstalled { account },
            BeginRunError::Refused(error) => error,
            BeginRunError::Store(error) => error.into(),
            BeginRunError::TooManyWaiting(most) => Self::TooManyWaiting(most),
        }
    }
}
