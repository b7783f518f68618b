//! Tells the edge which route the router found, even if the handler fails.

use std::sync::{Arc, OnceLock};

use axum::{body::Body, extract::MatchedPath};
use http::Request;

/// The place in the request's extensions where the router stores the route that it found.
#[derive(Clone, Debug, Default)]
pub(super) struct FoundRoute(Arc<OnceLock<MatchedPath>>);

impl FoundRoute {
    /// The route's pattern, such as `/api/v1/projects/{projectId}/integrations`. `None` if no route matched.
    pub(super) fn pattern(&self) -> Option<&str> {
        self.0.get().map(MatchedPath::as_str)
    }
}

/// Stores the route. The router calls it for every request.
pub(super) fn note(request: Request<Body>) -> Request<Body> {
    let extensions = request.extensions();
    if let (Some(found), Some(route)) = (extensions.get::<FoundRoute>(), extensions.get::<MatchedPath>()) {
        // This is called once for a request, so nothing is set yet.
        found.0.set(route.clone()).unwrap_or_default();
    }
    request
}
