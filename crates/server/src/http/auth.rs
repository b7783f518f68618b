//! Authentication as a type: a handler names the scope that it requires and gets the tenant that it may act on.

use std::{borrow::Cow, marker::PhantomData, sync::Arc};

use axum::extract::FromRequestParts;
use http::request::Parts;
use integrations_core::{
    audit::{Acting, Actor},
    catalog::{NoSuchProvider, Provider, ProviderAccount},
    error::ErrorCode,
    ids::{ApiKeyId, OrganizationId, ProjectId, WebhookId},
    rights::Reach,
};

pub use crate::edge::scoped::{
    ActionsRead, ActionsWrite, ApprovalsAdmin, ApprovalsRead, AuditRead, IntegrationsRead, IntegrationsWrite,
    KeysAdmin, KeysRead, OauthAppsAdmin, OauthAppsRead, ProjectsRead, ProjectsWrite, ProxyWrite,
    WebhooksRead, WebhooksWrite,
};
use crate::{
    edge::{failure::Failure, identity::Identity, path, request_id::CurrentRequest, scoped::Scoped},
    http::{answer::Answer, key_access::KeyAccess, state::Api},
    services::api_keys::Caller,
    store::{Denied, Forbidden, Tenant},
};

/// A caller whose key covers the scope `S`, and the project that the path names.
///
/// This does not check that the project belongs to the caller's organization. Every query over a [`Tenant`] does that,
/// in the statement that reads the rows. Only a pair that was refused recently is refused here.
#[derive(Debug)]
pub struct Access<S> {
    /// The project of the path, with the caller's organization.
    pub tenant: Tenant,
    /// The caller.
    pub caller: Arc<Caller>,
    /// The request's id.
    pub request_id: Arc<str>,
    /// The path's `{provider}`, if it has one that is text.
    provider: Option<String>,
    /// The path's `{webhookId}`, if it has one that is text.
    webhook: Option<String>,
    /// What the path names below these, if that is text: an action, a run, an approval, or a delivery.
    named: Option<String>,
    scope: PhantomData<S>,
}

impl<S> Access<S> {
    /// The webhook that the path names.
    pub async fn webhook(&self, api: &Api) -> Result<WebhookId, Failure> {
        if let Some(id) = self.webhook.as_deref().and_then(|text| text.parse().ok()) {
            return Ok(id);
        }
        // If the caller may not see the project, that error comes first.
        api.organizations.admit(&self.tenant).await?;
        Err(Failure::no_such_webhook())
    }

    /// The caller and the request, for the audit log.
    pub fn acting(&self) -> Acting {
        Acting { actor: Actor::ApiKey(self.caller.key), request_id: Some(self.request_id.to_string()) }
    }

    /// What the path names last: an action, a run, an approval, or a delivery. `None`: it is not text.
    pub fn named(&self) -> Option<&str> {
        self.named.as_deref()
    }

    /// The account of a provider that the path names.
    pub async fn account(&self, api: &Api) -> Result<ProviderAccount, Failure> {
        let found = api.account(self.provider.as_deref());
        if found.is_err() {
            // If the caller may not see the project, that error comes first.
            api.organizations.admit(&self.tenant).await?;
        }
        Ok(found?)
    }

    /// The provider that the path names, without an alias: for the OAuth app that its accounts share.
    pub async fn provider(&self, api: &Api) -> Result<Arc<Provider>, Failure> {
        if let Some(provider) = api.catalog.with_app(self.provider.as_deref().unwrap_or_default()) {
            return Ok(Arc::clone(provider));
        }
        api.organizations.admit(&self.tenant).await?;
        Err(NoSuchProvider::Key.into())
    }
}

impl<S: Scoped> KeyAccess for Access<S> {
    fn caller(&self) -> ApiKeyId {
        self.caller.key
    }

    /// Whatever the answer shows is in the project of the path.
    async fn admit(&self, api: &Api, _: Option<&Answer>) -> Result<(), Failure> {
        Ok(api.organizations.admit(&self.tenant).await?)
    }
}

impl<S: Scoped> FromRequestParts<Api> for Access<S> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Failure> {
        let (caller, request_id) = authenticated::<S>(parts)?;
        let (mut project, mut provider, mut webhook, mut named) = (None, None, None, None);
        for (name, value) in path::parameters(parts) {
            match name {
                "projectId" => project = value.and_then(|text| text.parse::<ProjectId>().ok()),
                "provider" => provider = value.map(Cow::into_owned),
                "webhookId" => webhook = value.map(Cow::into_owned),
                _ => named = value.map(Cow::into_owned),
            }
        }
        // A text that is not an id names no project.
        let project = project.ok_or(Denied::NoSuchProject)?;
        let tenant = Tenant { organization: caller.organization, project };
        api.organizations.recall_denied(&tenant)?;
        if !caller.rights.reach.includes(project) {
            // If there is no such project, or it is another organization's, that error comes first.
            api.organizations.admit(&tenant).await?;
            return Err(Denied::OutOfReach.into());
        }
        Ok(Self { tenant, caller, request_id, provider, webhook, named, scope: PhantomData })
    }
}

/// A caller whose key covers the scope `S`, in the organization that the path names.
#[derive(Debug)]
pub struct OrganizationAccess<S> {
    /// The caller.
    pub caller: Arc<Caller>,
    /// The request's id.
    request_id: Arc<str>,
    /// The last id of the path, if it has one that is text.
    named: Option<String>,
    scope: PhantomData<S>,
}

impl<S> OrganizationAccess<S> {
    /// The organization of the path, which is the caller's.
    pub fn organization(&self) -> OrganizationId {
        self.caller.organization
    }

    /// The caller and the request, for the audit log.
    pub fn acting(&self) -> Acting {
        Acting { actor: Actor::ApiKey(self.caller.key), request_id: Some(self.request_id.to_string()) }
    }

    /// The provider that the path names, from the catalog, by the way that has an OAuth app.
    pub fn provider(&self, api: &Api) -> Result<Arc<Provider>, Failure> {
        let found = api.catalog.with_app(self.named.as_deref().unwrap_or_default());
        found.map(Arc::clone).ok_or_else(|| NoSuchProvider::Key.into())
    }

    /// The project that the path names. A text that is not an id names no project.
    pub fn project(&self) -> Result<ProjectId, Failure> {
        let id = self.named.as_deref().and_then(|text| text.parse().ok());
        id.ok_or_else(|| Denied::NoSuchProject.into())
    }

    /// Whether the path names something in the organization.
    pub fn names_key(&self) -> bool {
        self.named.is_some()
    }

    /// The API key that the path names.
    pub fn key(&self) -> Result<ApiKeyId, Failure> {
        let id = self.named.as_deref().and_then(|text| text.parse().ok());
        id.ok_or_else(|| Failure::new(ErrorCode::ResourceNotFound, "There is no such API key"))
    }
}

impl<S: Scoped> FromRequestParts<Api> for OrganizationAccess<S> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, Failure> {
        let (caller, request_id) = authenticated::<S>(parts)?;
        let (mut organization, mut named) = (None, None);
        for (name, value) in path::parameters(parts) {
            match name {
                "orgId" => organization = value.and_then(|text| text.parse::<OrganizationId>().ok()),
                _ => named = value.map(Cow::into_owned),
            }
        }
        // Whether there is another organization of this name is nobody's business.
        if organization != Some(caller.organization) {
            let message = "The API key belongs to another organization";
            return Err(Failure::new(ErrorCode::ApiKeyOrgMismatch, message));
        }
        Ok(Self { caller, request_id, named, scope: PhantomData })
    }
}

/// [`OrganizationAccess`] of a caller whose rights hold in the whole organization, not in some of its projects alone.
#[derive(Debug)]
pub struct WholeOrganization<S>(pub OrganizationAccess<S>);

impl<S: Scoped> KeyAccess for WholeOrganization<S> {
    fn caller(&self) -> ApiKeyId {
        self.0.caller.key
    }

    /// A caller in the whole organization may see everything in it.
    async fn admit(&self, _: &Api, _: Option<&Answer>) -> Result<(), Failure> {
        Ok(())
    }
}

impl<S: Scoped> FromRequestParts<Api> for WholeOrganization<S> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Failure> {
        let access = OrganizationAccess::from_request_parts(parts, api).await?;
        match access.caller.rights.reach {
            Reach::Organization => Ok(Self(access)),
            Reach::Projects(_) => Err(Forbidden::Bound.into()),
        }
    }
}

/// The caller of a request whose key covers the scope `S`, and the request's id.
fn authenticated<S: Scoped>(parts: &Parts) -> Result<(Arc<Caller>, Arc<str>), Failure> {
    let caller = match parts.extensions.get::<Identity>() {
        Some(Identity::Caller(caller)) => Arc::clone(caller),
        Some(Identity::Refused(refusal)) => return Err((*refusal).into()),
        Some(Identity::Unverified(error)) => return Err(error.clone()),
        Some(Identity::Anonymous) | None => {
            let message = "An API key is required: send X-API-Key or Authorization: Bearer";
            return Err(Failure::new(ErrorCode::Unauthorized, message));
        }
    };
    if !caller.rights.cover(S::REQUIRED) {
        return Err(Failure::insufficient_scope(S::REQUIRED));
    }
    match parts.extensions.get::<CurrentRequest>() {
        Some(CurrentRequest(id)) => Ok((caller, Arc::clone(id))),
        None => Err(Failure::internal(&"a request without an id")),
    }
}
