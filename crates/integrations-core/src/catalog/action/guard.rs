//! What must hold beside the permission of an action.

use serde_json::Value;

use crate::words::words;

/// The longest window of a sum or a number, in days. Runs are kept at least as long, because they are what is counted.
pub const LONGEST_WINDOW_DAYS: u64 = 31;

/// A guard: a test of a subject, and what follows if it does not pass.
#[derive(Clone, Debug, PartialEq)]
pub struct Guard {
    /// What it looks at.
    pub subject: Subject,
    /// What must hold.
    pub test: Test,
    /// What follows otherwise.
    pub otherwise: Otherwise,
    /// Why, in words for people.
    pub because: Option<String>,
}

words! {
    /// What follows if a guard does not pass.
    pub enum Otherwise {
        /// A person is asked.
        Ask = "ask",
        /// The call is denied.
        Deny = "deny",
    }
}

/// What a guard looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A boolean setting of the integration.
    Setting(String),
    /// An input. Of a list, every item.
    Input(String),
    /// A value that was kept of the evidence.
    Evidence(String),
    /// A text of the context of the call.
    Context(String),
    /// The sum of a money input over a window, with this call's.
    Sum {
        /// The money input.
        input: String,
        /// Among which runs.
        per: Per,
        /// The window, in seconds.
        within: u32,
    },
    /// The number of runs in a window, with this one.
    Count {
        /// Among which runs.
        per: Per,
        /// The window, in seconds.
        within: u32,
    },
}

/// Among which runs of the action a sum or a number is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Per {
    /// Those of the project's integration.
    Project,
    /// Those of the calling key.
    Key,
    /// Those with the same value of this input.
    Input(String),
}

/// What must hold of a subject.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// It is true.
    True,
    /// It is there.
    Present,
    /// It is at most this. Money is compared in the smallest unit of its currency.
    AtMost {
        /// The limit.
        limit: Limit,
        /// The setting that names the limit's currency.
        currency: Option<String>,
    },
    /// It is one of the values that a setting lists. A setting without a value lets everything through, unless
    /// `unset_fails`.
    OneOfSetting {
        /// The setting, a list of texts.
        setting: String,
        /// Whether the guard does not pass where the setting has no value.
        unset_fails: bool,
    },
    /// It is one of these values.
    OneOf(Vec<Value>),
}

/// A limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Limit {
    /// This number.
    Fixed(i64),
    /// The value of this setting. Without a value, the guard does not pass.
    Setting(String),
}
