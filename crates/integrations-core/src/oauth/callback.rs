//! Checks of the redirect back from the provider, beside `state`.

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Map, Value};
use sha2::Sha256;
use url::form_urlencoded;

use crate::catalog::{CallbackCheck, Provider};

/// Why a redirect back is not believed. The messages are for a person and repeat nothing of what was sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallbackProblem {
    /// It is to be signed and is not, or not under our client secret.
    #[error("the answer is not signed by the provider with this app's client secret")]
    BadSignature,
    /// It comes from another shop than the one that was asked for.
    #[error("the answer comes from another shop than the one that was asked for")]
    OtherShop,
    /// It comes from another authorization server than the one that was asked (RFC 9207).
    #[error("the answer comes from another authorization server than the one that was asked")]
    OtherIssuer,
    /// It does not say which authorization server it comes from, and this one always does.
    #[error("the answer does not say which authorization server it comes from")]
    MissingIssuer,
}

/// Makes the checks of the redirect back that the provider's file names ([`crate::catalog::OAuth::callback_checks`]).
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

/// Shopify's signature over the redirect: the parameters without `hmac` (and `signature`, an older form of it),
/// sorted by name, written as a query; HMAC-SHA256 of that under the client secret, in hex.
///
/// <https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/authorization-code-grant>
fn verify_shopify(query: &str, client_secret: &[u8], shop: &str) -> Result<(), CallbackProblem> {
    let all: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
    let of = |name: &str| {
        let mut values = all.iter().filter(|(other, _)| other == name).map(|(_, value)| value.as_ref());
        values.next().filter(|_| values.next().is_none())
    };
    let signature = of("hmac").and_then(from_hex).ok_or(CallbackProblem::BadSignature)?;
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

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    if !digits.len().is_multiple_of(2) || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    text.as_bytes()
        .chunks_exact(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

/// Checks `iss`, with which an authorization server says who it is (RFC 9207, section 2.4), so that an answer of one
/// server cannot be passed off as another's (RFC 9700, section 4.4).
///
/// - Where the provider's file names its `issuer`, an `iss` must be exactly that: RFC 9207 asks for a comparison of
///   strings. With `issuer_required` it must be there.
/// - Where the file names none, the provider does not announce the parameter, and clients "SHOULD discard" an answer
///   that has one all the same; what to make of servers that are right nevertheless is left to "local policy". Here an
///   `iss` is believed if it has the origin of the authorize URL: whoever answers for that origin is who was asked. Any
///   other is refused.
pub fn verify_issuer(
    provider: &Provider,
    connection: &Map<String, Value>,
    sent: Option<&str>,
) -> Result<(), CallbackProblem> {
    let Some(oauth) = provider.oauth() else { return Ok(()) };
    let value = |name: &str| provider.connection_value(connection, name);
    let Some(sent) = sent else {
        return if oauth.issuer_required { Err(CallbackProblem::MissingIssuer) } else { Ok(()) };
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
