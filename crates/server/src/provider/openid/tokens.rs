//! Tokens that the provider signed.
//!
//! The crate `openidconnect` verifies ID tokens (OpenID Connect Core 1.0, section 3.1.3.7). It knows no logout tokens,
//! so of those only the signature is verified with it, and the core reads their claims.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use openidconnect::{
    ClaimsVerificationError, ClientId, IssuerUrl, JsonWebKey as _, JsonWebKeyId, Nonce,
    core::{CoreIdToken, CoreIdTokenVerifier, CoreJsonWebKeySet, CoreJwsSigningAlgorithm},
};
use serde::{
    Deserialize,
    de::{DeserializeOwned, IntoDeserializer, value::Error as NotAName},
};
use serde_json::{Map, Value};
use time::{Duration, OffsetDateTime};

use super::error::OpenIdError;

/// The signatures that only the provider can make. Those by the client's secret are none.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];
/// How far the provider's clock may differ.
pub(super) const SKEW: Duration = Duration::seconds(60);

/// For whom a token must be.
#[derive(Clone, Copy)]
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    pub(super) client_id: &'a str,
    pub(super) now: OffsetDateTime,
}

/// An ID token is not valid.
pub(super) enum Invalid {
    /// No key that is known signed it. The provider may have a newer one.
    Signature,
    /// Something else.
    Otherwise(OpenIdError),
}

/// Whether an algorithm of this name (RFC 7518, section 3.1) is one of those that are accepted.
pub(super) fn is_accepted(algorithm: &str) -> bool {
    let name = IntoDeserializer::<NotAName>::into_deserializer(algorithm);
    CoreJwsSigningAlgorithm::deserialize(name).is_ok_and(|known| ALGORITHMS.contains(&known))
}

/// Verifies an ID token and returns its claims.
pub(super) fn verified(
    token: &str,
    nonce: &str,
    keys: &CoreJsonWebKeySet,
    expected: Expected<'_>,
) -> Result<Map<String, Value>, Invalid> {
    let invalid = |why: String| Invalid::Otherwise(OpenIdError::IdToken(why));
    let parsed: CoreIdToken =
        token.parse().map_err(|_| invalid("it cannot be read as a signed ID token".to_owned()))?;
    let issuer = IssuerUrl::new(expected.issuer.to_owned()).map_err(|error| invalid(error.to_string()))?;
    let moment = |at: OffsetDateTime| {
        DateTime::<Utc>::from_timestamp(at.unix_timestamp(), 0).unwrap_or(DateTime::<Utc>::MAX_UTC)
    };
    let (early, late) = (moment(expected.now - SKEW), moment(expected.now + SKEW));
    let client_id = ClientId::new(expected.client_id.to_owned());
    let verifier = CoreIdTokenVerifier::new_public_client(client_id, issuer, keys.clone())
        .set_allowed_algs(ALGORITHMS)
        .set_time_fn(move || early)
        .set_issue_time_verifier_fn(move |issued| {
            if issued <= late { Ok(()) } else { Err("it was issued in the future".to_owned()) }
        });
    match parsed.claims(&verifier, &Nonce::new(nonce.to_owned())) {
        Ok(_) => {
            let claims = claims(token).ok_or_else(|| invalid("its claims cannot be read".to_owned()))?;
            // OpenID Connect Core 1.0, section 3.1.3.7, number 5. The crate does not look at it.
            match claims.get("azp") {
                None | Some(Value::Null) => Ok(claims),
                Some(party) if party == expected.client_id => Ok(claims),
                Some(_) => Err(invalid("it was given to another client (azp)".to_owned())),
            }
        }
        Err(ClaimsVerificationError::SignatureVerification(error)) => {
            tracing::debug!(%error, "an ID token's signature could not be verified");
            Err(Invalid::Signature)
        }
        Err(error) => Err(invalid(error.to_string())),
    }
}

/// The header of a token (RFC 7515, section 4).
#[derive(Deserialize)]
struct Header {
    alg: CoreJwsSigningAlgorithm,
    kid: Option<JsonWebKeyId>,
    typ: Option<String>,
    crit: Option<Value>,
}

/// The claims of a token, whoever signed it.
pub(super) fn claims(token: &str) -> Option<Map<String, Value>> {
    part(token, 1)
}

/// Whether one of the keys signed a logout token.
pub(super) fn is_signed(token: &str, keys: &CoreJsonWebKeySet) -> bool {
    let Some(header) = part::<Header>(token, 0) else { return false };
    let typ = header.typ.map(|typ| typ.to_ascii_lowercase());
    let is_plain = matches!(typ.as_deref(), None | Some("jwt" | "logout+jwt" | "application/logout+jwt"));
    let (Some((message, signature)), true, None, true) =
        (token.rsplit_once('.'), is_plain, header.crit, ALGORITHMS.contains(&header.alg))
    else {
        return false;
    };
    let Ok(signature) = URL_SAFE_NO_PAD.decode(signature) else { return false };
    let mut keys =
        keys.keys().iter().filter(|key| header.kid.is_none() || key.key_id() == header.kid.as_ref());
    keys.any(|key| key.verify_signature(&header.alg, message.as_bytes(), &signature).is_ok())
}

/// A part of a token in the compact form (RFC 7515, section 7.1): the header or the claims.
fn part<T: DeserializeOwned>(token: &str, place: usize) -> Option<T> {
    let mut parts = token.split('.');
    let text = parts.nth(place)?;
    if parts.count() + place != 2 {
        return None;
    }
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()
}
