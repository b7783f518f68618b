//! A provider as a command and the paths of the API name it.

use std::{fmt, str::FromStr};

use integrations_core::catalog::ProviderKey;

/// A provider's key, or a further account of it: `shopify~eu`.
#[derive(Clone, Debug)]
pub(crate) struct ProviderPath(String);

impl ProviderPath {
    /// As it stands in paths.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ProviderPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ProviderPath {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (key, alias) = text.split_once('~').map_or((text, None), |(key, alias)| (key, Some(alias)));
        key.parse::<ProviderKey>().map_err(|error| error.to_string())?;
        let is_formed = |alias: &str| {
            (1..=40).contains(&alias.len())
                && alias.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        };
        if alias.is_some_and(|alias| !is_formed(alias)) {
            return Err("An alias after `~` has lower-case letters, digits and hyphens, 1 to 40 characters"
                .to_owned());
        }
        Ok(Self(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_may_have_an_alias() {
        for text in ["shopify", "cal-com", "shopify~eu", "shopify~1-a"] {
            assert_eq!(text.parse::<ProviderPath>().unwrap().as_str(), text);
        }
        for text in ["", "~eu", "shopify~", "shopify~EU", "shopify~a/b", "shopify~a~b", "catalog", "a b"] {
            assert!(text.parse::<ProviderPath>().is_err(), "{text}");
        }
    }
}
