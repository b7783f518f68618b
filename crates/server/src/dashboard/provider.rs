//! The page of a provider in a project.

use axum::{extract::State, response::Response};
use http::{StatusCode, Uri};
use integrations_core::{
    catalog::{Provider, Revoke},
    lifecycle::Status,
};
use serde_json::{Map, Value};

use super::{
    flash::Flash,
    install,
    provider_page::{Contents, answer},
    state::Pages,
    view::{self, revocation::Offer},
    visit::{Allowed, Named, OnProject, Visit},
};
use crate::{
    edge::{
        failure::Failure,
        query,
        scoped::{IntegrationsRead, IntegrationsWrite},
    },
    services::revocations::SharedWith,
    store::{Denied, ReadError},
};

/// `GET /dashboard/projects/{projectId}/integrations/{provider}`
pub(super) async fn show(
    State(pages): State<Pages>,
    visit: Visit,
    named: Named,
    uri: Uri,
) -> Result<Response, Failure> {
    let [flash, link, auth] = query::parameters(&uri, ["done", "session", "auth"])?;
    if let Some(link) = link {
        return install::open(&visit, &named, &link).await;
    }
    let flash = flash.and_then(|word| word.parse::<Flash>().ok());
    let chosen = auth.and_then(|word| word.parse().ok());
    let session = visit.session.clone();
    let is_bound = session.is_some() && install::is_bound(&visit, &named, flash).await?;
    let Some(session) = session.filter(|_| !is_bound) else {
        return install::visit(&pages, visit, &named, (flash, chosen)).await;
    };
    let on = match OnProject::enter(visit.clone(), session, named.clone()).await {
        // The link may belong to another organization than the session.
        Err(ReadError::Denied(Denied::ForeignProject | Denied::OutOfReach)) if visit.link.is_some() => {
            return install::visit(&pages, visit, &named, (flash, chosen)).await;
        }
        entered => entered?.allow::<IntegrationsRead>()?.on,
    };
    let account = on.named.account(&pages)?;
    answer(&on, &account, StatusCode::OK, (flash, chosen), None).await
}

/// `GET …/{provider}/disconnect`: asks before it disconnects.
pub(super) async fn ask_to_disconnect(
    State(pages): State<Pages>,
    Allowed { on, .. }: Allowed<IntegrationsWrite>,
) -> Result<Response, Failure> {
    let account = on.named.account(&pages)?;
    let contents = Contents::read(&on, &account, None).await?;
    let account = contents.account.clone();
    let connected = contents.integration().filter(|integration| integration.status() != Status::Disconnected);
    let Some(integration) = connected else {
        return Ok(on.visit.failure(
            StatusCode::NOT_FOUND,
            "That is not connected",
            &format!("{} is not connected.", account.label()),
            "Connect it first on its page.",
        ));
    };
    let revoke_page = revoke_page(&account.provider, &contents.connection);
    let page = contents.page(&on);
    let shared = match &contents.loaded {
        Some(loaded) => {
            let shared = on.visit.pages.revocations.shared_with(&on.tenant, &account, loaded).await;
            shared.map_err(|error| Failure::internal(&error))?
        }
        None => SharedWith::default(),
    };
    let offer = offer(&account.provider, &shared);
    let page = view::disconnect::page(&on.visit.frame(), &page, integration, revoke_page.as_deref(), &offer);
    Ok(on.visit.page(StatusCode::OK, page))
}

/// What is said of revoking the access from here.
fn offer<'a>(provider: &'a Provider, shared: &'a SharedWith) -> Offer<'a> {
    let (why_not, ends_all) = match &provider.revoke {
        Some(Revoke::Calls(calls)) => (None, calls.token.is_none()),
        Some(Revoke::Unsupported(why)) => (Some(why.as_str()), false),
        None => (Some("Its provider file does not say how"), false),
    };
    Offer { why_not, ends_all, shared }
}

/// The provider's page for revoking the access. `None` if its address needs values that the connection does not have.
fn revoke_page(provider: &Provider, connection: &Map<String, Value>) -> Option<String> {
    let nothing = Map::new();
    let url = provider.revoke_page.as_ref()?.render(|name| provider.placeholder(connection, &nothing, name));
    url.ok().map(String::from)
}
