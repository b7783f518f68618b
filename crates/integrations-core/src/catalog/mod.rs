//! The catalog of providers: read from provider files, checked, and searched.
//!
//! A provider is data. docs/reference/provider-file.md says how to write a file; the fields of [`Provider`] say what
//! is read from it. Nothing here sends a request: the server does that, as the data says.

pub mod action;
#[cfg(test)]
mod actions_test;
mod assertion;
#[cfg(test)]
pub(crate) mod contract_test;
mod convert;
#[cfg(test)]
mod docs_test;
mod embedded;
#[cfg(test)]
mod embedded_test;
mod event_secret;
mod events;
#[cfg(test)]
mod events_refusals_test;
#[cfg(test)]
mod facts_test;
mod field;
mod file;
mod graphql;
mod hosts;
mod key;
mod names;
mod oauth;
#[cfg(test)]
mod pasted_test;
mod path_pattern;
mod probe;
mod problems;
mod provider;
mod proxying;
#[cfg(test)]
mod proxying_test;
mod reference;
#[cfg(test)]
mod refusals_test;
mod revoke;
#[cfg(test)]
mod revoke_test;
mod scope;
mod template;
mod token;
#[cfg(test)]
mod token_test;
mod ways;
#[cfg(test)]
mod ways_test;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use url::Url;

use self::convert::ReadWays;
pub use action::{Action, OtherRequest};
pub use assertion::{Assertion, Claim, Claimed};
pub use event_secret::{EventKey, EventSecret, SecretHint};
pub use events::{
    AccessEnd, Carrier, EventFields, EventSource, EventStatuses, Events, Part, Place, Scheme, Signature,
    SignedTime, TimePlace,
};
pub use field::{Choice, Field, MAX_TOKEN_BYTES, MAX_VALUE_BYTES, Pattern};
pub(crate) use field::{check_access_token, check_refresh_token};
pub use key::{InvalidProviderKey, ProviderKey};
pub use names::{
    AccountSource, ActionKind, AddressOf, AnswerShape, AuthKind, BodyFormat, CallbackCheck, Category,
    ClientAuth, Encoding, ExpiryUnit, Handshake, Method, Pkce, ResetUnit, Rotation, SecretSource, SetupType,
    SignatureForm, SignatureScheme, SigningAlgorithm, TimeUnit, TokenKind,
};
pub(crate) use oauth::{CLIENT_REFUSED, UNAUTHORIZED};
pub use oauth::{ExtraScopes, KeptField, OAuth, ParamValue, TokenAnswer, TokenRules};
pub use path_pattern::Fit;
pub use probe::{
    Account, AccountPart, AnswerCheck, AuthRequest, BasicAuth, Call, HealthProbe, RateLimit, ResetHeader,
};
pub use problems::{ProviderFileError, ProviderFileErrors};
pub(crate) use provider::check_kept;
pub use provider::{Input, Provider, Setup, tool_name};
pub use proxying::{Never, Proxying, StandsFor};
pub use reference::{InvalidProviderRef, ProviderAccount, ProviderRef};
pub use revoke::{Revoke, RevokeBody, RevokeCall, RevokeCalls};
pub(crate) use template::percent_encoded;
pub use template::{JsonPointer, Position, RenderError, Template, TemplateError, UrlTemplate, is_name};
pub use token::{
    CallBasic, CredentialForm, FetchedToken, TokenBody, TokenCall, TokenCalls, TokenGrant, TokenValue,
};
pub use ways::{StoredWay, Ways};

/// Every provider, by key. It does not change after start-up.
#[derive(Debug, Default)]
pub struct Catalog {
    entries: BTreeMap<String, SearchableProvider>,
}

#[derive(Debug)]
struct SearchableProvider {
    ways: Ways,
    /// The text that a search looks through: key, name, description and category, in lower case, one line each.
    haystack: String,
}

/// Why a text names no account of a provider of the catalog.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoSuchProvider {
    /// The catalog has no provider with this key.
    #[error("There is no such provider in the catalog")]
    Key,
    /// It has, but what stands after `~` is no alias.
    #[error(
        "There is no such provider: an alias after ~ has lower-case letters, digits and hyphens, 1 to 40 characters"
    )]
    Alias,
}

impl Catalog {
    /// The providers that are built in.
    pub fn embedded() -> Result<Self, ProviderFileErrors> {
        let files = embedded::FILES.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
        Self::default().with_files(files)
    }

    /// Adds providers to this catalog. A provider replaces an earlier one with the same key.
    ///
    /// `files` are names, for messages, and texts. A name ends in the provider's key and `.toml`. If anything is
    /// wrong, every error of every file is returned at once; but for a file that is not TOML, or does not have the
    /// shape of a provider file, only the first error is.
    pub fn with_files(
        mut self,
        files: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ProviderFileErrors> {
        let mut errors = Vec::new();
        let mut first: BTreeMap<String, (String, String)> = BTreeMap::new();
        for (file, text) in files {
            let ways = match convert::read(&file, &text) {
                Ok(ways) => ways,
                Err(found) => {
                    errors.extend(found);
                    continue;
                }
            };
            let key = &ways.first.key;
            match first.entry(key.to_string()) {
                Entry::Occupied(other) => {
                    let message = format!("the provider `{key}` is also in {}", other.get().0);
                    errors.push(problems::at(&file, &text, 0..0, message));
                }
                Entry::Vacant(entry) => {
                    entry.insert((file, text));
                    self.insert(ways);
                }
            }
        }
        errors.extend(self.same_names(&first));
        ProviderFileErrors::check(errors).map(|()| self)
    }

    /// Adds a provider that is served on this machine at `origin`, over plain HTTP: a made-up one for trying things
    /// out. Its file is checked like any other, with an `https` host. The origin then takes the place of that host.
    pub fn with_local(mut self, file: &str, text: &str, origin: &Url) -> Result<Self, ProviderFileErrors> {
        match convert::read(file, text) {
            Ok(mut ways) => {
                ways.iter_mut().for_each(|way| way.move_to(origin));
                let added = (ways.first.key.to_string(), (file.to_owned(), text.to_owned()));
                self.insert(ways);
                ProviderFileErrors::check(self.same_names(&BTreeMap::from([added]))).map(|()| self)
            }
            Err(found) => ProviderFileErrors::check(found).map(|()| self),
        }
    }

    /// Actions of two providers that have the same name as tools, because `-` and `_` are one there. Told at one of
    /// `files`: names and texts by the provider's key.
    fn same_names(&self, files: &BTreeMap<String, (String, String)>) -> Vec<ProviderFileError> {
        let mut taken: BTreeMap<String, (&str, usize)> = BTreeMap::new();
        let mut errors = Vec::new();
        for provider in self.iter() {
            for (index, action) in provider.actions.iter().enumerate() {
                let name = provider::tool_name(provider.key.as_str(), &action.key);
                let this = (provider.key.as_str(), index);
                let Some(other) = taken.insert(name.clone(), this) else { continue };
                let at = [this, other].into_iter().find_map(|(key, index)| Some((files.get(key)?, index)));
                let Some(((file, text), index)) = at else { continue };
                let mut problems = problems::Problems::default();
                let message =
                    format!("an action of `{}` and one of `{}` are both called `{name}`", other.0, this.0);
                problems.add(format!("actions.{index}.key"), message);
                errors.extend(problems.locate(file, text));
            }
        }
        errors
    }

    fn insert(&mut self, ways: ReadWays) {
        let Provider { key, name, description, category, .. } = &ways.first;
        let haystack = format!("{key}\n{name}\n{description}\n{category}").to_lowercase();
        let key = key.to_string();
        self.entries.insert(key, SearchableProvider { ways: ways.into(), haystack });
    }

    /// The provider called `key`, by its recommended way.
    pub fn get(&self, key: &str) -> Option<&Arc<Provider>> {
        self.ways(key).map(Ways::first)
    }

    /// The ways to log in at the provider called `key`.
    pub fn ways(&self, key: &str) -> Option<&Ways> {
        self.entries.get(key).map(|entry| &entry.ways)
    }

    /// The providers with a way that uses OAuth, by that way, sorted by key.
    pub fn by_oauth(&self) -> impl Iterator<Item = &Arc<Provider>> {
        self.entries.values().filter_map(|entry| entry.ways.by_oauth())
    }

    /// The account that `text` names, by the recommended way, as it stands in a path: `shopify`, or `shopify~eu`.
    pub fn account(&self, text: &str) -> Result<ProviderAccount, NoSuchProvider> {
        let ways = self.ways(ProviderRef::parts(text).0).ok_or(NoSuchProvider::Key)?;
        let reference = text.parse().map_err(|_| NoSuchProvider::Alias)?;
        Ok(ProviderAccount { reference, ..ways.into() })
    }

    /// Every provider by its recommended way, sorted by key.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Provider>> {
        self.entries.values().map(|entry| entry.ways.first())
    }

    /// The providers of `category` that contain every word of `q` in their key, name, description or category.
    ///
    /// Case does not matter. Words are separated by whitespace. Without words, everything matches.
    pub fn search<'a>(&'a self, q: Option<&str>, category: Option<Category>) -> Vec<&'a Arc<Provider>> {
        self.search_named(q, category, |_| String::new())
    }

    /// The same, where a project knows a provider by further names: those of its accounts.
    pub fn search_named<'a>(
        &'a self,
        q: Option<&str>,
        category: Option<Category>,
        names: impl Fn(&Provider) -> String,
    ) -> Vec<&'a Arc<Provider>> {
        let q = q.unwrap_or_default().to_lowercase();
        let words: Vec<&str> = q.split_whitespace().collect();
        let matches = |entry: &&SearchableProvider| {
            if category.is_some_and(|category| entry.ways.first().category != category) {
                return false;
            }
            let mut left = words.iter().filter(|word| !entry.haystack.contains(**word)).peekable();
            if left.peek().is_none() {
                return true;
            }
            let names = names(entry.ways.first()).to_lowercase();
            left.all(|word| names.contains(word))
        };
        self.entries.values().filter(matches).map(|entry| entry.ways.first()).collect()
    }
}
