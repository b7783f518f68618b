//! `POST /projects/{projectId}/integrations/{provider}/check`

use axum::{extract::State, response::Response};

use integrations_core::wire::IntegrationResponse;

use super::view;
use crate::{
    edge::failure::Failure,
    http::state::Api,
    http::{
        answer::Answer,
        auth::{Access, IntegrationsWrite},
        failures::OnCheck,
        parameters::{InProject, OfProvider},
        post::{Post, Sent},
    },
    store::IntegrationRow,
};

/// Check an integration now
///
/// Asks the provider whether it accepts the credential, and renews the access token if that is due or the provider
/// refuses it. Returns the integration after the check: `health_status`, `error_message`, `last_synced_at` and `status`
/// may have changed.
///
/// The provider is not asked if it has asked for no calls before a certain time (`Retry-After`), if another check does
/// not end, if the stored credential cannot be opened, if the server's operator does not approve the host any more, or
/// if the provider has no request that would tell: its health then stays `unknown`. The integration is returned as it
/// is, with `checked` false and a `message` that says why. The server also checks integrations by itself, every 15
/// minutes by default. No body is needed.
#[utoipa::path(
    post,
    path = "/api/v1/projects/{projectId}/integrations/{provider}/check",
    operation_id = "checkIntegration",
    tag = "Integrations",
    params(InProject, OfProvider),
    security(("api_key" = ["integrations:write"]), ("bearer" = ["integrations:write"])),
    responses(
        (status = 200, description = "The integration after the request", body = IntegrationResponse,
         headers(("ETag" = String, description = "The entity tag of this version")),
         example = json!({"data": crate::http::examples::integration()})),
        OnCheck,
    ),
)]
pub(super) async fn check(
    State(api): State<Api>,
    post: Post<Access<IntegrationsWrite>>,
) -> Result<Response, Failure> {
    let account = post.access.account(&api).await?;
    let (integrations, tenant) = (api.integrations.clone(), post.access.tenant);
    let checking = async move {
        let report = integrations.check(&tenant, &account).await?;
        let by_way = account.stored(report.loaded.way());
        let row = IntegrationRow::try_from(&report.loaded)?;
        let mut integration = view::integration(row).map_err(|error| Failure::internal(&error))?;
        let Err(why) = report.found else { return Ok(Sent::Made(Answer::integration(integration)?)) };
        integration.checked = Some(false);
        integration.message = Some(why.words(&by_way.provider));
        Ok(Sent::NotMade(Answer::integration(integration)?))
    };
    post.send(&api, checking).await
}
