//! What a call counts towards the totals that guards look at.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::money::{Currency, Money};
use crate::catalog::action::{Action, Per, Shape, Subject, TextFormat};

/// What a call counts towards the total of one guard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spending {
    /// The guard's place in the action's list.
    pub guard: usize,
    /// The name of the total. Guards that only differ in window and limit share one.
    pub total: String,
    /// Among which runs: the value that they share.
    pub subject: String,
    /// The currency of a sum.
    pub currency: Option<Currency>,
    /// In the currency's smallest unit. 1 if runs are counted.
    pub amount: i64,
    /// The window, in seconds.
    pub within: u32,
}

/// What a call counts towards the totals of its action's guards. `caller` is the key or the person that calls.
///
/// A sum whose amount is not known is left out: its guard does not pass then.
pub fn spending(
    action: &Action,
    input: &Map<String, Value>,
    money: &BTreeMap<String, Money>,
    caller: &str,
) -> Vec<Spending> {
    let of = |per: &Per| match per {
        Per::Project => ("project".to_owned(), String::new()),
        Per::Key => ("key".to_owned(), caller.to_owned()),
        Per::Input(name) => (format!("input {name}"), subject(action, name, input.get(name))),
    };
    let of_guard = |(guard, subject): (usize, &Subject)| match subject {
        Subject::Sum { input: name, per, within } => {
            let Money { minor, currency } = *money.get(name)?;
            let (per, subject) = of(per);
            let total = format!("sum of {name} per {per}");
            Some(Spending { guard, total, subject, currency: Some(currency), amount: minor, within: *within })
        }
        Subject::Count { per, within } => {
            let (per, subject) = of(per);
            let total = format!("count per {per}");
            Some(Spending { guard, total, subject, currency: None, amount: 1, within: *within })
        }
        Subject::Setting(_) | Subject::Input(_) | Subject::Evidence(_) | Subject::Context(_) => None,
    };
    action.guards.iter().map(|guard| &guard.subject).enumerate().filter_map(of_guard).collect()
}

/// The value of an input as the subject of a total. An address of e-mail is one whatever its case.
fn subject(action: &Action, name: &str, value: Option<&Value>) -> String {
    let declared = action.inputs.iter().find(|input| input.key == name);
    let is_address = declared.is_some_and(
        |input| matches!(&input.shape, Shape::Text(text) if text.format == Some(TextFormat::Email)),
    );
    match value {
        Some(Value::String(text)) if is_address => text.to_ascii_lowercase(),
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::action::sample::{action, guard, money, text};
    use crate::catalog::action::{Guard, Limit, MoneyUnit, Otherwise, Test};

    fn at_most(subject: Subject) -> Guard {
        guard(subject, Test::AtMost { limit: Limit::Fixed(5), currency: None }, Otherwise::Deny)
    }

    #[test]
    fn a_call_counts_its_amount_or_one() {
        let per_charge =
            Subject::Sum { input: "amount".into(), per: Per::Input("charge".into()), within: 60 };
        let per_key = Subject::Count { per: Per::Key, within: 90 };
        let unknown = Subject::Sum { input: "fee".into(), per: Per::Project, within: 60 };
        let guards = [unknown, per_charge, per_key].map(at_most).to_vec();
        let inputs = vec![text("charge"), money("amount", MoneyUnit::Minor)];
        let refund = Action { guards, ..action(inputs) };
        let currency: Currency = "USD".parse().unwrap();
        let amounts = BTreeMap::from([("amount".to_owned(), Money::new(500, currency).unwrap())]);
        let given = json!({"charge": "ch_1", "amount": 500});
        let spent = spending(&refund, given.as_object().unwrap(), &amounts, "key_1");
        let expected = [
            Spending {
                guard: 1,
                total: "sum of amount per input charge".into(),
                subject: "ch_1".into(),
                currency: Some(currency),
                amount: 500,
                within: 60,
            },
            Spending {
                guard: 2,
                total: "count per key".into(),
                subject: "key_1".into(),
                currency: None,
                amount: 1,
                within: 90,
            },
        ];
        assert_eq!(spent, expected);
    }

    #[test]
    fn an_address_is_one_whatever_its_case() {
        let mut address = text("to");
        if let Shape::Text(text) = &mut address.shape {
            text.format = Some(TextFormat::Email);
        }
        let per = Subject::Count { per: Per::Input("to".into()), within: 60 };
        let message = Action { guards: vec![at_most(per)], ..action(vec![address]) };
        let subject = |to: &str| {
            let given = json!({"to": to});
            spending(&message, given.as_object().unwrap(), &BTreeMap::new(), "key_1")[0].subject.clone()
        };
        assert_eq!(subject("Ada@Shop.test"), subject("ada@shop.TEST"));
    }
}
