//! Decides whether an action may be performed: by its permission, by its guards, and by the state of the integration.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::money::{Currency, Money};
use crate::catalog::action::{
    Action, ActionInput, Guard, Limit, Otherwise, Shape, Subject, Test, TextFormat,
};
use crate::characters::is_blank;
use crate::permissions::Permission;

/// What a call says of itself, in words for people.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Context {
    /// For whom it is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_behalf_of: Option<String>,
    /// The conversation in which it came up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversation: Option<String>,
    /// Why it is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Context {
    /// The text with this name. `None`: it is not said, or there is no such name.
    pub fn get(&self, name: &str) -> Option<&str> {
        match name {
            "on_behalf_of" => self.on_behalf_of.as_deref(),
            "conversation" => self.conversation.as_deref(),
            "reason" => self.reason.as_deref(),
            _ => None,
        }
    }
}

/// For each guard on a sum or a number, by its place in the action's list: what the runs of its window have spent,
/// reserved or may have spent already, without this call. A sum is in the smallest unit of this call's currency.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals(pub BTreeMap<usize, i64>);

/// What a decision looks at.
#[derive(Clone, Copy)]
pub struct Facts<'a> {
    /// The permission of the action.
    pub permission: Permission,
    /// Whether the integration is active.
    pub is_active: bool,
    /// The settings of the integration.
    pub settings: &'a Map<String, Value>,
    /// The checked input, with its defaults.
    pub input: &'a Map<String, Value>,
    /// Its amounts, by input.
    pub money: &'a BTreeMap<String, Money>,
    /// What was kept of the evidence.
    pub evidence: &'a Map<String, Value>,
    /// What the call says of itself.
    pub context: &'a Context,
    /// What other runs have spent.
    pub totals: &'a Totals,
}

/// Whether an action may be performed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It may.
    Allow,
    /// A person decides, for these reasons.
    Ask(Vec<Reason>),
    /// It may not, for these reasons.
    Deny(Vec<Reason>),
}

impl Decision {
    /// The decision on a call that a setting permits: a person has set it, and with it has answered what a person would
    /// be asked. What is denied stays denied.
    #[must_use]
    pub fn permitted_by_setting(self) -> Self {
        match self {
            Self::Ask(_) => Self::Allow,
            decided => decided,
        }
    }
}

/// Why an action may not be performed without more ado.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// What stands in its way.
    pub obstacle: Obstacle,
    /// Why, in words for people. No sensitive value is in it.
    pub words: String,
    /// The setting that decides it, if it is one.
    pub setting: Option<String>,
}

/// What stands in the way of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Obstacle {
    /// The integration is not active.
    Status,
    /// The permission of the action.
    Permission,
    /// The guard at this place of the action's list.
    Guard(usize),
    /// The provider says something else than at the asking.
    Evidence,
}

/// Decides. The strictest wins: one denial denies, and one question asks. A guard that cannot be judged does not pass.
pub fn decide(action: &Action, facts: &Facts<'_>) -> Decision {
    let (mut questions, mut denials): (Vec<Reason>, Vec<Reason>) = (Vec::new(), Vec::new());
    for (otherwise, reason) in looks(action).filter_map(|of| objection(action, facts, of)) {
        let reasons = match otherwise {
            Otherwise::Ask => &mut questions,
            Otherwise::Deny => &mut denials,
        };
        // Several guards may say the same, such as that one setting of theirs is not set.
        if !reasons.iter().any(|one| one.words == reason.words) {
            reasons.push(reason);
        }
    }
    if !denials.is_empty() {
        Decision::Deny(denials)
    } else if !questions.is_empty() {
        Decision::Ask(questions)
    } else {
        Decision::Allow
    }
}

/// What a decision on an action looks at, in order.
pub(super) fn looks(action: &Action) -> impl Iterator<Item = Obstacle> {
    let guards = (0..action.guards.len()).map(Obstacle::Guard);
    [Obstacle::Status, Obstacle::Permission].into_iter().chain(guards)
}

/// What one look finds against a call, and what follows from it. `None`: nothing.
pub(super) fn objection(action: &Action, facts: &Facts<'_>, of: Obstacle) -> Option<(Otherwise, Reason)> {
    let reason = |words: String| Reason { obstacle: of, words, setting: None };
    match of {
        Obstacle::Status if facts.is_active => None,
        Obstacle::Status => Some((Otherwise::Deny, reason("The integration is not active".to_owned()))),
        Obstacle::Permission => match facts.permission {
            Permission::Allowed => None,
            Permission::Ask => {
                Some((Otherwise::Ask, reason(format!("A person approves each “{}”", action.label))))
            }
            Permission::Off => {
                Some((Otherwise::Deny, reason(format!("“{}” is not permitted", action.label))))
            }
        },
        Obstacle::Guard(index) => {
            let guard = action.guards.get(index)?;
            let Failure { otherwise, words, setting } =
                Judged { action, facts, guard, index }.judge().err()?;
            Some((otherwise, Reason { setting, ..reason(words) }))
        }
        Obstacle::Evidence => None,
    }
}

/// A guard that did not pass.
struct Failure {
    otherwise: Otherwise,
    words: String,
    setting: Option<String>,
}

/// A guard, and what it is judged by.
struct Judged<'a> {
    action: &'a Action,
    facts: &'a Facts<'a>,
    guard: &'a Guard,
    index: usize,
}

impl<'a> Judged<'a> {
    fn judge(&self) -> Result<(), Failure> {
        match &self.guard.test {
            Test::AtMost { limit, currency } => self.at_most(limit, currency.as_deref()),
            Test::True => self.every(|value| *value == Value::Bool(true), self.setting_of_subject()),
            Test::Present => self.every(is_something, None),
            Test::OneOf(allowed) => self.every(|value| self.is_among(value, allowed), None),
            Test::OneOfSetting { setting, unset_fails } => {
                match self.facts.settings.get(setting).filter(|value| !value.is_null()) {
                    None if *unset_fails => Err(self.failure(None, Some(setting))),
                    None => Ok(()),
                    Some(Value::Array(allowed)) => {
                        self.every(|value| self.is_among(value, allowed), Some(setting))
                    }
                    Some(_) => Err(self.failure(None, Some(setting))),
                }
            }
        }
    }

    /// Passes if every value of the subject does. A list that was left out has none; nothing else may be left out.
    fn every(&self, passes: impl Fn(&Value) -> bool, setting: Option<&str>) -> Result<(), Failure> {
        let values = self.values();
        let may_be_none = values.is_empty() && self.input().is_some_and(is_list) && !self.wants_presence();
        if may_be_none || (!values.is_empty() && values.iter().all(passes)) {
            return Ok(());
        }
        Err(self.failure(None, setting))
    }

    fn wants_presence(&self) -> bool {
        matches!(self.guard.test, Test::Present | Test::True)
    }

    /// The values of the subject: the items of a list, or the one value that there is.
    fn values(&self) -> Vec<Value> {
        let facts = self.facts;
        let value = match &self.guard.subject {
            Subject::Setting(name) => facts.settings.get(name).cloned(),
            Subject::Input(name) => facts.input.get(name).cloned(),
            Subject::Evidence(name) => facts.evidence.get(name).cloned(),
            Subject::Context(name) => facts.context.get(name).map(Value::from),
            Subject::Sum { .. } | Subject::Count { .. } => None,
        };
        match value {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(items)) => items,
            Some(value) => vec![value],
        }
    }

    /// What the action says of the input that is the subject.
    fn input(&self) -> Option<&'a ActionInput> {
        let Subject::Input(name) = &self.guard.subject else { return None };
        self.action.inputs.iter().find(|input| input.key == *name)
    }

    fn setting_of_subject(&self) -> Option<&'a str> {
        match &self.guard.subject {
            Subject::Setting(name) => Some(name),
            _ => None,
        }
    }

    /// Whether a value is one of these. Addresses of e-mail are compared without case.
    fn is_among(&self, value: &Value, allowed: &[Value]) -> bool {
        let is_address = self.input().is_some_and(is_address);
        allowed.iter().any(|one| match (one.as_str(), value.as_str()) {
            (Some(one), Some(value)) if is_address => one.eq_ignore_ascii_case(value),
            _ => one == value,
        })
    }

    /// Passes if each number of the subject is at most the limit. A person is asked where the limit is not set, or is
    /// in another currency, whatever the guard says.
    fn at_most(&self, limit: &Limit, currency: Option<&str>) -> Result<(), Failure> {
        let settings = self.facts.settings;
        let setting = |name: &str| settings.get(name).filter(|value| !value.is_null());
        let (number, name) = match limit {
            Limit::Fixed(number) => (Some(*number), None),
            Limit::Setting(name) => match setting(name) {
                None => return Err(self.question(format!("“{name}” is not set"), name)),
                Some(value) => (value.as_i64(), Some(name.as_str())),
            },
        };
        let money = self.money();
        if let (Some(name), Some(money)) = (currency, money) {
            let limits = setting(name).and_then(|value| value.as_str()?.parse::<Currency>().ok());
            if limits != Some(money.currency) {
                let code = money.currency.code();
                return Err(self.question(format!("The limit is not in {code}, which “{name}” says"), name));
            }
        }
        let numbers = self.numbers();
        let passes = |(number, numbers): (i64, Vec<i64>)| {
            !numbers.is_empty() && numbers.iter().all(|one| *one <= number)
        };
        if number.zip(numbers).is_some_and(passes) {
            return Ok(());
        }
        let over = money.zip(number).map(|(money, number)| {
            let limit = Money::new(number, money.currency)
                .map_or_else(|| "nothing".to_owned(), |one| one.to_string());
            match self.guard.subject {
                Subject::Sum { .. } => format!("With {money} more, the sum would be over {limit}"),
                _ => format!("{money} is more than {limit}"),
            }
        });
        Err(self.failure(over, name))
    }

    /// The amount that the guard looks at.
    fn money(&self) -> Option<Money> {
        match &self.guard.subject {
            Subject::Input(name) | Subject::Sum { input: name, .. } => self.facts.money.get(name).copied(),
            _ => None,
        }
    }

    /// The numbers that are compared with a limit. `None`: they are not known, or are no whole numbers.
    fn numbers(&self) -> Option<Vec<i64>> {
        let total = || self.facts.totals.0.get(&self.index).copied();
        match &self.guard.subject {
            Subject::Sum { .. } => Some(vec![total()?.checked_add(self.money()?.minor)?]),
            Subject::Count { .. } => Some(vec![total()?.checked_add(1)?]),
            _ => match self.money() {
                Some(money) => Some(vec![money.minor]),
                None => self.values().iter().map(Value::as_i64).collect(),
            },
        }
    }

    /// A question, although the guard would deny.
    fn question(&self, words: String, setting: &str) -> Failure {
        Failure { otherwise: Otherwise::Ask, words, setting: Some(setting.to_owned()) }
    }

    /// The guard did not pass. The file's own words come first.
    fn failure(&self, detail: Option<String>, setting: Option<&str>) -> Failure {
        let words = match (&self.guard.because, detail) {
            (Some(because), Some(detail)) => format!("{because} ({detail})"),
            (Some(because), None) => because.clone(),
            (None, Some(detail)) => detail,
            (None, None) => self.in_words(setting),
        };
        Failure { otherwise: self.guard.otherwise, words, setting: setting.map(str::to_owned) }
    }

    /// What the guard asks for.
    fn in_words(&self, setting: Option<&str>) -> String {
        match (&self.guard.subject, setting) {
            (Subject::Setting(name), _) => format!("“{name}” is not switched on"),
            (Subject::Input(name), Some(setting)) => format!("“{setting}” does not allow this “{name}”"),
            (Subject::Input(name), None) => format!("This “{name}” is not allowed"),
            (Subject::Evidence(name), _) => format!("The provider's “{name}” does not allow it"),
            (Subject::Context(name), _) => format!("The call's context must say “{name}”"),
            (Subject::Sum { .. }, _) => "The sum is not known, or would be too large".to_owned(),
            (Subject::Count { .. }, _) => "It was done as often as is allowed".to_owned(),
        }
    }
}

fn is_something(value: &Value) -> bool {
    !value.is_null() && !value.as_str().is_some_and(is_blank)
}

const fn is_list(input: &ActionInput) -> bool {
    matches!(input.shape, Shape::List { .. })
}

/// Whether an input is an address of e-mail, or a list of them.
fn is_address(input: &ActionInput) -> bool {
    match &input.shape {
        Shape::Text(text) => text.format == Some(TextFormat::Email),
        Shape::List { items, .. } => is_address(items),
        _ => false,
    }
}
