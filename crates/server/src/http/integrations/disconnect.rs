//! `DELETE /projects/{projectId}/integrations/{provider}`

use axum::{extract::State, response::Response};
use http::Uri;
use integrations_core::wire::IntegrationResponse;
use utoipa::IntoParams;

use super::changed;
use crate::{
    edge::{failure::Failure, query},
    http::state::Api,
    http::{
        auth::{Access, IntegrationsWrite},
        failures::OnDisconnect,
        filters::{all_read, one},
        parameters::{IfMatch, InProject, OfProvider},
    },
    services::integrations::ExpectedVersion,
};

/// Disconnect an integration
///
/// Sets the status to `disconnected`, hides the sidebar panel, clears the health and destroys the stored credential. To
/// use the integration again, install it again. The tokens are **not** revoked at the provider: do that there, or ask
/// for it with `revoke=true`. Repeating the request is not an error and records nothing.
///
/// With `revoke=true` the provider is also asked to revoke the access. The answer waits a few seconds for that and says
/// in `revocation` what came of it. `revoked` means that the provider refused the credential afterwards. `pending`
/// means that it is tried again, for a day, or that an access token lives on until `revocation_details.until`.
#[utoipa::path(
    delete,
    path = "/api/v1/projects/{projectId}/integrations/{provider}",
    operation_id = "disconnectIntegration",
    tag = "Integrations",
    params(InProject, OfProvider, Revoking, IfMatch),
    security(("api_key" = ["integrations:write"]), ("bearer" = ["integrations:write"])),
    responses(
        (status = 200, description = "The integration after the request", body = IntegrationResponse,
         headers(("ETag" = String, description = "The entity tag of this version")),
         example = json!({"data": crate::http::examples::revoked()})),
        OnDisconnect,
    ),
)]
pub(super) async fn disconnect(
    State(api): State<Api>,
    access: Access<IntegrationsWrite>,
    uri: Uri,
    expected: ExpectedVersion,
) -> Result<Response, Failure> {
    let account = access.account(&api).await?;
    let revokes = match read(&uri) {
        Ok(revokes) => revokes,
        Err(failure) => {
            // If the caller may not see the project, that error comes first.
            api.organizations.admit(&access.tenant).await?;
            return Err(failure);
        }
    };
    let (tenant, acting) = (&access.tenant, access.acting());
    let changed = if revokes {
        let time = api.settings.request_timeout;
        api.revocations.disconnect(tenant, &account, &expected, &acting, time).await?
    } else {
        api.integrations.disconnect(tenant, &account, &expected, &acting).await?
    };
    changed::respond(&changed, Some(&account.provider), revokes)
}

/// The parameter that asks for the revocation, for the specification.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes a parameter, which `read` reads")]
pub(super) struct Revoking {
    /// Whether the provider is also asked to revoke the access
    #[param(required = false, nullable = false, example = true)]
    revoke: Option<bool>,
}

fn read(uri: &Uri) -> Result<bool, Failure> {
    let [revoke] = query::parameters(uri, ["revoke"])?;
    let mut issues = Vec::new();
    let revokes = one(&mut issues, "revoke", revoke, |text| {
        text.parse::<bool>().map_err(|_| "Expected true or false".to_owned())
    });
    all_read(revokes.unwrap_or(false), issues)
}
