//! Which route a request found: the router tells the edge, whatever becomes of the handler.

use std::sync::{Arc, OnceLock};

use axum::{body::Body, extract::MatchedPath};
use http::Request;

/// Where the router leaves the route that it found, in the request's extensions.
#[derive(Clone, Debug, Default)]
pub(super) struct FoundRoute(Arc<OnceLock<MatchedPath>>);

impl FoundRoute {
    /// The route's pattern, such as `/api/v1/projects/{projectId}/integrations`. `None` where there was none.
    pub(super) fn pattern(&self) -> Option<&str> {
        self.0.get().map(MatchedPath::as_str)
    }
}

/// Notes the route. Called by the router, for every request.
pub(super) fn note(request: Request<Body>) -> Request<Body> {
    let extensions = request.extensions();
    if let (Some(found), Some(route)) = (extensions.get::<FoundRoute>(), extensions.get::<MatchedPath>()) {
        // A request passes here once.
        found.0.set(route.clone()).unwrap_or_default();
    }
    request
}
