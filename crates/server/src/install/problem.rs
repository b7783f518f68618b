//! What can go wrong while installing.

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
    store::{Denied, ReadError, StoreError},
    vault::VaultError,
};

/// What is being installed where.
#[derive(Clone, Debug)]
pub struct InstallTarget {
    /// The project.
    pub project: ProjectId,
    /// The provider.
    pub provider: Arc<Provider>,
}

/// An install that went wrong. Whatever it was, the integration is as it was before.
#[derive(Debug)]
pub struct InstallProblem {
    /// What was being installed where, as far as that is known.
    pub target: Option<InstallTarget>,
    /// What.
    pub kind: ProblemKind,
}

/// What went wrong.
#[derive(Debug)]
pub enum ProblemKind {
    /// Fields of the form are not right.
    Invalid(Vec<Issue>),
    /// The provider refuses the credential of the form; in words for a person.
    Refused(String),
    /// The provider gave no clear answer about the credential; in words for a person.
    Unchecked(String),
    /// There is no OAuth app for the provider.
    NotConfigured,
    /// The link cannot be used.
    Link(LinkProblem),
    /// The key in whose name it is done was revoked or has expired.
    KeyGone,
    /// The project is not there any more.
    ProjectGone,
    /// The redirect back cannot be matched with a start.
    State(StateProblem),
    /// The redirect back is not believed.
    Callback(CallbackProblem),
    /// The person said no, or the provider did in their name.
    AccessDenied,
    /// The provider reports another error: its code.
    Reported(String),
    /// The provider's token endpoint did not answer.
    NoAnswer(NoAnswer),
    /// It answered, but with no usable grant.
    Token(TokenProblem),
    /// It granted less than was asked for: the scopes that are missing.
    MissingScopes(Vec<String>),
    /// The new token does not work; in words for a person.
    DeadOnArrival(String),
    /// Others kept changing the same integration.
    Contended,
    /// The database is not available for the moment.
    Unavailable,
    /// Our fault; the cause is in the log.
    Internal,
}

/// Why an install link cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkProblem {
    /// It was never given out, or is cut off.
    Unknown,
    /// Its time is over.
    Expired,
    /// An install was finished by it.
    Used,
    /// It is for another project or provider.
    Foreign,
}

/// Why the redirect back cannot be matched with a start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateProblem {
    /// It brings no `state`, or one that was never given out.
    Unknown,
    /// It comes too late.
    Expired,
    /// It was here before.
    Used,
    /// It was started in another browser.
    OtherBrowser,
}

impl InstallProblem {
    /// A problem with a target.
    pub fn at(target: &InstallTarget, kind: impl Into<ProblemKind>) -> Self {
        Self { target: Some(target.clone()), kind: kind.into() }
    }

    /// A problem of which the target is not known.
    pub fn nowhere(kind: impl Into<ProblemKind>) -> Self {
        Self { target: None, kind: kind.into() }
    }
}

impl From<StoreError> for ProblemKind {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Away | StoreError::Unavailable(_) => {
                tracing::warn!(%error, "an install failed");
                Self::Unavailable
            }
            StoreError::Taken(_) | StoreError::Refused(_) | StoreError::Damaged(_) => {
                tracing::error!(%error, "an install failed");
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

impl From<VaultError> for ProblemKind {
    fn from(error: VaultError) -> Self {
        tracing::error!(%error, "an install failed");
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
