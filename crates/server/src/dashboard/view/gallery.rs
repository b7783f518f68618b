//! Renders every page with realistic data, and checks the rules that hold for all pages.
//!
//! `RIQ_GALLERY=DIRECTORY cargo test -p riq-server gallery` writes the pages there, to be looked at in a browser
//! (served at the root, as the pages load their style from /dashboard/assets).

mod approvals;
mod device;
mod events;
mod installations;
mod lists;
mod oauth_apps;
mod organization;
mod runs;
mod webhooks;

use std::{collections::BTreeSet, path::Path, sync::LazyLock};

use integrations_core::{
    catalog::{Catalog, Provider, ProviderAccount, ProviderRef},
    health_history::{self, HealthChange, HealthDay},
    ids::{OrganizationId, ProjectId, UserId},
    integration::{Integration, SecretSettings},
    issue::Issue,
    lifecycle::{Chosen, Health, State},
    oauth::AccountIdentity,
    rights::Rights,
    role::Role,
    tier::Tier,
};
use maud::Markup;
use riq_testing::provider_files;
use serde_json::{Map, Value, json};
use time::macros::datetime;

use super::{
    disconnect, failure,
    frame::{Face, Frame},
    layout::Project,
    organizations, provider,
    provider_page::{Part, ProviderPage, RefusedForm},
    revocation::sample,
    sign_in,
};
use crate::{
    dashboard::{
        addresses::Addresses,
        assets::{Asset, ICON, SCRIPT, STYLE},
        flash::Flash,
    },
    edge::form::Form,
    program::OperatorCommands,
    services::install::{Availability, Offer, OfferedWay},
    store::{
        AuditEntry, CredentialFacts, IntegrationRow, Known, Loaded, Membership, ProjectNames, ProjectRecord,
    },
};

static CATALOG: LazyLock<Catalog> =
    LazyLock::new(|| Catalog::default().with_files(provider_files::of_the_contract()).unwrap());
static ADDRESSES: LazyLock<Addresses> =
    LazyLock::new(|| Addresses::new(&"https://integrations.example.com".parse().unwrap()));
static WHO: LazyLock<Known> = LazyLock::new(|| Known {
    name: "Support team".into(),
    detail: "riq_7Hq2…".into(),
    rights: Rights::everything(),
    tier: Tier::Starter,
    expires_at: None,
});
static NAMES: LazyLock<ProjectNames> =
    LazyLock::new(|| ProjectNames { project: "Customer support".into(), organization: "Acme".into() });
static OPERATOR: LazyLock<OperatorCommands> = LazyLock::new(OperatorCommands::default);
const ORGANIZATION: OrganizationId = OrganizationId::from_bits(0x0197_c1f0_aaaa_bbbb_cccc_dddd_eeee_0000);
const PROJECT: ProjectId = ProjectId::from_bits(0x0197_c1f0_aaaa_bbbb_cccc_dddd_eeee_ffff);
/// The largest size of a page with everything that it loads, uncompressed.
const MAX_WEIGHT: usize = 60 * 1024;

fn frame() -> Frame<'static> {
    Frame {
        addresses: &ADDRESSES,
        csrf: "dGhpcyBpcyBub3QgYSB0b2tlbiBvZiBhbnlib2R5IQ",
        who: Some(&WHO),
        organization: Some(ORGANIZATION),
        is_person: true,
        operator: &OPERATOR,
        face: Face::Dashboard,
        now: datetime!(2026-05-17 18:00 UTC),
        is_quiet: false,
    }
}

fn visitor() -> Frame<'static> {
    Frame { who: None, organization: None, is_person: false, ..frame() }
}

fn project() -> Project<'static> {
    Project { id: PROJECT, names: &NAMES, pending: Some(3) }
}

fn provider(key: &str) -> &'static Provider {
    CATALOG.get(key).unwrap()
}

fn integration(key: &str, state: State, health: Health) -> Integration {
    let provider = provider(ProviderRef::parts(key).0);
    let settings = match key {
        "slack" => json!({"default_channel": "#support"}),
        "zendesk" => {
            json!({"default_group_id": 36_001, "ticket_tags": ["agent", "chat"], "public_replies": true})
        }
        "stripe" => json!({"refunds_enabled": true, "refund_limit_cents": 5000}),
        _ => json!({}),
    };
    let secrets = Map::from_iter([("signing_secret".to_owned(), Value::from("SECRET-signing"))]);
    Integration {
        id: "int_01jc3q5v6w7x8y9zabcdefghjk".parse().unwrap(),
        project: PROJECT,
        provider: key.parse().unwrap(),
        state,
        account: Some(AccountIdentity { id: "T0123456".into(), name: Some("Acme Inc.".into()) }),
        display_name: (key == "slack").then(|| "Acme Workspace".into()),
        health,
        sidebar_enabled: key == "slack",
        last_synced_at: (health != Health::Unknown).then_some(datetime!(2026-05-17 17:55:00 UTC)),
        error_message: match (key, health) {
            (_, Health::Healthy | Health::Unknown) => None,
            ("hubspot", _) => Some("HubSpot answered 401: the token was revoked by an administrator.".into()),
            _ => Some("The last three checks ran into a timeout.".into()),
        },
        settings: settings.as_object().unwrap().clone(),
        secret_settings: SecretSettings::Opened(if key == "slack" { secrets } else { Map::new() }),
        action_permissions: provider
            .actions
            .iter()
            .map(|action| {
                (action.key.clone(), (action.allowed_by_default || action.key == "post_message").into())
            })
            .collect(),
        version: 7,
        created_at: datetime!(2026-03-01 10:00:00 UTC),
        updated_at: datetime!(2026-05-16 08:12:00 UTC),
    }
}

fn installed() -> Vec<(&'static Provider, Integration)> {
    [
        ("hubspot", State::Error { before: Chosen::Active }, Health::Unhealthy),
        ("slack", State::Active, Health::Healthy),
        ("stripe", State::Active, Health::Unknown),
        ("zendesk", State::Active, Health::Degraded),
        ("shopify", State::Paused, Health::Healthy),
        ("notion", State::Disconnected, Health::Unknown),
    ]
    .map(|(key, state, health)| (provider(key), integration(key, state, health)))
    .to_vec()
}

fn account(text: &str) -> &'static ProviderAccount {
    Box::leak(Box::new(CATALOG.account(text).unwrap()))
}

/// A plain account and two under aliases, one of which does not work.
fn accounts_of_github() -> Vec<IntegrationRow> {
    let named = |text: &str, name: &str, integration| Integration {
        provider: text.parse().unwrap(),
        display_name: Some(name.into()),
        ..integration
    };
    let broken = integration("hubspot", State::Error { before: Chosen::Active }, Health::Unhealthy);
    let well = integration("github", State::Active, Health::Healthy);
    vec![
        row(&named("github", "acme", well.clone())),
        row(&named("github~labs", "acme-labs", broken)),
        row(&named("github~open-source", "acme-open-source", well)),
    ]
}

fn row(integration: &Integration) -> IntegrationRow {
    let loaded = Loaded {
        setup_type: "oauth".into(),
        auth: Some("oauth".into()),
        connection: "{}".into(),
        sealed_settings: None,
        credential: integrations_core::lifecycle::Credential::Usable,
        is_moving: false,
        credential_facts: None,
        next_check_at: None,
        disconnected_now: false,
        revocation: None,
        integration: integration.clone(),
    };
    IntegrationRow::try_from(&loaded).unwrap()
}

fn event(action: &str, actor: &str, at: time::OffsetDateTime, changes: Value) -> AuditEntry {
    let of_key = actor == "api_key";
    AuditEntry {
        id: "aud_01jc3q5v6w7x8y9zabcdefghjk".into(),
        integration_id: Some("int_01jc3q5v6w7x8y9zabcdefghjk".into()),
        provider: Some("slack".into()),
        action: action.into(),
        actor_kind: actor.into(),
        actor_id: of_key.then(|| "key_01jc3q5v6w7x8y9zabcdefghjk".into()),
        actor_key_name: of_key.then(|| "Support team".into()),
        actor_key_hint: of_key.then(|| "riq_7Hq2".into()),
        actor_user_name: None,
        actor_user_email: None,
        request_id: of_key.then(|| "req_01jc3q5v6w7x8y9zabcdefghjk".into()),
        changes: changes.to_string(),
        at,
    }
}

fn events() -> Vec<AuditEntry> {
    vec![
        event(
            "integration.lifecycle.updated",
            "api_key",
            datetime!(2026-05-16 08:12:00 UTC),
            json!([
                {"path": "action_permissions.add_reaction", "from": false, "to": true},
                {"path": "action_permissions.delete_message", "from": true, "to": false},
                {"path": "settings.default_channel", "from": null, "to": "#support"},
                {"path": "settings.signing_secret", "from": "[redacted]", "to": "[redacted]"},
                {"path": "display_name", "from": null, "to": "Acme Workspace"},
                {"path": "sidebar_enabled", "from": false, "to": true},
            ]),
        ),
        event(
            "integration.lifecycle.updated",
            "system",
            datetime!(2026-05-02 23:59:00 UTC),
            json!([{"path": "status", "from": "error", "to": "active"}]),
        ),
        event(
            "integration.installed",
            "operator",
            datetime!(2026-03-01 10:00:00 UTC),
            json!([{"path": "status", "from": null, "to": "active"}]),
        ),
    ]
}

static EMPTY: LazyLock<Map<String, Value>> = LazyLock::new(Map::new);
static CREDENTIAL: LazyLock<CredentialFacts> = LazyLock::new(|| CredentialFacts {
    renewable: true,
    expires_at: Some(datetime!(2026-05-18 05:55 UTC)),
    granted_scopes: Some(json!(["chat:write", "channels:read", "users:read.email"]).to_string()),
});
/// No data at first, then every health once.
static HEALTH: LazyLock<Vec<HealthDay>> = LazyLock::new(|| {
    let change = |at, health| HealthChange { at, health };
    let changes = [
        change(datetime!(2026-04-22 10:00 UTC), Health::Healthy),
        change(datetime!(2026-05-01 06:00 UTC), Health::Degraded),
        change(datetime!(2026-05-01 09:00 UTC), Health::Unhealthy),
        change(datetime!(2026-05-02 09:00 UTC), Health::Unknown),
        change(datetime!(2026-05-05 09:00 UTC), Health::Healthy),
        change(datetime!(2026-05-11 12:00 UTC), Health::Degraded),
        change(datetime!(2026-05-11 12:20 UTC), Health::Healthy),
    ];
    health_history::days(&changes, frame().now)
});

/// The ways of a provider, those by OAuth as `by_oauth` says.
fn offer(key: &str, by_oauth: Availability) -> &'static Offer {
    let account = account(key);
    let availability =
        |way: &Provider| if way.oauth_by_app().is_some() { by_oauth } else { Availability::Ready };
    let ways = account.ways.iter().cloned();
    let ways = ways.map(|provider| OfferedWay { availability: availability(&provider), provider }).collect();
    Box::leak(Box::new(Offer { shown: account.clone(), ways }))
}

/// The ways of a provider on a server without an OAuth app for it.
fn no_app(key: &str) -> &'static Offer {
    offer(key, Availability::NotConfigured)
}

fn provider_page<'a>(
    key: &str,
    integration: Option<&'a Integration>,
    events: &'a [AuditEntry],
) -> ProviderPage<'a> {
    ProviderPage {
        account: account(key),
        project: project(),
        integration,
        credential: integration.map(|_| &*CREDENTIAL),
        is_moving: false,
        next_check_at: integration.map(|_| datetime!(2026-05-17 18:10 UTC)),
        health: &HEALTH,
        accounts: &[],
        connection: &EMPTY,
        offer: offer(key, Availability::Ready),
        revocation: None,
        events,
        flash: None,
        refused: None,
    }
}

fn refused_form(part: Part, issues: Vec<Issue>, typed: Form) -> RefusedForm {
    RefusedForm {
        part,
        title: "That was not saved".into(),
        advice: "Correct what is marked below, and save again.".into(),
        issues,
        typed,
        is_outdated: false,
    }
}

/// Every page, by a name for its file.
fn pages() -> Vec<(&'static str, Markup)> {
    let mut pages = entrance();
    pages.extend(device::pages());
    pages.extend(organization::projects());
    pages.extend(organization::keys());
    pages.extend(lists::pages());
    pages.extend(of_providers());
    pages.extend(runs::pages());
    pages.extend(approvals::pages());
    pages.extend(webhooks::pages());
    pages.extend(events::pages());
    pages.extend(installations::pages());
    pages.extend(oauth_apps::pages(frame(), &CATALOG, project()));
    pages
}

fn records() -> [ProjectRecord; 2] {
    let record = |id: &str, name: &str| ProjectRecord {
        id: id.into(),
        organization_id: "org_01jc3q5v6w7x8y9zabcdefghjk".into(),
        name: name.into(),
        slug: id.replace('_', "-"),
        domain: None,
        return_origins: vec!["https://app.example.com".into()],
        branding: None,
        created_at: datetime!(2026-03-01 10:00:00 UTC),
        revoked_at: None,
        erased_at: None,
    };
    [
        record(&PROJECT.to_string(), "Customer support"),
        record(&ProjectId::from_bits(7).to_string(), "Staging"),
    ]
}

fn entrance() -> Vec<(&'static str, Markup)> {
    let refused = sign_in::SignIn {
        return_to: Some("/dashboard"),
        problem: Some("The API key is unknown. Check that it was copied whole."),
        news: Some("Your session has ended. Sign in again."),
        takes_keys: true,
        ..sign_in::SignIn::default()
    };
    let by_key = sign_in::SignIn { takes_keys: true, ..sign_in::SignIn::default() };
    let as_person = sign_in::SignIn { provider: Some("login.example.com"), ..by_key };
    let fresh = sign_in::SignIn {
        return_to: Some("/device?code=WDJB-MJHT"),
        news: Some("What you want to do needs a fresh sign-in. Sign in again."),
        is_fresh: true,
        ..as_person
    };
    let memberships = [(ORGANIZATION, "Acme"), (OrganizationId::from_bits(7), "Acme Labs & Sons")]
        .map(|(organization, name)| Membership { organization, name: name.into(), role: Role::Operator });
    let (issuer, subject) = ("https://login.example.com/acme", "248289761001");
    let words = failure::Words {
        title: "The server cannot answer for the moment",
        explanation: "The database is unavailable for the moment; try again",
        advice: "Try again in a few seconds.",
        way_on: Some(("/dashboard", "To the dashboard")),
        request_id: "req_01jc3q5v6w7x8y9zabcdefghjk",
    };
    vec![
        ("sign-in", sign_in::page(&visitor(), by_key)),
        ("sign-in-person", sign_in::page(&visitor(), as_person)),
        ("sign-in-fresh", sign_in::page(&frame(), fresh)),
        (
            "sign-in-leaving",
            sign_in::leaving(&visitor(), "login.example.com", "https://login.example.com/a?b=c&d"),
        ),
        ("no-role", sign_in::no_role(&visitor(), UserId::from_bits(7), issuer, subject)),
        ("organizations", organizations::page(&frame(), ORGANIZATION, &memberships, Some("/dashboard"))),
        ("sign-in-refused", sign_in::page(&visitor(), refused)),
        ("failure", failure::page(&visitor(), &words)),
    ]
}

#[expect(clippy::too_many_lines, reason = "a list, one page after the other")]
fn of_providers() -> Vec<(&'static str, Markup)> {
    let events = events();
    let slack = integration("slack", State::Active, Health::Healthy);
    let stripe = integration("stripe", State::Active, Health::Unknown);
    let hubspot = integration("hubspot", State::Error { before: Chosen::Active }, Health::Unhealthy);
    let zendesk = integration("zendesk", State::Active, Health::Degraded);
    let shopify = integration("shopify", State::Paused, Health::Healthy);
    let notion = integration("notion", State::Disconnected, Health::Unknown);
    let settings = refused_form(
        Part::Settings,
        vec![
            Issue::new("settings.default_group_id", "Must be 1 or more"),
            Issue::new("settings.ticket_tags.1", "Each tag must have 1 to 80 characters and no spaces"),
        ],
        Form::from([("settings.default_group_id", "0"), ("settings.ticket_tags", "agent\nfirst contact")]),
    );
    let key = refused_form(
        Part::Connection,
        vec![Issue::new("credential.api_key", "Postmark does not accept it")],
        Form::from([("credential.api_key", "SECRET-key")]),
    );
    let (several, github) = (accounts_of_github(), integration("github", State::Active, Health::Healthy));
    let alias = refused_form(
        Part::Accounts,
        vec![Issue::new("alias", "There is an account of this name already")],
        Form::from([("alias", "labs")]),
    );
    let long = Integration {
        display_name: Some("Donaudampfschifffahrtsgesellschaftskapitänsmütze".repeat(2)),
        account: Some(AccountIdentity { id: "x".into(), name: Some("0123456789".repeat(20)) }),
        error_message: Some(format!("It answered {}", "https://example.com/".repeat(20))),
        ..integration("slack", State::Error { before: Chosen::Active }, Health::Unhealthy)
    };
    let draw = |page: &ProviderPage<'_>| provider::page(&frame(), page);
    let plain = |key, integration| draw(&provider_page(key, integration, &[]));
    vec![
        (
            "slack",
            draw(&ProviderPage {
                flash: Some(Flash::Connected),
                ..provider_page("slack", Some(&slack), &events)
            }),
        ),
        (
            "github-accounts",
            draw(&ProviderPage { accounts: &several, ..provider_page("github", Some(&github), &[]) }),
        ),
        (
            "github-another-account",
            draw(&ProviderPage { accounts: &several, ..provider_page("github~eu", None, &[]) }),
        ),
        (
            "github-account-refused",
            draw(&ProviderPage {
                accounts: &several[..1],
                refused: Some(&alias),
                ..provider_page("github", Some(&github), &[])
            }),
        ),
        ("slack-long", plain("slack", Some(&long))),
        ("stripe", plain("stripe", Some(&stripe))),
        ("hubspot-error", draw(&provider_page("hubspot", Some(&hubspot), &events))),
        (
            "zendesk-refused",
            draw(&ProviderPage { refused: Some(&settings), ..provider_page("zendesk", Some(&zendesk), &[]) }),
        ),
        ("shopify-paused", plain("shopify", Some(&shopify))),
        ("notion-disconnected", plain("notion", Some(&notion))),
        ("shopify", plain("shopify", None)),
        ("salesforce", plain("salesforce", None)),
        ("mailgun", plain("mailgun", None)),
        ("discord", plain("discord", None)),
        (
            "postmark-refused",
            draw(&ProviderPage { refused: Some(&key), ..provider_page("postmark", None, &[]) }),
        ),
        (
            "linear-not-configured",
            draw(&ProviderPage { offer: no_app("linear"), ..provider_page("linear", None, &[]) }),
        ),
        (
            "slack-disconnect",
            disconnect::page(
                &frame(),
                &provider_page("slack", Some(&slack), &[]),
                &slack,
                Some("https://slack.com/apps/manage"),
                &sample::OFFER,
            ),
        ),
    ]
}

/// The values of an attribute, as written.
fn attribute<'p>(page: &'p str, name: &str) -> Vec<&'p str> {
    let opening = format!(" {name}=\"");
    page.split(opening.as_str()).skip(1).map(|rest| rest.split('"').next().unwrap()).collect()
}

#[test]
fn no_page_has_a_style_or_a_script_of_its_own() {
    for (name, page) in pages() {
        let page = page.into_string();
        assert_eq!(page.matches("<script").count(), 1, "{name}");
        assert!(!page.contains("<style") && !page.contains(" style=\""), "{name}");
        assert!(!page.contains("javascript:"), "{name}");
        let handlers = page.match_indices(" on").filter(|(at, _)| {
            let word = page[at + 3..].split(['=', ' ', '>', '<']).next().unwrap();
            page[at + 3 + word.len()..].starts_with("=\"")
        });
        assert_eq!(handlers.count(), 0, "{name}");
    }
}

#[test]
fn every_page_loads_from_the_dashboard_alone() {
    for (name, page) in pages() {
        let page = page.into_string();
        for source in attribute(&page, "src") {
            assert!(source.starts_with("/dashboard/assets/"), "{name}: {source}");
        }
        for action in attribute(&page, "action") {
            assert!(action.starts_with("/dashboard/") || action == "/device", "{name}: {action}");
        }
        let loads: Vec<&str> = page.split("<link").skip(1).collect();
        assert!((2..=3).contains(&loads.len()), "{name}");
        for link in loads {
            assert!(attribute(link, "href")[0].starts_with("/dashboard/assets/"), "{name}: {link}");
        }
    }
}

#[test]
fn every_form_that_changes_something_has_its_token() {
    for (name, page) in pages() {
        let page = page.into_string();
        let posts = page.matches("method=\"post\"").count();
        assert_eq!(attribute(&page, "name").iter().filter(|one| **one == "csrf").count(), posts, "{name}");
    }
}

#[test]
fn ids_are_there_once_and_what_points_to_them_finds_them() {
    for (name, page) in pages() {
        let page = page.into_string();
        let ids = attribute(&page, "id");
        let unique: BTreeSet<&str> = ids.iter().copied().collect();
        assert_eq!(ids.len(), unique.len(), "{name}: {ids:?}");
        for pointer in ["for", "aria-describedby", "aria-labelledby", "data-reveals", "data-copies"] {
            for target in attribute(&page, pointer).iter().flat_map(|targets| targets.split(' ')) {
                assert!(unique.contains(target), "{name}: {pointer} {target}");
            }
        }
        let labelled: BTreeSet<&str> = attribute(&page, "for").into_iter().collect();
        for control in ["<input", "<select", "<textarea"] {
            for tag in page.split(control).skip(1).map(|rest| rest.split('>').next().unwrap()) {
                let id = attribute(tag, "id").first().copied().unwrap_or_default();
                assert!(tag.contains("type=\"hidden\"") || labelled.contains(id), "{name}: {control}{tag}");
            }
        }
    }
}

#[test]
fn headings_leave_no_level_out() {
    for (name, page) in pages() {
        let page = page.into_string();
        let levels = page.split("<h").skip(1).filter_map(|rest| rest.chars().next()?.to_digit(10));
        let levels: Vec<u32> = levels.collect();
        assert_eq!(levels.first(), Some(&1), "{name}");
        assert!(levels.windows(2).all(|pair| pair[1] <= pair[0] + 1), "{name}: {levels:?}");
        assert_eq!(levels.iter().filter(|level| **level == 1).count(), 1, "{name}");
    }
}

#[test]
fn no_secret_is_on_a_page() {
    for (name, page) in pages() {
        let page = page.into_string();
        // The value of the secret setting, and the text typed into the credential's field.
        assert!(!page.contains("SECRET"), "{name}");
        for field in page.split("type=\"password\"").skip(1).map(|rest| rest.split('>').next().unwrap()) {
            assert!(!field.contains(" value="), "{name}: {field}");
        }
    }
}

#[test]
fn a_page_weighs_little() {
    let assets: usize = [&*STYLE, &*SCRIPT, &*ICON].map(|asset| asset.content().len()).iter().sum();
    for (name, page) in pages() {
        let weight = page.into_string().len() + assets;
        assert!(weight < MAX_WEIGHT, "{name} weighs {weight} bytes with its assets");
    }
}

#[test]
fn pages_are_written_to_the_directory_of_riq_gallery() {
    let Ok(directory) = std::env::var("RIQ_GALLERY") else { return };
    let (directory, assets) = (Path::new(&directory), Path::new(&directory).join("dashboard/assets"));
    std::fs::create_dir_all(&assets).unwrap();
    let write = |asset: &Asset| std::fs::write(assets.join(&asset.name), asset.content()).unwrap();
    [&*STYLE, &*SCRIPT, &*ICON].into_iter().for_each(write);
    for (name, content) in installations::files() {
        std::fs::write(assets.join(name), content).unwrap();
    }
    for (name, page) in pages() {
        std::fs::write(directory.join(format!("{name}.html")), page.into_string()).unwrap();
    }
}
