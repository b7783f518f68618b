//! The problems of an installation. Each is written to the log once, and stored for the person who comes back.

use integrations_core::{
    catalog::{AuthKind, ProviderAccount},
    health::NoAnswer,
    ids::{PendingInstallId, ProjectId},
    issue::Issue,
    oauth::{CallbackProblem, ChoiceProblem, DiscoveryProblem, NoCode, ReportedError, TokenProblem},
};
use serde::{Deserialize, Serialize};

use crate::{
    provider::oauth_apps::FindAppError,
    store::{Denied, Lapsed, ReadError, StoreError},
    vault::VaultError,
};

/// What is installed, and in which project.
#[derive(Clone, Debug)]
pub struct InstallTarget {
    /// The project.
    pub project: ProjectId,
    /// The account of the provider.
    pub account: ProviderAccount,
}

impl InstallTarget {
    /// The same by the way of this kind. The provider's file may have lost it meanwhile.
    pub(super) fn by(&self, kind: AuthKind) -> Result<Self, ProblemKind> {
        let account = self.account.by(kind).ok_or(ProblemKind::NotConfigured)?;
        Ok(Self { account, ..*self })
    }
}

/// A failed installation. The integration is unchanged.
#[derive(Debug)]
pub struct InstallProblem {
    /// What was to be installed, if it is known. Boxed to keep results small.
    pub target: Option<Box<InstallTarget>>,
    /// What went wrong.
    pub kind: ProblemKind,
    /// The installation in progress that it ended, or that had ended before. Boxed to keep results small.
    pub install: Option<Box<PendingInstallId>>,
}

/// What went wrong. It holds nothing secret.
#[derive(Clone, Debug, Serialize, Deserialize)]
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
    RightsGone,
    /// The project does not exist any more.
    ProjectGone,
    /// The redirect back belongs to no started handshake.
    State(StateProblem),
    /// The redirect back did not pass verification.
    Callback(CallbackProblem),
    /// The redirect back reports an error. It may be that the person declined.
    Reported(ReportedError),
    /// The redirect back has no code that can be exchanged. The text says why.
    Malformed(String),
    /// The provider's token endpoint did not answer.
    NoAnswer(NoAnswer),
    /// It answered, but with no usable grant.
    Token(TokenProblem),
    /// The authorization server was not found, or takes no client.
    Discovery(DiscoveryProblem),
    /// It granted access, but not to anything that can be connected.
    Choice(ChoiceProblem),
    /// It granted less than was asked for. These scopes are missing.
    MissingScopes(Vec<String>),
    /// The link is for another account than this one, or the provider does not say which it is.
    OtherAccount(Option<String>),
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LinkProblem {
    /// It does not exist, or part of it is missing.
    Unknown,
    /// It has expired.
    Expired,
    /// An installation was finished with it.
    Used,
    /// It is for another project, provider or account.
    Foreign,
    /// Somebody ended it.
    Ended,
}

/// Why the redirect back belongs to no started handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StateProblem {
    /// It has no `state`, or one that does not exist.
    Unknown,
    /// It comes too late.
    Expired,
    /// It came before.
    Used,
    /// It was started in another browser than the one that it comes in.
    OtherBrowser,
    /// It came in another browser first, than the one that it was started in.
    Elsewhere,
    /// It came as a form (`response_mode=form_post`), with which browsers send no cookie of ours.
    Posted,
    /// The server was interrupted while it finished the installation.
    Interrupted,
}

impl InstallProblem {
    /// A problem with a target.
    pub fn at(target: &InstallTarget, kind: impl Into<ProblemKind>) -> Self {
        Self { target: Some(Box::new(target.clone())), kind: kind.into(), install: None }
    }

    /// A problem whose target is not known.
    pub fn nowhere(kind: impl Into<ProblemKind>) -> Self {
        Self { target: None, kind: kind.into(), install: None }
    }

    /// The same, about an installation in progress.
    pub(super) fn of(self, install: PendingInstallId) -> Self {
        Self { install: Some(Box::new(install)), ..self }
    }
}

impl From<StoreError> for ProblemKind {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Away | StoreError::Unavailable(_) => Self::Unavailable,
            StoreError::Taken(_)
            | StoreError::Repeated
            | StoreError::Refused(_)
            | StoreError::Damaged(_)
            | StoreError::Unseen(..) => {
                tracing::error!(%error, "an installation failed");
                Self::Internal
            }
        }
    }
}

impl From<ReadError> for ProblemKind {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Denied(Denied::NoSuchProject | Denied::ForeignProject | Denied::OutOfReach) => {
                Self::ProjectGone
            }
            ReadError::Store(error) => error.into(),
        }
    }
}

impl From<Lapsed> for ProblemKind {
    fn from(lapsed: Lapsed) -> Self {
        match lapsed {
            Lapsed::Principal => Self::RightsGone,
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

impl From<NoCode> for ProblemKind {
    fn from(reason: NoCode) -> Self {
        match reason {
            NoCode::Reported(error) => Self::Reported(error),
            NoCode::Malformed(why) => Self::Malformed(why.to_owned()),
        }
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
