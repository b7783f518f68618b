//! `GET /projects/{projectId}/audit`

use axum::{extract::State, response::Response};
use http::Uri;
use integrations_core::{ids::AuditEventId, issue::Issue, wire::AuditEventList};
use utoipa::IntoParams;

use super::{
    filters::{self, Narrowing},
    view,
};
use crate::{
    edge::{failure::Failure, query},
    http::state::Api,
    http::{
        answer::respond,
        auth::{Access, AuditRead},
        failures::OnProject,
        filters::{all_read, moment, one, page_limit},
        parameters::InProject,
    },
    store::AuditFilter,
};

/// Which page of the events.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters, which are read one by one")]
pub(super) struct Paging {
    /// The `cursor` of the previous page.
    #[param(pattern = "^aud_[0-7][0-9a-hjkmnp-tv-z]{25}$", example = "aud_01jc3q5v6w7x8y9zabcdefghjk")]
    cursor: Option<String>,
    /// The most events on the page, 1 to 200.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u16>,
}

/// Read a project's audit log
///
/// Returns everything that was done to the project and its integrations, newest first, in pages. New events come before
/// the first page, so they do not shift the pages that you read. An event must match all given filters.
#[utoipa::path(
    get,
    path = "/api/v1/projects/{projectId}/audit",
    operation_id = "listAuditEvents",
    tag = "Audit",
    params(InProject, Paging, Narrowing),
    security(("api_key" = ["audit:read"]), ("bearer" = ["audit:read"])),
    responses(
        (status = 200, description = "A page of events", body = AuditEventList,
         example = json!({"data": [crate::http::examples::audit_event()], "cursor": "aud_01jc3q5v6w7x8y9zabcdefghjk", "has_more": true})),
        OnProject,
    ),
)]
pub(super) async fn list(
    State(api): State<Api>,
    access: Access<AuditRead>,
    uri: Uri,
) -> Result<Response, Failure> {
    // If the caller may not see the project, that error comes before errors in the filters.
    api.organizations.admit(&access.tenant).await?;
    let (filter, limit) = read(&uri)?;
    let page = api.audit_log.page(&access.tenant, &filter, limit).await?;
    let (cursor, has_more) = (page.cursor().map(str::to_owned), page.has_more);
    let data = page.entries.into_iter().map(view::event).collect::<Result<_, _>>();
    let data = data.map_err(|error| Failure::internal(&error))?;
    respond(&AuditEventList { data, cursor, has_more })
}

/// Reads the filters. The error lists everything that is wrong with them.
fn read(uri: &Uri) -> Result<(AuditFilter, u16), Failure> {
    let [action, provider, actor, since, until] = filters::NAMES;
    let names = ["cursor", "limit", action, provider, actor, since, until];
    let [cursor, limit, filters @ ..] = query::parameters(uri, names)?;
    let mut issues: Vec<Issue> = Vec::new();
    let limit = page_limit(&mut issues, limit);
    let filter = AuditFilter {
        before: one(&mut issues, "cursor", cursor, read_cursor),
        ..filters::read(&mut issues, filters)
    };
    all_read((filter, limit), issues)
}

fn read_cursor(text: &str) -> Result<AuditEventId, String> {
    text.parse().map_err(|_| match moment(text) {
        Ok(_) => "Expected the cursor of a page, aud_…; for times there are since and until".to_owned(),
        Err(_) => "Expected the cursor of a page, aud_…".to_owned(),
    })
}
