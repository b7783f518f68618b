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

/// The longest id of a person or session. OpenID Connect Core 1.0, section 2, allows 255 characters of ASCII.
const MAX_ID: usize = 255;

/// A claim is not the id of a person or session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("its {0} is not an id: a text of 1 to 255 bytes without control characters")]
pub struct NotAnId(pub &'static str);

/// The id of a person (`sub`) or session (`sid`) in a claim, if there is such a claim.
pub fn id<'a>(claims: &'a Map<String, Value>, name: &'static str) -> Result<Option<&'a str>, NotAnId> {
    let is_id = |text: &&str| (1..=MAX_ID).contains(&text.len()) && !text.chars().any(char::is_control);
    match claims.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value.as_str().filter(is_id).map(Some).ok_or(NotAnId(name)),
    }
}

/// A time of a claim, in seconds since 1970. Some providers write fractions.
pub fn seconds(claims: &Map<String, Value>, name: &str) -> Option<i64> {
    let value = claims.get(name)?;
    // A time that does not fit is cut off at the end of the range, and is then refused as too late.
    value.as_i64().or_else(|| value.as_f64().map(|seconds| seconds as i64))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_id_can_be_stored_and_told_from_others() {
        let read = |value: Value| {
            let claims = Map::from_iter([("sub".to_owned(), value)]);
            id(&claims, "sub").map(|id| id.map(str::to_owned))
        };
        for good in ["a", "5f2c", "auth0|5f2c", " Änn ", &"x".repeat(255)] {
            assert_eq!(read(json!(good)), Ok(Some(good.to_owned())), "{good:?}");
        }
        assert_eq!((read(Value::Null), id(&Map::new(), "sub")), (Ok(None), Ok(None)));
        for bad in
            [json!(""), json!("a\u{0}b"), json!("a\nb"), json!("x".repeat(256)), json!(7), json!(["a"])]
        {
            assert_eq!(read(bad.clone()), Err(NotAnId("sub")), "{bad}");
        }
    }
}
