//! OAuth apps: what a request names to set one.

use serde_json::{Map, Value};

use crate::{
    catalog::OAuth,
    fields::{BodyError, Fields, list, object, or_null, text},
    issue::Issue,
    pasted::secret,
};

/// The most scopes that an app asks for.
const MAX_SCOPES: usize = 200;
/// The most characters of a client id or secret.
pub const MAX_LENGTH: usize = 4096;

/// An OAuth app to be set, as a provider issued it.
#[derive(Clone, PartialEq, Eq)]
pub struct NewOAuthApp {
    /// The public half.
    pub client_id: String,
    /// The secret half. `None`: the one that is set for the same client id.
    pub client_secret: Option<String>,
    /// The scopes to ask for. `None`: those of the provider's file.
    pub scopes: Option<Vec<String>>,
    /// What it has beside, by the keys of the provider's file ([`OAuth::app_fields`]).
    pub fields: Map<String, Value>,
}

impl NewOAuthApp {
    /// Reads the body of a request that sets an app of a provider.
    pub fn read(oauth: &OAuth, body: &[u8]) -> Result<Self, BodyError> {
        let mut body = Fields::read(body)?;
        let client_id = body.required("client_id", credential);
        let client_secret = body.optional("client_secret", credential);
        let scopes = body.optional("scopes", or_null(scopes)).flatten();
        if scopes.is_some() && !oauth.services.is_empty() {
            body.report(Issue::new("scopes", "Each service that shares the app asks for its own"));
        }
        let typed = body.optional("fields", object).unwrap_or_default();
        let fields = oauth.read_app_fields(&typed, "fields").unwrap_or_else(|issues| {
            issues.into_iter().for_each(|issue| body.report(issue));
            Map::new()
        });
        body.finish(client_id.map(|client_id| Self { client_id, client_secret, scopes, fields }))
    }
}

/// Reads a client id or secret, without what came along when it was pasted: 1 to [`MAX_LENGTH`] visible ASCII
/// characters and no blanks. `None`: it is none.
pub fn read_credential(text: &str) -> Option<String> {
    let read = secret(text);
    let is_one = (1..=MAX_LENGTH).contains(&read.len()) && read.bytes().all(|byte| byte.is_ascii_graphic());
    is_one.then_some(read)
}

fn credential(value: Value) -> Result<String, String> {
    let refusal = || format!("Must be 1 to {MAX_LENGTH} visible ASCII characters without blanks");
    read_credential(&text(value)?).ok_or_else(refusal)
}

/// Checks one scope (RFC 6749, section 3.3). A comma separates scopes at some providers, so it is in none. The error is
/// a sentence.
pub fn check_scope(scope: &str) -> Result<(), String> {
    let is_token = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '\\' | ',');
    match !scope.is_empty() && scope.chars().all(is_token) {
        true => Ok(()),
        false => {
            Err("Must be one scope: visible ASCII characters without blanks, commas, quotes and backslashes"
                .into())
        }
    }
}

fn scopes(value: Value) -> Result<Vec<String>, String> {
    let mut scopes = list(MAX_SCOPES, |scope| check_scope(scope).map(|()| scope.to_owned()))(value)?;
    let mut seen = std::collections::BTreeSet::new();
    scopes.retain(|scope| seen.insert(scope.clone()));
    Ok(scopes)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::catalog::Catalog;

    fn read(body: &Value) -> Result<NewOAuthApp, BodyError> {
        let catalog = Catalog::embedded().unwrap();
        NewOAuthApp::read(catalog.get("slack").unwrap().oauth().unwrap(), body.to_string().as_bytes())
    }

    fn issues(body: Value) -> Vec<String> {
        match read(&body) {
            Err(BodyError::Invalid(issues)) => issues.into_iter().map(|issue| issue.to_string()).collect(),
            other => panic!("{:?}", other.map(|_| ())),
        }
    }

    #[test]
    fn what_people_paste_is_read() {
        let body = json!({"client_id": " abc ", "client_secret": "\"s3cret\"\n", "scopes": ["a", "b", "a"]});
        let Ok(app) = read(&body) else { panic!() };
        assert_eq!((app.client_id.as_str(), app.client_secret.as_deref()), ("abc", Some("s3cret")));
        assert_eq!(app.scopes.unwrap(), ["a", "b"]);
    }

    #[test]
    fn what_is_no_app_is_refused_in_words() {
        assert_eq!(issues(json!({})), ["client_id: Required"]);
        let (credential, _) = ("Must be 1 to 4096 visible ASCII characters without blanks", ());
        assert_eq!(
            issues(json!({"client_id": "a b", "client_secret": ""})),
            [format!("client_id: {credential}"), format!("client_secret: {credential}")]
        );
        for scope in ["a b", "a,b", "", "ä"] {
            let found = issues(json!({"client_id": "a", "scopes": [scope]}));
            assert!(found[0].starts_with("scopes: entry 0: Must be one scope"), "{found:?}");
        }
    }
}
