//! `GET /projects/{projectId}/audit/export`

use axum::{body::Body, extract::State, response::Response};
use futures_util::stream::{self, StreamExt as _};
use http::{HeaderValue, Uri, header};
use integrations_core::{audit_export::ExportFormat, issue::Issue};
use utoipa::IntoParams;

use super::filters::{self, Narrowing};
use crate::{
    edge::{failure::Failure, query},
    http::state::Api,
    http::{
        auth::{Access, AuditRead},
        failures::OnProject,
        filters::{all_read, one, word},
        parameters::InProject,
    },
    services::audit_log::{Export, Exporting},
    store::{AuditFilter, ReadError},
};

/// The form of the events.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters, which are read one by one")]
pub(super) struct Wanted {
    /// `jsonl`: a JSON object a line, as its SHA-256 was made, with this hash as the last member. `csv`: a table for
    /// spreadsheets.
    #[param(pattern = "^(jsonl|csv)$", default = "jsonl", example = "jsonl")]
    format: Option<String>,
}

/// Export a project's audit log
///
/// Returns all events that match the filters, oldest first, in one answer: JSON lines or CSV. Each has its number in
/// the chain over the organization's log, and its hash. Both are null if the event is in no chain, or not yet. If
/// something fails on the way, the connection breaks before the end of the answer.
#[utoipa::path(
    get,
    path = "/api/v1/projects/{projectId}/audit/export",
    operation_id = "exportAuditEvents",
    tag = "Audit",
    params(InProject, Wanted, Narrowing),
    security(("api_key" = ["audit:read"]), ("bearer" = ["audit:read"])),
    responses(
        (status = 200, description = "The events", content(
            (String = "application/x-ndjson", example = "{\"format\":1,\"organization\":\"org_01jc3q5v6w7x8y9zabcdefghjk\",\"number\":1,…}"),
            (String = "text/csv", example = "\"number\",\"id\",\"at\",…"),
        )),
        OnProject,
    ),
)]
pub(super) async fn export(
    State(api): State<Api>,
    access: Access<AuditRead>,
    uri: Uri,
) -> Result<Response, Failure> {
    // If the caller may not see the project, that error comes before errors in the filters.
    api.organizations.admit(&access.tenant).await?;
    let (filter, format) = read(&uri)?;
    let mut export = api.audit_log.export(Exporting::OfTenant(access.tenant), filter, format);
    // What fails before the answer begins has an error of its own.
    let first = piece(&mut export).await?;
    let rest = stream::try_unfold(export, async |mut export| {
        Ok::<_, ReadError>(piece(&mut export).await?.map(|text| (text, export)))
    });
    let pieces = stream::iter(first.map(Ok)).chain(rest);
    let mut response = Response::new(Body::from_stream(pieces));
    let name = format!("attachment; filename=\"audit-{}.{format}\"", access.tenant.project);
    let name = HeaderValue::try_from(name).map_err(|error| Failure::internal(&error))?;
    response.headers_mut().insert(header::CONTENT_DISPOSITION, name);
    let media_type = HeaderValue::from_static(format.media_type());
    response.headers_mut().insert(header::CONTENT_TYPE, media_type);
    Ok(response)
}

/// The next piece of an export.
async fn piece(export: &mut Export) -> Result<Option<String>, ReadError> {
    Ok(export.next().await?.map(|piece| piece.text))
}

/// Reads the filters and the form. The error lists everything that is wrong with them.
fn read(uri: &Uri) -> Result<(AuditFilter, ExportFormat), Failure> {
    let [action, provider, actor, since, until] = filters::NAMES;
    let [format, filters @ ..] = query::parameters(uri, ["format", action, provider, actor, since, until])?;
    let mut issues: Vec<Issue> = Vec::new();
    let format = one(&mut issues, "format", format, word::<ExportFormat>);
    let filter = filters::read(&mut issues, filters);
    all_read((filter, format.unwrap_or(ExportFormat::Jsonl)), issues)
}
