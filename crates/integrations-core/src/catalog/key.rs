//! The key of a provider: its name in URLs.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A provider's key, for example `cal-com`: words of lower-case ASCII letters and digits, joined by hyphens.
///
/// It may begin with a digit (`3cx`) and has at most [`ProviderKey::MAX_LEN`] bytes. `catalog` is reserved for the
/// route of that name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ProviderKey(String);

/// Why a string is not a provider key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidProviderKey {
    /// Not of the form that [`ProviderKey`] describes.
    #[error(
        "A provider key has lower-case letters and digits, in words joined by `-`, at most 40 characters"
    )]
    Form,
    /// The name of a route.
    #[error("`catalog` is reserved and cannot be a provider key")]
    Reserved,
}

impl ProviderKey {
    /// The longest key, in bytes.
    pub const MAX_LEN: usize = 40;

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn check(key: &str) -> Result<(), InvalidProviderKey> {
    let word = |w: &str| !w.is_empty() && w.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let formed = key.len() <= ProviderKey::MAX_LEN && key.split('-').all(word);
    match (formed, key) {
        (false, _) => Err(InvalidProviderKey::Form),
        (true, "catalog") => Err(InvalidProviderKey::Reserved),
        (true, _) => Ok(()),
    }
}

impl FromStr for ProviderKey {
    type Err = InvalidProviderKey;

    fn from_str(key: &str) -> Result<Self, InvalidProviderKey> {
        check(key).map(|()| Self(key.to_owned()))
    }
}

impl TryFrom<String> for ProviderKey {
    type Error = InvalidProviderKey;

    fn try_from(key: String) -> Result<Self, InvalidProviderKey> {
        check(&key).map(|()| Self(key))
    }
}

impl From<ProviderKey> for String {
    fn from(key: ProviderKey) -> String {
        key.0
    }
}

impl AsRef<str> for ProviderKey {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ProviderKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn refuses_everything_but_the_documented_form() {
        let long = "a".repeat(41);
        for bad in ["", "-", "a-", "-a", "a--b", "A", "a_b", "a.b", "a/b", "é", "a b", "a\n", &long] {
            assert_eq!(bad.parse::<ProviderKey>(), Err(InvalidProviderKey::Form), "{bad:?}");
        }
        assert_eq!("catalog".parse::<ProviderKey>(), Err(InvalidProviderKey::Reserved));
        for good in ["a", "3cx", "cal-com", "a1-2b", "catalogs", &"a".repeat(40)] {
            assert_eq!(good.parse::<ProviderKey>().unwrap().as_str(), good);
        }
    }

    proptest! {
        #[test]
        fn agrees_with_the_regular_expression(key in "[a-z0-9A-Z_-]{0,45}") {
            let form = regex::Regex::new("^[a-z0-9]+(-[a-z0-9]+)*$").unwrap();
            let expected = form.is_match(&key) && key.len() <= 40 && key != "catalog";
            prop_assert_eq!(key.parse::<ProviderKey>().is_ok(), expected);
        }

        #[test]
        fn survives_serde(key in "[a-z0-9]{1,9}(-[a-z0-9]{1,8}){0,3}") {
            prop_assume!(key != "catalog");
            let parsed: ProviderKey = serde_json::from_value(key.clone().into()).unwrap();
            prop_assert_eq!(serde_json::to_value(parsed).unwrap(), key);
        }
    }
}
