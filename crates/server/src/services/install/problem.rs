//! The problems of an installation.

use std::sync::Arc;

use integrations_core::{
    catalog::Provider,
    health::NoAnswer,
    ids::ProjectId,
    issue::Issue,
    oauth::{CallbackProblem, TokenProblem},
};

use crate::{
    provider::oauth_apps::FindAppError,
    store::{Denied, Lapsed, ReadError, StoreError},
    vault::VaultError,
};

/// The provider and project of an installation.
#[derive(Clone, Debug)]
pub struct InstallTarget {
    /// The project.
    pub project: ProjectId,
    /// The provider.
    pub provider: Arc<Provider>,
}

/// A failed installation. The integration is unchanged.
#[derive(Debug)]
pub struct InstallProblem {
    /// The provider and project, if they are known.
    pub target: Option<InstallTarget>,
    /// What went wrong.
    pub kind: ProblemKind,
}

/// What went wrong.
#[derive(Debug)]
pub enum ProblemKind {
    /// Some fields of the form are not valid.
    Invalid(Vec<Issue>),
    /// The provider refused the credential of the form. The text is for people.
    Refused(String),
    /// The provider gave no clear answer about the credential. The text is for people.
    Unchecked(String),
    /// There is no OAuth app for the provider.
    NotConfigured,
    /// The link cannot be used.
    Link(LinkProblem),
    /// The key that acts was revoked or has expired.
    KeyGone,
    /// The project does not exist any more.
    ProjectGone,
    /// The redirect back belongs to no started handshake.
    State(StateProblem),
    /// The redirect back did not pass verification.
    Callback(CallbackProblem),
    /// The person declined, or the provider says so.
    AccessDenied,
    /// The provider reported another error. The text is its code.
    Reported(String),
    /// The provider's token endpoint did not answer.
    NoAnswer(NoAnswer),
    /// It answered, but with no usable grant.
    Token(TokenProblem),
    /// It granted less than was asked for. These scopes are missing.
    MissingScopes(Vec<String>),
    /// The new token does not work. The text is for people.
    DeadOnArrival(String),
    /// Other requests kept changing the same integration.
    Contended,
    /// The database is not available for the moment.
    Unavailable,
    /// A fault of this server. The cause is in the log.
    Internal,
}

/// Why an install link cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkProblem {
    /// It does not exist, or part of it is missing.
    Unknown,
    /// It has expired.
    Expired,
    /// An installation was finished with it.
    Used,
    /// It is for another project or provider.
    Foreign,
}

/// Why the redirect back belongs to no started handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateProblem {
    /// It has no `state`, or one that does not exist.
    Unknown,
    /// It comes too late.
    Expired,
    /// It came before.
    Used,
    /// It was started in another browser.
    OtherBrowser,
}

impl InstallProblem {
    /// A problem with a target.
    pub fn at(target: &InstallTarget, kind: impl Into<ProblemKind>) -> Self {
        Self { target: Some(target.clone()), kind: kind.into() }
    }

    /// A problem whose target is not known.
    pub fn nowhere(kind: impl Into<ProblemKind>) -> Self {
        Self { target: None, kind: kind.into() }
    }
}

impl From<StoreError> for ProblemKind {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Away | StoreError::Unavailable(_) => {
                tracing::warn!(%error, "an installation failed");
                Self::Unavailable
            }
            StoreError::Taken(_) | StoreError::Refused(_) | StoreError::Damaged(_) => {
                tracing::error!(%error, "an installation failed");
                Self::Internal
            }
        }
    }
}

impl From<ReadError> for ProblemKind {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Denied(Denied::NoSuchProject | Denied::ForeignProject) => Self::ProjectGone,
            ReadError::Store(error) => error.into(),
        }
    }
}

impl From<Lapsed> for ProblemKind {
    fn from(lapsed: Lapsed) -> Self {
        match lapsed {
            Lapsed::Key => Self::KeyGone,
            Lapsed::Project => Self::ProjectGone,
        }
    }
}

impl From<VaultError> for ProblemKind {
    fn from(error: VaultError) -> Self {
        tracing::error!(%error, "an installation failed");
        Self::Internal
    }
}

impl From<FindAppError> for ProblemKind {
    fn from(error: FindAppError) -> Self {
        match error {
            FindAppError::Store(error) => error.into(),
            FindAppError::Vault(error) => error.into(),
        }
    }
}

impl From<LinkProblem> for ProblemKind {
    fn from(problem: LinkProblem) -> Self {
        Self::Link(problem)
    }
}

impl From<StateProblem> for ProblemKind {
    fn from(problem: StateProblem) -> Self {
        Self::State(problem)
    }
}

impl From<CallbackProblem> for ProblemKind {
    fn from(problem: CallbackProblem) -> Self {
        Self::Callback(problem)
    }
}

impl From<TokenProblem> for ProblemKind {
    fn from(problem: TokenProblem) -> Self {
        Self::Token(problem)
    }
}

impl From<NoAnswer> for ProblemKind {
    fn from(reason: NoAnswer) -> Self {
        Self::NoAnswer(reason)
    }
}
