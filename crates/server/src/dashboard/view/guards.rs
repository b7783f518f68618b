//! What guards an action beside its permission, in sentences.

use integrations_core::{
    action::{Currency, Money},
    catalog::{
        Provider,
        action::{Action, Guard, Limit, MoneyCurrency, Otherwise, Per, Shape, Subject, Test},
    },
};
use serde_json::{Map, Value};

use super::words;

/// What guards an action with these settings, one sentence or two for each guard.
pub(crate) fn sentences(provider: &Provider, action: &Action, settings: &Map<String, Value>) -> Vec<String> {
    action.guards.iter().map(|guard| Told { provider, action, settings, guard }.sentence()).collect()
}

/// A guard, and what its sentence is made of.
struct Told<'a> {
    provider: &'a Provider,
    action: &'a Action,
    settings: &'a Map<String, Value>,
    guard: &'a Guard,
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
    fn requirement(&self) -> String {
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
                let values: Vec<String> = values.iter().map(words::value).collect();
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
            (Test::AtMost { limit: Limit::Setting(name), .. }, _) => Some(match self.stored(name) {
                None => "That is not set, so a person is asked each time.".to_owned(),
                Some(value) => {
                    let amount =
                        value.as_i64().map_or_else(|| words::value(value), |number| self.amount(number));
                    format!("That is {amount} now.")
                }
            }),
            (Test::OneOfSetting { setting, unset_fails }, _) => {
                Some(match (self.stored(setting), unset_fails) {
                    (Some(value), _) => format!("That is {} now.", words::value(value)),
                    (None, true) => "That is not set, so nothing passes.".to_owned(),
                    (None, false) => "That is not set, so everything passes.".to_owned(),
                })
            }
            _ => None,
        }
    }

    /// The value of a setting. A decision looks at no defaults.
    fn stored(&self, name: &str) -> Option<&Value> {
        self.settings.get(name).filter(|value| !value.is_null())
    }

    fn setting(&self, name: &str) -> String {
        format!("“{}”", words::setting(name, Some(self.provider)))
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
        let currency: Option<Currency> = of_limit.or(fixed).and_then(|code| code.parse().ok());
        match currency.map(|currency| Money::new(number, currency)) {
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
    use integrations_core::catalog::Catalog;
    use serde_json::json;

    use super::*;

    fn told(provider: &str, action: &str, settings: &Value) -> Vec<String> {
        let catalog = Catalog::embedded().unwrap();
        let provider = catalog.get(provider).unwrap();
        sentences(provider, provider.action(action).unwrap(), settings.as_object().unwrap())
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
