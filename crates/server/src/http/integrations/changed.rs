//! The answer with an integration that was asked to change.

use axum::response::Response;
use integrations_core::catalog::Provider;

use super::view;
use crate::{
    edge::failure::Failure,
    http::answer::respond_integration,
    integrations::ChangeError,
    store::{IntegrationRow, Loaded, ReviseError},
};

/// Answers with an integration that was asked to change.
///
/// What a disconnection did not do is said with every one, the `repeated` ones included.
pub(super) fn respond(
    changed: Result<Loaded, ChangeError>,
    provider: &Provider,
    repeated: bool,
) -> Result<Response, Failure> {
    let changed = match changed {
        Err(ReviseError::NotInstalled) => return Err(Failure::not_installed(&provider.name)),
        other => other?,
    };
    let row = IntegrationRow::try_from(&changed)?;
    let mut integration = view::integration(row).map_err(|error| Failure::internal(&error))?;
    if changed.disconnected_now || repeated {
        integration.message = Some(NOT_REVOKED.to_owned());
    }
    respond_integration(integration)
}

const NOT_REVOKED: &str = "Disconnected, and the stored credential is destroyed. The tokens are not revoked at the \
     provider: do that there.";
