//! Decides whether a request may be sent.

use super::Refusal;
use crate::catalog::{ActionKind, Provider, action::Action};
use crate::permissions::{ActionPermissions, OTHER_READS, OTHER_WRITES, Permission};

/// What no action stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Other {
    /// It only reads.
    Reads,
    /// It may change something.
    Writes,
}

/// What a request stands for.
#[derive(Clone, Debug, PartialEq)]
pub struct Wish<'p> {
    /// Every action that it could stand for, whatever its arguments.
    pub actions: Vec<&'p Action>,
    /// Whether it asks for something that no action stands for.
    pub other: Option<Other>,
    /// Whether it may change something.
    pub writes: bool,
}

/// Decides on a request: every action that it could stand for must be permitted and have no guard, and what no action
/// stands for must be permitted as such. The error says what would have to be permitted.
pub fn decide(provider: &Provider, permissions: &ActionPermissions, wish: &Wish<'_>) -> Result<(), Refusal> {
    if !provider.auth_request.members.is_empty() {
        let name = &provider.name;
        return Err(Refusal::NotPermitted(format!(
            "{name} takes the credential in the body of a request, and only its actions write that: call an action"
        )));
    }
    let permission = |key: &str| permissions.get(key).copied().unwrap_or_default();
    let of_actions = wish.actions.iter().filter_map(|action| obstacle(action, permission(&action.key)));
    let of_other = wish.other.and_then(|other| match other {
        Other::Reads => other_reads(provider, permissions),
        Other::Writes => other_writes(provider, permissions),
    });
    let obstacles: Vec<String> = of_actions.chain(of_other).collect();
    if obstacles.is_empty() { Ok(()) } else { Err(Refusal::NotPermitted(obstacles.join(". "))) }
}

/// What stands in the way of an action.
fn obstacle(action: &Action, permission: Permission) -> Option<String> {
    let Action { label, key, .. } = action;
    let stands_for = format!("The request can stand for “{label}” ({key})");
    match permission {
        Permission::Off => {
            Some(format!("{stands_for}, which is not permitted. {key} would have to be permitted"))
        }
        Permission::Ask => {
            Some(format!("{stands_for}, which a person approves each time: call it as an action"))
        }
        Permission::Allowed if !action.guards.is_empty() => {
            Some(format!("{stands_for}, whose limits only a call of the action checks: call it as an action"))
        }
        Permission::Allowed => None,
    }
}

/// What stands in the way of reading what no action stands for. It may be what an action reads, in another place.
fn other_reads(provider: &Provider, permissions: &ActionPermissions) -> Option<String> {
    let stands_for =
        format!("No action of {} stands for the request, or for all that it reads", provider.name);
    if let Some(why) = why_no_other_reads(provider) {
        return Some(format!("{stands_for}, and {OTHER_READS} cannot be permitted: {why}"));
    }
    let reading = reading(provider).map(|action| action.key.as_str());
    missing(permissions, reading.chain([OTHER_READS]), &stands_for)
}

/// What stands in the way of changing what no action stands for. It may be what an action does, in another way: what
/// one reads as well, as some search by POST.
fn other_writes(provider: &Provider, permissions: &ActionPermissions) -> Option<String> {
    let stands_for =
        format!("No action of {} stands for the request, which may change something", provider.name);
    if let Some(why) = why_no_other_writes(provider) {
        return Some(format!("{stands_for}, and {OTHER_WRITES} cannot be permitted: {why}"));
    }
    let actions = provider.actions.iter().map(|action| action.key.as_str());
    missing(permissions, actions.chain([OTHER_WRITES]), &stands_for)
}

/// Which of these permissions are missing.
fn missing<'k>(
    permissions: &ActionPermissions,
    keys: impl Iterator<Item = &'k str>,
    stands_for: &str,
) -> Option<String> {
    let is_missing = |key: &&str| permissions.get(*key) != Some(&Permission::Allowed);
    let missing: Vec<&str> = keys.filter(is_missing).collect();
    let told = || format!("{stands_for}. {} would have to be permitted", missing.join(", "));
    (!missing.is_empty()).then(told)
}

fn reading(provider: &Provider) -> impl Iterator<Item = &Action> {
    provider.actions.iter().filter(|action| action.kind == ActionKind::ReadOnly)
}

/// The permissions of what no action stands for, each with the reason why it cannot be given, if there is one.
pub fn other_permissions(provider: &Provider) -> [(&'static str, Option<String>); 2] {
    [(OTHER_READS, why_no_other_reads(provider)), (OTHER_WRITES, why_no_other_writes(provider))]
}

/// Why reading what no action stands for cannot be permitted. `None`: it can.
fn why_no_other_reads(provider: &Provider) -> Option<String> {
    let by_get =
        || provider.proxying.writes_by_get.then(|| format!("{} takes writes by GET too", provider.name));
    by_get().or_else(|| has_limits(reading(provider)))
}

/// Why changing what no action stands for cannot be permitted. `None`: it can.
fn why_no_other_writes(provider: &Provider) -> Option<String> {
    has_limits(provider.actions.iter())
}

fn has_limits<'p>(mut actions: impl Iterator<Item = &'p Action>) -> Option<String> {
    let guarded = actions.find(|action| !action.guards.is_empty())?;
    Some(format!("“{}” has limits, which such a request could get around", guarded.label))
}
