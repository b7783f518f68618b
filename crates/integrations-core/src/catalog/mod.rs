//! The catalog of providers: read from provider files, checked, and searched.
//!
//! A provider is data. docs/reference/provider-file.md says how to write a file; the fields of [`Provider`] say what
//! is read from it. Nothing here sends a request: the server does that, as the data says.

pub mod action;
#[cfg(test)]
mod actions_test;
#[cfg(test)]
mod app_fields_test;
mod assertion;
mod aws_signature;
#[cfg(test)]
mod aws_signature_test;
#[cfg(test)]
mod base_test;
mod choice;
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
#[cfg(feature = "openapi")]
mod file_schema;
#[cfg(test)]
#[cfg(feature = "openapi")]
mod file_schema_test;
mod form;
mod graphql;
mod hosts;
mod key;
#[cfg(test)]
mod loading_test;
#[cfg(test)]
mod long_lived_test;
mod names;
mod oauth;
#[cfg(test)]
mod own_client_test;
#[cfg(test)]
mod own_hosts_test;
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
mod search;
mod shared_app;
#[cfg(test)]
mod shown_test;
mod template;
mod token;
mod token_call;
#[cfg(test)]
mod token_test;
mod ways;
#[cfg(test)]
mod ways_test;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
#[cfg(test)]
use std::sync::LazyLock;
use std::sync::{Arc, OnceLock};

use url::Url;

use crate::approved_hosts::ApprovedHosts;
use crate::picture::{Logo, Picture};

use self::convert::ReadWays;
use self::search::{Query, Rank, Searchable};
pub use action::{Action, OtherRequest};
pub use assertion::{Assertion, Claim, Claimed};
pub use aws_signature::{AwsSignature, AwsSigner};
pub use choice::ConsentChoice;
pub use event_secret::{EventKey, EventSecret, SecretHint};
pub use events::{
    AccessEnd, Carrier, EventFields, EventSource, EventStatuses, Events, Part, Place, Scheme, Signature,
    SignedTime, TimePlace,
};
pub use field::{Choice, Field, MAX_TOKEN_BYTES, MAX_VALUE_BYTES, OwnHosts, Pattern};
pub(crate) use field::{check_access_token, check_refresh_token};
#[cfg(feature = "openapi")]
pub use file_schema::provider_file_schema;
pub use form::CredentialForm;
pub use key::{InvalidProviderKey, ProviderKey};
pub use names::{
    AccountSource, ActionKind, AddressOf, AnswerShape, AuthKind, AuthorizeParam, BodyFormat, CallbackCheck,
    Category, ClientAuth, Encoding, ExpiryUnit, Handshake, Method, Pkce, ResetUnit, Rotation, SecretSource,
    SetupType, SignatureForm, SignatureScheme, SigningAlgorithm, TimeUnit, TokenKind,
};
pub use oauth::{
    Base, Discovery, ExtraScopes, KeptField, KeptPlace, LongLived, OAuth, ParamValue, TokenAnswer,
    TokenRules, own_client,
};
pub(crate) use oauth::{CLIENT_REFUSED, UNAUTHORIZED};
pub use path_pattern::Fit;
pub use probe::{
    Account, AccountPart, AnswerCheck, AuthRequest, BasicAuth, Call, HealthProbe, Probe, RateLimit,
    ResetHeader, UNIQUE_ID,
};
pub use problems::{ProviderFileError, ProviderFileErrors};
pub(crate) use provider::check_kept;
pub use provider::{Input, Provider, Setup, tool_name};
pub use proxying::{Never, Proxying, StandsFor};
pub use reference::{InvalidProviderRef, ProviderAccount, ProviderRef};
pub use revoke::{Revoke, RevokeBody, RevokeCall, RevokeCalls};
pub use template::{JsonPointer, Position, RenderError, Template, TemplateError, UrlTemplate, is_name};
pub(crate) use template::{check_url, percent_encoded};
pub use token::{FetchedToken, TokenCalls, TokenGrant};
pub use token_call::{CallBasic, TokenBody, TokenCall, TokenValue};
pub use ways::{StoredWay, Ways};

/// Every provider, by key. It does not change after start-up.
#[derive(Debug, Default)]
pub struct Catalog {
    entries: BTreeMap<String, SearchableProvider>,
    /// What stands for the bases of these, by key, once it was asked for.
    shared: OnceLock<BTreeMap<String, Arc<Provider>>>,
}

#[derive(Debug)]
struct SearchableProvider {
    ways: Ways,
    searchable: Searchable,
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

/// The built-in logos, by the providers' keys.
fn logos() -> impl Iterator<Item = (&'static str, Logo)> {
    // That they only draw is tested.
    let picture = |name: &str, text: &str| Picture::new(name, text.as_bytes().to_vec()).ok();
    embedded::LOGOS.iter().filter_map(move |(name, text)| {
        let key = name.strip_suffix(".svg").filter(|key| !key.ends_with(".dark"))?;
        let beside = format!("{key}.dark.svg");
        let dark = embedded::LOGOS.binary_search_by_key(&beside.as_str(), |(name, _)| name).ok();
        let dark = dark.and_then(|at| picture(&beside, embedded::LOGOS[at].1));
        Some((key, Logo { light: picture(name, text)?, dark }))
    })
}

/// Names and texts of the provider files that are built in.
fn embedded_files() -> impl Iterator<Item = (String, String)> {
    embedded::FILES.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
}

#[cfg(test)]
impl Catalog {
    /// The providers that are built in, with the examples of their actions, which are tried. They are read once for all
    /// of a test.
    pub(crate) fn built_in() -> &'static Self {
        static CATALOG: LazyLock<Catalog> = LazyLock::new(|| {
            let read = Catalog::default().with_files(embedded_files());
            read.unwrap_or_else(|errors| panic!("{errors}"))
        });
        &CATALOG
    }
}

impl Catalog {
    /// The providers that are built in. Their actions have no examples: these were tried before they were built in,
    /// and to try them again would take long at each start.
    pub fn embedded() -> Result<Self, ProviderFileErrors> {
        let mut catalog = Self::default();
        ProviderFileErrors::check(catalog.add(embedded_files(), false).1)?;
        for (key, logo) in logos() {
            catalog.set_logo(key, logo);
        }
        Ok(catalog)
    }

    /// The names of logos' files that providers ask for and have not been given, by the providers' keys.
    pub fn wanted_logos(&self) -> Vec<(ProviderKey, String)> {
        let wanted = self.iter().filter(|provider| provider.logo.is_none());
        wanted.filter_map(|provider| Some((provider.key.clone(), provider.logo_file.clone()?))).collect()
    }

    /// Gives a provider its logo, if there is such a provider.
    pub fn set_logo(&mut self, key: &str, logo: Logo) {
        if let Some(entry) = self.entries.get_mut(key) {
            entry.ways.set_logo(&Arc::new(logo));
        }
    }

    /// The same providers, of which some may be at these hosts of customers' own.
    pub fn approving(mut self, hosts: &ApprovedHosts) -> Self {
        self.entries_mut().values_mut().for_each(|entry| entry.ways.approve(hosts));
        self
    }

    /// The picture of a provider's logo with this name in addresses.
    pub fn picture(&self, name: &str) -> Option<&Picture> {
        let logos = self.iter().filter_map(|provider| provider.logo.as_deref());
        logos.flat_map(Logo::pictures).find(|picture| picture.name == name)
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
        let (added, mut errors) = self.add(files, true);
        errors.extend(self.same_names(&added));
        ProviderFileErrors::check(errors).map(|()| self)
    }

    /// The same for files whose examples were tried before: they are not read, as in [`Catalog::embedded`].
    pub fn with_tried_files(
        mut self,
        files: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ProviderFileErrors> {
        let (added, mut errors) = self.add(files, false);
        errors.extend(self.same_names(&added));
        ProviderFileErrors::check(errors).map(|()| self)
    }

    /// The same as [`Catalog::with_files`], but leaves out the files that are wrong. Returns every error of these, too.
    ///
    /// A provider whose file is left out is not in the catalog at all: a built-in one with its key has other addresses
    /// perhaps, and must not take its place unasked.
    pub fn with_right_files(
        mut self,
        files: impl IntoIterator<Item = (String, String)>,
    ) -> (Self, Vec<ProviderFileError>) {
        let (mut added, mut errors) = self.add(files, true);
        let mut wrong = errors.clone();
        while !wrong.is_empty() {
            for error in wrong {
                let key = convert::stem(&error.file);
                self.entries_mut().remove(key);
                added.remove(key);
            }
            wrong = self.same_names(&added);
            errors.extend(wrong.iter().cloned());
        }
        errors.sort();
        errors.dedup();
        (self, errors)
    }

    /// Adds the providers of the files that can be read. Returns names and texts of these files by the providers' keys,
    /// and what is wrong with the others.
    fn add(
        &mut self,
        files: impl IntoIterator<Item = (String, String)>,
        tries_examples: bool,
    ) -> (BTreeMap<String, (String, String)>, Vec<ProviderFileError>) {
        let mut errors = Vec::new();
        let mut first: BTreeMap<String, (String, String)> = BTreeMap::new();
        for (file, text) in files {
            let ways = match convert::read(&file, &text, tries_examples) {
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
        (first, errors)
    }

    /// Adds a provider that is served on this machine at `origin`, over plain HTTP: a made-up one for trying things
    /// out. Its file is checked like any other, with an `https` host. The origin then takes the place of that host.
    pub fn with_local(mut self, file: &str, text: &str, origin: &Url) -> Result<Self, ProviderFileErrors> {
        match convert::read(file, text, true) {
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
        let Provider { key, name, aliases, description, category, .. } = &ways.first;
        let searchable = Searchable::new((key, name), aliases, *category, description);
        let (key, is_bare) = (key.to_string(), ways.first.logo_file.is_none());
        let mut ways = Ways::from(ways);
        // Whoever describes a provider anew need not draw it anew.
        let replaced = self.ways(&key).filter(|_| is_bare);
        if let Some(logo) = replaced.and_then(|replaced| replaced.first().logo.clone()) {
            ways.set_logo(&logo);
        }
        self.entries_mut().insert(key, SearchableProvider { ways, searchable });
    }

    /// The provider called `key`, by its recommended way.
    pub fn get(&self, key: &str) -> Option<&Arc<Provider>> {
        self.ways(key).map(Ways::first)
    }

    /// The ways to log in at the provider called `key`.
    pub fn ways(&self, key: &str) -> Option<&Ways> {
        self.entries.get(key).map(|entry| &entry.ways)
    }

    /// The providers with a way that uses an OAuth app of this server, by that way, and what stands for the bases of
    /// several, sorted by key.
    pub fn by_app(&self) -> impl Iterator<Item = &Arc<Provider>> {
        let mut all: Vec<_> = self.services().chain(self.shared().values()).collect();
        all.sort_by(|one, other| one.key.as_str().cmp(other.key.as_str()));
        all.into_iter()
    }

    /// Whose OAuth app is meant by `key`: a provider's, by the way that uses one if any does, or that of a base.
    pub fn with_app(&self, key: &str) -> Option<&Arc<Provider>> {
        self.ways(key).map(Ways::with_app).or_else(|| self.shared().get(key))
    }

    /// The entries, to be changed: what stands for the bases may then be something else.
    fn entries_mut(&mut self) -> &mut BTreeMap<String, SearchableProvider> {
        self.shared.take();
        &mut self.entries
    }

    fn services(&self) -> impl Iterator<Item = &Arc<Provider>> {
        self.entries.values().filter_map(|entry| entry.ways.by_app())
    }

    fn shared(&self) -> &BTreeMap<String, Arc<Provider>> {
        self.shared.get_or_init(|| shared_app::shared_apps(self.services()))
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

    /// The providers of `category` that fit every word of `q`, the best first: by name, key, alias, category and
    /// description, and what begins so before what has it within. What fits alike is sorted by name. Where nothing,
    /// of no category, fits as it was typed, small typos are forgiven.
    ///
    /// Case and accents do not matter. Words are separated by whitespace. Without words, everything fits, sorted by
    /// key.
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
        let query = Query::new(q.unwrap_or_default());
        let is_wanted = |provider: &Provider| category.is_none_or(|category| provider.category == category);
        if query.is_empty() {
            let all = self.entries.values().map(|entry| entry.ways.first());
            return all.filter(|provider| is_wanted(provider)).collect();
        }
        let ranked = |forgiving| {
            let ranked = self.entries.values().filter_map(|entry| {
                let provider = entry.ways.first();
                Some((entry.searchable.rank(&query, &names(provider), forgiving)?, provider))
            });
            ranked.collect::<Vec<(Rank, &Arc<Provider>)>>()
        };
        let mut found = ranked(false);
        if found.is_empty() {
            found = ranked(true);
        }
        found.retain(|(_, provider)| is_wanted(provider));
        // What has the same name stays sorted by key.
        found.sort_by_cached_key(|(rank, provider)| (*rank, provider.name.to_lowercase()));
        found.into_iter().map(|(_, provider)| provider).collect()
    }
}
