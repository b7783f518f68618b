//! `GET /projects/{projectId}/integrations/{provider}/health-history`

use axum::{extract::State, response::Response};
use integrations_core::{
    health_history,
    lifecycle::Health,
    wire::{HealthDay, HealthHistoryResponse, Open},
};

use crate::{
    edge::failure::Failure,
    http::state::Api,
    http::{
        answer::respond,
        auth::{Access, IntegrationsRead},
        failures::OnIntegration,
        parameters::{InProject, OfProvider},
    },
    services::integrations::ChangeError,
};

/// Show an integration's health of the last 30 days
///
/// Returns a day for each of the last 30, oldest first, the last one up to now. Days are those of UTC. Each has its
/// worst health, and how long it was how. What was before the first known change of health is not known.
#[utoipa::path(
    get,
    path = "/api/v1/projects/{projectId}/integrations/{provider}/health-history",
    operation_id = "getHealthHistory",
    tag = "Integrations",
    params(InProject, OfProvider),
    security(("api_key" = ["integrations:read"]), ("bearer" = ["integrations:read"])),
    responses(
        (status = 200, description = "The days", body = HealthHistoryResponse,
         example = json!({"data": [{
             "date": "2026-05-12", "health": "unhealthy", "healthy_seconds": 68400, "degraded_seconds": 7200,
             "unhealthy_seconds": 10800,
         }]})),
        OnIntegration,
    ),
)]
pub(super) async fn health_history(
    State(api): State<Api>,
    access: Access<IntegrationsRead>,
) -> Result<Response, Failure> {
    let account = access.account(&api).await?;
    let found = api.integrations.find(&access.tenant, &account).await?;
    found.ok_or_else(|| ChangeError::not_installed(&account))?;
    let days = api.integrations.health_history(&access.tenant, &account).await?;
    respond(&HealthHistoryResponse { data: days.iter().map(day).collect() })
}

fn day(day: &health_history::HealthDay) -> HealthDay {
    let seconds = |health: Health| day.lasted(health).whole_seconds();
    HealthDay {
        date: day.date.to_string(),
        health: day.worst().map(Open::Known),
        healthy_seconds: seconds(Health::Healthy),
        degraded_seconds: seconds(Health::Degraded),
        unhealthy_seconds: seconds(Health::Unhealthy),
    }
}
