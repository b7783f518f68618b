//! The page to sign in, signing in with an API key, and signing out.

use axum::{extract::State, response::Response};
use http::{StatusCode, Uri, header};
use integrations_core::pasted::secret;

use super::{
    cookies::Cookie,
    destination::Destination,
    view::sign_in::{SignIn, page},
    visit::{Posted, Visit},
};
use crate::{
    dashboard::state::Pages,
    edge::{failure::Failure, query},
};

/// `GET /dashboard/sign-in`
pub(super) async fn show(visit: Visit, uri: Uri) -> Result<Response, Failure> {
    let [return_to, news, fresh] = query::parameters(&uri, ["return_to", "news", "fresh"])?;
    let page_after = return_to.and_then(|text| Destination::read(&text, &visit.addresses));
    let page_after = page_after.map(|page| page.address(&visit.addresses));
    let is_fresh = fresh.is_some();
    if let Some(session) = &visit.session
        && (!is_fresh || session.is_fresh(visit.pages.environment.now()))
    {
        return Ok(visit.go_to(&page_after.unwrap_or(visit.addresses.home())));
    }
    let news = if news.as_deref() == Some(SIGNED_OUT) {
        Some("You are signed out.")
    } else if is_fresh && visit.session.is_some() {
        Some("What you want to do needs a fresh sign-in. Sign in again.")
    } else {
        // The browser still has the cookie, but the session has ended.
        visit.session_token.as_ref().map(|_| "Your session has ended. Sign in again.")
    };
    let sign_in = SignIn { return_to: page_after.as_deref(), news, is_fresh, ..ways(&visit.pages) };
    Ok(visit.page(StatusCode::OK, page(&visit.frame(), sign_in)))
}

/// The ways in which somebody can sign in.
fn ways(pages: &Pages) -> SignIn<'_> {
    SignIn { provider: pages.people.provider(), takes_keys: pages.settings.key_sign_in, ..SignIn::default() }
}

/// The word in the address after signing out.
const SIGNED_OUT: &str = "signed-out";

/// `POST /dashboard/sign-in`
pub(super) async fn submit(
    State(pages): State<Pages>,
    Posted { by: visit, form }: Posted<Visit>,
) -> Result<Response, Failure> {
    let page_after = form.get("return_to").and_then(|text| Destination::read(text, &visit.addresses));
    let page_after = page_after.map(|page| page.address(&visit.addresses));
    if !pages.settings.key_sign_in {
        return Ok(visit.failure(
            StatusCode::FORBIDDEN,
            "API keys cannot sign in here",
            "The operator of this server switched it off. The key itself still works for programs.",
            "Sign in with your own account.",
        ));
    }
    let token = match pages.sessions.begin(&secret(form.trimmed("api_key"))).await? {
        Ok(token) => token,
        Err(refusal) => {
            let problem = Some(refusal.words());
            let is_fresh = form.is_ticked("fresh");
            let sign_in = SignIn { return_to: page_after.as_deref(), problem, is_fresh, ..ways(&pages) };
            return Ok(visit.page(StatusCode::FORBIDDEN, page(&visit.frame(), sign_in)));
        }
    };
    visit.enter(&token, &page_after.unwrap_or(visit.addresses.home())).await
}

/// `POST /dashboard/sign-out`
pub(super) async fn sign_out(
    State(pages): State<Pages>,
    Posted { by: visit, .. }: Posted<Visit>,
) -> Result<Response, Failure> {
    if let Some(token) = &visit.session_token {
        pages.sessions.end(token).await?;
    }
    let mut response = visit.go_to(&format!("{}?news={SIGNED_OUT}", visit.addresses.sign_in()));
    if let Some(cookie) = Cookie::Session.clear("/", &visit.addresses) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}
