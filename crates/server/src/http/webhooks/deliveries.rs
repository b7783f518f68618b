//! `GET /projects/{projectId}/webhooks/{webhookId}/deliveries`

use axum::{extract::State, response::Response};
use http::Uri;
use integrations_core::{ids::DeliveryId, issue::Issue, webhook::DeliveryStatus, wire::WebhookDeliveryList};
use utoipa::IntoParams;

use super::view;
use crate::{
    edge::{failure::Failure, query},
    http::{
        answer::respond,
        auth::{Access, WebhooksRead},
        failures::OnWebhook,
        filters::{all_read, one, page_limit, word},
        parameters::{InProject, OfWebhook},
        state::Api,
    },
};

/// Filters of the deliveries.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters, which are read one by one")]
pub(super) struct Filters {
    /// The `cursor` of the previous page.
    #[param(pattern = "^dlv_[0-7][0-9a-hjkmnp-tv-z]{25}$", example = "dlv_01jc3q5v6w7x8y9zabcdefghjk")]
    cursor: Option<String>,
    /// The most deliveries on the page, 1 to 200.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u16>,
    /// Only deliveries with this status.
    #[param(value_type = Option<DeliveryStatus>, example = "failed")]
    status: Option<String>,
}

/// List a webhook's deliveries
///
/// Returns what was sent to it and what waits to be, newest first, in pages, each with what came of the last attempt.
#[utoipa::path(
    get,
    path = "/api/v1/projects/{projectId}/webhooks/{webhookId}/deliveries",
    operation_id = "listWebhookDeliveries",
    tag = "Webhooks",
    params(InProject, OfWebhook, Filters),
    security(("api_key" = ["webhooks:read"]), ("bearer" = ["webhooks:read"])),
    responses(
        (status = 200, description = "A page of deliveries", body = WebhookDeliveryList,
         example = json!({"data": [crate::http::examples::webhook_delivery()], "cursor": "dlv_01jc3q5v6w7x8y9zabcdefghjk", "has_more": true})),
        OnWebhook,
    ),
)]
pub(super) async fn deliveries(
    State(api): State<Api>,
    access: Access<WebhooksRead>,
    uri: Uri,
) -> Result<Response, Failure> {
    let id = access.webhook(&api).await?;
    // If the caller may not see the project, that error comes before errors in the filters.
    api.organizations.admit(&access.tenant).await?;
    let (filter, limit) = read(&uri)?;
    let page = api.webhooks.deliveries(&access.tenant, id, filter, limit).await?;
    let page = page.ok_or_else(Failure::no_such_webhook)?;
    let (cursor, has_more) = (page.cursor().map(str::to_owned), page.has_more);
    let data = page.entries.into_iter().map(view::delivery).collect();
    respond(&WebhookDeliveryList { data, cursor, has_more })
}

type Filter = (Option<DeliveryId>, Option<DeliveryStatus>);

/// Reads the filters. The error lists everything that is wrong with them.
fn read(uri: &Uri) -> Result<(Filter, u16), Failure> {
    let [cursor, limit, status] = query::parameters(uri, ["cursor", "limit", "status"])?;
    let mut issues: Vec<Issue> = Vec::new();
    let limit = page_limit(&mut issues, limit);
    let before = one(&mut issues, "cursor", cursor, |text| {
        text.parse().map_err(|_| "Expected the cursor of a page, dlv_…".to_owned())
    });
    let status = one(&mut issues, "status", status, word::<DeliveryStatus>);
    all_read(((before, status), limit), issues)
}
