//! Scopes: what an API key may do.
//!
//! | held | covers |
//! |---|---|
//! | `admin` | everything |
//! | `write` | every `*:read` and `*:write` |
//! | `read` | every `*:read` |
//! | `<resource>:<level>` | this resource, up to this level |

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::words::words;

words! {
    /// How far a scope goes. Each level includes those before it.
    pub enum Level {
        /// See.
        Read = "read",
        /// See and change.
        Write = "write",
        /// See, change and administer.
        Admin = "admin",
    }
}

words! {
    /// A kind of object that scopes protect.
    pub enum Resource {
        /// Integrations and the catalog.
        Integrations = "integrations",
        /// Outgoing webhooks.
        Webhooks = "webhooks",
        /// The audit log.
        Audit = "audit",
        /// The projects of an organization.
        Projects = "projects",
        /// The API keys of an organization.
        Keys = "keys",
        /// The OAuth apps of an organization and of its projects.
        OauthApps = "oauth_apps",
        /// Who may approve what waits for a person.
        Approvals = "approvals",
        /// Actions of what is installed, and the record of their calls.
        Actions = "actions",
        /// Requests that are passed on to providers as they are.
        Proxy = "proxy",
    }
}

/// The scope that an operation requires: a level on one resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RequiredScope {
    /// The resource.
    pub resource: Resource,
    /// The level.
    pub level: Level,
}

impl RequiredScope {
    /// `integrations:read`
    pub const INTEGRATIONS_READ: Self = Self { resource: Resource::Integrations, level: Level::Read };
    /// `integrations:write`
    pub const INTEGRATIONS_WRITE: Self = Self { resource: Resource::Integrations, level: Level::Write };
    /// `audit:read`
    pub const AUDIT_READ: Self = Self { resource: Resource::Audit, level: Level::Read };
    /// `webhooks:read`
    pub const WEBHOOKS_READ: Self = Self { resource: Resource::Webhooks, level: Level::Read };
    /// `webhooks:write`
    pub const WEBHOOKS_WRITE: Self = Self { resource: Resource::Webhooks, level: Level::Write };
    /// `projects:read`
    pub const PROJECTS_READ: Self = Self { resource: Resource::Projects, level: Level::Read };
    /// `projects:write`
    pub const PROJECTS_WRITE: Self = Self { resource: Resource::Projects, level: Level::Write };
    /// `keys:read`
    pub const KEYS_READ: Self = Self { resource: Resource::Keys, level: Level::Read };
    /// `keys:admin`
    pub const KEYS_ADMIN: Self = Self { resource: Resource::Keys, level: Level::Admin };
    /// `oauth_apps:read`
    pub const OAUTH_APPS_READ: Self = Self { resource: Resource::OauthApps, level: Level::Read };
    /// `oauth_apps:admin`
    pub const OAUTH_APPS_ADMIN: Self = Self { resource: Resource::OauthApps, level: Level::Admin };
    /// `actions:read`
    pub const ACTIONS_READ: Self = Self { resource: Resource::Actions, level: Level::Read };
    /// `actions:write`
    pub const ACTIONS_WRITE: Self = Self { resource: Resource::Actions, level: Level::Write };
    /// `approvals:read`
    pub const APPROVALS_READ: Self = Self { resource: Resource::Approvals, level: Level::Read };
    /// `approvals:admin`
    pub const APPROVALS_ADMIN: Self = Self { resource: Resource::Approvals, level: Level::Admin };
    /// `proxy:write`
    pub const PROXY_WRITE: Self = Self { resource: Resource::Proxy, level: Level::Write };
}

impl fmt::Display for RequiredScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.resource, self.level)
    }
}

/// A scope that a key holds: a level on every resource, or on one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Scope {
    /// The resource; `None` means every resource.
    pub resource: Option<Resource>,
    /// The level.
    pub level: Level,
}

impl Scope {
    /// `admin`: everything.
    pub const ADMIN: Self = Self { resource: None, level: Level::Admin };
    /// What an agent needs: it calls actions, and sees what came of its calls. With these alone it permits nothing to
    /// itself and approves nothing.
    pub const OF_AN_AGENT: [Self; 2] = [
        Self { resource: Some(Resource::Actions), level: Level::Read },
        Self { resource: Some(Resource::Actions), level: Level::Write },
    ];

    /// All scopes: those on every resource, then those on each.
    pub fn all() -> impl Iterator<Item = Self> {
        let resources = std::iter::once(None).chain(Resource::ALL.into_iter().map(Some));
        resources.flat_map(|resource| Level::ALL.map(|level| Self { resource, level }))
    }

    /// Whether holding this scope satisfies `required`.
    pub fn covers(self, required: RequiredScope) -> bool {
        self.level >= required.level && self.resource.is_none_or(|resource| resource == required.resource)
    }

    /// Whether holding this scope satisfies everything that holding `other` does.
    pub fn includes(self, other: Self) -> bool {
        self.level >= other.level && (self.resource.is_none() || self.resource == other.resource)
    }

    /// What both satisfy: `integrations:admin` and `write` have `integrations:write` in common. `None`: nothing.
    pub fn and(self, other: Self) -> Option<Self> {
        let resource = match (self.resource, other.resource) {
            (Some(one), Some(two)) if one != two => return None,
            (one, two) => one.or(two),
        };
        Some(Self { resource, level: self.level.min(other.level) })
    }
}

/// Whether any of `held` satisfies `required`.
pub fn any_covers(held: &[Scope], required: RequiredScope) -> bool {
    held.iter().any(|scope| scope.covers(required))
}

/// Warns of scopes with which somebody can call actions and also lift what binds such calls, as an agent must not.
pub fn agent_warning(held: &[Scope]) -> Option<String> {
    const LIFTING: [(RequiredScope, &str); 3] = [
        (RequiredScope::INTEGRATIONS_WRITE, "permit them to itself"),
        (RequiredScope::APPROVALS_ADMIN, "approve calls"),
        (RequiredScope::KEYS_ADMIN, "make keys"),
    ];
    if !any_covers(held, RequiredScope::ACTIONS_WRITE) {
        return None;
    }
    let covered = LIFTING.into_iter().filter(|(required, _)| any_covers(held, *required));
    let lifts: Vec<String> = covered.map(|(required, what)| format!("{what} ({required})")).collect();
    (!lifts.is_empty()).then(|| {
        format!(
            "this key can call actions and also {}: do not give it to an agent, which needs actions:read and \
             actions:write alone",
            lifts.join(", ")
        )
    })
}

/// The error for a text that is not a scope.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown scope \"{0}\": expected read, write, admin, or one of these on {resources}, for example integrations:write",
    resources = Resource::ALL.map(Resource::as_str).join(", ")
)]
pub struct UnknownScope(String);

impl FromStr for Scope {
    type Err = UnknownScope;

    fn from_str(text: &str) -> Result<Self, UnknownScope> {
        let unknown = || UnknownScope(text.to_owned());
        let (resource, level) = match text.split_once(':') {
            None => (None, text),
            Some((name, level)) => (Some(name.parse().map_err(|_| unknown())?), level),
        };
        Ok(Self { resource, level: level.parse().map_err(|_| unknown())? })
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.resource {
            None => self.level.fmt(f),
            Some(resource) => write!(f, "{}:{}", resource, self.level),
        }
    }
}

impl Serialize for Scope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Scope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::{prelude::*, sample::select};

    use super::*;

    /// The contract's table of scopes, row by row: held, then everything that it covers.
    const CONTRACT: [(&str, &[&str]); 6] = [
        (
            "admin",
            &[
                "integrations:read",
                "integrations:write",
                "integrations:admin",
                "webhooks:read",
                "webhooks:write",
                "webhooks:admin",
            ],
        ),
        ("write", &["integrations:read", "integrations:write", "webhooks:read", "webhooks:write"]),
        ("read", &["integrations:read", "webhooks:read"]),
        ("integrations:admin", &["integrations:read", "integrations:write", "integrations:admin"]),
        ("integrations:write", &["integrations:read", "integrations:write"]),
        ("integrations:read", &["integrations:read"]),
    ];

    #[test]
    fn the_contracts_table() {
        for (held, covered) in CONTRACT {
            let held: Scope = held.parse().unwrap();
            for resource in [Resource::Integrations, Resource::Webhooks] {
                for level in Level::ALL {
                    let required = RequiredScope { resource, level };
                    let expected = covered.contains(&required.to_string().as_str());
                    assert_eq!(held.covers(required), expected, "{held} over {required}");
                }
            }
        }
    }

    #[test]
    fn who_calls_actions_should_not_lift_what_binds_the_calls() {
        let warning = |held: &[&str]| {
            agent_warning(&held.iter().map(|scope| scope.parse().unwrap()).collect::<Vec<_>>())
        };
        assert_eq!(agent_warning(&Scope::OF_AN_AGENT), None);
        for held in [
            &["read"][..],
            &["integrations:write", "keys:admin", "actions:read"],
            &["actions:admin", "audit:read"],
        ] {
            assert_eq!(warning(held), None, "{held:?}");
        }
        for (held, lifts) in [
            (
                &["actions:write", "integrations:write"][..],
                "also permit them to itself (integrations:write):",
            ),
            (&["actions:write", "approvals:admin"], "also approve calls (approvals:admin):"),
            (&["actions:admin", "keys:admin"], "also make keys (keys:admin):"),
            (&["write"], "also permit them to itself (integrations:write):"),
            (
                &["admin"],
                "permit them to itself (integrations:write), approve calls (approvals:admin), make keys (keys:admin):",
            ),
        ] {
            let warning = warning(held).unwrap();
            assert!(warning.contains(lifts), "{held:?}: {warning}");
        }
    }

    #[test]
    fn what_is_no_scope_is_refused_with_the_choices() {
        for text in
            ["", "READ", "integrations", "integrations:", ":read", "billing:read", "read:integrations", "*"]
        {
            let refusal = text.parse::<Scope>().unwrap_err().to_string();
            assert!(refusal.contains("integrations:write"), "{refusal}");
        }
    }

    fn scope() -> impl Strategy<Value = Scope> {
        (prop::option::of(select(Resource::ALL.to_vec())), select(Level::ALL.to_vec()))
            .prop_map(|(resource, level)| Scope { resource, level })
    }

    fn required() -> impl Strategy<Value = RequiredScope> {
        (select(Resource::ALL.to_vec()), select(Level::ALL.to_vec()))
            .prop_map(|(resource, level)| RequiredScope { resource, level })
    }

    proptest! {
        #[test]
        fn a_scope_survives_the_round_trip(scope in scope()) {
            prop_assert_eq!(scope.to_string().parse(), Ok(scope));
        }

        #[test]
        fn a_higher_level_covers_all_that_a_lower_one_does(held in scope(), required in required()) {
            let raised = Scope { level: Level::Admin, ..held };
            prop_assert!(!held.covers(required) || raised.covers(required));
            let widened = Scope { resource: None, ..held };
            prop_assert!(!held.covers(required) || widened.covers(required));
        }

        #[test]
        fn a_scope_that_includes_another_covers_all_that_it_does(
            held in scope(), other in scope(), required in required(),
        ) {
            prop_assert!(held.includes(held));
            if held.includes(other) {
                prop_assert!(held.covers(required) || !other.covers(required));
            }
        }

        #[test]
        fn a_resource_never_covers_another(held in scope(), required in required()) {
            if held.resource.is_some_and(|resource| resource != required.resource) {
                prop_assert!(!held.covers(required));
            }
        }

        #[test]
        fn one_more_scope_never_takes_away(held in prop::collection::vec(scope(), 0..4), more in scope(), required in required()) {
            let before = any_covers(&held, required);
            let after = any_covers(&[held, vec![more]].concat(), required);
            prop_assert!(!before || after);
        }
    }
}
