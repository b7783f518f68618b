//! Roles from a claim.

use std::{collections::BTreeMap, str::FromStr};

use serde_json::{Map, Value};

use crate::{ids::OrganizationId, role::Role};

/// Where in a person's claims their groups are: a JSON pointer (RFC 6901), such as `/groups` or `/realm_access/roles`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimPath(String);

/// A text is no JSON pointer to a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected a JSON pointer such as /groups or /realm_access/roles, and in a name ~ written as ~0 and / as ~1"
)]
pub struct InvalidClaimPath;

impl Default for ClaimPath {
    fn default() -> Self {
        Self("/groups".to_owned())
    }
}

impl FromStr for ClaimPath {
    type Err = InvalidClaimPath;

    fn from_str(text: &str) -> Result<Self, InvalidClaimPath> {
        let mut escapes = text.split('~').skip(1);
        let is_pointer = text.len() > 1 && text.starts_with('/');
        if is_pointer && escapes.all(|rest| rest.starts_with(['0', '1'])) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidClaimPath)
        }
    }
}

impl ClaimPath {
    /// The pointer.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name of the claim in which it begins.
    fn claim(&self) -> String {
        let first = self.0.split('/').nth(1).unwrap_or_default();
        first.replace("~1", "/").replace("~0", "~")
    }
}

/// What claims tell of a person's groups. That they tell nothing does not mean that there are none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// These and no others, as they are written.
    Groups(Vec<String>),
    /// Nothing.
    Nothing,
    /// That the groups are elsewhere (OpenID Connect Core 1.0, section 5.6.2): some providers leave them out if there
    /// are very many, and name an address in their place. Nobody fetches an address out of a token.
    Elsewhere,
    /// Something that is neither a text nor a list of texts.
    Unreadable,
}

impl Told {
    /// Reads the claims of an ID token or of the userinfo endpoint.
    pub fn read(claims: &Map<String, Value>, path: &ClaimPath) -> Self {
        let claim = path.claim();
        let is_elsewhere = claims.get("_claim_names").is_some_and(|names| names.get(&claim).is_some())
            // Microsoft's short form of the same.
            || (claim == "groups" && claims.get("hasgroups").is_some());
        if is_elsewhere {
            return Self::Elsewhere;
        }
        let found = claims.get(&claim).and_then(|value| {
            let rest = path.0.get(1..).and_then(|inner| inner.find('/')).and_then(|at| path.0.get(at + 1..));
            value.pointer(rest.unwrap_or_default())
        });
        match found {
            None | Some(Value::Null) => Self::Nothing,
            Some(Value::String(group)) => Self::Groups(vec![group.clone()]),
            Some(Value::Array(groups)) => {
                let texts: Option<Vec<_>> =
                    groups.iter().map(|group| group.as_str().map(str::to_owned)).collect();
                texts.map_or(Self::Unreadable, Self::Groups)
            }
            Some(_) => Self::Unreadable,
        }
    }
}

/// That a group gives a role: `org_…:admin=the-group`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleGrant {
    /// Where.
    pub organization: OrganizationId,
    /// The role.
    pub role: Role,
    /// The group, exactly as the provider writes it.
    pub group: String,
}

/// A text says no role of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected ORGANIZATION:ROLE=GROUP such as org_…:viewer=all; the role is viewer, operator, approver or admin"
)]
pub struct InvalidRoleGrant;

impl FromStr for RoleGrant {
    type Err = InvalidRoleGrant;

    fn from_str(text: &str) -> Result<Self, InvalidRoleGrant> {
        let (grant, group) = text.split_once('=').ok_or(InvalidRoleGrant)?;
        let (organization, role) = grant.trim().split_once(':').ok_or(InvalidRoleGrant)?;
        let group = group.trim();
        if group.is_empty() {
            return Err(InvalidRoleGrant);
        }
        Ok(Self {
            organization: organization.parse().map_err(|_| InvalidRoleGrant)?,
            role: role.parse().map_err(|_| InvalidRoleGrant)?,
            group: group.to_owned(),
        })
    }
}

/// The roles that groups give. A group counts only if it is written exactly as in a grant. In an organization that
/// several of them name, the greatest role counts.
pub fn roles_of(grants: &[RoleGrant], groups: &[String]) -> BTreeMap<OrganizationId, Role> {
    let mut roles = BTreeMap::new();
    for grant in grants.iter().filter(|grant| groups.contains(&grant.group)) {
        let role = roles.entry(grant.organization).or_insert(grant.role);
        *role = grant.role.max(*role);
    }
    roles
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(path: &str, claims: Value) -> Told {
        Told::read(claims.as_object().unwrap(), &path.parse().unwrap())
    }

    fn groups(groups: &[&str]) -> Told {
        Told::Groups(groups.iter().map(|group| (*group).to_owned()).collect())
    }

    /// The claims of documented answers: Okta, Keycloak, Microsoft, Auth0, Amazon Cognito, Authelia, Google.
    #[test]
    fn groups_are_read_as_providers_write_them() {
        for (path, claims, expected) in [
            ("/groups", json!({"groups": ["Everyone", "riq-admin"]}), groups(&["Everyone", "riq-admin"])),
            ("/groups", json!({"groups": "riq-admin"}), groups(&["riq-admin"])),
            ("/groups", json!({"groups": "a,b c"}), groups(&["a,b c"])),
            ("/groups", json!({"groups": []}), groups(&[])),
            ("/realm_access/roles", json!({"realm_access": {"roles": ["riq"]}}), groups(&["riq"])),
            (
                "/resource_access/riq/roles",
                json!({"resource_access": {"riq": {"roles": ["a"]}, "account": {"roles": ["b"]}}}),
                groups(&["a"]),
            ),
            ("/cognito:groups", json!({"cognito:groups": ["g"]}), groups(&["g"])),
            ("/https:~1~1riq.example~1roles", json!({"https://riq.example/roles": ["g"]}), groups(&["g"])),
            ("/a.b", json!({"a.b": ["g"], "a": {"b": ["other"]}}), groups(&["g"])),
            ("/groups", json!({"sub": "1"}), Told::Nothing),
            ("/groups", json!({"groups": null}), Told::Nothing),
            ("/realm_access/roles", json!({"realm_access": {}}), Told::Nothing),
            ("/groups", json!({"groups": {"a": 1}}), Told::Unreadable),
            ("/groups", json!({"groups": [1]}), Told::Unreadable),
            ("/groups", json!({"hasgroups": true}), Told::Elsewhere),
            (
                "/groups",
                json!({
                    "_claim_names": {"groups": "src1"},
                    "_claim_sources": {"src1": {"endpoint": "http://169.254.169.254/"}},
                }),
                Told::Elsewhere,
            ),
            ("/groups", json!({"groups": ["a"], "_claim_names": {"groups": "src1"}}), Told::Elsewhere),
            ("/roles", json!({"roles": ["a"], "_claim_names": {"groups": "src1"}}), groups(&["a"])),
        ] {
            assert_eq!(told(path, claims.clone()), expected, "{path} {claims}");
        }
    }

    #[test]
    fn a_path_is_a_json_pointer() {
        for text in ["/groups", "/a/b", "/a~1b", "/~0", "/0"] {
            assert!(text.parse::<ClaimPath>().is_ok(), "{text}");
        }
        for text in ["", "/", "groups", "a.b", "/a~", "/a~2"] {
            assert_eq!(text.parse::<ClaimPath>(), Err(InvalidClaimPath), "{text}");
        }
    }

    #[test]
    fn a_group_gives_a_role_where_it_is_named_exactly() {
        let one = OrganizationId::from_bits(1);
        let other = OrganizationId::from_bits(2);
        let grants: Vec<RoleGrant> = [
            format!("{one}:viewer=everyone"),
            format!(" {one}:admin = CN=riq, admins,OU=Groups "),
            format!("{other}:operator=ops"),
        ]
        .iter()
        .map(|text| text.parse().unwrap())
        .collect();
        let roles = |groups: &[&str]| {
            let groups: Vec<String> = groups.iter().map(|group| (*group).to_owned()).collect();
            roles_of(&grants, &groups).into_iter().collect::<Vec<_>>()
        };
        assert_eq!(roles(&["everyone"]), [(one, Role::Viewer)]);
        assert_eq!(roles(&["CN=riq, admins,OU=Groups", "everyone"]), [(one, Role::Admin)]);
        assert_eq!(roles(&["everyone", "ops"]), [(one, Role::Viewer), (other, Role::Operator)]);
        for unlike in ["Everyone", "everyon", "everyone,ops", " everyone", ""] {
            assert_eq!(roles(&[unlike]), [], "{unlike}");
        }
        for text in [
            "",
            "admin=x",
            "org_1:admin=x",
            &format!("{one}:owner=x"),
            &format!("{one}:admin="),
            &format!("{one}=x"),
        ] {
            assert_eq!(text.parse::<RoleGrant>(), Err(InvalidRoleGrant), "{text}");
        }
    }
}
