//! Reads what the page of a provider shows, and answers with the page.

use axum::response::Response;
use http::StatusCode;
use integrations_core::{
    catalog::{AuthKind, ProviderAccount},
    health_history::HealthDay,
    integration::Integration,
    scope::RequiredScope,
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
    services::{
        install::{Offer, Wish},
        integrations::accounts_of,
    },
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
    offer: Offer,
    events: Vec<AuditEntry>,
}

impl Contents {
    /// Reads the contents. `chosen` is the way that the person wants to connect it by.
    pub(super) async fn read(
        on: &OnProject,
        account: &ProviderAccount,
        chosen: Option<AuthKind>,
    ) -> Result<Self, Failure> {
        let pages = &on.visit.pages;
        let loaded = pages.integrations.open(&on.tenant, account).await?;
        let account = &loaded.as_ref().map_or_else(|| account.clone(), |loaded| account.stored(loaded.way()));
        let as_before = loaded.as_ref().map_or(Wish::Any, |_| Wish::AsBefore(account.provider.auth));
        let wish = chosen.map_or(as_before, Wish::Rather);
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
            offer: pages.installer.offer(&on.tenant, account, wish).await?,
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
            is_moving: self.loaded.as_ref().is_some_and(|loaded| loaded.is_moving),
            next_check_at: self.loaded.as_ref().and_then(|loaded| loaded.next_check_at),
            health: &self.health,
            accounts: &self.accounts,
            connection: &self.connection,
            offer: &self.offer,
            revocation: self.loaded.as_ref().and_then(|loaded| loaded.revocation.as_ref()),
            events: &self.events,
            flash: None,
            refused: None,
        }
    }
}

/// Answers with the page, with its current contents. `flash` is what was just done, and `chosen` the way that the
/// person wants to connect it by.
pub(super) async fn answer(
    on: &OnProject,
    account: &ProviderAccount,
    status: StatusCode,
    (flash, chosen): (Option<Flash>, Option<AuthKind>),
    refused: Option<&RefusedForm>,
) -> Result<Response, Failure> {
    let contents = Contents::read(on, account, chosen).await?;
    let page = ProviderPage { flash, refused, ..contents.page(on) };
    Ok(on.visit.page(status, view::provider::page(&on.visit.frame(), &page)))
}
