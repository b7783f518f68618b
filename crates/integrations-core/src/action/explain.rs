//! Explains a decision: everything that it looks at, with what the call has, and what each look alone decides.

use serde_json::{Map, Value};

use super::decision::{Facts, Obstacle, looks, objection};
use super::guard_words::{Told, value_in_words};
use super::money::Currency;
use super::replay::Decided;
use super::shown::shown_input;
use crate::audit::REDACTED;
use crate::catalog::Provider;
use crate::catalog::action::{Action, Guard, Limit, Otherwise, Shape, Subject, Test};
use crate::lifecycle::Status;
use crate::permissions::Permission;

/// One look of a decision. Everything in it is in words for people, and no sensitive value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What it looks at.
    pub of: Obstacle,
    /// What it alone decides. `None`: nobody knows, because the provider was not asked.
    pub decided: Option<Decided>,
    /// What must hold.
    pub rule: String,
    /// Why that does not hold. `None`: it holds, or nobody knows.
    pub why: Option<String>,
    /// What the call or the integration has. `None`: nothing, or it is not known.
    pub value: Option<String>,
    /// What that is compared with, as it stands now. `None`: nothing, or it is not set.
    pub limit: Option<String>,
    /// Of a sum or a number: what earlier calls of its window have used, or have reserved.
    pub used: Option<String>,
    /// The window, in seconds.
    pub within: Option<u32>,
    /// The setting that decides it, if it is one.
    pub setting: Option<String>,
}

/// What an explanation needs to know beside the facts of the decision.
#[derive(Clone, Copy, Debug)]
pub struct Explained<'a> {
    /// The provider, whose settings have titles.
    pub provider: &'a Provider,
    /// The integration's status.
    pub status: Status,
    /// Whether the provider was asked for the evidence and for what the amounts need.
    pub was_asked: bool,
}

/// Everything that a decision looks at, in order. The strictest of them is what [`super::decide`] decides.
pub fn explain(action: &Action, facts: &Facts<'_>, explained: Explained<'_>) -> Vec<Check> {
    looks(action).map(|of| Looked { action, facts, explained, of }.check()).collect()
}

/// The strictest of the checks, and why.
pub fn strictest(checks: &[Check]) -> (Decided, Vec<String>) {
    let decided = [Decided::Deny, Decided::Ask]
        .into_iter()
        .find(|decided| checks.iter().any(|check| check.decided == Some(*decided)))
        .unwrap_or(Decided::Allow);
    let mut reasons: Vec<String> = Vec::new();
    for check in checks.iter().filter(|check| check.decided == Some(decided)) {
        reasons.extend(check.why.clone().filter(|why| !reasons.contains(why)));
    }
    (decided, reasons)
}

/// One look, and what its check is made of.
struct Looked<'a> {
    action: &'a Action,
    facts: &'a Facts<'a>,
    explained: Explained<'a>,
    of: Obstacle,
}

impl Looked<'_> {
    fn check(&self) -> Check {
        let found = self.is_known().then(|| objection(self.action, self.facts, self.of));
        let decided = found.as_ref().map(|objection| match objection {
            None => Decided::Allow,
            Some((Otherwise::Ask, _)) => Decided::Ask,
            Some((Otherwise::Deny, _)) => Decided::Deny,
        });
        let reason = found.flatten().map(|(_, reason)| reason);
        let guard = self.guard();
        let told = guard.map(|guard| self.told(guard));
        Check {
            of: self.of,
            decided,
            rule: self.rule(told.as_ref()),
            value: self.value(),
            limit: told.as_ref().and_then(Told::limit),
            used: self.used(),
            within: guard.and_then(within),
            setting: guard.and_then(setting),
            why: reason.map(|reason| reason.words),
        }
    }

    fn guard(&self) -> Option<&Guard> {
        let Obstacle::Guard(index) = self.of else { return None };
        self.action.guards.get(index)
    }

    fn told<'g>(&'g self, guard: &'g Guard) -> Told<'g> {
        let (Self { action, facts, explained, .. }, currency) = (self, self.currency(guard));
        Told { provider: explained.provider, action, settings: facts.settings, guard, currency }
    }

    /// The currency of the amount that a guard looks at, if it looks at one.
    fn currency(&self, guard: &Guard) -> Option<Currency> {
        let (Subject::Input(name) | Subject::Sum { input: name, .. }) = &guard.subject else { return None };
        self.facts.money.get(name).map(|money| money.currency)
    }

    /// Whether it can be judged by what is known.
    fn is_known(&self) -> bool {
        if self.explained.was_asked {
            return true;
        }
        match self.guard().map(|guard| &guard.subject) {
            Some(Subject::Evidence(name)) => self.facts.evidence.contains_key(name),
            Some(Subject::Input(name) | Subject::Sum { input: name, .. }) => {
                let is_money = self
                    .action
                    .inputs
                    .iter()
                    .any(|input| input.key == *name && matches!(input.shape, Shape::Money { .. }));
                !is_money || self.facts.money.contains_key(name)
            }
            _ => true,
        }
    }

    fn rule(&self, told: Option<&Told<'_>>) -> String {
        match (self.of, told) {
            (_, Some(told)) => told.requirement(),
            (Obstacle::Status, _) => "The integration must be active".to_owned(),
            _ => format!("“{}” must be permitted", self.action.label),
        }
    }

    fn value(&self) -> Option<String> {
        let facts = self.facts;
        let Some(guard) = self.guard() else {
            return Some(match self.of {
                Obstacle::Status => self.explained.status.to_string(),
                _ => permission(facts.permission).to_owned(),
            });
        };
        let stored = |values: &Map<String, Value>, name: &str| {
            values.get(name).filter(|value| !value.is_null()).map(value_in_words)
        };
        match &guard.subject {
            Subject::Setting(name) => stored(facts.settings, name),
            Subject::Evidence(name) => stored(facts.evidence, name),
            Subject::Context(name) => facts.context.get(name).map(|text| format!("“{text}”")),
            Subject::Input(name) | Subject::Sum { input: name, .. } => match facts.money.get(name) {
                Some(money) => Some(money.to_string()),
                None => self.input(name),
            },
            Subject::Count { .. } => Some("1".to_owned()),
        }
    }

    /// An input in words, unless any of it is sensitive.
    fn input(&self, name: &str) -> Option<String> {
        let value = self.facts.input.get(name)?;
        let input = Map::from_iter([(name.to_owned(), value.clone())]);
        let shown = shown_input(&self.action.inputs, &input).remove(name)?;
        Some(if shown == *value { value_in_words(value) } else { REDACTED.to_owned() })
    }

    fn used(&self) -> Option<String> {
        let Obstacle::Guard(index) = self.of else { return None };
        let used = *self.facts.totals.0.get(&index)?;
        let currency = self.currency(self.guard()?);
        Some(currency.map_or_else(|| used.to_string(), |currency| amount(used, currency)))
    }
}

fn amount(minor: i64, currency: Currency) -> String {
    format!("{} {}", currency.decimal(minor), currency.code())
}

/// A permission in a word.
const fn permission(permission: Permission) -> &'static str {
    match permission {
        Permission::Allowed => "on",
        Permission::Ask => "ask",
        Permission::Off => "off",
    }
}

const fn within(guard: &Guard) -> Option<u32> {
    match &guard.subject {
        Subject::Sum { within, .. } | Subject::Count { within, .. } => Some(*within),
        _ => None,
    }
}

/// The setting that a guard looks at, or is compared with.
fn setting(guard: &Guard) -> Option<String> {
    match (&guard.subject, &guard.test) {
        (_, Test::AtMost { limit: Limit::Setting(name), .. } | Test::OneOfSetting { setting: name, .. })
        | (Subject::Setting(name), _) => Some(name.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;
    use crate::action::sample::object;
    use crate::action::{Context, Decision, Money, Totals, decide};
    use crate::catalog::contract_test::of_the_contract;

    /// What is decided of a refund of so many cents, of which 12.00 were used, and each check as
    /// `decided rule | value | limit | used`.
    fn explained(permission: Permission, cents: i64, was_asked: bool) -> (Decided, Vec<String>, Vec<Check>) {
        let catalog = of_the_contract();
        let stripe = catalog.get("stripe").unwrap();
        let action = stripe.action("issue_refund").unwrap();
        let settings = object(json!({
            "refunds_enabled": true, "refund_limit_cents": 2_000, "refund_limit_currency": "USD",
            "refund_daily_limit_cents": 3_000
        }));
        let input = object(json!({"charge": "ch_1", "amount": cents, "reason": "duplicate"}));
        let usd = Money::new(cents, "USD".parse().unwrap()).unwrap();
        let money = if was_asked { BTreeMap::from([("amount".to_owned(), usd)]) } else { BTreeMap::new() };
        let evidence =
            object(if was_asked { json!({"currency": "usd", "disputed": false}) } else { json!({}) });
        let sums = action.guards.iter().enumerate();
        let sums = sums.filter(|(_, guard)| matches!(guard.subject, Subject::Sum { .. }));
        let facts = Facts {
            permission,
            is_active: true,
            settings: &settings,
            input: &input,
            money: &money,
            evidence: &evidence,
            context: &Context::default(),
            totals: &Totals(sums.map(|(index, _)| (index, 1_200)).collect()),
        };
        let checks =
            explain(action, &facts, Explained { provider: stripe, status: Status::Active, was_asked });
        let (decided, reasons) = strictest(&checks);
        if was_asked {
            let (same, words) = match decide(action, &facts) {
                Decision::Allow => (Decided::Allow, Vec::new()),
                Decision::Ask(reasons) => (Decided::Ask, reasons),
                Decision::Deny(reasons) => (Decided::Deny, reasons),
            };
            let words: Vec<String> = words.into_iter().map(|reason| reason.words).collect();
            assert_eq!((decided, &reasons), (same, &words));
        }
        (decided, reasons, checks)
    }

    #[test]
    fn every_look_is_told_with_what_it_sees() {
        let (decided, reasons, checks) = explained(Permission::Allowed, 500, true);
        assert_eq!((decided, reasons), (Decided::Allow, Vec::new()));
        assert_eq!(checks[0].value.as_deref(), Some("active"));
        assert_eq!(checks[1].value.as_deref(), Some("on"));
        let each =
            checks.iter().find(|check| check.setting.as_deref() == Some("refund_limit_cents")).unwrap();
        assert_eq!((each.value.as_deref(), each.limit.as_deref()), (Some("5.00 USD"), Some("20.00 USD")));
        assert!(each.rule.contains("may be at most"), "{each:?}");
        let of_day = |check: &&Check| check.setting.as_deref() == Some("refund_daily_limit_cents");
        let sum = checks.iter().find(of_day).unwrap();
        assert_eq!((sum.used.as_deref(), sum.limit.as_deref()), (Some("12.00 USD"), Some("30.00 USD")));
        assert_eq!((sum.within, sum.decided), (Some(86_400), Some(Decided::Allow)));
    }

    #[test]
    fn the_strictest_check_decides_and_says_why() {
        for (permission, cents, expected) in [
            (Permission::Ask, 500, Decided::Ask),
            (Permission::Allowed, 900, Decided::Ask),
            (Permission::Allowed, 1_801, Decided::Deny),
            (Permission::Off, 500, Decided::Deny),
        ] {
            let (decided, reasons, _) = explained(permission, cents, true);
            assert_eq!(decided, expected, "{permission:?} {cents}");
            assert!(!reasons.is_empty(), "{permission:?} {cents}");
        }
    }

    #[test]
    fn what_the_provider_was_not_asked_for_is_not_judged() {
        let (decided, reasons, checks) = explained(Permission::Off, 500, false);
        assert_eq!((decided, reasons.len()), (Decided::Deny, 1));
        let each =
            checks.iter().find(|check| check.setting.as_deref() == Some("refund_limit_cents")).unwrap();
        assert_eq!((each.decided, &each.why), (None, &None));
        let enabled =
            checks.iter().find(|check| check.setting.as_deref() == Some("refunds_enabled")).unwrap();
        assert_eq!(enabled.decided, Some(Decided::Allow));
    }
}
