//! Makes the requests that revoke access at a provider (RFC 7009, or the provider's own).

use http::{HeaderValue, Request, header};
use integrations_core::catalog::{ClientAuth, Provider, RenderError, RevokeBody, RevokeCall, TokenKind};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value};

use super::call::{CallError, FORM, JSON, Moment, add_headers, basic_of_client, written_form};
use crate::environment::Environment;

/// The client id and secret of the app that got the tokens.
pub type RevokingClient<'a> = (&'a str, &'a SecretString);

/// Why a request to revoke cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotMade {
    /// The app that got the tokens must authenticate or be named, and is not set on this server.
    #[error("the OAuth app that got the tokens is not set on this server any more")]
    NoApp,
    /// The credential has none of the tokens that are sent.
    #[error("there is no token that could be sent")]
    NoToken,
    /// A stored value cannot be used.
    #[error(transparent)]
    Call(#[from] CallError),
}

impl From<RenderError> for NotMade {
    fn from(error: RenderError) -> Self {
        Self::Call(error.into())
    }
}

/// Makes the requests of a description: one for each token that it sends.
pub fn prepare_revocation(
    call: &RevokeCall,
    provider: &Provider,
    connection: &Map<String, Value>,
    credential: &Map<String, Value>,
    client: Option<RevokingClient<'_>>,
    environment: &Environment,
) -> Result<Vec<Request<Vec<u8>>>, NotMade> {
    let names_app =
        call.client_auth.is_some() || call.url.placeholders().any(|(name, _)| name == "client_id");
    if names_app && client.is_none() {
        return Err(NotMade::NoApp);
    }
    let make = |token: Option<&str>| {
        let moment = Moment::from(environment);
        let value = moment.and(|name: &str| match name {
            "client_id" => client.map(|(id, _)| id),
            "token" => token,
            _ => provider.placeholder(connection, credential, name),
        });
        request(call, provider, client, value)
    };
    if call.tokens.is_empty() {
        return Ok(vec![make(None)?]);
    }
    let of_kind = |kind: &TokenKind| credential.get(kind.as_str()).and_then(Value::as_str);
    let requests: Result<Vec<_>, _> =
        call.tokens.iter().filter_map(of_kind).map(|token| make(Some(token))).collect();
    match requests? {
        none if none.is_empty() => Err(NotMade::NoToken),
        requests => Ok(requests),
    }
}

fn request<'v>(
    call: &RevokeCall,
    provider: &Provider,
    client: Option<RevokingClient<'_>>,
    value: impl Fn(&str) -> Option<&'v str> + Copy,
) -> Result<Request<Vec<u8>>, NotMade> {
    let mut request = Request::new(Vec::new());
    *request.method_mut() = call.method.as_str().parse().unwrap_or_default();
    let url = call.url.render(value)?;
    *request.uri_mut() = url.as_str().parse().map_err(|_| RenderError::Unsafe("url".into()))?;
    let in_body = client.filter(|_| call.client_auth == Some(ClientAuth::Body));
    let body = match &call.body {
        RevokeBody::None => None,
        RevokeBody::Form(fields) => Some((FORM, fields)),
        RevokeBody::Json(fields) => Some((JSON, fields)),
    };
    let written = body.map(|(media, fields)| {
        let mut pairs = Vec::new();
        for (name, text) in fields {
            pairs.push((name.clone(), text.render(value)?));
        }
        if let Some((id, secret)) = in_body {
            pairs.push(("client_id".to_owned(), id.to_owned()));
            pairs.push(("client_secret".to_owned(), secret.expose_secret().to_owned()));
        }
        let bytes = match media {
            FORM => written_form(&pairs).into_bytes(),
            _ => {
                let object = pairs.into_iter().map(|(name, text)| (name, Value::from(text)));
                serde_json::to_vec(&object.collect::<Map<_, _>>()).unwrap_or_default()
            }
        };
        Ok::<_, RenderError>((media, bytes))
    });
    let headers = request.headers_mut();
    headers.insert(header::ACCEPT, HeaderValue::from_static(JSON));
    if call.sends_credential {
        let auth = &provider.auth_request;
        add_headers(headers, &auth.headers, auth.basic_auth.as_ref(), value)?;
    }
    add_headers(headers, &call.headers, None, value)?;
    if let Some((id, secret)) = client.filter(|_| call.client_auth == Some(ClientAuth::Basic)) {
        headers.insert(header::AUTHORIZATION, basic_of_client(id, secret.expose_secret())?);
    }
    if let Some((media, bytes)) = written.transpose()? {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
        *request.body_mut() = bytes;
    }
    Ok(request)
}

#[cfg(test)]
mod tests {
    use integrations_core::catalog::{Catalog, Revoke};
    use serde_json::json;

    use super::*;

    const CLIENT: &str = "Iv1.abc";

    /// The requests for a provider, each as its method, address, authorization and body.
    fn made(key: &str, credential: Value, is_shared: bool) -> Result<Vec<[String; 4]>, NotMade> {
        let catalog = Catalog::embedded().unwrap();
        let provider = catalog.get(key).unwrap();
        let Some(Revoke::Calls(calls)) = &provider.revoke else { panic!("{key}") };
        let (_, call) = calls.choose(is_shared).unwrap();
        let connection = json!({"subdomain": "acme"}).as_object().cloned().unwrap();
        let app = SecretString::from("s&cret");
        let client = provider.oauth().map(|_| (CLIENT, &app));
        let credential = credential.as_object().cloned().unwrap();
        let requests =
            prepare_revocation(call, provider, &connection, &credential, client, &Environment::system())?;
        let text = |request: Request<Vec<u8>>| {
            let header = |name| request.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
            let authorization =
                header("authorization").or(header("x-shopify-access-token")).unwrap_or_default();
            let body = String::from_utf8(request.body().clone()).unwrap();
            [request.method().to_string(), request.uri().to_string(), authorization, body]
        };
        Ok(requests.into_iter().map(text).collect())
    }

    #[test]
    fn each_provider_is_asked_as_its_file_says() {
        let tokens = json!({"access_token": "A", "refresh_token": "R", "instance_url": "https://acme.my.salesforce.com"});
        let basic = "Basic SXYxLmFiYzpzJTI2Y3JldA==";
        let of = |key, is_shared| made(key, tokens.clone(), is_shared).unwrap();
        let one = |method: &str, url: &str, authorization: &str, body: &str| {
            vec![[method, url, authorization, body].map(str::to_owned)]
        };
        let github = "https://api.github.com/applications/Iv1.abc";
        let body = r#"{"access_token":"A"}"#;
        assert_eq!(of("github", false), one("DELETE", &format!("{github}/grant"), basic, body));
        assert_eq!(of("github", true), one("DELETE", &format!("{github}/token"), basic, body));
        let shop = "https://acme.myshopify.com/admin/api_permissions/current.json";
        assert_eq!(of("shopify", false), one("DELETE", shop, "A", ""));
        let slack = "client_id=Iv1.abc&client_secret=s%26cret";
        assert_eq!(
            of("slack", false),
            one("POST", "https://slack.com/api/apps.uninstall", "Bearer A", slack)
        );
        let notion = "https://api.notion.com/v1/oauth/revoke";
        assert_eq!(of("notion", true), one("POST", notion, basic, r#"{"token":"A"}"#));
        let linear = of("linear", false);
        let sent: Vec<&str> = linear.iter().map(|request| request[3].as_str()).collect();
        assert_eq!(sent, ["token=R", "token=A"]);
        let zendesk = "https://acme.zendesk.com/api/v2/oauth/tokens/current.json";
        assert_eq!(of("zendesk", false), one("DELETE", zendesk, "Bearer A", ""));
        let hook = "https://discord.com/api/webhooks/1/x";
        assert_eq!(
            made("discord", json!({"webhook_url": hook}), false).unwrap(),
            one("DELETE", hook, "", "")
        );
    }

    #[test]
    fn without_a_token_to_send_nothing_is_made() {
        let credential = json!({"access_token": "A", "refresh_token": null});
        assert_eq!(made("hubspot", credential.clone(), false).unwrap_err(), NotMade::NoToken);
        assert_eq!(made("linear", credential, false).unwrap().len(), 1);
    }
}
