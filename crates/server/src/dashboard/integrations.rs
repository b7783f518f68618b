//! `GET /dashboard/projects/{projectId}`: what is installed in a project, and what can be installed.

use axum::{extract::State, response::Response};
use http::{StatusCode, Uri};
use integrations_core::{lifecycle::Status, standing::Standing};

use super::{
    view::integrations::{Filters, Shelves, page},
    visit::Allowed,
};
use crate::{
    dashboard::state::Pages,
    edge::{failure::Failure, query, scoped::IntegrationsRead},
    services::integrations::accounts_of,
    store::IntegrationRow,
};

pub(super) async fn list(
    State(pages): State<Pages>,
    Allowed { on, .. }: Allowed<IntegrationsRead>,
    uri: Uri,
) -> Result<Response, Failure> {
    let filters = read(&uri)?;
    let rows = pages.integrations.list(&on.tenant).await?;
    let mut shelves = Shelves { installed: Vec::new(), available: Vec::new() };
    let is_wanted = |standing| filters.standing.is_none_or(|wanted| wanted == standing);
    for provider in pages.catalog.search(Some(&filters.q), filters.category) {
        let accounts = accounts_of(&rows, provider.key.as_str());
        let wanted: Vec<&IntegrationRow> = accounts.iter().filter(|row| is_wanted(standing(row))).collect();
        if !wanted.is_empty() {
            shelves.installed.push((provider, wanted));
        } else if accounts.is_empty() && is_wanted(Standing::Available) {
            shelves.available.push(provider);
        }
    }
    // The sort is stable, so providers of the same urgency stay sorted by key.
    shelves.installed.sort_by_key(|(_, rows)| rows.iter().map(|row| urgency(row)).min());
    Ok(on.visit.page(StatusCode::OK, page(&on.visit.frame(), &on.project(), &filters, &shelves)))
}

/// The filters of an address. Unknown values are ignored, because people choose them from lists.
fn read(uri: &Uri) -> Result<Filters, Failure> {
    let [q, category, status] = query::parameters(uri, ["q", "category", "status"])?;
    Ok(Filters {
        q: q.unwrap_or_default(),
        category: category.and_then(|word| word.parse().ok()),
        standing: status.and_then(|word| word.parse().ok()),
    })
}

fn standing(row: &IntegrationRow) -> Standing {
    Standing::Installed(row.status.parse().unwrap_or(Status::Error))
}

/// Sorts integrations that need attention first, and disconnected ones last.
fn urgency(row: &IntegrationRow) -> u8 {
    match row.status.parse::<Status>() {
        Ok(Status::Error) | Err(_) => 0,
        Ok(Status::Active) => 1,
        Ok(Status::Paused) => 2,
        Ok(Status::Disconnected) => 3,
    }
}
