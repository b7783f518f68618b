//! What stands for `{provider}` in a path: a provider's key, or the key and the alias of a further account.

use std::{fmt, str::FromStr, sync::Arc};

use super::{AuthKind, InvalidProviderKey, Provider, ProviderKey, StoredWay, Ways};

/// Stands between key and alias. No key and no alias has it.
const SEPARATOR: char = '~';

/// A provider as paths name it: `shopify`, or `shopify~eu` for a further account under the alias `eu`.
///
/// The key is a [`ProviderKey`]. An alias has 1 to [`ProviderRef::MAX_ALIAS_LEN`] lower-case ASCII letters, digits and
/// hyphens.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ProviderRef(String);

/// Why a text names no provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidProviderRef {
    /// What stands for the key is none.
    #[error(transparent)]
    Key(#[from] InvalidProviderKey),
    /// What stands after `~` is no alias.
    #[error("An alias after `~` has lower-case letters, digits and hyphens, 1 to 40 characters")]
    Alias,
}

impl ProviderRef {
    /// The longest alias, in bytes.
    pub const MAX_ALIAS_LEN: usize = 40;

    /// The account of a provider under an alias.
    pub fn under_alias(key: &ProviderKey, alias: &str) -> Result<Self, InvalidProviderRef> {
        format!("{key}{SEPARATOR}{alias}").parse()
    }

    /// As it stands in paths.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The provider's key.
    pub fn key(&self) -> &str {
        Self::parts(&self.0).0
    }

    /// The alias, if it has one.
    pub fn alias(&self) -> Option<&str> {
        Self::parts(&self.0).1
    }

    /// The key and the alias of a text that is known to be a `ProviderRef`, such as a stored one. Sorted by them, all
    /// accounts of a provider stand together, and the one without an alias is the first.
    pub fn parts(text: &str) -> (&str, Option<&str>) {
        text.split_once(SEPARATOR).map_or((text, None), |(key, alias)| (key, Some(alias)))
    }
}

impl FromStr for ProviderRef {
    type Err = InvalidProviderRef;

    fn from_str(text: &str) -> Result<Self, InvalidProviderRef> {
        let (key, alias) = Self::parts(text);
        key.parse::<ProviderKey>()?;
        let is_formed = |alias: &str| {
            (1..=Self::MAX_ALIAS_LEN).contains(&alias.len())
                && alias.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        };
        match alias.is_none_or(is_formed) {
            true => Ok(Self(text.to_owned())),
            false => Err(InvalidProviderRef::Alias),
        }
    }
}

impl From<&ProviderKey> for ProviderRef {
    fn from(key: &ProviderKey) -> Self {
        Self(key.to_string())
    }
}

impl fmt::Display for ProviderRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One of the accounts that a project may have of a provider, connected or not: the plain one, or one under an alias.
#[derive(Clone, Debug)]
pub struct ProviderAccount {
    /// The provider, by the way that it was or is to be connected.
    pub provider: Arc<Provider>,
    /// Its key, with the account's alias.
    pub reference: ProviderRef,
    /// All ways to log in there.
    pub ways: Ways,
}

impl ProviderAccount {
    /// As it stands in paths and in the database.
    pub fn as_str(&self) -> &str {
        self.reference.as_str()
    }

    /// The account by the way that it was connected.
    pub fn stored(&self, way: StoredWay<'_>) -> Self {
        Self { provider: Arc::clone(self.ways.stored(way)), ..self.clone() }
    }

    /// The account by the way of this kind, if its provider has one.
    pub fn by(&self, kind: AuthKind) -> Option<Self> {
        Some(Self { provider: Arc::clone(self.ways.of(kind)?), ..self.clone() })
    }

    /// Its name for people, where it has no other: `Shopify`, or `Shopify (eu)`.
    pub fn label(&self) -> String {
        let name = &self.provider.name;
        self.reference.alias().map_or_else(|| name.clone(), |alias| format!("{name} ({alias})"))
    }
}

impl From<&Ways> for ProviderAccount {
    /// The account without an alias, by the recommended way.
    fn from(ways: &Ways) -> Self {
        let provider = ways.first();
        Self { reference: (&provider.key).into(), provider: Arc::clone(provider), ways: ways.clone() }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_key_may_have_an_alias() {
        let longest = format!("shopify~{}", "a".repeat(40));
        for (text, key, alias) in [
            ("shopify", "shopify", None),
            ("cal-com~eu", "cal-com", Some("eu")),
            ("shopify~1", "shopify", Some("1")),
            ("shopify~-", "shopify", Some("-")),
            ("slack~catalog", "slack", Some("catalog")),
            (&longest, "shopify", Some(&longest[8..])),
        ] {
            let read: ProviderRef = text.parse().unwrap();
            assert_eq!((read.key(), read.alias(), read.to_string().as_str()), (key, alias, text));
        }
    }

    #[test]
    fn what_is_malformed_is_refused_for_what_it_is() {
        let too_long = format!("slack~{}", "a".repeat(41));
        for text in
            ["slack~", "slack~EU", "slack~é", "slack~a~b", "slack~~a", "slack~a_b", "slack~a b", &too_long]
        {
            assert_eq!(text.parse::<ProviderRef>(), Err(InvalidProviderRef::Alias), "{text:?}");
        }
        for text in ["", "~", "~x", "Slack~x", "sl ack~x", "é~x"] {
            let form = InvalidProviderRef::Key(InvalidProviderKey::Form);
            assert_eq!(text.parse::<ProviderRef>(), Err(form), "{text:?}");
        }
        for text in ["catalog", "catalog~a", "catalog~"] {
            let reserved = InvalidProviderRef::Key(InvalidProviderKey::Reserved);
            assert_eq!(text.parse::<ProviderRef>(), Err(reserved), "{text:?}");
        }
    }

    #[test]
    fn the_accounts_of_a_provider_stand_together() {
        let mut texts = ["shopify~eu", "shopify-plus", "shopify~ca", "shopify", "shop~x"];
        texts.sort_unstable_by_key(|text| ProviderRef::parts(text));
        assert_eq!(texts, ["shop~x", "shopify", "shopify~ca", "shopify~eu", "shopify-plus"]);
    }

    proptest! {
        #[test]
        fn two_that_differ_are_never_written_alike(
            one in "[a-z-]{0,3}~?[a-z-]{0,3}",
            other in "[a-z-]{0,3}~?[a-z-]{0,3}",
        ) {
            if let (Ok(one), Ok(other)) = (one.parse::<ProviderRef>(), other.parse::<ProviderRef>()) {
                let parts = |of: &ProviderRef| (of.key().to_owned(), of.alias().map(str::to_owned));
                prop_assert_eq!(one == other, parts(&one) == parts(&other));
                let alias = one.alias().map(|alias| ProviderRef::under_alias(&one.key().parse().unwrap(), alias));
                prop_assert!(alias.is_none_or(|again| again == Ok(one)));
            }
        }
    }
}
