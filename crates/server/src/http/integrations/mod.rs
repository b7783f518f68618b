//! The integrations of a project: one file an operation.

mod catalog;
mod catalog_entry;
mod check;
mod disconnect;
mod install_url;
mod list;
mod update_lifecycle;
pub mod view;

use axum::response::Response;
use integrations_core::catalog::Provider;
use utoipa_axum::{router::OpenApiRouter, routes};

use self::view::IntegrationView;
use super::answer::Data;
use crate::{
    edge::failure::Failure,
    http::state::Api,
    integrations::ChangeError,
    store::{IntegrationRow, Loaded, ReviseError},
};

/// The routes. Their paths are written out whole: nesting them under a prefix costs each request.
pub fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list::list))
        .routes(routes!(catalog::catalog))
        .routes(routes!(catalog_entry::catalog_entry))
        .routes(routes!(install_url::install_url))
        .routes(routes!(update_lifecycle::update_lifecycle))
        .routes(routes!(disconnect::disconnect))
        .routes(routes!(check::check))
}

/// Answers with an integration that was asked to change.
///
/// What a disconnection did not do is said with every one, the `repeated` ones included.
fn respond_changed(
    changed: Result<Loaded, ChangeError>,
    provider: &Provider,
    repeated: bool,
) -> Result<Response, Failure> {
    let changed = match changed {
        Err(ReviseError::NotInstalled) => return Err(Failure::not_installed(&provider.name)),
        other => other?,
    };
    let row = IntegrationRow::try_from(&changed)?;
    let mut view = IntegrationView::new(&row).map_err(|error| Failure::internal(&error))?;
    if changed.disconnected_now || repeated {
        view.message = Some(NOT_REVOKED);
    }
    let tag = view.etag.clone();
    Data::respond_tagged(view, &tag)
}

const NOT_REVOKED: &str = "Disconnected, and the stored credential is destroyed. The tokens are not revoked at the \
     provider: do that there.";
