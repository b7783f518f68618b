//! Install links. `install-url` makes them, and they open the page of one installation without a key.

use integrations_core::{
    catalog::ProviderAccount,
    ids::{InstallLinkId, ProjectId},
    principal::Principal,
};
use time::OffsetDateTime;

use super::{
    Availability, Installer,
    problem::{LinkProblem, ProblemKind},
};
use crate::{
    store::{NewInstallLink, RememberedAnswer, StoreError, Tenant},
    token::{Token, TokenHash},
};

/// A link that is valid now.
#[derive(Clone, Debug)]
pub struct OpenLink {
    /// Its id.
    pub id: InstallLinkId,
    /// The project that it installs into.
    pub tenant: Tenant,
    /// The key or person that acts for it.
    pub by: Principal,
    /// When it expires.
    pub expires_at: OffsetDateTime,
}

/// A link to be made.
#[derive(Clone, Copy, Debug)]
pub struct NewLink<'a> {
    /// The project that it installs into.
    pub tenant: &'a Tenant,
    /// The account of a provider that it installs.
    pub account: &'a ProviderAccount,
    /// The key or person that acts for it.
    pub by: Principal,
    /// What opens it.
    pub token: &'a Token,
}

/// Why no link was made.
#[derive(Debug, thiserror::Error)]
pub enum CreateLinkError {
    /// The provider of this name uses OAuth, and no app is set for it.
    #[error("no OAuth app is set for {provider}")]
    NotConfigured {
        /// The provider's name.
        provider: String,
    },
    /// The database did not store it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Installer {
    /// Makes an install link for an account of a provider, and remembers the answer to the request for it.
    pub async fn create_link(
        &self,
        NewLink { tenant, account, by, token }: NewLink<'_>,
        answer: Option<RememberedAnswer>,
    ) -> Result<(), CreateLinkError> {
        let provider = &account.provider;
        if self.availability(tenant, provider).await? == Availability::NotConfigured {
            return Err(CreateLinkError::NotConfigured { provider: provider.name.clone() });
        }
        let now = self.environment.now();
        let link = NewInstallLink {
            id: self.environment.id(),
            token: token.hash(),
            tenant: *tenant,
            provider: account.as_str().to_owned(),
            by,
            created_at: now,
            expires_at: now + self.link_life,
        };
        Ok(self.store.create_install_link(link, answer).await?)
    }

    /// Opens a link for this project and account. Opening does not use it up; finishing an installation does.
    pub async fn open_link(
        &self,
        token: &str,
        project: ProjectId,
        account: &str,
    ) -> Result<OpenLink, ProblemKind> {
        let link = self.store.install_link(TokenHash::of(token)).await?.ok_or(LinkProblem::Unknown)?;
        if link.tenant.project != project || link.provider != account {
            return Err(LinkProblem::Foreign.into());
        }
        if link.used_at.is_some() {
            return Err(LinkProblem::Used.into());
        }
        if link.expires_at <= self.environment.now() {
            return Err(LinkProblem::Expired.into());
        }
        self.check_standing(&link.tenant, link.by).await?;
        Ok(OpenLink { id: link.id, tenant: link.tenant, by: link.by, expires_at: link.expires_at })
    }

    /// Whether an installation can still be made with this link, as far as the link itself goes.
    pub async fn is_link_open(&self, token: &str) -> Result<bool, StoreError> {
        let link = self.store.install_link(TokenHash::of(token)).await?;
        Ok(link.is_some_and(|link| link.used_at.is_none() && self.environment.now() < link.expires_at))
    }

    /// Whether an installation was finished with this link in this browser.
    pub async fn is_finished_here(&self, token: &str, browser: Option<&str>) -> Result<bool, StoreError> {
        let link = self.store.install_link(TokenHash::of(token)).await?;
        let used_by = link.and_then(|link| link.used_by);
        Ok(used_by.is_some() && used_by == browser.map(TokenHash::of))
    }
}
