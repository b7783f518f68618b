//! `GET /dashboard/projects/{projectId}`: what is installed in a project, and what can be installed.

use std::cmp::Reverse;

use axum::{extract::State, response::Response};
use http::{StatusCode, Uri};
use integrations_core::{
    catalog::{Catalog, Provider},
    lifecycle::Status,
    standing::Standing,
};

use super::{
    view::{
        accounts,
        integrations::{Filters, Listing, Shelves, Sort, page},
    },
    visit::Allowed,
};
use crate::{
    dashboard::state::Pages,
    edge::{failure::Failure, query, scoped::IntegrationsRead},
    services::integrations::accounts_of,
    store::IntegrationRow,
};

/// The accounts and providers on a page.
const PAGE: usize = 25;

pub(super) async fn list(
    State(pages): State<Pages>,
    Allowed { on, .. }: Allowed<IntegrationsRead>,
    uri: Uri,
) -> Result<Response, Failure> {
    let (filters, number) = read(&uri)?;
    let rows = pages.integrations.list(&on.tenant).await?;
    let listing = listing(&pages.catalog, &rows, &filters, number);
    Ok(on.visit.page(StatusCode::OK, page(&on.visit.frame(), &on.project(), &filters, &listing)))
}

/// The filters of an address, and the number of the page, from 1. Unknown values are ignored, because people choose
/// them from lists.
fn read(uri: &Uri) -> Result<(Filters, usize), Failure> {
    let [q, category, status, sort, number] =
        query::parameters(uri, ["q", "category", "status", "sort", "page"])?;
    let filters = Filters {
        q: q.unwrap_or_default(),
        category: category.and_then(|word| word.parse().ok()),
        standing: status.and_then(|word| word.parse().ok()),
        sort: sort.and_then(|word| word.parse().ok()).unwrap_or_default(),
    };
    Ok((filters, number.and_then(|text| text.parse().ok()).unwrap_or(1)))
}

/// The page with this number of what matches the filters. What is installed comes first. The last page stands for those
/// behind it.
fn listing<'a>(
    catalog: &'a Catalog,
    rows: &'a [IntegrationRow],
    filters: &Filters,
    number: usize,
) -> Listing<'a> {
    let Shelves { mut installed, mut available } = matching(catalog, rows, filters);
    sort(&mut installed, &mut available, filters.sort);
    let (connected, free) = (installed.len(), available.len());
    let in_use: usize = installed.iter().map(|(_, rows)| rows.len()).sum();
    let total = in_use + free;
    let last = total.div_ceil(PAGE).max(1);
    let number = number.clamp(1, last);
    let from = (number - 1) * PAGE;
    let mut place = 0;
    for (_, rows) in &mut installed {
        rows.retain(|_| {
            place += 1;
            (from..from + PAGE).contains(&(place - 1))
        });
    }
    installed.retain(|(_, rows)| !rows.is_empty());
    let left = PAGE.saturating_sub(in_use.saturating_sub(from));
    let available = available.into_iter().skip(from.saturating_sub(in_use)).take(left).collect();
    Listing {
        shelves: Shelves { installed, available },
        installed: connected,
        available: free,
        number,
        last,
        from,
        total,
    }
}

/// What matches the filters, sorted by the providers' keys.
fn matching<'a>(catalog: &'a Catalog, rows: &'a [IntegrationRow], filters: &Filters) -> Shelves<'a> {
    let of = |provider: &Provider| accounts_of(rows, provider.key.as_str());
    let names = |provider: &Provider| {
        let of_row = |row: &IntegrationRow| {
            let names = [row.display_name.as_deref(), row.account_name.as_deref(), row.alias()];
            names.into_iter().flatten().collect::<Vec<_>>().join(" ")
        };
        of(provider).iter().map(of_row).collect::<Vec<_>>().join(" ")
    };
    let is_wanted = |standing| filters.standing.is_none_or(|wanted| wanted == standing);
    let mut shelves = Shelves { installed: Vec::new(), available: Vec::new() };
    for provider in catalog.search_named(Some(&filters.q), filters.category, names) {
        let accounts = of(provider);
        let wanted: Vec<&IntegrationRow> = accounts.iter().filter(|row| is_wanted(standing(row))).collect();
        if !wanted.is_empty() {
            shelves.installed.push((provider, wanted));
        } else if accounts.is_empty() && is_wanted(Standing::Available) {
            shelves.available.push(provider);
        }
    }
    shelves
}

/// Sorts providers with their accounts. The sorts are stable, so what is equal stays sorted by key.
fn sort(installed: &mut [(&Provider, Vec<&IntegrationRow>)], available: &mut [&Provider], by: Sort) {
    match by {
        Sort::Status => installed.sort_by_key(|(_, rows)| rows.iter().map(|row| urgency(row)).min()),
        Sort::Name => {
            installed.sort_by_cached_key(|(provider, rows)| match rows.as_slice() {
                [row] => accounts::name(provider, row).to_lowercase(),
                _ => provider.name.to_lowercase(),
            });
            available.sort_by_cached_key(|provider| provider.name.to_lowercase());
        }
        Sort::Answered => {
            installed
                .sort_by_key(|(_, rows)| Reverse(rows.iter().filter_map(|row| row.last_synced_at).max()));
        }
    }
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
