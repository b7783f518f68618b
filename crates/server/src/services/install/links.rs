//! Install links. `install-url` makes them, and they open the page of one installation without a key.

use integrations_core::{
    audit::{Acting, AuditAction, change},
    catalog::{AuthKind, ProviderAccount},
    ids::{InstallLinkId, ProjectId},
    install_link::{LinkRequest, LinkStatus},
    principal::Principal,
};
use serde_json::Value;
use time::OffsetDateTime;

use super::{
    Availability, Installer,
    problem::{LinkProblem, ProblemKind},
    ways::Wish,
};
use crate::{
    store::{
        InstallLink, NewAuditEvent, NewInstallLink, OwnedError, ReadError, RememberedAnswer, StoreError,
        Tenant,
    },
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
    /// The only way to log in that it offers.
    pub auth: Option<AuthKind>,
}

impl OpenLink {
    /// The ways to log in that a person may choose from, who has chosen this one.
    pub fn wish(&self, chosen: Option<AuthKind>) -> Wish {
        self.auth.map_or(Wish::chosen(chosen), Wish::Only)
    }
}

/// A link to be made.
#[derive(Clone, Debug)]
pub struct NewLink<'a> {
    /// Its id and its times.
    pub made: MadeLink,
    /// The project that it installs into.
    pub tenant: &'a Tenant,
    /// The account of a provider that it installs.
    pub account: &'a ProviderAccount,
    /// The key or person that acts for it.
    pub by: Principal,
    /// What opens it.
    pub token: &'a Token,
    /// Where it leads in the end, and for which account it is.
    pub request: LinkRequest,
}

/// What a link is made with.
#[derive(Clone, Copy, Debug)]
pub struct MadeLink {
    /// Its id.
    pub id: InstallLinkId,
    /// When it is made.
    pub created_at: OffsetDateTime,
    /// When it expires.
    pub expires_at: OffsetDateTime,
}

/// A page of a project's links, newest first.
#[derive(Debug)]
pub struct LinkPage {
    /// The links.
    pub links: Vec<InstallLink>,
    /// Whether there are older ones.
    pub has_more: bool,
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
    /// The provider of this name is at a host of the customer's own, and the operator approves none.
    #[error("no host of {provider} is approved")]
    NoApprovedHost {
        /// The provider's name.
        provider: String,
    },
    /// The database did not store it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Installer {
    /// What the next link is made with.
    pub fn next_link(&self) -> MadeLink {
        let created_at = self.environment.now();
        MadeLink { id: self.environment.id(), created_at, expires_at: created_at + self.link_life }
    }

    /// Makes an install link for an account of a provider, and remembers the answer to the request for it.
    pub async fn create_link(
        &self,
        NewLink { made, tenant, account, by, token, request }: NewLink<'_>,
        answer: Option<RememberedAnswer>,
    ) -> Result<(), CreateLinkError> {
        let offer = self.offer(tenant, account, request.auth.map_or(Wish::Any, Wish::Only)).await?;
        let provider = || account.provider.name.clone();
        match offer.availability() {
            Availability::Ready => {}
            Availability::NotConfigured => {
                return Err(CreateLinkError::NotConfigured { provider: provider() });
            }
            Availability::NoApprovedHost => {
                return Err(CreateLinkError::NoApprovedHost { provider: provider() });
            }
        }
        let link = NewInstallLink {
            id: made.id,
            token: token.hash(),
            tenant: *tenant,
            provider: account.as_str().to_owned(),
            by,
            request,
            created_at: made.created_at,
            expires_at: made.expires_at,
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
        if !is_for(&link, project, account) {
            return Err(LinkProblem::Foreign.into());
        }
        match link.status(self.environment.now()) {
            LinkStatus::Used => return Err(LinkProblem::Used.into()),
            LinkStatus::Ended => return Err(LinkProblem::Ended.into()),
            LinkStatus::Expired => return Err(LinkProblem::Expired.into()),
            LinkStatus::Open => {}
        }
        self.check_standing(&link.tenant, link.by).await?;
        let InstallLink { id, tenant, by, expires_at, .. } = link;
        Ok(OpenLink { id, tenant, by, expires_at, auth: link.request.auth })
    }

    /// Checks that a link that was opened was not used or ended meanwhile. A person may be slower than the link lasts.
    pub(super) async fn check_link(&self, id: InstallLinkId) -> Result<InstallLink, ProblemKind> {
        let link = self.store.install_link_by_id(id).await?.ok_or(LinkProblem::Expired)?;
        match link.status(self.environment.now()) {
            LinkStatus::Used => Err(LinkProblem::Used.into()),
            LinkStatus::Ended => Err(LinkProblem::Ended.into()),
            LinkStatus::Expired | LinkStatus::Open => Ok(link),
        }
    }

    /// Why a link could not be used up.
    pub(super) async fn link_problem(&self, id: Option<InstallLinkId>) -> Result<ProblemKind, ProblemKind> {
        let Some(id) = id else { return Ok(ProblemKind::Internal) };
        Ok(self.check_link(id).await.err().unwrap_or(ProblemKind::Contended))
    }

    /// Whether a person must keep to this link, even if they are signed in: it works, and leads back to a product or is
    /// for one account.
    pub async fn is_binding(
        &self,
        token: &str,
        project: ProjectId,
        account: &str,
    ) -> Result<bool, StoreError> {
        let link = self.store.install_link(TokenHash::of(token)).await?;
        let now = self.environment.now();
        Ok(link.is_some_and(|link| {
            link.request.is_bound() && is_for(&link, project, account) && link.status(now) == LinkStatus::Open
        }))
    }

    /// Whether an installation can still be made with this link, as far as the link itself goes.
    pub async fn is_link_open(&self, token: &str) -> Result<bool, StoreError> {
        let link = self.store.install_link(TokenHash::of(token)).await?;
        Ok(link.is_some_and(|link| link.status(self.environment.now()) == LinkStatus::Open))
    }

    /// Whether an installation was finished with this link in this browser.
    pub async fn is_finished_here(&self, token: &str, browser: Option<&str>) -> Result<bool, StoreError> {
        let link = self.store.install_link(TokenHash::of(token)).await?;
        let used_by = link.and_then(|link| link.used_by);
        Ok(used_by.is_some() && used_by == browser.map(TokenHash::of))
    }

    /// Up to `limit` of a tenant's links, newest first: those before the link `before`.
    pub async fn links(
        &self,
        tenant: &Tenant,
        before: Option<InstallLinkId>,
        limit: u16,
    ) -> Result<LinkPage, ReadError> {
        // One more than requested shows whether there are more.
        let mut links = self.store.install_links(tenant, before, u64::from(limit) + 1).await?;
        let has_more = links.len() > usize::from(limit);
        links.truncate(usize::from(limit));
        Ok(LinkPage { links, has_more })
    }

    /// Ends a link: nothing can be installed with it any more. Repeating it is not an error. Returns it as it is then.
    pub async fn end_link(
        &self,
        tenant: &Tenant,
        id: InstallLinkId,
        acting: &Acting,
    ) -> Result<InstallLink, OwnedError> {
        let changes = [change("link", Value::Null, id.to_string())];
        let action = AuditAction::InstallLinkEnded;
        let event = NewAuditEvent::new(&self.environment, tenant.organization, action, acting.clone());
        let event = NewAuditEvent {
            project: Some(tenant.project),
            changes: changes.into_iter().flatten().collect(),
            ..event
        };
        self.store.end_install_link(tenant.project, id, event).await
    }

    /// How far a link is now.
    pub fn status_of(&self, link: &InstallLink) -> LinkStatus {
        link.status(self.environment.now())
    }
}

fn is_for(link: &InstallLink, project: ProjectId, account: &str) -> bool {
    link.tenant.project == project && link.provider == account
}
