//! Finds out which scopes were granted, and which of the requested ones are missing.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// Reads the scopes of a token answer: an array of strings, or a string that is split at spaces and commas (GitHub
/// takes spaces and answers with commas).
///
/// `None` if the answer has no scopes: then all that was asked for is granted (RFC 6749, section 5.1). An empty list
/// counts as no scopes: a GitHub App has none and answers `"scope": ""`.
pub(super) fn read(value: Option<&Value>) -> Option<BTreeSet<String>> {
    let scopes: BTreeSet<String> = match value? {
        Value::String(text) => {
            text.split([' ', ',']).filter(|scope| !scope.is_empty()).map(str::to_owned).collect()
        }
        Value::Array(scopes) => scopes.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => return None,
    };
    (!scopes.is_empty()).then_some(scopes)
}

/// Scopes that ask for a refresh token and for an ID token (OpenID Connect Core 1.0, sections 3.1.2.1 and 11). They
/// give access to nothing, and many servers leave them out of what they granted.
const PROTOCOL: [&str; 2] = ["offline_access", "openid"];

/// Scopes that ask for claims in the ID token (OpenID Connect Core 1.0, section 5.4), if `openid` is asked for too. A
/// server may leave them out or, like Google, grant them under other names.
const CLAIMS: [&str; 4] = ["profile", "email", "address", "phone"];

/// The scopes of `asked` that are neither in `granted` nor implied by a scope that is, without those that are a matter
/// of the protocol.
pub(super) fn missing<'a>(
    asked: &'a [String],
    granted: &BTreeSet<String>,
    implied: &BTreeMap<String, Vec<String>>,
) -> Vec<&'a str> {
    let mut held: BTreeSet<&str> = BTreeSet::new();
    let mut open: Vec<&str> = granted.iter().map(String::as_str).collect();
    while let Some(scope) = open.pop() {
        if held.insert(scope) {
            open.extend(implied.get(scope).into_iter().flatten().map(String::as_str));
        }
    }
    let is_openid = asked.iter().any(|scope| scope == "openid");
    let is_protocol = |scope: &str| PROTOCOL.contains(&scope) || (is_openid && CLAIMS.contains(&scope));
    asked.iter().map(String::as_str).filter(|scope| !held.contains(scope) && !is_protocol(scope)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn set(scopes: &[&str]) -> BTreeSet<String> {
        scopes.iter().map(|scope| (*scope).to_owned()).collect()
    }

    #[test]
    fn granted_scopes_are_read_in_every_shape() {
        for value in [json!("a b"), json!("a,b"), json!("b, a"), json!(["a", "b"]), json!(["a", 1, "b"])] {
            assert_eq!(read(Some(&value)), Some(set(&["a", "b"])), "{value}");
        }
        for value in [json!(""), json!(" "), json!([]), json!(null), json!(7), json!({})] {
            assert_eq!(read(Some(&value)), None, "{value}");
        }
        assert_eq!(read(None), None);
    }

    #[test]
    fn what_a_granted_scope_implies_is_not_missing() {
        let asked = ["a".to_owned(), "b".to_owned(), "c".to_owned()];
        let implied: BTreeMap<String, Vec<String>> = [("all", vec!["a", "some"]), ("some", vec!["b", "all"])]
            .into_iter()
            .map(|(scope, others)| (scope.to_owned(), others.into_iter().map(str::to_owned).collect()))
            .collect();
        assert_eq!(missing(&asked, &set(&["all"]), &implied), ["c"]);
        assert_eq!(missing(&asked, &set(&["c"]), &implied), ["a", "b"]);
        assert_eq!(missing(&asked, &set(&["c", "some", "x"]), &implied), [""; 0]);
    }

    #[test]
    fn what_is_a_matter_of_the_protocol_is_never_missing() {
        let missing = |asked: &[&str]| {
            let asked: Vec<String> = asked.iter().map(|scope| (*scope).to_owned()).collect();
            missing(&asked, &set(&["read"]), &BTreeMap::new())
                .into_iter()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        assert_eq!(missing(&["openid", "profile", "email", "offline_access", "read"]), [""; 0]);
        assert_eq!(missing(&["openid", "write"]), ["write"]);
        // Without `openid` these are rights like others.
        assert_eq!(missing(&["email", "offline_access"]), ["email"]);
    }
}
