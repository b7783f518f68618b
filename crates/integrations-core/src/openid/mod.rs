//! What an OpenID Connect provider says about people: their groups, which give roles, and that they are signed out.

mod logout;
mod roles;

pub use self::{
    logout::{LogoutClaims, LogoutProblem},
    roles::{ClaimPath, InvalidClaimPath, InvalidRoleGrant, RoleGrant, Told, roles_of},
};

use serde_json::{Map, Value};

/// The text of a claim, if it is there and not empty.
pub fn text<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    claims.get(name)?.as_str().filter(|text| !text.is_empty())
}

/// A time of a claim, in seconds since 1970. Some providers write fractions.
pub fn seconds(claims: &Map<String, Value>, name: &str) -> Option<i64> {
    let value = claims.get(name)?;
    // A time that does not fit is cut off at the end of the range, and is then refused as too late.
    value.as_i64().or_else(|| value.as_f64().map(|seconds| seconds as i64))
}
