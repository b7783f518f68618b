//! `GET /dashboard/projects/{projectId}`: what is installed in a project, and what can be installed.

use std::collections::BTreeMap;

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
    store::IntegrationRow,
};

pub(super) async fn list(
    State(pages): State<Pages>,
    Allowed { on, .. }: Allowed<IntegrationsRead>,
    uri: Uri,
) -> Result<Response, Failure> {
    let filters = read(&uri)?;
    let rows = pages.integrations.list(&on.tenant).await?;
    let rows: BTreeMap<&str, &IntegrationRow> = rows.iter().map(|row| (row.provider.as_str(), row)).collect();
    let mut shelves = Shelves { installed: Vec::new(), available: Vec::new() };
    for provider in pages.catalog.search(Some(&filters.q), filters.category) {
        let row = rows.get(provider.key.as_str()).copied();
        if filters.standing.is_some_and(|standing| standing != self::standing(row)) {
            continue;
        }
        match row {
            Some(row) => shelves.installed.push((provider, row)),
            None => shelves.available.push(provider),
        }
    }
    // The sort is stable, so integrations with the same status stay sorted by key.
    shelves.installed.sort_by_key(|(_, row)| urgency(row));
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

fn standing(row: Option<&IntegrationRow>) -> Standing {
    let status = row.map(|row| row.status.parse::<Status>().unwrap_or(Status::Error));
    status.map_or(Standing::Available, Standing::Installed)
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
