//! What an installation sets, and what a reconnection keeps.

use serde_json::{Value, json};
use time::OffsetDateTime;
use time::macros::datetime;

use crate::audit::Change;
use crate::catalog::{Provider, ProviderAccount, contract_test::of_the_contract};
use crate::ids::{IntegrationId, ProjectId};
use crate::integration::{
    Configuration, Connected, Integration, Revision, SecretSettings, Update, UpdateError,
};
use crate::lifecycle::{Credential, Health, Status};
use crate::oauth::AccountIdentity;
use crate::permissions::Permission;

const NOW: OffsetDateTime = datetime!(2026-05-17 17:55:00 UTC);
const LATER: OffsetDateTime = datetime!(2026-05-18 09:00:00 UTC);

/// Slack with its secret setting, as in earlier versions.
fn slack() -> std::sync::Arc<Provider> {
    let text = include_str!("../providers/slack.toml")
        .replace("secret = true\nretired = true\n", "secret = true\n")
        .replace("former_setting = \"signing_secret\"\n", "");
    let file = ("slack.toml".to_owned(), text);
    of_the_contract().with_files([file]).unwrap().get("slack").unwrap().clone()
}

fn plain() -> ProviderAccount {
    of_the_contract().account("slack").unwrap()
}

fn account(id: &str, name: Option<&str>) -> AccountIdentity {
    AccountIdentity { id: id.into(), name: name.map(str::to_owned) }
}

fn connected(configuration: Configuration, account: Option<AccountIdentity>) -> Connected {
    Connected { configuration, account, health: Health::Healthy, error_message: None, synced_at: Some(NOW) }
}

fn named(name: &str) -> Configuration {
    Configuration { display_name: Some(name.into()), ..Configuration::default() }
}

fn id<T: std::str::FromStr>(text: &str) -> T
where
    T::Err: std::fmt::Debug,
{
    text.parse().unwrap()
}

fn install(connected: Connected) -> Revision {
    let integration: IntegrationId = id("int_01jc3q5v6w7x8y9zabcdefghjk");
    let project: ProjectId = id("prj_01jc3q5v6w7x8y9zabcdefghjk");
    Integration::install(integration, project, &plain(), connected, NOW)
}

fn change(revision: &Revision, path: &str) -> Option<(Value, Value)> {
    let find = |change: &&Change| change.path == path;
    revision.changes.iter().find(find).map(|change| (change.from.clone(), change.to.clone()))
}

#[test]
fn an_installation_knows_its_account_and_what_the_probe_found() {
    let revision = install(connected(Configuration::default(), Some(account("T1", Some("Acme")))));
    let integration = &revision.integration;
    assert_eq!(integration.display_name.as_deref(), Some("Acme"));
    assert_eq!(integration.health, Health::Healthy);
    assert_eq!(integration.last_synced_at, Some(NOW));
    assert_eq!(change(&revision, "account"), Some((json!(null), json!("Acme"))));
    assert_eq!(change(&revision, "display_name"), Some((json!(null), json!("Acme"))));
    assert_eq!(change(&revision, "health_status"), Some((json!("unknown"), json!("healthy"))));
}

#[test]
fn an_account_without_a_name_goes_by_its_id_and_names_nothing() {
    let revision = install(connected(Configuration::default(), Some(account("T1", None))));
    assert_eq!(revision.integration.display_name, None);
    assert_eq!(change(&revision, "account"), Some((json!(null), json!("T1"))));
}

#[test]
fn a_given_name_comes_before_the_accounts() {
    let revision = install(connected(named("Support"), Some(account("T1", Some("Acme")))));
    assert_eq!(revision.integration.display_name.as_deref(), Some("Support"));
}

#[test]
fn an_import_knows_neither() {
    let revision = install(Connected::unprobed(named("Support")));
    assert_eq!((revision.integration.account, revision.integration.health), (None, Health::Unknown));
    assert!(revision.changes.iter().all(|change| change.path != "account"));
}

/// An installed integration that a person has configured.
fn set_up(display_name: Option<&str>) -> Integration {
    let mut integration =
        install(connected(Configuration::default(), Some(account("T1", Some("Acme"))))).integration;
    let body = json!({
        "settings": {"default_channel": "#support", "signing_secret": "s3cret"},
        "action_permissions": {"delete_message": true, "post_message": true, "find_user": false},
    });
    let update = Update::read(body.to_string().as_bytes(), &integration, &slack()).unwrap();
    integration = integration.apply(update, Credential::Usable, NOW).unwrap().unwrap().integration;
    if let Some(name) = display_name {
        integration.display_name = Some(name.into());
    }
    integration
}

fn reconnect(integration: &Integration, account: Option<AccountIdentity>) -> Revision {
    let configuration = integration.reconnect_configuration();
    integration.reinstall(&slack(), connected(configuration, account), LATER).unwrap()
}

#[test]
fn a_reconnection_keeps_what_people_set_up() {
    let before = set_up(Some("Support"));
    let revision = reconnect(&before, Some(account("T2", Some("Other"))));
    let after = &revision.integration;
    assert_eq!(after.settings, before.settings);
    assert_eq!(after.secret_settings, before.secret_settings);
    assert_eq!(after.display_name.as_deref(), Some("Support"));
    assert_eq!(after.version, before.version + 1);
    assert_eq!(change(&revision, "account"), Some((json!("Acme"), json!("Other"))));
}

#[test]
fn permissions_belong_to_the_account() {
    let before = set_up(Some("Support"));
    let disconnected = before.disconnect(NOW).unwrap().unwrap().integration;
    for before in [before, disconnected] {
        for same in [Some("Acme"), Some("Renamed"), None] {
            let same = reconnect(&before, Some(account("T1", same)));
            assert_eq!(same.integration.action_permissions, before.action_permissions);
        }
        let unknown_before = Integration { account: None, ..before.clone() };
        for (before, account) in [
            (&before, Some(account("T2", Some("Acme")))),
            (&before, None),
            (&unknown_before, Some(account("T1", Some("Acme")))),
            (&unknown_before, None),
        ] {
            let revision = reconnect(before, account);
            let mut expected = before.action_permissions.clone();
            for write in ["delete_message", "post_message"] {
                assert_eq!(expected.insert(write.into(), Permission::Off), Some(Permission::Allowed));
                let path = format!("action_permissions.{write}");
                assert_eq!(change(&revision, &path), Some((json!(true), json!(false))));
            }
            assert_eq!(revision.integration.action_permissions, expected, "what reads stays as it was");
            let told =
                revision.changes.iter().filter(|change| change.path.starts_with("action_permissions."));
            assert_eq!(told.count(), 2);
        }
    }
}

/// The file of the provider was replaced by another since.
#[test]
fn an_action_that_the_provider_does_not_have_counts_as_one_that_writes() {
    let mut before = set_up(None);
    before.action_permissions.insert("gone".into(), Permission::Ask);
    let same = reconnect(&before, Some(account("T1", None))).integration;
    assert_eq!(same.action_permissions["gone"], Permission::Ask);
    let other = reconnect(&before, Some(account("T2", None))).integration;
    assert_eq!(other.action_permissions["gone"], Permission::Off);
}

#[test]
fn a_name_that_came_from_the_account_follows_the_account() {
    let before = set_up(None);
    let revision = reconnect(&before, Some(account("T2", Some("Other"))));
    assert_eq!(revision.integration.display_name.as_deref(), Some("Other"));
    // If the new account is not known, the old one stays, and so does its name.
    assert_eq!(reconnect(&before, None).integration.account, before.account);
    assert_eq!(reconnect(&before, None).integration.display_name.as_deref(), Some("Acme"));
}

#[test]
fn a_reconnection_wakes_what_was_paused_refused_or_disconnected() {
    let active = set_up(None);
    let apply = |body: Value| {
        let update = Update::read(body.to_string().as_bytes(), &active, &slack()).unwrap();
        active.apply(update, Credential::Usable, NOW).unwrap().unwrap().integration
    };
    let paused = apply(json!({"status": "paused"}));
    let disconnected = active.disconnect(NOW).unwrap().unwrap().integration;
    assert_eq!(disconnected.secret_settings, SecretSettings::default());
    for before in [paused, disconnected] {
        let after = reconnect(&before, Some(account("T1", Some("Acme")))).integration;
        assert_eq!((after.status(), after.health), (Status::Active, Health::Healthy));
        assert_eq!(after.settings, before.settings);
    }
}

#[test]
fn secret_settings_are_kept_and_destroyed_without_being_opened() {
    let sealed = Integration { secret_settings: SecretSettings::Sealed, ..set_up(None) };
    let kept = reconnect(&sealed, Some(account("T1", Some("Acme"))));
    assert_eq!(kept.integration.secret_settings, SecretSettings::Sealed);
    assert!(!kept.changes_secret_settings);
    let update = Update::read(br#"{"status":"disconnected"}"#, &sealed, &slack()).unwrap();
    let patched = sealed.apply(update, Credential::Usable, NOW).unwrap().unwrap();
    for revision in [sealed.disconnect(NOW).unwrap().unwrap(), patched] {
        assert_eq!(revision.integration.secret_settings, SecretSettings::default());
        assert!(revision.changes_secret_settings);
        assert_eq!(change(&revision, "secret_settings"), Some((json!("[redacted]"), json!(null))));
    }
    let settings = br#"{"settings":{"signing_secret":null}}"#;
    assert_eq!(Update::read(settings, &sealed, &slack()), Err(UpdateError::SettingsSealed));
}
