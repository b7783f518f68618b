//! The list of integrations, and the audit log.

use integrations_core::{
    audit::AuditAction,
    catalog::{Category, Provider},
    lifecycle::Status,
    standing::Standing,
};
use maud::Markup;
use time::macros::date;

use super::{CATALOG, accounts_of_github, events, frame, installed, project, provider, row};
use crate::{
    dashboard::view::{audit, integrations},
    store::IntegrationRow,
};

pub(super) fn pages() -> Vec<(&'static str, Markup)> {
    let installed = installed();
    let several = accounts_of_github();
    let rows: Vec<(&Provider, IntegrationRow)> =
        installed.iter().map(|(provider, integration)| (*provider, row(integration))).collect();
    let is_installed =
        |key: &str| key == "github" || rows.iter().any(|(provider, _)| provider.key.as_str() == key);
    let shelves = integrations::Shelves {
        installed: [(provider("github"), several.iter().collect())]
            .into_iter()
            .chain(rows.iter().map(|(provider, row)| (*provider, vec![row])))
            .collect(),
        available: CATALOG.iter().map(AsRef::as_ref).filter(|one| !is_installed(one.key.as_str())).collect(),
    };
    let listing = |shelves| integrations::Listing {
        shelves,
        installed: 9,
        available: 141,
        number: 2,
        last: 6,
        from: 25,
        total: 150,
    };
    let (shelves, nothing) = (
        listing(shelves),
        integrations::Listing {
            shelves: integrations::Shelves { installed: Vec::new(), available: Vec::new() },
            installed: 0,
            available: 0,
            number: 1,
            last: 1,
            from: 0,
            total: 0,
        },
    );
    let filters = integrations::Filters {
        q: "mail".into(),
        category: Some(Category::Crm),
        standing: Some(Standing::Installed(Status::Paused)),
        sort: integrations::Sort::Name,
    };
    let (chosen, rows) = (audit_filters(), [&several[0], &rows[1].1].map(Clone::clone));
    let log = |filters, events, older: Option<&'static str>| audit::Log {
        events,
        filters,
        integrations: &rows,
        is_newest: older.is_some(),
        older,
    };
    let (events, none) = (events(), audit::Filters::default());
    vec![
        (
            "integrations",
            integrations::page(&frame(), &project(), &integrations::Filters::default(), &shelves),
        ),
        ("integrations-none", integrations::page(&frame(), &project(), &filters, &nothing)),
        ("audit", audit::page(&frame(), &project(), &CATALOG, &log(&none, &events, Some("aud_1")))),
        ("audit-filtered", audit::page(&frame(), &project(), &CATALOG, &log(&chosen, &events, None))),
        ("audit-end", audit::page(&frame(), &project(), &CATALOG, &log(&none, &[], None))),
    ]
}

fn audit_filters() -> audit::Filters {
    audit::Filters {
        action: Some(AuditAction::IntegrationErrored),
        provider: Some("slack".into()),
        actor: Some("usr_01jc3q5v6w7x8y9zabcdefghjk".into()),
        since: Some(date!(2026 - 05 - 01)),
        until: Some(date!(2026 - 05 - 17)),
    }
}
