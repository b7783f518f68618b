//! The pages of OAuth apps.

use std::sync::Arc;

use integrations_core::{
    catalog::{Catalog, Provider},
    health::NoAnswer,
    ids::{OAuthAppId, OrganizationId},
    issue::Issue,
    rights::{Reach, Rights},
    role::Role,
    tier::Tier,
};
use maud::Markup;
use serde_json::Map;
use time::macros::datetime;

use crate::{
    dashboard::view::{
        frame::Frame,
        layout::Project,
        oauth_app::{self, AppPage, News, Removal},
        oauth_apps::{self, Owner},
        provider_page::{Part, RefusedForm},
    },
    edge::form::Form,
    services::{install::AppVerdict, oauth_apps::CurrentApp},
    store::{AppOwner, Known, OAuthAppRecord},
};

const ORGANIZATION: OrganizationId = OrganizationId::from_bits(0x0197_c1f0_aaaa_bbbb_cccc_dddd_eeee_0000);

/// Every page of OAuth apps, by a name for its file.
pub(super) fn pages(
    frame: Frame<'_>,
    catalog: &Catalog,
    project: Project<'_>,
) -> Vec<(&'static str, Markup)> {
    let viewer = Known {
        name: "Ann & Co".into(),
        detail: "ann@example.com".into(),
        rights: Rights { scopes: Role::Viewer.scopes().to_vec(), reach: Reach::Organization },
        tier: Tier::Starter,
        expires_at: None,
    };
    let reads = Frame { who: Some(&viewer), ..frame };
    let (of_project, acme) =
        (Owner::Project(project, ORGANIZATION), Owner::Organization(ORGANIZATION, "Acme"));
    let mut pages = lists(frame, reads, catalog, (of_project, acme), project);
    pages.extend(apps(frame, reads, catalog, (of_project, acme), project));
    pages.extend(refusals(frame, catalog, of_project));
    pages
}

fn stored(provider: &str, owner: AppOwner, scopes: Option<&[&str]>) -> CurrentApp {
    CurrentApp::Stored(Box::new(OAuthAppRecord {
        id: OAuthAppId::from_bits(7),
        provider: provider.into(),
        owner,
        client_id: "1234567890.1234567890".into(),
        sealed_secret: b"SECRET-sealed".to_vec(),
        scopes: scopes.map(|scopes| scopes.iter().map(|scope| (*scope).to_owned()).collect()),
        fields: Map::new(),
        created_at: datetime!(2026-03-01 10:00:00 UTC),
        updated_at: datetime!(2026-05-16 08:12:00 UTC),
    }))
}

fn page<'a>(
    owner: Owner<'a>,
    provider: &'a Provider,
    current: &'a CurrentApp,
    news: News<'a>,
) -> AppPage<'a> {
    AppPage { owner, provider, oauth: provider.oauth().unwrap(), current, news }
}

fn lists(
    frame: Frame<'_>,
    reads: Frame<'_>,
    catalog: &Catalog,
    (of_project, acme): (Owner<'_>, Owner<'_>),
    project: Project<'_>,
) -> Vec<(&'static str, Markup)> {
    let owners = [AppOwner::Project(project.id), AppOwner::Organization(ORGANIZATION), AppOwner::All];
    let with_oauth = || catalog.by_app();
    let mixed: Vec<(&Arc<Provider>, CurrentApp)> = with_oauth()
        .enumerate()
        .map(|(place, provider)| match owners.get(place % 5) {
            Some(owner) => (provider, stored(provider.key.as_str(), *owner, None)),
            None if place % 5 == 3 => (provider, CurrentApp::Given),
            None => (provider, CurrentApp::Missing),
        })
        .collect();
    let none: Vec<(&Arc<Provider>, CurrentApp)> =
        with_oauth().map(|provider| (provider, CurrentApp::Missing)).collect();
    vec![
        ("oauth-apps-project", oauth_apps::page(&frame, &of_project, &mixed)),
        ("oauth-apps-viewer", oauth_apps::page(&reads, &of_project, &mixed)),
        ("oauth-apps-organization", oauth_apps::page(&frame, &acme, &none)),
        ("oauth-apps-none", oauth_apps::page(&frame, &acme, &[])),
    ]
}

fn apps(
    frame: Frame<'_>,
    reads: Frame<'_>,
    catalog: &Catalog,
    (of_project, acme): (Owner<'_>, Owner<'_>),
    project: Project<'_>,
) -> Vec<(&'static str, Markup)> {
    let provider = |key: &str| catalog.get(key).unwrap();
    let own = stored("slack", AppOwner::Project(project.id), None);
    let narrowed = stored("slack", AppOwner::Organization(ORGANIZATION), Some(&["chat:write", "files:read"]));
    let without_scopes = stored("github", AppOwner::Organization(ORGANIZATION), Some(&[]));
    let draw =
        |owner, key, current, news| oauth_app::page(&frame, &page(owner, provider(key), current, news));
    let removal = |owner, next, served| {
        let provider = provider("slack");
        let removal = Removal { owner, provider, client_id: "1234567890.1234567890", next, served };
        oauth_app::removal(&frame, &removal)
    };
    vec![
        ("oauth-app-none", draw(of_project, "github", &CurrentApp::Missing, News::Nothing)),
        ("oauth-app-own", draw(of_project, "slack", &own, News::Done("The app is saved. Check it below."))),
        ("oauth-app-inherited", draw(of_project, "slack", &narrowed, News::Nothing)),
        ("oauth-app-narrowed", draw(acme, "slack", &narrowed, News::Nothing)),
        ("oauth-app-no-scopes", draw(acme, "github", &without_scopes, News::Nothing)),
        ("oauth-app-operators", draw(acme, "hubspot", &CurrentApp::Given, News::Nothing)),
        (
            "oauth-app-viewer",
            oauth_app::page(&reads, &page(of_project, provider("slack"), &narrowed, News::Nothing)),
        ),
        ("oauth-app-remove", removal(of_project, &narrowed, 12)),
        ("oauth-app-remove-last", removal(acme, &CurrentApp::Missing, 1)),
        ("oauth-app-remove-unused", removal(acme, &CurrentApp::Given, 0)),
    ]
}

fn refusals(frame: Frame<'_>, catalog: &Catalog, owner: Owner<'_>) -> Vec<(&'static str, Markup)> {
    let refused = |part, issues, typed| RefusedForm {
        part,
        title: "The app was not saved".into(),
        advice: "Correct what is marked below, and type the secret again.".into(),
        issues,
        typed,
        is_outdated: false,
    };
    let set = refused(
        Part::OauthApp,
        vec![
            Issue::new("client_id", "Must be 1 to 4096 visible ASCII characters without blanks"),
            Issue::new("client_secret", "Required, as no secret is stored for this client id"),
            Issue::new("scopes", "“\"write\"”: Must be one scope"),
        ],
        Form::from([("client_id", "a b"), ("client_secret", "SECRET-typed"), ("scopes", "\"write\"")]),
    );
    let shop = refused(
        Part::OauthAppCheck,
        vec![Issue::new("connection.subdomain", "Required")],
        Form::from([("connection.subdomain", "")]),
    );
    let typed = Form::from([("connection.subdomain", "acme")]);
    let draw = |key: &str, current: &CurrentApp, news| {
        oauth_app::page(&frame, &page(owner, catalog.get(key).unwrap(), current, news))
    };
    let bad = AppVerdict::Refused(302, Some("invalid_scope".into()));
    vec![
        ("oauth-app-refused", draw("linear", &CurrentApp::Missing, News::Refused(&set))),
        ("oauth-app-not-checked", draw("shopify", &CurrentApp::Given, News::Refused(&shop))),
        (
            "oauth-app-accepted",
            draw("shopify", &CurrentApp::Given, News::Checked(&AppVerdict::Accepted(200), &typed)),
        ),
        ("oauth-app-check-failed", draw("shopify", &CurrentApp::Given, News::Checked(&bad, &typed))),
        (
            "oauth-app-no-answer",
            draw(
                "shopify",
                &CurrentApp::Given,
                News::Checked(&AppVerdict::NoAnswer(NoAnswer::Unreachable), &typed),
            ),
        ),
    ]
}
