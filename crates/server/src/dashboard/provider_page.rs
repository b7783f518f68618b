//! Reads what the page of a provider shows, and answers with the page.

use axum::response::Response;
use http::StatusCode;
use integrations_core::{
    catalog::ProviderAccount, health_history::HealthDay, integration::Integration, scope::RequiredScope,
};
use serde_json::{Map, Value};

use super::{
    flash::Flash,
    view::{
        self,
        provider_page::{ProviderPage, RefusedForm},
    },
    visit::OnProject,
};
use crate::{
    edge::failure::Failure,
    services::{install::Availability, integrations::accounts_of},
    store::{AuditEntry, AuditFilter, IntegrationRow, Loaded},
};

/// The latest events that the page shows.
const EVENTS: u16 = 5;

/// What the page of a provider shows, as it is stored now.
#[derive(Debug)]
pub(super) struct Contents {
    pub(super) account: ProviderAccount,
    pub(super) loaded: Option<Loaded>,
    health: Vec<HealthDay>,
    accounts: Vec<IntegrationRow>,
    pub(super) connection: Map<String, Value>,
    is_configured: bool,
    events: Vec<AuditEntry>,
}

impl Contents {
    /// Reads the contents.
    pub(super) async fn read(on: &OnProject, account: &ProviderAccount) -> Result<Self, Failure> {
        let pages = &on.visit.pages;
        let loaded = pages.integrations.open(&on.tenant, account).await?;
        let events = match &loaded {
            Some(_) if on.session.who.rights.cover(RequiredScope::AUDIT_READ) => {
                let filter =
                    AuditFilter { provider: Some(account.as_str().to_owned()), ..AuditFilter::default() };
                pages.audit_log.page(&on.tenant, &filter, EVENTS).await?.entries
            }
            _ => Vec::new(),
        };
        let health = match &loaded {
            Some(_) => pages.integrations.health_history(&on.tenant, account).await?,
            None => Vec::new(),
        };
        let list = pages.integrations.list(&on.tenant).await?;
        let connection = loaded.as_ref().map(|loaded| serde_json::from_str(&loaded.connection));
        Ok(Self {
            is_configured: pages.installer.availability(&on.tenant, &account.provider).await?
                == Availability::Ready,
            connection: connection
                .transpose()
                .map_err(|error| Failure::internal(&error))?
                .unwrap_or_default(),
            account: account.clone(),
            accounts: accounts_of(&list, account.provider.key.as_str()).to_vec(),
            loaded,
            health,
            events,
        })
    }

    /// The integration, if there is one.
    pub(super) fn integration(&self) -> Option<&Integration> {
        self.loaded.as_ref().map(|loaded| &loaded.integration)
    }

    /// The page with these contents.
    pub(super) fn page<'a>(&'a self, on: &'a OnProject) -> ProviderPage<'a> {
        ProviderPage {
            account: &self.account,
            project: on.project(),
            integration: self.integration(),
            credential: self.loaded.as_ref().and_then(|loaded| loaded.credential_facts.as_ref()),
            next_check_at: self.loaded.as_ref().and_then(|loaded| loaded.next_check_at),
            health: &self.health,
            accounts: &self.accounts,
            connection: &self.connection,
            is_configured: self.is_configured,
            revocation: self.loaded.as_ref().and_then(|loaded| loaded.revocation.as_ref()),
            events: &self.events,
            flash: None,
            refused: None,
        }
    }
}

/// Answers with the page, with its current contents.
pub(super) async fn answer(
    on: &OnProject,
    account: &ProviderAccount,
    status: StatusCode,
    flash: Option<Flash>,
    refused: Option<&RefusedForm>,
) -> Result<Response, Failure> {
    let contents = Contents::read(on, account).await?;
    let page = ProviderPage { flash, refused, ..contents.page(on) };
    Ok(on.visit.page(status, view::provider::page(&on.visit.frame(), &page)))
}
