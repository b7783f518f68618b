//! The ways to log in at one provider.

use std::sync::Arc;

use super::names::AuthKind;
use super::provider::Provider;
use crate::approved_hosts::ApprovedHosts;
use crate::picture::Logo;

/// The ways to log in at one provider: one [`Provider`] for each `[[auth]]` of its file, in the order of the file.
///
/// There is at least one, the kinds differ, and the first is the recommended one. What does not depend on the way is
/// the same in all of them.
#[derive(Clone, Debug)]
pub struct Ways {
    first: Arc<Provider>,
    others: Arc<[Arc<Provider>]>,
}

/// By which way an integration was connected, as it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredWay<'a> {
    /// Its [`super::SetupType`].
    pub setup_type: &'a str,
    /// Its [`AuthKind`]. `None`: it was stored before files had several ways.
    pub auth: Option<&'a str>,
}

impl Ways {
    /// These ways, of which `first` is recommended.
    pub(super) fn new(first: Provider, others: Vec<Provider>) -> Self {
        let others = others.into_iter().map(|other| {
            Arc::new(Provider {
                actions: Arc::clone(&first.actions),
                settings: Arc::clone(&first.settings),
                ..other
            })
        });
        let others = others.collect();
        Self { first: Arc::new(first), others }
    }

    /// Gives the provider a logo.
    pub(super) fn set_logo(&mut self, logo: &Arc<Logo>) {
        let others = Arc::make_mut(&mut self.others);
        for way in [&mut self.first].into_iter().chain(others) {
            Arc::make_mut(way).logo = Some(Arc::clone(logo));
        }
    }

    /// Says which hosts of customers' own the operator approves.
    pub(super) fn approve(&mut self, hosts: &ApprovedHosts) {
        if !self.iter().any(|way| way.names_own_hosts()) {
            return;
        }
        let others = Arc::make_mut(&mut self.others);
        for way in [&mut self.first].into_iter().chain(others) {
            Arc::make_mut(way).approve(hosts);
        }
    }

    /// The recommended one.
    pub const fn first(&self) -> &Arc<Provider> {
        &self.first
    }

    /// All of them, in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Provider>> {
        [&self.first].into_iter().chain(self.others.iter())
    }

    /// Whether there are several.
    pub fn are_several(&self) -> bool {
        !self.others.is_empty()
    }

    /// The one of this kind.
    pub fn of(&self, kind: AuthKind) -> Option<&Arc<Provider>> {
        self.iter().find(|way| way.auth == kind)
    }

    /// The one that uses an OAuth app, if there is one.
    pub fn by_app(&self) -> Option<&Arc<Provider>> {
        self.iter().find(|way| way.oauth_by_app().is_some())
    }

    /// The one whose OAuth app is meant where an app is set: the one that uses an app, else the first, which has none.
    pub fn with_app(&self) -> &Arc<Provider> {
        self.by_app().unwrap_or(&self.first)
    }

    /// The one that is offered first: the first in the order of the file that can be installed, if `is_ready` says so
    /// of any, else the recommended one.
    pub fn offered(&self, is_ready: impl Fn(&Provider) -> bool) -> &Arc<Provider> {
        self.iter().find(|way| is_ready(way)).unwrap_or(&self.first)
    }

    /// The one by which an integration was connected. Without the kind, or if an older program has connected it by
    /// another way since, it is the first with its setup type. If the file has no such way any more, it is the first.
    pub fn stored(&self, stored: StoredWay<'_>) -> &Arc<Provider> {
        let has_type = |way: &&Arc<Provider>| way.setup_type().as_str() == stored.setup_type;
        let has_kind = |way: &&Arc<Provider>| Some(way.auth.as_str()) == stored.auth;
        let exact = self.iter().filter(has_type).find(has_kind);
        exact.or_else(|| self.iter().find(has_type)).unwrap_or(&self.first)
    }
}
