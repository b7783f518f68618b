//! The way back to the product whose link a person opened.

use integrations_core::{
    ids::InstallLinkId,
    install_link::{InstallFailure, InstallResult},
    oauth::{ChoiceProblem, DiscoveryProblem, TokenProblem},
    return_address::{ReturnOrigin, ReturnUrl},
};
use serde::Serialize;

use super::{
    Installer,
    problem::{LinkProblem, ProblemKind, StateProblem},
};
use crate::{
    store::{InstallLink, ReadError, StoreError, Tenant},
    token::TokenHash,
};

/// Where a person goes back to at the end, and what belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WayBack {
    url: ReturnUrl,
    state: Option<String>,
    /// The provider, with the alias of a further account.
    provider: String,
}

/// The way back with a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Return {
    /// The address, which tells the result.
    pub address: String,
    /// Its host, for people.
    pub host: String,
    /// Its origin: the only one that may be told.
    pub origin: String,
    /// What the window that opened this one is told, as JSON.
    pub message: String,
}

/// What the window that opened this one is told.
#[derive(Serialize)]
struct Message<'a> {
    r#type: &'static str,
    provider: &'a str,
    status: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'a str>,
}

/// The `type` of that message.
const MESSAGE_TYPE: &str = "integrations:install";

impl WayBack {
    /// The way back with this result.
    pub fn with(&self, result: InstallResult) -> Return {
        let (status, code) = (result.status().as_str(), result.code().map(InstallFailure::as_str));
        let (provider, state) = (self.provider.as_str(), self.state.as_deref());
        let mut told = vec![("provider", provider), ("status", status)];
        told.extend(code.map(|code| ("code", code)));
        told.extend(state.map(|state| ("state", state)));
        let message = Message { r#type: MESSAGE_TYPE, provider, status, code, state };
        Return {
            address: self.url.telling(&told).into(),
            host: self.url.host(),
            origin: self.url.origin().to_string(),
            // Texts can always be written.
            message: serde_json::to_string(&message).unwrap_or_default(),
        }
    }
}

impl Installer {
    /// The origins to which a tenant's project sends people back.
    pub async fn return_origins(&self, tenant: &Tenant) -> Result<Vec<ReturnOrigin>, ReadError> {
        self.store.admit(tenant).await?;
        let project = self.store.project(tenant.project).await?;
        Ok(project.map(|project| read_origins(&project.return_origins)).unwrap_or_default())
    }

    /// The way back of an installation with this link. `None`: the link has none, or the project does not allow it any
    /// more.
    pub async fn way_back(&self, link: Option<InstallLinkId>) -> Result<Option<WayBack>, StoreError> {
        let Some(id) = link else { return Ok(None) };
        match self.store.install_link_by_id(id).await? {
            Some(link) => self.way_back_of(&link).await,
            None => Ok(None),
        }
    }

    /// The way back of the link with this token.
    pub async fn way_back_by(&self, token: &str) -> Result<Option<WayBack>, StoreError> {
        match self.store.install_link(TokenHash::of(token)).await? {
            Some(link) => self.way_back_of(&link).await,
            None => Ok(None),
        }
    }

    /// It is checked here once more: the project's origins may have changed since the link was made.
    async fn way_back_of(&self, link: &InstallLink) -> Result<Option<WayBack>, StoreError> {
        let Some(url) = &link.request.return_url else { return Ok(None) };
        let project = self.store.project(link.tenant.project).await?;
        let Some(project) = project.filter(|project| project.revoked_at.is_none()) else { return Ok(None) };
        let allowed = read_origins(&project.return_origins);
        Ok(url.is_at(&allowed).then(|| WayBack {
            url: url.clone(),
            state: link.request.state.clone(),
            provider: link.provider.clone(),
        }))
    }
}

/// Stored origins. One that cannot be read allows nobody's return.
fn read_origins(stored: &[String]) -> Vec<ReturnOrigin> {
    stored.iter().filter_map(|text| ReturnOrigin::read(text).ok()).collect()
}

impl ProblemKind {
    /// What the product is told of it.
    pub fn result(&self) -> InstallResult {
        InstallResult::Failed(match self {
            Self::Reported(error) if error.is_denial() => return InstallResult::Denied,
            Self::OtherAccount(_) => InstallFailure::AccountMismatch,
            Self::Discovery(DiscoveryProblem::NoAnswer { .. }) => InstallFailure::ProviderUnavailable,
            Self::Discovery(DiscoveryProblem::Unapproved { .. }) => InstallFailure::NotConfigured,
            Self::Link(_) => InstallFailure::LinkUnusable,
            Self::State(StateProblem::Expired) => InstallFailure::Expired,
            Self::Refused(_)
            | Self::Reported(_)
            | Self::DeadOnArrival(_)
            | Self::Invalid(_)
            | Self::Discovery(_)
            | Self::Choice(ChoiceProblem::Refused(_) | ChoiceProblem::Nothing)
            | Self::Token(TokenProblem::Refused { .. }) => InstallFailure::ProviderRefused,
            Self::Unchecked(_)
            | Self::NoAnswer(_)
            | Self::Choice(ChoiceProblem::NoAnswer(_) | ChoiceProblem::Unavailable(_)) => {
                InstallFailure::ProviderUnavailable
            }
            Self::MissingScopes(_) => InstallFailure::PermissionsMissing,
            Self::NotConfigured => InstallFailure::NotConfigured,
            Self::RightsGone | Self::ProjectGone => InstallFailure::NotAllowed,
            Self::State(StateProblem::Interrupted) | Self::Contended | Self::Unavailable | Self::Internal => {
                InstallFailure::ServerError
            }
            Self::State(_)
            | Self::Callback(_)
            | Self::Malformed(_)
            | Self::Token(_)
            | Self::Choice(ChoiceProblem::Unreadable) => InstallFailure::InvalidAnswer,
        })
    }

    /// Whether an installation has ended with it: then the person goes back. Otherwise they can go on here.
    pub const fn is_end(&self) -> bool {
        // An unknown state belongs to nothing that has begun, or to what is still under way.
        !matches!(
            self,
            Self::State(StateProblem::Unknown) | Self::Link(LinkProblem::Unknown | LinkProblem::Foreign)
        )
    }
}
