//! What guards an action beside its permission, in words for people.

use serde_json::{Map, Value};

use super::money::{Currency, Money};
use crate::catalog::Provider;
use crate::catalog::action::{Action, Guard, Limit, MoneyCurrency, Otherwise, Per, Shape, Subject, Test};

/// What guards an action with these settings, one sentence or two for each guard.
pub fn guard_sentences(provider: &Provider, action: &Action, settings: &Map<String, Value>) -> Vec<String> {
    let told = |guard| Told { provider, action, settings, guard, currency: None };
    action.guards.iter().map(|guard| told(guard).sentence()).collect()
}

/// A value, as it is written in a sentence.
pub fn value_in_words(value: &Value) -> String {
    match value {
        Value::Bool(true) => "on".to_owned(),
        Value::Bool(false) => "off".to_owned(),
        Value::Null => "nothing".to_owned(),
        Value::String(text) => format!("“{text}”"),
        Value::Array(items) if items.iter().all(Value::is_string) => {
            items.iter().map(value_in_words).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}

/// A guard, and what its words are made of.
pub(super) struct Told<'a> {
    pub(super) provider: &'a Provider,
    pub(super) action: &'a Action,
    pub(super) settings: &'a Map<String, Value>,
    pub(super) guard: &'a Guard,
    /// The currency of amounts for which neither a setting nor the action names one.
    pub(super) currency: Option<Currency>,
}

impl Told<'_> {
    fn sentence(&self) -> String {
        let consequence = match self.guard.otherwise {
            Otherwise::Ask => "otherwise a person is asked",
            Otherwise::Deny => "otherwise the call is denied",
        };
        let now = self.now().map(|now| format!(" {now}")).unwrap_or_default();
        format!("{}; {consequence}.{now}", self.requirement())
    }

    /// What must hold.
    pub(super) fn requirement(&self) -> String {
        let subject = self.subject();
        match &self.guard.test {
            Test::True => match &self.guard.subject {
                Subject::Setting(_) => format!("{subject} must be on"),
                _ => format!("{subject} must be true"),
            },
            Test::Present => format!("{subject} must be given"),
            Test::AtMost { limit, .. } => {
                let limit = match limit {
                    Limit::Fixed(number) => self.amount(*number),
                    Limit::Setting(name) => format!("the setting {}", self.setting(name)),
                };
                format!("{subject} may be at most {limit}")
            }
            Test::OneOfSetting { setting, .. } => {
                format!("{subject} must be one of the setting {}", self.setting(setting))
            }
            Test::OneOf(values) => {
                let values: Vec<String> = values.iter().map(value_in_words).collect();
                format!("{subject} must be {}", values.join(" or "))
            }
        }
    }

    fn subject(&self) -> String {
        match &self.guard.subject {
            Subject::Setting(name) => format!("The setting {}", self.setting(name)),
            Subject::Input(name) => format!("The input “{name}”"),
            Subject::Evidence(name) => format!("What {} says of “{name}”", self.provider.name),
            Subject::Context(name) => format!("“{name}” in the call's context"),
            Subject::Sum { input, per, within } => {
                format!("The sum of “{input}” in {}{}", span(*within), among(per))
            }
            Subject::Count { per, within } => {
                format!("The number of calls in {}{}", span(*within), among(per))
            }
        }
    }

    /// How the setting that decides stands now.
    fn now(&self) -> Option<String> {
        match (&self.guard.test, &self.guard.subject) {
            (Test::True, Subject::Setting(name)) => {
                let is_on = self.stored(name) == Some(&Value::Bool(true));
                Some(format!("It is {} now.", if is_on { "on" } else { "off" }))
            }
            (Test::AtMost { limit: Limit::Setting(_), .. }, _) => Some(match self.limit() {
                None => "That is not set, so a person is asked each time.".to_owned(),
                Some(limit) => format!("That is {limit} now."),
            }),
            (Test::OneOfSetting { unset_fails, .. }, _) => Some(match (self.limit(), unset_fails) {
                (Some(limit), _) => format!("That is {limit} now."),
                (None, true) => "That is not set, so nothing passes.".to_owned(),
                (None, false) => "That is not set, so everything passes.".to_owned(),
            }),
            _ => None,
        }
    }

    /// What the subject is compared with. `None`: a setting that is not set, or nothing.
    pub(super) fn limit(&self) -> Option<String> {
        match &self.guard.test {
            Test::AtMost { limit: Limit::Fixed(number), .. } => Some(self.amount(*number)),
            Test::AtMost { limit: Limit::Setting(name), .. } => {
                let value = self.stored(name)?;
                Some(value.as_i64().map_or_else(|| value_in_words(value), |number| self.amount(number)))
            }
            Test::OneOfSetting { setting, .. } => self.stored(setting).map(value_in_words),
            Test::True | Test::Present | Test::OneOf(_) => None,
        }
    }

    /// The value of a setting. A decision looks at no defaults.
    fn stored(&self, name: &str) -> Option<&Value> {
        self.settings.get(name).filter(|value| !value.is_null())
    }

    fn setting(&self, name: &str) -> String {
        format!("“{}”", self.provider.setting_title(name))
    }

    /// A limit in words: an amount of money where it is compared with one.
    fn amount(&self, number: i64) -> String {
        let (Subject::Input(name) | Subject::Sum { input: name, .. }) = &self.guard.subject else {
            return number.to_string();
        };
        let declared = self.action.inputs.iter().find(|input| input.key == *name);
        let Some(Shape::Money { currency, .. }) = declared.map(|input| &input.shape) else {
            return number.to_string();
        };
        let of_limit = match &self.guard.test {
            Test::AtMost { currency: Some(name), .. } => self.stored(name).and_then(Value::as_str),
            _ => None,
        };
        let fixed = match currency {
            MoneyCurrency::Fixed(code) => Some(code.as_str()),
            _ => None,
        };
        let named: Option<Currency> = of_limit.or(fixed).and_then(|code| code.parse().ok());
        match named.or(self.currency).map(|currency| Money::new(number, currency)) {
            Some(Some(money)) => money.to_string(),
            Some(None) => "nothing".to_owned(),
            None => format!("{number} of the currency's smallest unit"),
        }
    }
}

fn among(per: &Per) -> String {
    match per {
        Per::Project => String::new(),
        Per::Key => ", for each who calls,".to_owned(),
        Per::Input(name) => format!(", for each “{name}”,"),
    }
}

/// A window of time in words.
fn span(seconds: u32) -> String {
    let (number, unit) = match seconds {
        _ if seconds.is_multiple_of(86_400) => (seconds / 86_400, "day"),
        _ if seconds.is_multiple_of(3_600) => (seconds / 3_600, "hour"),
        _ if seconds.is_multiple_of(60) => (seconds / 60, "minute"),
        _ => (seconds, "second"),
    };
    if number == 1 { format!("one {unit}") } else { format!("{number} {unit}s") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::catalog::contract_test::of_the_contract;

    fn told(provider: &str, action: &str, settings: &Value) -> Vec<String> {
        let catalog = of_the_contract();
        let provider = catalog.get(provider).unwrap();
        guard_sentences(provider, provider.action(action).unwrap(), settings.as_object().unwrap())
    }

    #[test]
    fn a_guard_says_what_must_hold_what_follows_otherwise_and_how_it_stands() {
        let stripe = told("stripe", "issue_refund", &json!({"refunds_enabled": true}));
        assert!(!stripe.is_empty(), "{stripe:?}");
        for sentence in &stripe {
            assert!(sentence.contains("; otherwise "), "{sentence}");
        }
        assert!(stripe[0].starts_with("The setting “") && stripe[0].ends_with("It is on now."), "{stripe:?}");
        let postmark = told("postmark", "send_email", &json!({"allowed_recipients": ["a@b.example"]}));
        assert_eq!(
            postmark[0],
            "The input “to” must be one of the setting “Recipients”; otherwise a person is asked. That is \
             “a@b.example” now."
        );
    }

    #[test]
    fn a_window_is_told_in_the_largest_unit_that_fits() {
        let spans = [86_400, 172_800, 3_600, 7_200, 90, 60].map(span);
        assert_eq!(spans, ["one day", "2 days", "one hour", "2 hours", "90 seconds", "one minute"]);
    }
}
