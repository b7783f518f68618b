//! What other permissions and settings would have made of the calls of the past.

use serde_json::{Map, Value};
use time::{Duration, OffsetDateTime};

use super::decision::{Context, Decision, Facts, Reason, Totals, decide};
use super::input::amounts;
use super::run::RunStatus;
use super::spending::{Spending, spending};
use crate::catalog::Provider;
use crate::catalog::action::{Action, Subject};
use crate::permissions::ActionPermissions;
use crate::words::words;

words! {
    /// What was decided of a call.
    pub enum Decided {
        /// It may be sent.
        Allow = "allow",
        /// A person decides.
        Ask = "ask",
        /// It may not be sent.
        Deny = "deny",
    }
}

impl Decision {
    /// The decision, and why.
    pub fn into_parts(self) -> (Decided, Vec<Reason>) {
        match self {
            Self::Allow => (Decided::Allow, Vec::new()),
            Self::Ask(reasons) => (Decided::Ask, reasons),
            Self::Deny(reasons) => (Decided::Deny, reasons),
        }
    }
}

/// A call of the past, with what was known when it was decided on.
#[derive(Clone, Debug, PartialEq)]
pub struct PastCall {
    /// The action's key.
    pub action: String,
    /// The input, with explicit amounts.
    pub input: Map<String, Value>,
    /// What was read before.
    pub evidence: Map<String, Value>,
    /// What the call said of itself.
    pub context: Context,
    /// The key or the person that called.
    pub caller: String,
    /// When it was called.
    pub at: OffsetDateTime,
    /// What was decided.
    pub decided: Decided,
    /// What became of it.
    pub status: RunStatus,
}

/// What is decided by.
#[derive(Clone, Copy, Debug)]
pub struct Rules<'a> {
    /// The permissions of the provider's actions.
    pub permissions: &'a ActionPermissions,
    /// The settings.
    pub settings: &'a Map<String, Value>,
}

/// Decides on calls of the past by other rules.
#[derive(Debug)]
pub struct Replay<'a> {
    provider: &'a Provider,
    rules: Rules<'a>,
    spent: Vec<Spent<'a>>,
}

/// What an earlier call counts towards a total.
#[derive(Debug)]
struct Spent<'a> {
    action: &'a str,
    at: OffsetDateTime,
    spending: Spending,
}

impl<'a> Replay<'a> {
    /// Before any call of this provider.
    pub fn new(provider: &'a Provider, rules: Rules<'a>) -> Self {
        Self { provider, rules, spent: Vec::new() }
    }

    /// Decides on the next call; the oldest comes first. It counts towards the limits of those after it if it may be
    /// sent under these rules, unless it failed then.
    ///
    /// `None`: the provider no longer has the action, or a guard or an amount needs what is not kept of a call.
    pub fn decide(&mut self, call: &PastCall) -> Option<(Decided, Vec<Reason>)> {
        let action = self.provider.action(&call.action).filter(|action| !looks_at_redacted(action))?;
        let mut input = call.input.clone();
        let money = amounts(action, &mut input, &call.evidence, &Map::new()).ok()?;
        let counts = spending(action, &input, &money, &call.caller);
        let facts = Facts {
            permission: self.rules.permissions.get(&action.key).copied().unwrap_or_default(),
            is_active: true,
            settings: self.rules.settings,
            input: &input,
            money: &money,
            evidence: &call.evidence,
            context: &call.context,
            totals: &totals(action, &counts, &self.spent, call.at),
        };
        let (decided, reasons) = decide(action, &facts).into_parts();
        // What was denied then was not tried: it might have been done.
        let might_count = call.status.is_reserved() || call.decided == Decided::Deny;
        if decided != Decided::Deny && might_count {
            let counted =
                counts.into_iter().map(|spending| Spent { action: &action.key, at: call.at, spending });
            self.spent.extend(counted);
        }
        Some((decided, reasons))
    }
}

/// Whether a guard looks at an input that is not kept, because it is sensitive.
fn looks_at_redacted(action: &Action) -> bool {
    let is_sensitive =
        |name: &String| action.inputs.iter().any(|input| input.key == *name && input.sensitive);
    action.guards.iter().any(|guard| matches!(&guard.subject, Subject::Input(name) if is_sensitive(name)))
}

/// What earlier calls have spent of the windows of a call at this time.
fn totals(action: &Action, counts: &[Spending], spent: &[Spent<'_>], at: OffsetDateTime) -> Totals {
    let total = |count: &Spending| {
        let since = at - Duration::seconds(count.within.into());
        let same = |one: &&Spent<'_>| {
            let (a, b) = (&one.spending, count);
            let is_same = a.guard == b.guard && a.subject == b.subject && a.currency == b.currency;
            one.action == action.key && one.at > since && is_same
        };
        let sum = spent.iter().filter(same).fold(0_i64, |sum, one| sum.saturating_add(one.spending.amount));
        (count.guard, sum)
    };
    Totals(counts.iter().map(total).collect())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;
    use crate::catalog::contract_test::of_the_contract;
    use crate::permissions::Permission;

    fn object(value: &Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap()
    }

    fn call(minute: i64, amount: i64, decided: Decided, status: RunStatus) -> PastCall {
        PastCall {
            action: "issue_refund".into(),
            input: object(&json!({"charge": "ch_1", "amount": amount, "reason": "duplicate"})),
            evidence: object(&json!({"currency": "usd", "disputed": false})),
            context: Context::default(),
            caller: "key_1".into(),
            at: OffsetDateTime::UNIX_EPOCH + Duration::minutes(minute),
            decided,
            status,
        }
    }

    /// What is decided of these refunds if they are permitted up to this many cents each, and as many a day.
    fn decided(calls: &[PastCall], permission: Permission, each: i64, a_day: i64) -> Vec<Option<Decided>> {
        let catalog = of_the_contract();
        let settings = object(&json!({
            "refunds_enabled": true,
            "refund_limit_cents": each,
            "refund_limit_currency": "USD",
            "refund_daily_limit_cents": a_day
        }));
        let permissions = BTreeMap::from([("issue_refund".to_owned(), permission)]);
        let rules = Rules { permissions: &permissions, settings: &settings };
        let mut replay = Replay::new(catalog.get("stripe").unwrap(), rules);
        calls.iter().map(|call| replay.decide(call).map(|(decided, _)| decided)).collect()
    }

    #[test]
    fn another_permission_or_setting_decides_otherwise() {
        let calls = [call(0, 600, Decided::Allow, RunStatus::Succeeded)];
        let one = |permission, each, a_day| decided(&calls, permission, each, a_day)[0];
        assert_eq!(one(Permission::Allowed, 600, 600), Some(Decided::Allow));
        assert_eq!(one(Permission::Ask, 600, 600), Some(Decided::Ask));
        assert_eq!(one(Permission::Off, 600, 600), Some(Decided::Deny));
        assert_eq!(one(Permission::Allowed, 599, 600), Some(Decided::Ask));
        assert_eq!(one(Permission::Allowed, 600, 599), Some(Decided::Deny));
    }

    #[test]
    fn earlier_calls_count_if_they_may_be_sent_and_did_not_fail() {
        use Decided::{Allow, Deny};
        let second = call(60, 600, Allow, RunStatus::Succeeded);
        for (first, expected) in [
            (call(0, 600, Allow, RunStatus::Succeeded), Deny),
            (call(0, 600, Allow, RunStatus::Unknown), Deny),
            (call(0, 600, Allow, RunStatus::Failed), Allow),
            // It would have been sent.
            (call(0, 600, Deny, RunStatus::Denied), Deny),
            // It would not have been sent.
            (call(0, 1001, Allow, RunStatus::Succeeded), Allow),
            // A day is over.
            (call(60 - 24 * 60, 600, Allow, RunStatus::Succeeded), Allow),
        ] {
            let told = format!("{first:?}");
            let replayed = decided(&[first, second.clone()], Permission::Allowed, 5000, 1000);
            assert_eq!(replayed[1], Some(expected), "{told}");
        }
    }

    #[test]
    fn what_cannot_be_decided_again_is_left_out() {
        let gone = PastCall { action: "gone".into(), ..call(0, 600, Decided::Allow, RunStatus::Succeeded) };
        let no_currency =
            PastCall { evidence: Map::new(), ..call(0, 600, Decided::Allow, RunStatus::Failed) };
        assert_eq!(decided(&[gone, no_currency], Permission::Allowed, 600, 600), [None, None]);
    }
}
