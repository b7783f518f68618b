//! Checks of the redirect back from the provider, in addition to `state`.

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::Sha256;
use url::form_urlencoded;

use crate::catalog::{CallbackCheck, Provider, own_client};
use crate::encodings;

/// Why a redirect back is refused. The messages are for a person and repeat nothing from the request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum CallbackProblem {
    /// It is not signed, or not with our client secret.
    #[error("the answer is not signed with the client secret of this app")]
    BadSignature,
    /// It comes from a shop other than the requested one.
    #[error("the answer comes from a shop other than the requested one")]
    OtherShop,
    /// It comes from an authorization server other than the one that got the request (RFC 9207).
    #[error("the answer comes from an authorization server other than the one that got the request")]
    OtherIssuer,
    /// It came to the address that answers of other authorization servers come to.
    #[error("the answer came to an address that is not for this authorization server")]
    OtherAddress,
    /// It does not say which authorization server it comes from, though this provider always does.
    #[error("the answer does not say which authorization server it comes from")]
    MissingIssuer,
}

/// Runs the checks that the provider's file asks for ([`crate::catalog::OAuth::callback_checks`]).
///
/// `query` is the callback's query as it was received, without `?`.
pub fn verify_callback(
    provider: &Provider,
    connection: &Map<String, Value>,
    query: &str,
    client_secret: &[u8],
) -> Result<(), CallbackProblem> {
    let checks = provider.oauth().map_or(&[][..], |oauth| &oauth.callback_checks);
    checks.iter().try_for_each(|check| match check {
        CallbackCheck::ShopifyHmac => {
            let shop = provider.connection_value(connection, "subdomain").unwrap_or_default();
            verify_shopify(query, client_secret, shop)
        }
    })
}

/// Checks Shopify's signature of the redirect. It is the hex HMAC-SHA256, under the client secret, of the query
/// parameters sorted by name, without `hmac` and `signature`, an older form of it.
///
/// <https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/authorization-code-grant>
fn verify_shopify(query: &str, client_secret: &[u8], shop: &str) -> Result<(), CallbackProblem> {
    let all: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
    let of = |name: &str| {
        let mut values = all.iter().filter(|(other, _)| other == name).map(|(_, value)| value.as_ref());
        values.next().filter(|_| values.next().is_none())
    };
    let signature = of("hmac").and_then(encodings::hex).ok_or(CallbackProblem::BadSignature)?;
    let mut signed: Vec<_> = all.iter().filter(|(name, _)| name != "hmac" && name != "signature").collect();
    signed.sort();
    let message = form_urlencoded::Serializer::new(String::new()).extend_pairs(signed).finish();
    let mut mac = Hmac::<Sha256>::new_from_slice(client_secret).map_err(|_| CallbackProblem::BadSignature)?;
    mac.update(message.as_bytes());
    // Compares in constant time.
    mac.verify_slice(&signature).map_err(|_| CallbackProblem::BadSignature)?;
    match of("shop") {
        Some(sent) if sent == format!("{shop}.myshopify.com") => Ok(()),
        _ => Err(CallbackProblem::OtherShop),
    }
}

/// Checks `iss`, in which an authorization server names itself (RFC 9207, section 2.4). It prevents one server from
/// passing off its answer as another's (RFC 9700, section 4.4).
///
/// - If the provider's file has an `issuer`, an `iss` must be exactly that: RFC 9207 asks for a comparison of strings.
///   With `issuer_required`, there must be an `iss`.
///   An authorization server that was found out has its issuer in the credential, and whether it always sends it.
/// - If the file has none, the provider does not announce the parameter. Clients "SHOULD discard" an answer that has
///   one, but may keep a "local policy" for servers that send a correct one. The policy here: an `iss` is accepted if
///   it has the origin of the authorize URL, because that is the server that got the request. Any other is refused.
pub fn verify_issuer(
    provider: &Provider,
    connection: &Map<String, Value>,
    credential: &Map<String, Value>,
    sent: Option<&str>,
) -> Result<(), CallbackProblem> {
    let Some(oauth) = provider.oauth() else { return Ok(()) };
    let value = |name: &str| provider.placeholder(connection, credential, name);
    let Some(sent) = sent else {
        let is_required = oauth.issuer_required || value(own_client::REQUIRES_ISSUER) == Some("true");
        return if is_required { Err(CallbackProblem::MissingIssuer) } else { Ok(()) };
    };
    let agrees = match &oauth.issuer {
        Some(issuer) => issuer.render(value).is_ok_and(|issuer| issuer == sent),
        None => {
            let asked = oauth.authorize_url.render(value);
            let said = url::Url::parse(sent);
            asked.is_ok_and(|asked| said.is_ok_and(|said| said.origin() == asked.origin()))
        }
    };
    if agrees { Ok(()) } else { Err(CallbackProblem::OtherIssuer) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::catalog::{Catalog, contract_test::of_the_contract};

    /// The example of Shopify's documentation, as its API clients test it.
    const SIGNED: &str = "code=0907a61c0c8d55e99db179b68161bc00\
        &hmac=4712bf92ffc2917d15a2f5a273e39f0116667419aa4b6ac0b3baaf26fa3c4d20\
        &shop=some-shop.myshopify.com&timestamp=1337178173";

    fn verify(query: &str, secret: &str, shop: &str) -> Result<(), CallbackProblem> {
        let catalog = of_the_contract();
        let connection = json!({"subdomain": shop});
        let shopify = catalog.get("shopify").unwrap();
        verify_callback(shopify, connection.as_object().unwrap(), query, secret.as_bytes())
    }

    /// `query` with Shopify's signature, made from the message as it is documented.
    fn sign(message: &str, query: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(b"hush").unwrap();
        mac.update(message.as_bytes());
        let hex: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{query}&hmac={hex}")
    }

    #[test]
    fn the_documented_example_is_signed() {
        assert_eq!(verify(SIGNED, "hush", "some-shop"), Ok(()));
    }

    #[test]
    fn what_is_changed_is_not() {
        let bad = Err(CallbackProblem::BadSignature);
        assert_eq!(verify(SIGNED, "other", "some-shop"), bad);
        assert_eq!(verify(&SIGNED.replace("1337178173", "1337178174"), "hush", "some-shop"), bad);
        assert_eq!(verify(&SIGNED.replace("4712", "4713"), "hush", "some-shop"), bad);
        assert_eq!(verify(&SIGNED.replace("4712", "47"), "hush", "some-shop"), bad);
        assert_eq!(verify(&SIGNED.replace("4712", "+712"), "hush", "some-shop"), bad);
        assert_eq!(verify(&format!("{SIGNED}&state=x"), "hush", "some-shop"), bad);
        assert_eq!(verify(&format!("{SIGNED}&hmac=00"), "hush", "some-shop"), bad);
        assert_eq!(verify("shop=some-shop.myshopify.com", "hush", "some-shop"), bad);
        assert_eq!(verify("", "hush", "some-shop"), bad);
    }

    #[test]
    fn pairs_are_sorted_and_escaped_before_they_are_signed() {
        let message = "code=1&host=YWRtaW4%3D&shop=a.myshopify.com&state=x%26shop%3Db.myshopify.com";
        let query = "state=x%26shop%3Db.myshopify.com&shop=a.myshopify.com&host=YWRtaW4=&code=1";
        assert_eq!(verify(&sign(message, query), "hush", "a"), Ok(()));
    }

    #[test]
    fn the_shop_is_the_one_that_was_asked_for() {
        let other = Err(CallbackProblem::OtherShop);
        assert_eq!(verify(SIGNED, "hush", "other-shop"), other);
        assert_eq!(verify(&sign("code=1", "code=1"), "hush", "a"), other);
        let twice = "shop=a.myshopify.com&shop=b.myshopify.com";
        assert_eq!(verify(&sign(twice, twice), "hush", "a"), other);
    }

    #[test]
    fn other_providers_have_no_such_check() {
        let catalog = of_the_contract();
        assert_eq!(verify_callback(catalog.get("slack").unwrap(), &Map::new(), "code=1", b"s"), Ok(()));
    }

    /// A provider on `{host}`, with lines of its own in `[auth.oauth]`.
    fn provider(lines: &str) -> std::sync::Arc<Provider> {
        let file = format!(
            r#"
            format = 2
            key = "acme"
            name = "Acme"
            description = "Acme."
            category = "crm"
            documentation_url = "https://acme.example"
            api_base_url = "https://{{tenant}}.acme.example"
            [[connection]]
            key = "tenant"
            label = "Tenant"
            help = "The tenant."
            pattern = "^[a-z]+$"
            mismatch = "Expected lower-case letters"
            example = "a"
            [[auth]]
            kind = "oauth"
            [auth.oauth]
            authorize_url = "https://{{tenant}}.acme.example/authorize"
            token_url = "https://{{tenant}}.acme.example/token"
            scopes = []
            pkce = "s256"
            client_auth = "basic"
            refresh_rotates = false
            {lines}
            [probe]
            method = "GET"
            url = "https://{{tenant}}.acme.example/me"
            good_statuses = [200]
            refused_statuses = [401]
            "#
        );
        let catalog = Catalog::default().with_files([("acme.toml".to_owned(), file)]).unwrap();
        catalog.get("acme").unwrap().clone()
    }

    fn issuer(provider: &Provider, sent: Option<&str>) -> Result<(), CallbackProblem> {
        let connection = json!({"tenant": "corp"});
        verify_issuer(provider, connection.as_object().unwrap(), &Map::new(), sent)
    }

    #[test]
    fn a_named_issuer_is_compared_letter_by_letter() {
        let named = provider(r#"issuer = "https://{tenant}.acme.example""#);
        assert_eq!(issuer(&named, Some("https://corp.acme.example")), Ok(()));
        assert_eq!(issuer(&named, None), Ok(()));
        for other in ["https://corp.acme.example/", "https://CORP.acme.example", "https://b.acme.example", ""]
        {
            assert_eq!(issuer(&named, Some(other)), Err(CallbackProblem::OtherIssuer), "{other}");
        }
        let required = provider("issuer = \"https://acme.example\"\nissuer_required = true");
        assert_eq!(issuer(&required, Some("https://acme.example")), Ok(()));
        assert_eq!(issuer(&required, None), Err(CallbackProblem::MissingIssuer));
    }

    #[test]
    fn an_issuer_that_no_file_names_has_the_origin_of_the_authorize_url() {
        let unnamed = provider("");
        assert_eq!(issuer(&unnamed, None), Ok(()));
        assert_eq!(issuer(&unnamed, Some("https://corp.acme.example/tenants/1")), Ok(()));
        for other in ["https://b.acme.example", "http://corp.acme.example", "corp.acme.example", "data:,"] {
            assert_eq!(issuer(&unnamed, Some(other)), Err(CallbackProblem::OtherIssuer), "{other}");
        }
    }
}
