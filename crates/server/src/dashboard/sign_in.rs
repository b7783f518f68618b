//! Signing in with an API key, and signing out.

use axum::{extract::State, response::Response};
use http::{StatusCode, Uri, header};
use integrations_core::pasted::secret;

use super::{
    cookies::Cookie,
    sessions,
    view::sign_in::{SignIn, page},
    visit::{Posted, Visit},
};
use crate::{
    dashboard::state::Pages,
    edge::{failure::Failure, query},
};

/// `GET /dashboard/sign-in`
pub(super) async fn show(visit: Visit, uri: Uri) -> Result<Response, Failure> {
    let [return_to, news] = query::parameters(&uri, ["return_to", "news"])?;
    let page_after = return_to.and_then(|text| visit.addresses.page(&text));
    if visit.session.is_some() {
        return Ok(visit.go_to(&page_after.unwrap_or(visit.addresses.home())));
    }
    let news = if news.as_deref() == Some(SIGNED_OUT) {
        Some("You are signed out.")
    } else {
        // The browser still has the cookie, but the session has ended.
        visit.session_token.as_ref().map(|_| "Your session has ended. Sign in again.")
    };
    let sign_in = SignIn { return_to: page_after.as_deref(), problem: None, news };
    Ok(visit.page(StatusCode::OK, page(&visit.frame(), sign_in)))
}

/// The word in the address after signing out.
const SIGNED_OUT: &str = "signed-out";

/// `POST /dashboard/sign-in`
pub(super) async fn submit(
    State(pages): State<Pages>,
    Posted { by: visit, form }: Posted<Visit>,
) -> Result<Response, Failure> {
    let page_after = form.get("return_to").and_then(|text| visit.addresses.page(text));
    let token = match pages.sessions.begin(&secret(form.trimmed("api_key"))).await? {
        Ok(token) => token,
        Err(refusal) => {
            let sign_in =
                SignIn { return_to: page_after.as_deref(), problem: Some(refusal.words()), news: None };
            return Ok(visit.page(StatusCode::FORBIDDEN, page(&visit.frame(), sign_in)));
        }
    };
    if let Some(before) = &visit.session_token {
        pages.sessions.end(before).await?;
    }
    let mut response = visit.go_to(&page_after.unwrap_or(visit.addresses.home()));
    if let Some(cookie) = Cookie::Session.set(token.expose(), "/", Some(sessions::LIFE), &visit.addresses) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
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
