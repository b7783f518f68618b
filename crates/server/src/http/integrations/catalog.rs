//! `GET /projects/{projectId}/integrations/catalog`

use std::str::FromStr;

use axum::{extract::State, response::Response};
use http::Uri;
use integrations_core::{
    catalog::{Category, Provider},
    issue::Issue,
    standing::Standing,
    wire::{CatalogList, Open},
    words::UnknownWord,
};
use utoipa::IntoParams;

use super::view::standing;
use crate::{
    edge::{failure::Failure, query},
    http::state::Api,
    http::{
        answer::respond,
        auth::{Access, IntegrationsRead},
        failures::OnProject,
        parameters::InProject,
    },
    services::integrations::accounts_of,
};

/// Filters of the catalog.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Filters {
    /// Words to search for in key, name, description and category. Every word must occur.
    #[param(pattern = r"^[^\x00]*$", example = "refund")]
    q: Option<String>,
    /// Only providers of this category.
    #[param(value_type = Option<Category>, example = "commerce")]
    category: Option<String>,
    /// Only providers whose plain account has this status in the project.
    #[param(value_type = Option<Standing>, example = "available")]
    status: Option<String>,
}

/// Browse the catalog
///
/// Returns all providers, installed in this project or not, sorted by key. A provider must match all given filters. An
/// entry is about the plain account of its provider; the project's further accounts are named in `aliases`.
#[utoipa::path(
    get,
    path = "/api/v1/projects/{projectId}/integrations/catalog",
    operation_id = "listCatalog",
    tag = "Integrations",
    params(InProject, Filters),
    security(("api_key" = ["integrations:read"]), ("bearer" = ["integrations:read"])),
    responses(
        (status = 200, description = "The providers that match", body = CatalogList,
         example = json!({"data": [crate::http::examples::catalog_entry()]})),
        OnProject,
    ),
)]
pub(super) async fn catalog(
    State(api): State<Api>,
    access: Access<IntegrationsRead>,
    uri: Uri,
) -> Result<Response, Failure> {
    let rows = api.integrations.list(&access.tenant).await?;
    let [q, category, status] = query::parameters(&uri, ["q", "category", "status"])?;
    let filters = Filters { q, category, status };
    let (category, status) = check(&filters)?;
    let data = api
        .catalog
        .search(filters.q.as_deref(), category)
        .into_iter()
        .map(|provider| (provider, accounts_of(&rows, provider.key.as_str())))
        .filter(|(_, accounts)| status.is_none_or(|status| standing(accounts) == Open::Known(status)))
        .filter_map(|(provider, accounts)| {
            let ways = api.catalog.ways(provider.key.as_str())?;
            let is_ready = |way: &Provider| api.oauth_apps.is_configured(&access.tenant, way);
            api.catalog_views.entry(ways, is_ready, accounts)
        })
        .collect();
    respond(&CatalogList { data })
}

fn check(filters: &Filters) -> Result<(Option<Category>, Option<Standing>), Failure> {
    let mut issues = Vec::new();
    let category = read(&mut issues, "query.category", filters.category.as_deref());
    let status = read(&mut issues, "query.status", filters.status.as_deref());
    if issues.is_empty() { Ok((category, status)) } else { Err(Failure::invalid("Invalid query", issues)) }
}

fn read<T: FromStr<Err = UnknownWord>>(issues: &mut Vec<Issue>, path: &str, word: Option<&str>) -> Option<T> {
    word?.parse().map_err(|error: UnknownWord| issues.push(Issue::new(path, error.to_string()))).ok()
}
