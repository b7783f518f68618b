//! What a request names to make, change or rotate an API key.

use std::time::Duration;

use serde_json::Value;
use time::OffsetDateTime;

use crate::{
    fields::{BodyError, Fields, list, moment, name, or_null, seconds, text},
    rights::{Reach, Rights},
    scope::Scope,
    tier::Tier,
};

/// The most projects that a key can be bound to.
const MAX_PROJECTS: usize = 100;
/// The most scopes of a key. There are fewer different ones that mean something together.
const MAX_SCOPES: usize = 50;
/// The longest time for which a rotated key and the new one both work.
pub const MAX_OVERLAP: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// A key to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewKey {
    /// What it is for.
    pub name: String,
    /// What it may do, and in which projects.
    pub rights: Rights,
    /// How often it may be used. `None`: as often as the key that makes it.
    pub tier: Option<Tier>,
    /// When it stops by itself.
    pub expires_at: Option<OffsetDateTime>,
}

/// A change of a key. A field that is `None` does not change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyUpdate {
    /// What it is for.
    pub name: Option<String>,
    /// What it may do.
    pub scopes: Option<Vec<Scope>>,
    /// In which projects.
    pub reach: Option<Reach>,
    /// How often it may be used.
    pub tier: Option<Tier>,
    /// When it stops by itself, or that it does not.
    pub expires_at: Option<Option<OffsetDateTime>>,
}

/// The replacement of a key by a new one with the same rights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rotation {
    /// How long the old key works on. Zero: it stops at once.
    pub overlap: Duration,
}

impl NewKey {
    /// Reads the body of a request.
    pub fn read(body: &[u8]) -> Result<Self, BodyError> {
        let mut fields = Fields::read(body)?;
        let name = fields.required("name", name);
        let scopes = fields.required("scopes", scopes);
        let reach = fields.optional("project_ids", reach).unwrap_or(Reach::Organization);
        let tier = fields.optional("tier", tier);
        let expires_at = fields.optional("expires_at", or_null(moment)).flatten();
        let key = name.zip(scopes).map(|(name, scopes)| {
            let rights = Rights { scopes, reach };
            Self { name, rights, tier, expires_at }
        });
        fields.finish(key)
    }
}

impl KeyUpdate {
    /// Reads the body of a request.
    pub fn read(body: &[u8]) -> Result<Self, BodyError> {
        let mut fields = Fields::read_change(body)?;
        let update = Self {
            name: fields.optional("name", name),
            scopes: fields.optional("scopes", scopes),
            reach: fields.optional("project_ids", reach),
            tier: fields.optional("tier", tier),
            expires_at: fields.optional("expires_at", or_null(moment)),
        };
        fields.finish(Some(update))
    }

    /// The rights after the change.
    pub fn rights(&self, before: &Rights) -> Rights {
        Rights {
            scopes: self.scopes.clone().unwrap_or_else(|| before.scopes.clone()),
            reach: self.reach.clone().unwrap_or_else(|| before.reach.clone()),
        }
    }

    /// Whether it gives the key other rights than before, so that who changes it must hold them.
    pub fn grants(&self) -> bool {
        self.scopes.is_some() || self.reach.is_some() || self.tier.is_some() || self.expires_at.is_some()
    }
}

impl Rotation {
    /// Reads the body of a request, which may be left out.
    pub fn read(body: &[u8]) -> Result<Self, BodyError> {
        let mut fields = Fields::read_optional(body)?;
        let overlap = fields.optional("overlap_seconds", seconds(MAX_OVERLAP));
        fields.finish(Some(Self { overlap: overlap.unwrap_or_default() }))
    }
}

fn scopes(value: Value) -> Result<Vec<Scope>, String> {
    let mut scopes = list(MAX_SCOPES, |text| text.parse().map_err(|error| format!("{error}")))(value)?;
    if scopes.is_empty() {
        return Err("Must name at least one scope".into());
    }
    let mut seen = Vec::new();
    scopes.retain(|scope| {
        !seen.contains(scope) && {
            seen.push(*scope);
            true
        }
    });
    Ok(scopes)
}

/// Reads the projects that a key is bound to: `null` for all of the organization, or a list that is not empty.
fn reach(value: Value) -> Result<Reach, String> {
    let projects = or_null(list(MAX_PROJECTS, |text| {
        text.parse().map_err(|_| "Expected the id of a project, prj_…".to_owned())
    }))(value)?;
    match projects {
        None => Ok(Reach::Organization),
        Some(projects) if projects.is_empty() => {
            Err("Must name at least one project; null is all of the organization".into())
        }
        Some(mut projects) => {
            projects.sort_unstable();
            projects.dedup();
            Ok(Reach::Projects(projects))
        }
    }
}

fn tier(value: Value) -> Result<Tier, String> {
    text(value)?.parse().map_err(|error| format!("{error}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::ids::ProjectId;

    fn issues<T: std::fmt::Debug>(read: Result<T, BodyError>) -> Vec<String> {
        match read {
            Err(BodyError::Invalid(issues)) => issues.into_iter().map(|issue| issue.to_string()).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_key_is_read() {
        let project = ProjectId::from_bits(1);
        let body = json!({
            "name": "CI", "scopes": ["read", "integrations:write", "read"],
            "project_ids": [project.to_string(), project.to_string()], "tier": "pro", "expires_at": null
        });
        let key = NewKey::read(body.to_string().as_bytes()).unwrap();
        assert_eq!(key.rights.scopes, ["read".parse().unwrap(), "integrations:write".parse().unwrap()]);
        assert_eq!(key.rights.reach, Reach::Projects(vec![project]));
        assert_eq!((key.tier, key.expires_at), (Some(Tier::Pro), None));
    }

    #[test]
    fn what_is_no_key_is_refused_in_words() {
        let read = |body: Value| issues(NewKey::read(body.to_string().as_bytes()));
        assert_eq!(read(json!({})), ["name: Required", "scopes: Required"]);
        assert_eq!(read(json!({"name": "a", "scopes": []})), ["scopes: Must name at least one scope"]);
        assert_eq!(
            read(json!({"name": "a", "scopes": ["read"], "project_ids": []})),
            ["project_ids: Must name at least one project; null is all of the organization"]
        );
        assert_eq!(
            read(json!({"name": "a", "scopes": ["read"], "project_ids": ["prj_x"]})),
            ["project_ids: entry 0: Expected the id of a project, prj_…"]
        );
        let unknown = read(json!({"name": "a", "scopes": ["root"]})).pop().unwrap();
        assert!(unknown.starts_with("scopes: entry 0: unknown scope \"root\""), "{unknown}");
    }

    #[test]
    fn a_rotation_stops_the_old_key_at_once_unless_asked_otherwise() {
        assert_eq!(Rotation::read(b"").unwrap().overlap, Duration::ZERO);
        assert_eq!(Rotation::read(b"{}").unwrap().overlap, Duration::ZERO);
        assert_eq!(Rotation::read(br#"{"overlap_seconds": 60}"#).unwrap().overlap, Duration::from_secs(60));
        for wrong in ["-1", "1.5", "2592001", "\"60\"", "null"] {
            let body = format!(r#"{{"overlap_seconds": {wrong}}}"#);
            assert_eq!(
                issues(Rotation::read(body.as_bytes())),
                ["overlap_seconds: Expected a whole number from 0 to 2592000"]
            );
        }
    }
}
