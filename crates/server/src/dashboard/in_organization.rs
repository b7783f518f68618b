//! Visitors of an organization's pages, as a type: a handler names the scope that it needs.

use std::{borrow::Cow, marker::PhantomData};

use axum::{
    extract::FromRequestParts,
    response::{IntoResponse as _, Response},
};
use http::{StatusCode, request::Parts};
use integrations_core::{
    audit::Acting,
    error::ErrorCode,
    ids::{ApiKeyId, OrganizationId, ProjectId},
    rights::Reach,
};

use super::{
    destination::Destination,
    sessions::Session,
    state::Pages,
    view::layout::Organization,
    visit::{Visit, Visited, ask_to_sign_in},
};
use crate::{
    edge::{failure::Failure, path, scoped::Scoped},
    store::Denied,
};

/// A request for a page of the organization that the session works on, by a person whose rights cover the scope `S`, as
/// the same request to the API would need it. Others are asked to sign in, or get an error page.
#[derive(Debug)]
pub(crate) struct InOrganization<S> {
    /// The visit.
    pub(crate) visit: Visit,
    /// The session.
    pub(crate) session: Session,
    /// The organization's name.
    pub(crate) name: String,
    /// The last id of the path, if it has one that is text.
    named: Option<String>,
    scope: PhantomData<S>,
}

impl<S> InOrganization<S> {
    /// The organization's id.
    pub(crate) const fn id(&self) -> OrganizationId {
        self.session.organization
    }

    /// The organization, for its pages.
    pub(crate) fn organization(&self) -> Organization<'_> {
        Organization { id: self.id(), name: &self.name }
    }

    /// The projects in which the session has rights.
    pub(crate) const fn reach(&self) -> &Reach {
        &self.session.who.rights.reach
    }

    /// Who acts and the request, for the audit log.
    pub(crate) fn acting(&self) -> Acting {
        self.visit.acting(&self.session)
    }

    /// The project that the path names. A text that is not an id names no project.
    pub(crate) fn project(&self) -> Result<ProjectId, Failure> {
        let id = self.named.as_deref().and_then(|text| text.parse().ok());
        id.ok_or_else(|| Denied::NoSuchProject.into())
    }

    /// The API key that the path names.
    pub(crate) fn key(&self) -> Result<ApiKeyId, Failure> {
        let id = self.named.as_deref().and_then(|text| text.parse().ok());
        id.ok_or_else(|| Failure::new(ErrorCode::ResourceNotFound, "There is no such API key"))
    }
}

impl<S: Scoped> InOrganization<S> {
    /// Lets a session in if it works on the organization that the path names, and its rights cover the scope.
    pub(crate) async fn enter(
        visit: Visit,
        session: Session,
        organization: Option<OrganizationId>,
        named: Option<String>,
    ) -> Result<Self, Response> {
        // Whether there is another organization of this id is nobody's business.
        if organization != Some(session.organization) {
            return Err(visit.failure(
                StatusCode::FORBIDDEN,
                "This is not the organization that you work on",
                "The address names another one. Nothing was changed.",
                "Choose that organization, if you have a role there, or sign in with an API key of it.",
            ));
        }
        if !session.who.rights.cover(S::REQUIRED) {
            return Err(Failure::insufficient_scope(S::REQUIRED).into_response());
        }
        let name = visit.pages.organizations.name(session.organization).await;
        let name = name.map_err(|error| Failure::from(error).into_response())?;
        Ok(Self { visit, session, name, named, scope: PhantomData })
    }
}

impl<S> Visited for InOrganization<S> {
    fn visit(&self) -> &Visit {
        &self.visit
    }
}

impl<S: Scoped> FromRequestParts<Pages> for InOrganization<S> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, pages: &Pages) -> Result<Self, Response> {
        let visit = Visit::from_request_parts(parts, pages).await?;
        let Some(session) = visit.session.clone() else {
            let page = Destination::near(parts.uri.path(), &visit.addresses);
            return Err(ask_to_sign_in(&visit, &page.address(&visit.addresses)));
        };
        let (mut organization, mut named) = (None, None);
        for (name, value) in path::parameters(parts) {
            match name {
                "orgId" => organization = value.and_then(|text| text.parse::<OrganizationId>().ok()),
                _ => named = value.map(Cow::into_owned),
            }
        }
        Self::enter(visit, session, organization, named).await
    }
}
