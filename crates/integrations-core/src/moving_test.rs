//! What a move makes of an integration, at both sides.

use serde_json::{Value, json};
use time::OffsetDateTime;
use time::macros::datetime;

use crate::audit::AuditAction;
use crate::catalog::{ProviderAccount, contract_test::of_the_contract};
use crate::ids::{ExportId, IntegrationId, ProjectId};
use crate::integration::{Configuration, Connected, Integration, Revision};
use crate::lifecycle::{Chosen, Health, Refusal, State};
use crate::moving::{Arriving, Belongings};
use crate::oauth::AccountIdentity;
use crate::permissions::Permission;

const NOW: OffsetDateTime = datetime!(2026-05-17 17:55:00 UTC);
const EXPORT: ExportId = ExportId::from_bits(1);

fn stripe() -> ProviderAccount {
    of_the_contract().account("stripe~eu").unwrap()
}

fn installed(state: State) -> Integration {
    let connected = Connected::unprobed(Configuration::default());
    let id = IntegrationId::from_bits(1);
    let integration =
        Integration::install(id, ProjectId::from_bits(1), &stripe(), connected, NOW).integration;
    Integration { state, ..integration }
}

fn change(revision: &Revision, path: &str) -> Option<(Value, Value)> {
    let found = revision.changes.iter().find(|change| change.path == path)?;
    Some((found.from.clone(), found.to.clone()))
}

#[test]
fn an_export_puts_it_on_hold_and_a_cancellation_leads_back_to_what_was_chosen() {
    for (state, chosen, after) in [
        (State::Active, Chosen::Active, State::Active),
        (State::Paused, Chosen::Paused, State::Paused),
        (State::Error { before: Chosen::Paused }, Chosen::Paused, State::Paused),
        (State::Error { before: Chosen::Active }, Chosen::Active, State::Active),
    ] {
        let integration = installed(state);
        assert_eq!(state.chosen(), Some(chosen));
        let away = integration.hand_over(EXPORT, NOW).unwrap();
        assert_eq!(away.integration.state, State::Paused);
        assert_eq!(change(&away, "export"), Some((Value::Null, json!(EXPORT.to_string()))));
        assert!(away.integration.error_message.as_deref().unwrap().contains("being moved"));
        let back = away.integration.take_back(EXPORT, chosen, NOW).unwrap();
        assert_eq!(back.integration.state, after, "{state:?}");
        assert_eq!((back.integration.health, back.integration.error_message), (Health::Unknown, None));
    }
    assert_eq!(installed(State::Disconnected).hand_over(EXPORT, NOW), Err(Refusal::NotAllowed));
    assert_eq!(State::Disconnected.chosen(), None);
}

#[test]
fn it_arrives_with_what_people_have_set_but_for_actions_that_are_not_known() {
    let account = AccountIdentity { id: "acct_1".into(), name: Some("Acme".into()) };
    let belongings = || Belongings {
        configuration: Configuration::default(),
        sidebar_enabled: true,
        action_permissions: [("issue_refund".into(), Permission::Ask), ("fly".into(), Permission::Allowed)]
            .into(),
        account: Some(account.clone()),
        chosen: Chosen::Paused,
    };
    let stripe = stripe();
    let at = Arriving {
        id: IntegrationId::from_bits(2),
        project: ProjectId::from_bits(2),
        account: &stripe,
        before: None,
    };
    let new = Integration::arrive(at, belongings(), EXPORT, NOW).unwrap();
    assert_eq!(new.action, AuditAction::IntegrationInstalled);
    assert_eq!(new.integration.state, State::Paused);
    assert_eq!(new.integration.display_name, None, "as at the source, where the catalog's name is shown");
    assert_eq!(new.integration.action_permissions.get("issue_refund"), Some(&Permission::Ask));
    assert_eq!(new.integration.action_permissions.get("fly"), None);
    assert_eq!(change(&new, "status"), Some((Value::Null, json!("paused"))));
    assert_eq!(change(&new, "action_permissions.issue_refund").unwrap().1, json!("ask"));
    assert_eq!(change(&new, "export"), Some((Value::Null, json!(EXPORT.to_string()))));

    let before = Integration { id: IntegrationId::from_bits(7), ..installed(State::Disconnected) };
    let again =
        Integration::arrive(Arriving { before: Some(&before), ..at }, belongings(), EXPORT, NOW).unwrap();
    assert_eq!((again.integration.id, again.integration.version), (before.id, before.version + 1));
    assert_eq!(again.integration.account, Some(account));
    assert!(again.integration.sidebar_enabled);
    assert_eq!(again.integration.action_permissions.get("issue_refund"), Some(&Permission::Ask));
}
