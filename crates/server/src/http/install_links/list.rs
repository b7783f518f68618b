//! `GET /projects/{projectId}/install-links`

use axum::{extract::State, response::Response};
use http::Uri;
use integrations_core::{issue::Issue, wire::InstallLinkList};
use utoipa::IntoParams;

use super::view;
use crate::{
    edge::{failure::Failure, query},
    http::{
        answer::respond,
        auth::{Access, IntegrationsRead},
        failures::OnProject,
        filters::{all_read, one, page_limit},
        parameters::InProject,
        state::Api,
    },
};

/// The page that is asked for.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters, which are read one by one")]
pub(super) struct PageOfLinks {
    /// The `cursor` of the previous page.
    #[param(pattern = "^lnk_[0-7][0-9a-hjkmnp-tv-z]{25}$", example = "lnk_01jc3q5v6w7x8y9zabcdefghjk")]
    cursor: Option<String>,
    /// The most links on the page, 1 to 200.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u16>,
}

/// List a project's install links
///
/// Returns what `install-url` made, newest first, in pages. A link is kept for a day after it has expired. What opens
/// it is not shown again.
#[utoipa::path(
    get,
    path = "/api/v1/projects/{projectId}/install-links",
    operation_id = "listInstallLinks",
    tag = "Integrations",
    params(InProject, PageOfLinks),
    security(("api_key" = ["integrations:read"]), ("bearer" = ["integrations:read"])),
    responses(
        (status = 200, description = "A page of install links", body = InstallLinkList,
         example = json!({"data": [crate::http::examples::install_link()], "cursor": null, "has_more": false})),
        OnProject,
    ),
)]
pub(super) async fn list(
    State(api): State<Api>,
    access: Access<IntegrationsRead>,
    uri: Uri,
) -> Result<Response, Failure> {
    // If the caller may not see the project, that error comes before errors in the parameters.
    api.organizations.admit(&access.tenant).await?;
    let [cursor, limit] = query::parameters(&uri, ["cursor", "limit"])?;
    let mut issues: Vec<Issue> = Vec::new();
    let limit = page_limit(&mut issues, limit);
    let before = one(&mut issues, "cursor", cursor, |text| {
        text.parse().map_err(|_| "Expected the cursor of a page, lnk_…".to_owned())
    });
    let (before, limit) = all_read((before, limit), issues)?;
    let page = api.installer.links(&access.tenant, before, limit).await?;
    let cursor = page.links.last().filter(|_| page.has_more).map(|link| link.id.to_string());
    let view = |link| {
        let status = api.installer.status_of(&link);
        view::link(link, status)
    };
    respond(&InstallLinkList {
        data: page.links.into_iter().map(view).collect(),
        cursor,
        has_more: page.has_more,
    })
}
