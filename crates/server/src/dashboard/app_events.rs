//! The events that come to the address of an OAuth app.

use axum::{
    Router,
    extract::State,
    response::Response,
    routing::{get, post},
};
use http::{StatusCode, Uri};
use integrations_core::{catalog::Provider, scope::RequiredScope};

use super::{
    events::{entered, flash, refused, sent, suggestion},
    flash::EventsFlash,
    oauth_apps::OnApps,
    state::Pages,
    view::{
        events::{self, EventsPage},
        provider_page::RefusedForm,
    },
    visit::Posted,
};
use crate::{
    edge::{
        failure::Failure,
        scoped::{OauthAppsAdmin, OauthAppsRead},
    },
    services::provider_events::{AddressFor, EventsError},
};

/// The pages below an address that ends in `oauth-apps`.
#[expect(clippy::disallowed_methods, reason = "pages are not in the specification")]
pub(super) fn routes(apps: &str) -> Router<Pages> {
    let page = format!("{apps}/{{provider}}/events");
    Router::new()
        .route(&page, get(show))
        .route(&format!("{page}/secret"), post(set_secret))
        .route(&format!("{page}/wait"), post(wait))
        .route(&format!("{page}/shown"), post(show_secret))
}

/// What was just done or refused.
#[derive(Default)]
struct News<'a> {
    flash: Option<EventsFlash>,
    refused: Option<&'a RefusedForm>,
    brought: Option<&'a str>,
}

/// `GET …/oauth-apps/{provider}/events`
async fn show(on: OnApps<OauthAppsRead>, uri: Uri) -> Result<Response, Failure> {
    let (provider, flash) = (on.provider()?, flash(&uri)?);
    answer(&on, &provider, StatusCode::OK, News { flash, ..News::default() }).await
}

/// `POST …/oauth-apps/{provider}/events/secret`
async fn set_secret(
    State(pages): State<Pages>,
    Posted { by: on, form }: Posted<OnApps<OauthAppsAdmin>>,
) -> Result<Response, Failure> {
    let provider = on.provider()?;
    let (text, overlap) = entered(&form);
    let of = AddressFor::App(on.of(), &provider);
    match pages.provider_events.set_secret(of, &text, overlap, on.acting()).await {
        Ok(()) => Ok(after(&on, &provider, EventsFlash::Saved)),
        Err(EventsError::Secret(message)) => {
            let refused = refused(message, form);
            let news = News { refused: Some(&refused), ..News::default() };
            answer(&on, &provider, StatusCode::UNPROCESSABLE_ENTITY, news).await
        }
        Err(error) => Err(error.into()),
    }
}

/// `POST …/oauth-apps/{provider}/events/wait`
async fn wait(
    State(pages): State<Pages>,
    Posted { by: on, .. }: Posted<OnApps<OauthAppsAdmin>>,
) -> Result<Response, Failure> {
    let provider = on.provider()?;
    pages.provider_events.await_secret(AddressFor::App(on.of(), &provider), on.acting()).await?;
    Ok(after(&on, &provider, EventsFlash::Waiting))
}

/// `POST …/oauth-apps/{provider}/events/shown`. The answer is the only page that shows the secret.
async fn show_secret(
    State(pages): State<Pages>,
    Posted { by: on, .. }: Posted<OnApps<OauthAppsAdmin>>,
) -> Result<Response, Failure> {
    let provider = on.provider()?;
    let of = AddressFor::App(on.of(), &provider);
    let brought = pages.provider_events.show_secret(of, on.acting()).await?;
    let news = News { brought: brought.as_deref(), ..News::default() };
    answer(&on, &provider, StatusCode::OK, news).await
}

fn after<S>(on: &OnApps<S>, provider: &Provider, done: EventsFlash) -> Response {
    let page = on.visit.addresses.to_oauth_app(on.owner().place(), provider.key.as_str(), "events");
    on.visit.go_to(&format!("{page}?done={}", done.as_str()))
}

async fn answer<S>(
    on: &OnApps<S>,
    provider: &std::sync::Arc<Provider>,
    status: StatusCode,
    news: News<'_>,
) -> Result<Response, Failure> {
    let (pages, events) = (&on.visit.pages, sent(provider)?);
    let may_change = on.session.who.rights.cover(RequiredScope::OAUTH_APPS_ADMIN);
    let address = pages.provider_events.address(AddressFor::App(on.of(), provider), may_change).await?;
    let (frame, place) = (on.visit.frame(), on.owner().place());
    let app = on.visit.addresses.oauth_app(place, provider.key.as_str());
    let page = EventsPage {
        bar: on.owner().bar_of_one(&frame),
        back: (app, format!("OAuth app of {}", provider.name)),
        address: &address,
        events,
        to: on.visit.addresses.to_oauth_app(place, provider.key.as_str(), "events"),
        may_change,
        app: None,
        suggestion: suggestion(pages, events).filter(|_| may_change),
        latest: None,
        flash: news.flash,
        refused: news.refused,
        brought: news.brought,
    };
    Ok(on.visit.page(status, events::page(&frame, &page)))
}
