//! The answer to a request to change an integration.

use axum::response::Response;

use super::view;
use crate::{
    edge::failure::Failure,
    http::answer::respond_integration,
    store::{IntegrationRow, Loaded},
};

/// Answers with the changed integration.
///
/// The answer to a disconnection says that tokens are not revoked at the provider, even if it is `repeated`.
pub(super) fn respond(changed: &Loaded, repeated: bool) -> Result<Response, Failure> {
    let row = IntegrationRow::try_from(changed)?;
    let mut integration = view::integration(row).map_err(|error| Failure::internal(&error))?;
    if changed.disconnected_now || repeated {
        integration.message = Some(NOT_REVOKED.to_owned());
    }
    respond_integration(integration)
}

const NOT_REVOKED: &str = "Disconnected, and the stored credential is destroyed. The tokens are not revoked at the \
     provider: do that there.";
