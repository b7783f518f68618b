//! The events of a provider in a project: where they come to, what verifies them, and what came.

use axum::{
    Router,
    extract::State,
    response::Response,
    routing::{get, post},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{StatusCode, Uri};
use integrations_core::{
    catalog::{AddressOf, Events, Provider, ProviderAccount},
    scope::RequiredScope,
};

use super::{
    flash::EventsFlash,
    key_form::Overlap,
    state::Pages,
    view::{
        events::{self, AppElsewhere, EventsPage, PART},
        layout::{self, Section},
        provider_page::RefusedForm,
    },
    visit::{Allowed, OnProject, Posted},
};
use crate::{
    edge::{
        failure::Failure,
        form::Form,
        query,
        scoped::{IntegrationsRead, IntegrationsWrite},
    },
    services::provider_events::{AddressFor, EventsError},
    store::{AppOwner, AppsOf},
};

/// The latest events that the page shows.
const LATEST: u16 = 20;

/// The pages.
#[expect(clippy::disallowed_methods, reason = "pages are not in the specification")]
pub(super) fn routes() -> Router<Pages> {
    let page = "/dashboard/projects/{projectId}/integrations/{provider}/events";
    Router::new().route(page, get(show)).route(&format!("{page}/secret"), post(set_secret))
}

/// `GET …/integrations/{provider}/events`
async fn show(Allowed { on, .. }: Allowed<IntegrationsRead>, uri: Uri) -> Result<Response, Failure> {
    let flash = flash(&uri)?;
    let account = on.named.account(&on.visit.pages)?;
    answer(&on, &account, StatusCode::OK, flash, None).await
}

/// What was just done, by the word in an address.
pub(super) fn flash(uri: &Uri) -> Result<Option<EventsFlash>, Failure> {
    let [done] = query::parameters(uri, ["done"])?;
    Ok(done.and_then(|word| word.parse().ok()))
}

/// `POST …/integrations/{provider}/events/secret`
async fn set_secret(
    State(pages): State<Pages>,
    Posted { by: Allowed { on, .. }, form }: Posted<Allowed<IntegrationsWrite>>,
) -> Result<Response, Failure> {
    let account = on.named.account(&pages)?;
    let of = AddressFor::Integration(&on.tenant, &account);
    let (text, overlap) = entered(&form);
    match pages.provider_events.set_secret(of, &text, overlap, on.acting()).await {
        Ok(()) => {
            let page = on.visit.addresses.to(on.tenant.project, account.as_str(), "events");
            Ok(on.visit.go_to(&format!("{page}?done={}", EventsFlash::Saved.as_str())))
        }
        Err(EventsError::Secret(message)) => {
            let refused = refused(message, form);
            answer(&on, &account, StatusCode::UNPROCESSABLE_ENTITY, None, Some(&refused)).await
        }
        Err(error) => Err(error.into()),
    }
}

/// What a form has entered: the secret, and for how long the one before counts.
pub(super) fn entered(form: &Form) -> (String, std::time::Duration) {
    let overlap = form.trimmed("overlap").parse().unwrap_or(Overlap::Nothing);
    (form.get("secret").unwrap_or_default().to_owned(), overlap.duration())
}

/// The refusal of a secret.
pub(super) fn refused(message: String, form: Form) -> RefusedForm {
    let issues = vec![integrations_core::issue::Issue::new("secret", message)];
    RefusedForm::new(PART, "The secret was not saved", "Correct what is marked below.", issues, form)
}

/// A secret that nobody has chosen yet, where one is chosen here.
pub(super) fn suggestion(pages: &Pages, events: &Events) -> Option<String> {
    let secret = &events.secret;
    let text = || URL_SAFE_NO_PAD.encode(pages.environment.bytes::<24>());
    // Where a form is asked for, only a person knows how to fill it.
    secret.is_chosen_here.then(text).filter(|text| secret.read(text).is_ok())
}

/// What a provider's file says of its events.
pub(super) fn sent(provider: &Provider) -> Result<&Events, Failure> {
    provider.events().ok_or_else(|| EventsError::SendsNone(None).into())
}

async fn answer(
    on: &OnProject,
    account: &ProviderAccount,
    status: StatusCode,
    flash: Option<EventsFlash>,
    refused: Option<&RefusedForm>,
) -> Result<Response, Failure> {
    let (pages, events) = (&on.visit.pages, sent(&account.provider)?);
    let may_change = on.session.who.rights.cover(RequiredScope::INTEGRATIONS_WRITE);
    let of = AddressFor::Integration(&on.tenant, account);
    let address = pages.provider_events.address(of, may_change).await?;
    let latest = pages.provider_events.list(&on.tenant, account, (None, None), LATEST).await?;
    let frame = on.visit.frame();
    let page = EventsPage {
        bar: layout::project_bar(&frame, &on.project(), Section::Integration),
        back: (on.visit.addresses.provider(on.tenant.project, account.as_str()), account.label()),
        address: &address,
        events,
        to: on.visit.addresses.to(on.tenant.project, account.as_str(), "events"),
        may_change,
        app: elsewhere(on, account, events).await?,
        suggestion: suggestion(pages, events).filter(|_| may_change),
        latest: Some(&latest.entries),
        flash,
        refused,
        brought: None,
    };
    Ok(on.visit.page(status, events::page(&frame, &page)))
}

/// Whose app has the address, if it is an app's.
async fn elsewhere(
    on: &OnProject,
    account: &ProviderAccount,
    events: &Events,
) -> Result<Option<AppElsewhere>, Failure> {
    if events.address != AddressOf::App {
        return Ok(None);
    }
    let apps = AppsOf::Project(on.tenant);
    let current = on.visit.pages.app_settings.current_of(apps, &account.provider).await?;
    Ok(Some(match current.owner() {
        Some(AppOwner::Project(_)) => AppElsewhere::Project,
        Some(AppOwner::Organization(_)) => AppElsewhere::Organization,
        Some(AppOwner::All) | None => AppElsewhere::Operator,
    }))
}
