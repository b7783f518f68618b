//! `GET /projects/{projectId}/integrations/{provider}/events`

use axum::{extract::State, response::Response};
use http::Uri;
use integrations_core::{ids::ProviderEventId, issue::Issue, wire::ProviderEventList};
use utoipa::IntoParams;

use super::view;
use crate::{
    edge::{failure::Failure, query},
    http::{
        answer::respond,
        auth::{Access, IntegrationsRead},
        failures::OnEvents,
        filters::{all_read, one, page_limit},
        parameters::{InProject, OfProvider},
        state::Api,
    },
};

/// Filters of the events.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters, which are read one by one")]
pub(super) struct Filters {
    /// The `cursor` of the previous page.
    #[param(pattern = "^pev_[0-7][0-9a-hjkmnp-tv-z]{25}$", example = "pev_01jc3q5v6w7x8y9zabcdefghjk")]
    cursor: Option<String>,
    /// The most events on the page, 1 to 200.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u16>,
    /// Only events of this type, as the provider calls it.
    #[param(rename = "type", pattern = "^[ -~]{1,255}$", example = "charge.refunded")]
    kind: Option<String>,
}

/// List the events of an integration
///
/// Returns what its provider sent, newest first, in pages. Their bodies are in the answers about single ones.
#[utoipa::path(
    get,
    path = "/api/v1/projects/{projectId}/integrations/{provider}/events",
    operation_id = "listProviderEvents",
    tag = "Provider events",
    params(InProject, OfProvider, Filters),
    security(("api_key" = ["integrations:read"]), ("bearer" = ["integrations:read"])),
    responses(
        (status = 200, description = "A page of events", body = ProviderEventList,
         example = json!({"data": [crate::http::examples::provider_event()], "cursor": "pev_01jc3q5v6w7x8y9zabcdefghjk", "has_more": true})),
        OnEvents,
    ),
)]
pub(super) async fn list(
    State(api): State<Api>,
    access: Access<IntegrationsRead>,
    uri: Uri,
) -> Result<Response, Failure> {
    let account = access.account(&api).await?;
    // If the caller may not see the project, that error comes before errors in the filters.
    api.organizations.admit(&access.tenant).await?;
    let ((before, kind), limit) = read(&uri)?;
    let page = api.provider_events.list(&access.tenant, &account, (before, kind.as_deref()), limit).await?;
    let (cursor, has_more) = (page.cursor().map(str::to_owned), page.has_more);
    let data = page.entries.into_iter().map(view::event).collect::<Result<_, _>>()?;
    respond(&ProviderEventList { data, cursor, has_more })
}

type Filter = (Option<ProviderEventId>, Option<String>);

/// Reads the filters. The error lists everything that is wrong with them.
fn read(uri: &Uri) -> Result<(Filter, u16), Failure> {
    let [cursor, limit, kind] = query::parameters(uri, ["cursor", "limit", "type"])?;
    let mut issues: Vec<Issue> = Vec::new();
    let limit = page_limit(&mut issues, limit);
    let before = one(&mut issues, "cursor", cursor, |text| {
        text.parse().map_err(|_| "Expected the cursor of a page, pev_…".to_owned())
    });
    let is_printed =
        |text: &&str| (1..=255).contains(&text.len()) && text.bytes().all(|b| (b' '..=b'~').contains(&b));
    let kind = one(&mut issues, "type", kind, |text| {
        Some(text).filter(is_printed).map(str::to_owned).ok_or_else(|| "Expected a type of events".to_owned())
    });
    all_read(((before, kind), limit), issues)
}
