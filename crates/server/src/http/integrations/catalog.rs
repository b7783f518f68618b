//! `GET /projects/{projectId}/integrations/catalog`

use axum::{extract::State, response::Response};
use http::Uri;
use integrations_core::{catalog::Category, issue::Issue, lifecycle::Status};
use utoipa::IntoParams;

use super::view::{AVAILABLE, CatalogEntryView};
use crate::{
    edge::{failure::Failure, query},
    http::state::Api,
    http::{
        answer::Data,
        auth::{Access, IntegrationsRead},
        failures::OnFilters,
    },
    store::IntegrationRow,
};

/// How to narrow the catalog.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Filters {
    /// Free text over key, name, description and category: every word must occur.
    #[param(example = "refund")]
    q: Option<String>,
    /// Only providers of this category.
    #[param(example = "commerce")]
    category: Option<String>,
    /// Only providers that stand so in the project: `available`, `active`, `paused`, `error` or `disconnected`.
    #[param(example = "available")]
    status: Option<String>,
}

/// Browse the catalog
///
/// Every provider, installed in this project or not, in the order of their keys. The filters narrow together.
#[utoipa::path(
    get,
    path = "/api/v1/projects/{projectId}/integrations/catalog",
    operation_id = "listCatalog",
    tag = "Integrations",
    params(
        ("projectId" = String, Path, description = "The project's id, `prj_…`", example = "prj_01jc3q5v6w7x8y9zabcdefghjk"),
        Filters,
    ),
    security(("api_key" = ["integrations:read"]), ("bearer" = ["integrations:read"])),
    responses(
        (status = 200, description = "The providers that the filters leave", body = Data<Vec<CatalogEntryView>>,
         example = json!({"data": [crate::http::examples::catalog_entry()]})),
        OnFilters,
    ),
)]
pub(super) async fn catalog(
    State(api): State<Api>,
    access: Access<IntegrationsRead>,
    uri: Uri,
) -> Result<Response, Failure> {
    let rows = api.store.integrations(&access.tenant).await?;
    let [q, category, status] = query::parameters(&uri, ["q", "category", "status"])?;
    let filters = Filters { q, category, status };
    let (category, status) = check(&filters)?;
    let installed =
        |key: &str| rows.binary_search_by(|row| row.provider.as_str().cmp(key)).ok().map(|i| &rows[i]);
    let entries: Vec<CatalogEntryView<'_>> = api
        .catalog
        .search(filters.q.as_deref(), category)
        .into_iter()
        .map(|provider| (provider, installed(provider.key.as_str())))
        .filter(|(_, row)| status.is_none_or(|status| status == standing(*row)))
        .filter_map(|(provider, row)| {
            let configured = api.oauth_apps.is_configured(&access.tenant, provider);
            api.catalog_views.entry(provider, configured, row)
        })
        .collect();
    Data::respond(entries)
}

fn standing(row: Option<&IntegrationRow>) -> &str {
    row.map_or(AVAILABLE, |row| &row.status)
}

fn check(filters: &Filters) -> Result<(Option<Category>, Option<&str>), Failure> {
    let mut issues = Vec::new();
    let category = filters.category.as_deref().and_then(|text| {
        let read = text.parse::<Category>();
        read.map_err(|error| issues.push(Issue::new("query.category", error.to_string()))).ok()
    });
    let status = filters.status.as_deref();
    if status.is_some_and(|text| text != AVAILABLE && text.parse::<Status>().is_err()) {
        let statuses = Status::ALL.map(Status::as_str).join(", ");
        issues.push(one_of("query.status", &format!("{AVAILABLE}, {statuses}")));
    }
    if issues.is_empty() { Ok((category, status)) } else { Err(Failure::invalid("Invalid query", issues)) }
}

fn one_of(path: &str, choices: &str) -> Issue {
    Issue::new(path, format!("Expected one of {choices}"))
}
