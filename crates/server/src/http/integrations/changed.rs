//! The answer to a request to change an integration.

use axum::response::Response;
use integrations_core::{
    catalog::Provider,
    revocation::{Reaches, RevocationStatus},
    wire::{Open, RevocationDetails},
};

use super::view;
use crate::{
    edge::failure::Failure,
    http::answer::respond_integration,
    store::{IntegrationRow, Loaded},
};

/// Answers with the changed integration.
///
/// The answer to a disconnection (`provider`) says what it did not do, even if it is repeated: tokens are not revoked
/// at the provider. If it `revokes`, it says what came of that.
pub(super) fn respond(
    changed: &Loaded,
    disconnected_from: Option<&Provider>,
    revokes: bool,
) -> Result<Response, Failure> {
    let row = IntegrationRow::try_from(changed)?;
    let mut integration = view::integration(row).map_err(|error| Failure::internal(&error))?;
    match (disconnected_from, integration.revocation.as_ref().filter(|_| revokes)) {
        (Some(provider), Some(revocation)) => {
            integration.message =
                Some(in_words(revocation, integration.revocation_details.as_ref(), provider));
        }
        (None, _) if !changed.disconnected_now => {}
        _ => integration.message = Some(NOT_REVOKED.to_owned()),
    }
    respond_integration(integration)
}

/// What came of revoking, as a sentence for people.
fn in_words(
    revocation: &Open<RevocationStatus>,
    details: Option<&RevocationDetails>,
    provider: &Provider,
) -> String {
    let name = &provider.name;
    let why = details.and_then(|details| details.message.as_deref()).unwrap_or("it is under way");
    match revocation {
        Open::Known(RevocationStatus::Revoked) => {
            let what = match details.and_then(|details| details.reaches.as_ref()) {
                Some(Open::Known(Reaches::Grant)) => "everything that the app may do for this account",
                _ => "the tokens of this connection",
            };
            format!("Disconnected. {name} has revoked {what}: it refuses the credential.")
        }
        Open::Known(RevocationStatus::Pending) => {
            format!(
                "Disconnected. The access is not revoked at {name} yet: {why}. It is tried again by itself."
            )
        }
        _ => format!("Disconnected. The access is NOT revoked at {name}: {why}. Do that there."),
    }
}

const NOT_REVOKED: &str = "Disconnected, and the stored credential is destroyed. The tokens are not revoked at the \
     provider: do that there.";
