//! The page of a provider in a project.

use std::sync::Arc;

use axum::{extract::State, response::Response};
use http::{StatusCode, Uri};
use integrations_core::{catalog::Provider, error::ErrorCode, integration::Integration, lifecycle::Status};
use serde_json::{Map, Value};

use super::{
    flash::Done,
    install,
    view::{
        self,
        provider::{ProviderPage, Trouble},
    },
    visit::{Named, OnProject, Visit},
};
use crate::{
    dashboard::state::Pages,
    edge::{failure::Failure, query},
    install::Availability,
    store::{AuditEntry, AuditFilter, Loaded},
};

/// The latest events that the page shows.
const EVENTS: u16 = 5;

/// `GET /dashboard/projects/{projectId}/integrations/{provider}`
pub(super) async fn show(
    State(pages): State<Pages>,
    visit: Visit,
    named: Named,
    uri: Uri,
) -> Result<Response, Failure> {
    let [done, link] = query::parameters(&uri, ["done", "session"])?;
    if let Some(link) = link {
        return install::open(&visit, &named, &link).await;
    }
    let done = done.and_then(|word| Done::parse(&word));
    let Some(session) = visit.session.clone() else {
        return install::visit(&pages, visit, &named, done).await;
    };
    let on = match OnProject::enter(visit.clone(), session, named.clone()).await {
        // The link may be of another organization than the one that is signed in.
        Err(error) if error.code == ErrorCode::ApiKeyProjectMismatch && visit.link.is_some() => {
            return install::visit(&pages, visit, &named, done).await;
        }
        entered => entered?,
    };
    let provider = on.named.provider(&pages)?;
    answer(&on, &provider, StatusCode::OK, done, None).await
}

/// What the page shows of a provider, as it is stored now.
#[derive(Debug)]
pub(super) struct Contents {
    pub(super) provider: Arc<Provider>,
    pub(super) loaded: Option<Loaded>,
    connection: Map<String, Value>,
    is_configured: bool,
    events: Vec<AuditEntry>,
}

impl Contents {
    /// Reads them.
    pub(super) async fn read(on: &OnProject, provider: &Arc<Provider>) -> Result<Self, Failure> {
        let pages = &on.visit.pages;
        let loaded = pages.integrations.open(&on.tenant, provider).await?;
        let events = match &loaded {
            // A project holds one integration of each provider.
            Some(_) => {
                let filter =
                    AuditFilter { provider: Some(provider.key.to_string()), ..AuditFilter::default() };
                pages.store.audit_page(&on.tenant, &filter, EVENTS).await?
            }
            None => Vec::new(),
        };
        let connection = loaded.as_ref().map(|loaded| serde_json::from_str(&loaded.connection));
        Ok(Self {
            is_configured: pages.installer.availability(&on.tenant, provider).await? == Availability::Ready,
            connection: connection
                .transpose()
                .map_err(|error| Failure::internal(&error))?
                .unwrap_or_default(),
            provider: Arc::clone(provider),
            loaded,
            events,
        })
    }

    /// The integration, if there is one.
    pub(super) fn integration(&self) -> Option<&Integration> {
        self.loaded.as_ref().map(|loaded| &loaded.integration)
    }

    /// The page of them.
    pub(super) fn page<'a>(&'a self, on: &'a OnProject) -> ProviderPage<'a> {
        ProviderPage {
            provider: &self.provider,
            project: on.project(),
            integration: self.integration(),
            connection: &self.connection,
            is_configured: self.is_configured,
            events: &self.events,
            done: None,
            trouble: None,
        }
    }
}

/// Answers with the page as things stand now.
pub(super) async fn answer(
    on: &OnProject,
    provider: &Arc<Provider>,
    status: StatusCode,
    done: Option<Done>,
    trouble: Option<&Trouble>,
) -> Result<Response, Failure> {
    let contents = Contents::read(on, provider).await?;
    let page = ProviderPage { done, trouble, ..contents.page(on) };
    Ok(on.visit.page(status, view::provider::page(&on.visit.frame(), &page)))
}

/// `GET …/{provider}/disconnect`: asks before it is done.
pub(super) async fn ask_to_disconnect(
    State(pages): State<Pages>,
    on: OnProject,
) -> Result<Response, Failure> {
    let provider = on.named.provider(&pages)?;
    let contents = Contents::read(&on, &provider).await?;
    let connected = contents.integration().filter(|integration| integration.status() != Status::Disconnected);
    let integration = connected.ok_or_else(|| {
        Failure::new(ErrorCode::IntegrationNotFound, format!("{} is not connected", provider.name))
    })?;
    let revoke_page = revoke_page(&provider, &contents.connection);
    let page = contents.page(&on);
    let page = view::disconnect::page(&on.visit.frame(), &page, integration, revoke_page.as_deref());
    Ok(on.visit.page(StatusCode::OK, page))
}

/// Where the access is revoked at the provider. None where the address needs more than the connection tells.
fn revoke_page(provider: &Provider, connection: &Map<String, Value>) -> Option<String> {
    let nothing = Map::new();
    let url = provider.revoke_page.as_ref()?.render(|name| provider.placeholder(connection, &nothing, name));
    url.ok().map(String::from)
}
