//! The catalog of providers: read from provider files, checked, and searched.
//!
//! A provider is data. How a file is written is in docs/reference/provider-file.md; what a [`Provider`] then holds is
//! described on its fields. Nothing here sends a request: the server does, as the data says.

mod convert;
#[cfg(test)]
mod docs_test;
mod embedded;
#[cfg(test)]
mod embedded_test;
#[cfg(test)]
mod facts_test;
mod field;
mod file;
mod hosts;
mod key;
mod names;
mod oauth;
mod probe;
mod problems;
mod provider;
#[cfg(test)]
mod refusals_test;
mod scope;
mod template;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

pub(crate) use field::check_text;
pub use field::{Choice, Field, MAX_VALUE_BYTES, Pattern};
pub use key::{InvalidProviderKey, ProviderKey};
pub use names::{
    AccountSource, ActionKind, BodyFormat, CallbackCheck, Category, ClientAuth, Method, Pkce, ResetUnit,
    SetupType,
};
pub use oauth::{ExtraScopes, KeptField, OAuth, ParamValue, TokenAnswer};
pub use probe::{Account, AccountPart, AnswerCheck, BasicAuth, Call, HealthProbe, RateLimit, ResetHeader};
pub use problems::{ProviderFileError, ProviderFileErrors};
pub use provider::{Action, ActionRequest, CredentialForm, Provider, Setup};
pub use template::{JsonPointer, Position, RenderError, Template, TemplateError, UrlTemplate, is_name};

/// Every provider, by key. Never changed after start-up.
#[derive(Debug, Default)]
pub struct Catalog {
    shelves: BTreeMap<String, Shelf>,
}

#[derive(Debug)]
struct Shelf {
    provider: Arc<Provider>,
    /// What a search looks through: key, name, description and category, lower-case, a line each.
    haystack: String,
}

impl Catalog {
    /// The providers that are built in.
    pub fn embedded() -> Result<Self, ProviderFileErrors> {
        let files = embedded::FILES.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
        Self::default().with_files(files)
    }

    /// This catalog with more providers, or others in place of those with the same key.
    ///
    /// `files` are names, for messages, and texts. A name ends in the provider's key and `.toml`. If anything is
    /// wrong, every error of every file is told at once, except that a file which is not TOML, or not of the shape
    /// of a provider file, tells only the first.
    pub fn with_files(
        mut self,
        files: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ProviderFileErrors> {
        let mut errors = Vec::new();
        let mut first: BTreeMap<String, String> = BTreeMap::new();
        for (file, text) in files {
            let provider = match convert::read(&file, &text) {
                Ok(provider) => provider,
                Err(found) => {
                    errors.extend(found);
                    continue;
                }
            };
            match first.entry(provider.key.to_string()) {
                Entry::Occupied(other) => {
                    let message = format!("the provider `{}` is also in {}", provider.key, other.get());
                    errors.push(problems::at(&file, &text, 0..0, message));
                }
                Entry::Vacant(entry) => {
                    entry.insert(file);
                    self.insert(provider);
                }
            }
        }
        ProviderFileErrors::check(errors).map(|()| self)
    }

    fn insert(&mut self, provider: Provider) {
        let Provider { key, name, description, category, .. } = &provider;
        let haystack = format!("{key}\n{name}\n{description}\n{category}").to_lowercase();
        self.shelves.insert(key.to_string(), Shelf { provider: Arc::new(provider), haystack });
    }

    /// The provider called `key`.
    pub fn get(&self, key: &str) -> Option<&Arc<Provider>> {
        self.shelves.get(key).map(|shelf| &shelf.provider)
    }

    /// Every provider, in the order of the keys.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Provider>> {
        self.shelves.values().map(|shelf| &shelf.provider)
    }

    /// The providers of `category` in which every word of `q` occurs somewhere: in key, name, description or
    /// category, in whatever case. Words are parted by whitespace; no words match everything.
    pub fn search<'a>(&'a self, q: Option<&str>, category: Option<Category>) -> Vec<&'a Arc<Provider>> {
        let q = q.unwrap_or_default().to_lowercase();
        let words: Vec<&str> = q.split_whitespace().collect();
        let matches = |shelf: &&Shelf| {
            category.is_none_or(|category| shelf.provider.category == category)
                && words.iter().all(|word| shelf.haystack.contains(word))
        };
        self.shelves.values().filter(matches).map(|shelf| &shelf.provider).collect()
    }
}
