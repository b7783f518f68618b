//! What is kept of the redirect back from a consent page, beside the code.

use serde_json::{Map, Value};

use super::authorization_response::AuthorizationResponse;
use crate::catalog::{KeptPlace, OAuth, check_kept};

/// The kept fields that come from the redirect back. Anybody can write such an address, so each is held against its
/// pattern, and is there once at most. The error says what is wrong, without the value.
pub fn kept_of_redirect(
    oauth: &OAuth,
    response: &AuthorizationResponse,
) -> Result<Map<String, Value>, String> {
    let mut kept = Map::new();
    for field in &oauth.tokens.kept {
        let KeptPlace::Redirect(name) = &field.place else { continue };
        let mut values = response.all(name);
        match (values.next(), values.next()) {
            (Some(_), Some(_)) => return Err(format!("it has more than one {name}")),
            (None | Some(""), None) if field.required => return Err(format!("it has no {name}")),
            (Some(value), None) if !value.is_empty() => {
                let value = Value::from(value);
                check_kept(field, &value).map_err(|_| format!("its {name} is not one"))?;
                kept.insert(field.name.clone(), value);
            }
            _ => {}
        }
    }
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::catalog::Catalog;

    const FILE: &str = r#"
format = 2
key = "acme"
name = "Acme"
description = "Acme keeps things."
category = "support"
documentation_url = "https://acme.example/docs"
api_base_url = "https://api.acme.example/{realm}"
[[auth]]
kind = "oauth"
[auth.oauth]
authorize_url = "https://acme.example/authorize"
token_url = "https://acme.example/token"
scopes = []
pkce = "none"
client_auth = "body"
refresh_rotates = false
[[auth.oauth.kept]]
name = "realm"
parameter = "realmId"
pattern = '^[0-9]+$'
mismatch = "Expected a number"
example = "4711"
required = true
[auth.request]
headers = { Authorization = "Bearer {access_token}" }
[account]
source = "probe"
id = ["{realm}"]
name = ["/name"]
[probe]
method = "GET"
url = "https://api.acme.example/{realm}"
good_statuses = [200]
refused_statuses = [401]
"#;

    fn load(text: &str) -> Result<Catalog, String> {
        let files = [("acme.toml".to_owned(), text.to_owned())];
        Catalog::default().with_files(files).map_err(|errors| errors.to_string())
    }

    #[test]
    fn a_value_of_the_redirect_is_kept_if_it_is_one() {
        let catalog = load(FILE).unwrap();
        let acme = catalog.get("acme").unwrap();
        let oauth = acme.oauth().unwrap();
        let kept = |query: &str| kept_of_redirect(oauth, &AuthorizationResponse::read(query));
        let stored = json!({"realm": "4711"}).as_object().unwrap().clone();
        assert_eq!(kept("code=a&state=b&realmId=4711"), Ok(stored.clone()));
        for (query, problem) in [
            ("code=a", "it has no realmId"),
            ("realmId=", "it has no realmId"),
            ("realmId=1&realmId=2", "it has more than one realmId"),
            ("realmId=1&realmId=1", "it has more than one realmId"),
            ("realmId=1&realm%49d=", "it has more than one realmId"),
            ("realmId=evil.example/", "its realmId is not one"),
            ("realmId=..", "its realmId is not one"),
            ("realmId=1%0a", "its realmId is not one"),
        ] {
            assert_eq!(kept(query), Err(problem.to_owned()), "{query}");
        }
        // It says whose account it is, too.
        let account = acme.account.as_ref().unwrap().read(&Value::Null, &Map::new(), &stored).unwrap();
        assert_eq!(account.id, "4711");
    }

    #[test]
    fn a_wrong_file_is_told_what_is_wrong() {
        let parameter = "parameter = \"realmId\"";
        let pattern = "pattern = '^[0-9]+$'\nmismatch = \"Expected a number\"\n";
        let base = "https://api.acme.example/{realm}\"\n[[auth]]";
        for (from, to, message) in [
            (parameter, "", "needs `pointer`, a place in the token answer, or `parameter`"),
            (parameter, "parameter = \"a\"\npointer = \"/a\"", "needs `pointer`, a place"),
            (parameter, "parameter = \"state\"", "`state` is read by the server itself"),
            (pattern, "", "needs `pattern`: anybody can write such an address"),
            // A number names no label of a host that the file's author meant, if a name may follow.
            (base, "https://{realm}/x\"\n[[auth]]", "`realm`: its pattern must not match"),
            ("required = true", "", "`realm` may be missing"),
        ] {
            assert!(FILE.contains(from), "{from}");
            let loose = to.contains("{realm}");
            let text = FILE.replacen(from, to, 1);
            let text = if loose { text.replace("^[0-9]+$", "^[0-9.]+$") } else { text };
            let told = load(&text).unwrap_err();
            assert!(told.contains(message), "{to}: {told}");
        }
    }
}
