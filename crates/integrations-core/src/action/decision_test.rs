//! Whether an action may be performed.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::sample::{action, guard, input, list, money, object, text, text_shape};
use super::{Context, Currency, Decision, Facts, Money, Obstacle, Reason, Totals, decide};
use crate::catalog::action::{
    Action, ActionInput, Guard, Limit, MoneyUnit, Otherwise, Per, Shape, Subject, Test, TextFormat, TextShape,
};
use crate::permissions::Permission;

/// What a call brings along, and what is stored.
struct Call {
    permission: Permission,
    is_active: bool,
    settings: Map<String, Value>,
    input: Map<String, Value>,
    amount: Option<Money>,
    evidence: Map<String, Value>,
    context: Context,
    totals: Totals,
}

fn call() -> Call {
    Call {
        permission: Permission::Allowed,
        is_active: true,
        settings: Map::new(),
        input: Map::new(),
        amount: None,
        evidence: Map::new(),
        context: Context::default(),
        totals: Totals::default(),
    }
}

fn with_settings(settings: Value) -> Call {
    Call { settings: object(settings), ..call() }
}

fn usd(minor: i64) -> Money {
    Money { minor, currency: "USD".parse::<Currency>().unwrap() }
}

fn guarded(guards: Vec<Guard>, inputs: Vec<ActionInput>) -> Action {
    Action { guards, ..action(inputs) }
}

fn judge(action: &Action, call: &Call) -> Decision {
    let money: BTreeMap<String, Money> =
        call.amount.into_iter().map(|amount| ("amount".to_owned(), amount)).collect();
    decide(
        action,
        &Facts {
            permission: call.permission,
            is_active: call.is_active,
            settings: &call.settings,
            input: &call.input,
            money: &money,
            evidence: &call.evidence,
            context: &call.context,
            totals: &call.totals,
        },
    )
}

/// `allow`, `ask` or `deny`.
fn word(decision: &Decision) -> &'static str {
    match decision {
        Decision::Allow => "allow",
        Decision::Ask(_) => "ask",
        Decision::Deny(_) => "deny",
    }
}

fn reasons(decision: Decision) -> Vec<Reason> {
    match decision {
        Decision::Allow => Vec::new(),
        Decision::Ask(reasons) | Decision::Deny(reasons) => reasons,
    }
}

/// What one guard makes of a call that is permitted.
fn guards(one: Guard, inputs: Vec<ActionInput>, call: &Call) -> &'static str {
    word(&judge(&guarded(vec![one], inputs), call))
}

fn at_most(subject: Subject, setting: &str, currency: Option<&str>, otherwise: Otherwise) -> Guard {
    let limit = Limit::Setting(setting.into());
    guard(subject, Test::AtMost { limit, currency: currency.map(str::to_owned) }, otherwise)
}

#[test]
fn permission_and_status_decide_first() {
    let action = guarded(Vec::new(), Vec::new());
    for (permission, is_active, expected) in [
        (Permission::Allowed, true, "allow"),
        (Permission::Ask, true, "ask"),
        (Permission::Off, true, "deny"),
        (Permission::Allowed, false, "deny"),
        (Permission::Ask, false, "deny"),
        (Permission::Off, false, "deny"),
    ] {
        assert_eq!(word(&judge(&action, &Call { permission, is_active, ..call() })), expected);
    }
    let off = reasons(judge(&action, &Call { permission: Permission::Off, is_active: false, ..call() }));
    let obstacles: Vec<Obstacle> = off.iter().map(|reason| reason.obstacle).collect();
    assert_eq!(obstacles, [Obstacle::Status, Obstacle::Permission]);
}

#[test]
fn a_setting_must_be_on() {
    let requires = || guard(Subject::Setting("refunds_enabled".into()), Test::True, Otherwise::Deny);
    for (settings, expected) in [
        (json!({"refunds_enabled": true}), "allow"),
        (json!({"refunds_enabled": false}), "deny"),
        (json!({"refunds_enabled": "true"}), "deny"),
        (json!({"refunds_enabled": null}), "deny"),
        (json!({}), "deny"),
    ] {
        assert_eq!(guards(requires(), Vec::new(), &with_settings(settings.clone())), expected, "{settings}");
    }
    let reason = reasons(judge(&guarded(vec![requires()], Vec::new()), &call())).remove(0);
    assert_eq!(reason.obstacle, Obstacle::Guard(0));
    assert_eq!(reason.setting.as_deref(), Some("refunds_enabled"));
    assert_eq!(reason.words, "“refunds_enabled” is not switched on");
}

#[test]
fn an_amount_is_compared_in_its_own_currency() {
    let subject = || Subject::Input("amount".into());
    let inputs = || vec![money("amount", MoneyUnit::Minor)];
    for (settings, amount, expected) in [
        (json!({"limit": 500, "currency": "usd"}), Some(usd(500)), "allow"),
        (json!({"limit": 500, "currency": "USD"}), Some(usd(501)), "deny"),
        (json!({"limit": 500, "currency": "EUR"}), Some(usd(1)), "ask"),
        (json!({"limit": 500}), Some(usd(1)), "ask"),
        (json!({"currency": "USD"}), Some(usd(1)), "ask"),
        (json!({"limit": null, "currency": "USD"}), Some(usd(1)), "ask"),
        (json!({"limit": 0, "currency": "USD"}), Some(usd(1)), "deny"),
        (json!({"limit": "500", "currency": "USD"}), Some(usd(1)), "deny"),
        (json!({"limit": 500.5, "currency": "USD"}), Some(usd(1)), "deny"),
        (json!({"limit": 500, "currency": "USD"}), None, "deny"),
    ] {
        let one = at_most(subject(), "limit", Some("currency"), Otherwise::Deny);
        let call = Call { amount, ..with_settings(settings.clone()) };
        assert_eq!(guards(one, inputs(), &call), expected, "{settings}");
    }
    let one = Guard {
        because: Some("Large refunds need a person".into()),
        ..at_most(subject(), "limit", None, Otherwise::Ask)
    };
    let call = Call { amount: Some(usd(60_000)), ..with_settings(json!({"limit": 50_000})) };
    let reason = reasons(judge(&guarded(vec![one], inputs()), &call)).remove(0);
    assert_eq!(reason.words, "Large refunds need a person (600.00 USD is more than 500.00 USD)");
    assert_eq!(reason.setting.as_deref(), Some("limit"));
}

#[test]
fn a_yen_is_a_yen() {
    let yen = Money { minor: 500, currency: "JPY".parse().unwrap() };
    let one = at_most(Subject::Input("amount".into()), "limit", None, Otherwise::Ask);
    let call = Call { amount: Some(yen), ..with_settings(json!({"limit": 499})) };
    let reason = reasons(judge(&guarded(vec![one], Vec::new()), &call)).remove(0);
    assert_eq!(reason.words, "500 JPY is more than 499 JPY");
}

#[test]
fn sums_and_numbers_count_this_call_too() {
    let sum = || Subject::Sum { input: "amount".into(), per: Per::Key, within: 86_400 };
    let of = |total: Option<i64>| Totals(total.into_iter().map(|total| (0, total)).collect());
    for (total, expected) in [
        (Some(0), "allow"),
        (Some(400), "allow"),
        (Some(401), "deny"),
        (Some(i64::MAX), "deny"),
        (None, "deny"),
    ] {
        let one = at_most(sum(), "daily", None, Otherwise::Deny);
        let call = Call { amount: Some(usd(100)), totals: of(total), ..with_settings(json!({"daily": 500})) };
        assert_eq!(guards(one, Vec::new(), &call), expected, "{total:?}");
    }
    for (total, expected) in [(Some(19), "allow"), (Some(20), "ask"), (None, "ask")] {
        let test = Test::AtMost { limit: Limit::Fixed(20), currency: None };
        let one = guard(Subject::Count { per: Per::Project, within: 3600 }, test, Otherwise::Ask);
        assert_eq!(guards(one, Vec::new(), &Call { totals: of(total), ..call() }), expected, "{total:?}");
    }
}

#[test]
fn every_item_must_be_among_those_of_the_setting() {
    let address = input("", Shape::Text(TextShape { format: Some(TextFormat::Email), ..text_shape() }));
    let inputs = || vec![text("channel"), list("to", address.clone())];
    let one = |name: &str, unset_fails| {
        let test = Test::OneOfSetting { setting: "allowed".into(), unset_fails };
        guard(Subject::Input(name.into()), test, Otherwise::Ask)
    };
    for (settings, given, name, unset_fails, expected) in [
        (json!({"allowed": ["C1"]}), json!({"channel": "C1"}), "channel", false, "allow"),
        (json!({"allowed": ["C1"]}), json!({"channel": "c1"}), "channel", false, "ask"),
        (json!({"allowed": []}), json!({"channel": "C1"}), "channel", false, "ask"),
        (json!({"allowed": ["C1"]}), json!({}), "channel", false, "ask"),
        (json!({"allowed": "C1"}), json!({"channel": "C1"}), "channel", false, "ask"),
        (json!({}), json!({"channel": "C1"}), "channel", false, "allow"),
        (json!({}), json!({"channel": "C1"}), "channel", true, "ask"),
        (
            json!({"allowed": ["A@shop.test", "b@shop.test"]}),
            json!({"to": ["a@shop.test", "b@SHOP.test"]}),
            "to",
            false,
            "allow",
        ),
        (
            json!({"allowed": ["a@shop.test"]}),
            json!({"to": ["a@shop.test", "b@evil.test"]}),
            "to",
            false,
            "ask",
        ),
        (json!({"allowed": ["a@shop.test"]}), json!({}), "to", false, "allow"),
    ] {
        let call = Call { input: object(given.clone()), ..with_settings(settings.clone()) };
        assert_eq!(guards(one(name, unset_fails), inputs(), &call), expected, "{settings} {given}");
    }
}

#[test]
fn inputs_evidence_and_context_are_looked_at() {
    let values = || Test::OneOf(vec![json!(false)]);
    let notify = || guard(Subject::Input("notify".into()), values(), Otherwise::Ask);
    let inputs = || vec![input("notify", Shape::Boolean)];
    for (given, expected) in
        [(json!({"notify": false}), "allow"), (json!({"notify": true}), "ask"), (json!({}), "ask")]
    {
        let call = Call { input: object(given), ..call() };
        assert_eq!(guards(notify(), inputs(), &call), expected);
    }
    let open = || Guard {
        because: Some("Closed tickets cannot be changed".into()),
        ..guard(Subject::Evidence("status".into()), Test::OneOf(vec![json!("open")]), Otherwise::Deny)
    };
    let shut = Call { evidence: object(json!({"status": "closed"})), ..call() };
    let reason = reasons(judge(&guarded(vec![open()], Vec::new()), &shut)).remove(0);
    assert_eq!(reason.words, "Closed tickets cannot be changed");
    assert_eq!(guards(open(), Vec::new(), &call()), "deny");
    let for_whom = || guard(Subject::Context("on_behalf_of".into()), Test::Present, Otherwise::Deny);
    for (text, expected) in [(None, "deny"), (Some(" \u{200b}"), "deny"), (Some("Ada"), "allow")] {
        let context = Context { on_behalf_of: text.map(str::to_owned), ..Context::default() };
        assert_eq!(guards(for_whom(), Vec::new(), &Call { context, ..call() }), expected);
    }
}

/// A guard that passes if `passes`.
fn flag(passes: bool, otherwise: Otherwise) -> Guard {
    guard(Subject::Setting(if passes { "on" } else { "off" }.into()), Test::True, otherwise)
}

proptest! {
    #[test]
    fn the_strictest_wins(
        permission in prop::sample::select(vec![Permission::Allowed, Permission::Ask, Permission::Off]),
        is_active in any::<bool>(),
        flags in prop::collection::vec(
            (any::<bool>(), prop::sample::select(vec![Otherwise::Ask, Otherwise::Deny])),
            0..5,
        ),
    ) {
        let guards = flags.iter().map(|(passes, otherwise)| flag(*passes, *otherwise)).collect();
        let call = Call { permission, is_active, ..with_settings(json!({"on": true})) };
        let decision = judge(&guarded(guards, Vec::new()), &call);
        let fails = |which: Otherwise| flags.contains(&(false, which));
        let expected = if !is_active || permission == Permission::Off || fails(Otherwise::Deny) {
            "deny"
        } else if permission == Permission::Ask || fails(Otherwise::Ask) {
            "ask"
        } else {
            "allow"
        };
        prop_assert_eq!(word(&decision), expected);
        let told = reasons(decision);
        prop_assert_eq!(told.is_empty(), expected == "allow");
        // A guard that passed is no reason.
        for reason in told {
            if let Obstacle::Guard(index) = reason.obstacle {
                prop_assert!(!flags[index].0);
            }
        }
    }

    #[test]
    fn no_amount_over_a_limit_is_allowed(
        minor in 1_i64..1000,
        limit in prop::option::of(-10_i64..1000),
        total in prop::option::of(0_i64..1000),
        is_sum in any::<bool>(),
        otherwise in prop::sample::select(vec![Otherwise::Ask, Otherwise::Deny]),
    ) {
        let subject = if is_sum {
            Subject::Sum { input: "amount".into(), per: Per::Project, within: 60 }
        } else {
            Subject::Input("amount".into())
        };
        let call = Call {
            amount: Some(usd(minor)),
            totals: Totals(total.into_iter().map(|total| (0, total)).collect()),
            ..with_settings(json!({"limit": limit}))
        };
        let decision = guards(at_most(subject, "limit", None, otherwise), Vec::new(), &call);
        let spent = if is_sum { total.map(|total| total + minor) } else { Some(minor) };
        let is_within = limit.zip(spent).is_some_and(|(limit, spent)| spent <= limit);
        prop_assert_eq!(decision == "allow", is_within);
        if limit.is_none() {
            prop_assert_eq!(decision, "ask");
        }
    }
}
