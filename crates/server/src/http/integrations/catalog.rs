//! `GET /projects/{projectId}/integrations/catalog`

use axum::{extract::State, response::Response};
use http::Uri;
use integrations_core::{
    catalog::Provider,
    issue::Issue,
    wire::{CatalogFields, CatalogList, Open},
};
use utoipa::IntoParams;

use super::{
    catalog_page::{Cursor, Filters},
    view::standing,
};
use crate::{
    edge::{failure::Failure, query},
    http::state::Api,
    http::{
        answer::respond,
        auth::{Access, IntegrationsRead},
        failures::OnProject,
        filters::{all_read, one, page_limit, refused, word},
        parameters::InProject,
    },
    services::integrations::accounts_of,
};

/// How much of the catalog.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters, which are read one by one")]
pub(super) struct Extent {
    /// `brief` leaves out `actions` and `settings_schema`.
    #[param(inline, example = "brief")]
    fields: Option<CatalogFields>,
    /// The `cursor` of the previous page, of the same `q`, `category` and `status`.
    #[param(pattern = "^cat_[0-9a-f]{16}_[a-z0-9-]+$", example = "cat_0123456789abcdef_slack")]
    cursor: Option<String>,
    /// The most providers on a page, 1 to 200; with a `cursor`, 50 unless it is given. Without both, the answer has all
    /// providers.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u16>,
}

/// Browse the catalog
///
/// Returns all providers, installed in this project or not. With `q` the best match comes first, else they are sorted
/// by key. A provider must match all given filters. An entry is about the plain account of its provider; the project's
/// further accounts are named in `aliases`.
///
/// With `limit` or `cursor` the answer is a page, and has `cursor` and `has_more` beside `data`.
#[utoipa::path(
    get,
    path = "/api/v1/projects/{projectId}/integrations/catalog",
    operation_id = "listCatalog",
    tag = "Integrations",
    params(InProject, Filters, Extent),
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
    let (filters, fields, page) = read(&uri)?;
    let found: Vec<&Provider> =
        api.catalog.search(filters.q.as_deref(), filters.category).into_iter().map(AsRef::as_ref).collect();
    let from = page.as_ref().and_then(|page| page.cursor.as_ref());
    let from = from.map_or(Ok(0), |cursor| cursor.place(&found, &filters));
    let from = from.map_err(|message| refused(vec![Issue::new("query.cursor", message)]))?;
    let most = page.as_ref().map_or(usize::MAX, |page| page.limit.into());
    let mut matching = found
        .into_iter()
        .skip(from)
        .map(|provider| (provider, accounts_of(&rows, provider.key.as_str())))
        .filter(|(_, accounts)| {
            filters.status.is_none_or(|status| standing(accounts) == Open::Known(status))
        });
    let shown: Vec<_> = matching.by_ref().take(most).collect();
    let next = matching.next().and(shown.last()).map(|(last, _)| Cursor::after(last, &filters).to_string());
    let entries = shown.into_iter().filter_map(|(provider, accounts)| {
        let ways = api.catalog.ways(provider.key.as_str())?;
        let is_ready = |way: &Provider| api.oauth_apps.is_configured(&access.tenant, way);
        api.catalog_views.entry(ways, is_ready, accounts, fields)
    });
    let (data, has_more) = (entries.collect(), page.as_ref().map(|_| next.is_some()));
    respond(&CatalogList { data, cursor: page.map(|_| next), has_more })
}

/// Which page of the catalog is asked for.
struct Page {
    cursor: Option<Cursor>,
    limit: u16,
}

/// Reads the query. The error lists everything that is wrong with it.
fn read(uri: &Uri) -> Result<(Filters, CatalogFields, Option<Page>), Failure> {
    let names = ["q", "category", "status", "fields", "cursor", "limit"];
    let [q, category, status, fields, cursor, limit] = query::parameters(uri, names)?;
    let mut issues = Vec::new();
    let category = one(&mut issues, "category", category, word);
    let status = one(&mut issues, "status", status, word);
    let fields = one(&mut issues, "fields", fields, word).unwrap_or(CatalogFields::All);
    let is_page = cursor.is_some() || limit.is_some();
    let cursor = one(&mut issues, "cursor", cursor, Cursor::read);
    let limit = page_limit(&mut issues, limit);
    let page = is_page.then_some(Page { cursor, limit });
    all_read((Filters { q, category, status }, fields, page), issues)
}
