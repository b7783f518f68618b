//! What a caller gives to an action.

use serde_json::Value;

use crate::catalog::field::Pattern;
use crate::words::words;

/// One input of an action.
#[derive(Clone, Debug, PartialEq)]
pub struct ActionInput {
    /// Its name: `^[a-z][a-z0-9_]{0,63}$`. Empty for the items of a list.
    pub key: String,
    /// What it is, in a sentence.
    pub description: String,
    /// Whether it must be given.
    pub required: bool,
    /// What it may be.
    pub shape: Shape,
    /// What counts if its key is absent.
    pub default: Option<Default>,
    /// Never shown in runs, logs and pages.
    pub sensitive: bool,
}

/// What an input may be.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// A text.
    Text(TextShape),
    /// A whole number between two bounds, both included.
    Integer {
        /// The smallest.
        minimum: i64,
        /// The largest.
        maximum: i64,
    },
    /// True or false.
    Boolean,
    /// An amount of money: a whole number, at least one, of the currency's smallest unit.
    Money {
        /// Where its currency is.
        currency: MoneyCurrency,
        /// How the provider writes amounts.
        unit: MoneyUnit,
    },
    /// A list with at least one item.
    List {
        /// What each item is. Its key is empty.
        items: Box<ActionInput>,
        /// The most items.
        max_items: usize,
    },
    /// An object with these members and no others.
    Object(Vec<ActionInput>),
    /// An object from any names to texts.
    Map {
        /// What a name must be.
        names: Pattern,
        /// The most members.
        max_members: usize,
    },
}

/// What a text may be.
#[derive(Clone, Debug, PartialEq)]
pub struct TextShape {
    /// What the whole text must match.
    pub pattern: Option<Pattern>,
    /// What is expected, in words. There is one beside every pattern.
    pub mismatch: Option<String>,
    /// The only values, if there are any.
    pub options: Vec<String>,
    /// A form that is known by name.
    pub format: Option<TextFormat>,
    /// The most characters.
    pub max_length: usize,
    /// Whether it may have line breaks and tabs.
    pub lines: bool,
}

words! {
    /// A form of a text that is known by name.
    pub enum TextFormat {
        /// One address of e-mail.
        Email = "email",
        /// An absolute `https` URL.
        Url = "url",
        /// A date of ISO 8601: 2026-03-01.
        Date = "date",
        /// A moment of RFC 3339: 2026-03-01T10:00:00Z.
        DateTime = "date_time",
    }
}

words! {
    /// How a provider writes an amount of money.
    pub enum MoneyUnit {
        /// A whole number of the currency's smallest unit.
        Minor = "minor",
        /// A decimal number of the currency, as a text.
        Decimal = "decimal",
    }
}

/// Where the currency of an amount is: a code of ISO 4217, in upper or lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MoneyCurrency {
    /// Always this one.
    Fixed(String),
    /// In another input.
    Input(String),
    /// In a kept value of the evidence.
    Evidence(String),
    /// In a kept value of a step.
    Step(String),
}

/// What counts if the key of an input is absent.
#[derive(Clone, Debug, PartialEq)]
pub enum Default {
    /// This value.
    Value(Value),
    /// The value of this setting, if it has one.
    Setting(String),
    /// Of money: what is left.
    Left(Left),
}

/// An amount that is left: a kept amount, less another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// The kept value of evidence or step.
    pub of: String,
    /// The kept value that is taken off.
    pub less: Option<String>,
}
