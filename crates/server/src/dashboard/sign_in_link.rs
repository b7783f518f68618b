//! A link that signs one person in, once. `dev` prints one at its start; no other server has the route.

use std::sync::{Arc, Mutex, PoisonError};

use axum::{
    Extension, Router,
    extract::{FromRequestParts as _, Request, State},
    response::{IntoResponse as _, Response},
    routing::get,
};
use http::StatusCode;
use integrations_core::ids::OrganizationId;
use url::Url;

use super::{addresses::Addresses, csrf, speculation, state::Pages, visit::Visit};
use crate::{
    edge::{failure::Failure, query, request_id::CurrentRequest},
    environment::Environment,
    services::people::SignedIn,
    token::{Token, TokenHash},
};

const PATH: &str = "/dashboard/sign-in/link";
/// How long the link works.
const LIFE: std::time::Duration = std::time::Duration::from_secs(60 * 60);

/// A link that has not been used.
#[derive(Debug)]
struct Unused {
    token: TokenHash,
    person: SignedIn,
    organization: OrganizationId,
    /// The uptime at which it ends.
    ends: std::time::Duration,
}

/// A link that signs a person in, until it is used. Only its hash is kept.
#[derive(Clone, Debug)]
pub(crate) struct SignInLink(Arc<Mutex<Option<Unused>>>);

impl SignInLink {
    /// Makes a link for a person, who then works on an organization. Returns it with its address below `public_url`.
    pub(crate) fn new(
        environment: &Environment,
        public_url: &Url,
        person: SignedIn,
        organization: OrganizationId,
    ) -> (Self, String) {
        let token = Token::generate(environment);
        let address = format!("{}{PATH}?token={}", public_url.as_str().trim_end_matches('/'), token.expose());
        let ends = environment.uptime() + LIFE;
        let unused = Unused { token: token.hash(), person, organization, ends };
        (Self(Arc::new(Mutex::new(Some(unused)))), address)
    }

    /// Uses the link up. `None`: it is another one, was used, or its time is over.
    fn take(&self, token: &str, now: std::time::Duration) -> Option<(SignedIn, OrganizationId)> {
        let mut unused = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = unused.take_if(|unused| unused.token == TokenHash::of(token) && now < unused.ends)?;
        Some((found.person, found.organization))
    }
}

/// The route of the link.
#[expect(clippy::disallowed_methods, reason = "pages are not in the specification")]
pub(crate) fn routes(pages: Pages, link: SignInLink) -> Router {
    Router::new().route(PATH, get(enter)).layer(Extension(link)).with_state(pages)
}

/// `GET /dashboard/sign-in/link`. The token is in the query, which no log shows.
async fn enter(
    State(pages): State<Pages>,
    Extension(link): Extension<SignInLink>,
    request: Request,
) -> Result<Response, Response> {
    let (mut parts, _) = request.into_parts();
    let addresses = Addresses::new(&pages.settings.public_url);
    let Some(CurrentRequest(request_id)) = parts.extensions.get::<CurrentRequest>().cloned() else {
        return Err(Failure::internal(&"a request without an id").into_response());
    };
    // What is fetched before a person opens it must not use it up.
    if let Some(answer) = speculation::answer(&parts.method, &parts.headers, &addresses, &request_id) {
        return Ok(answer);
    }
    let is_opened = csrf::is_navigation(&parts.headers);
    let visit = Visit::from_request_parts(&mut parts, &pages).await?;
    let [token] = query::parameters(&parts.uri, ["token"]).map_err(Failure::into_response)?;
    let taken = token.filter(|_| is_opened).and_then(|token| link.take(&token, pages.environment.uptime()));
    let Some((person, organization)) = taken else {
        if visit.session.is_some() {
            // The Back button and a reload come here again.
            return Ok(visit.go_to(&visit.addresses.home()));
        }
        return Ok(visit.failure(
            StatusCode::FORBIDDEN,
            "This link does not work any more",
            "It signs in once, and within an hour after the server has started.",
            "Start the server again: it prints a new link.",
        ));
    };
    let person = SignedIn { authenticated_at: Some(pages.environment.now()), ..person };
    let token = pages.sessions.begin_for(&person, organization).await;
    let token = token.map_err(|error| Failure::from(error).into_response())?;
    visit.enter(&token, &visit.addresses.home()).await.map_err(Failure::into_response)
}
