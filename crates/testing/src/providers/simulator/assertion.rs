//! Signed assertions (RFC 7523), held against what a provider documents.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use ring::{
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _,
        RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey,
        VerificationAlgorithm,
    },
};
use serde_json::Value;

use super::{
    body,
    expectations::{Algorithm, Assertion},
    template::Values,
};
use crate::signing_keys;

/// Checks a signed assertion (RFC 7519, section 7.2). Whether it has expired is not asked: the server's clock is the
/// test's.
pub(super) fn verify(assertion: &Assertion, values: &Values, token: &str) -> Result<(), String> {
    let parts: Vec<&str> = token.split('.').collect();
    let [header, claims, signature] = parts.as_slice() else {
        return Err("it is no signed assertion".into());
    };
    let decoded = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| "a part is no base64".to_owned());
    let read = |part: &str| -> Result<Value, String> {
        serde_json::from_slice(&decoded(part)?).map_err(|error| error.to_string())
    };
    let (algorithm, public): (&'static dyn VerificationAlgorithm, _) = match assertion.algorithm {
        Algorithm::RS256 => (&RSA_PKCS1_2048_8192_SHA256, public_rsa()),
        Algorithm::PS256 => (&RSA_PSS_2048_8192_SHA256, public_rsa()),
        Algorithm::ES256 => (&ECDSA_P256_SHA256_FIXED, public_p256()),
    };
    let message = &token[..header.len() + 1 + claims.len()];
    let verified = UnparsedPublicKey::new(algorithm, public).verify(message.as_bytes(), &decoded(signature)?);
    verified.map_err(|_| "the signature is wrong".to_owned())?;
    let mut expected = assertion.header.clone();
    expected.insert("alg".into(), format!("{:?}", assertion.algorithm).into());
    expected.insert("typ?".into(), "JWT".into());
    let text = |value: &Value| value.to_string();
    let mut problems = body::problems_of_json(&expected.into(), values, text(&read(header)?).as_bytes());
    let claimed = read(claims)?;
    let mut expected = assertion.claims.clone();
    expected.insert("iat?".into(), "~[0-9]+".into());
    expected.insert("exp".into(), "~[0-9]+".into());
    problems.extend(body::problems_of_json(&expected.into(), values, text(&claimed).as_bytes()));
    let (from, to) =
        (claimed["iat"].as_i64().unwrap_or_default(), claimed["exp"].as_i64().unwrap_or_default());
    if !(1..=assertion.longest_seconds).contains(&(to - from)) {
        problems.push("it is valid for too long".to_owned());
    }
    if problems.is_empty() { Ok(()) } else { Err(format!("the assertion: {}", problems.join("; "))) }
}

fn der(pem: &str) -> Vec<u8> {
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    STANDARD.decode(body).unwrap()
}

fn public_rsa() -> Vec<u8> {
    RsaKeyPair::from_pkcs8(&der(signing_keys::RSA_PKCS8)).unwrap().public().as_ref().to_vec()
}

fn public_p256() -> Vec<u8> {
    let (key, random) = (der(signing_keys::P256), SystemRandom::new());
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &key, &random).unwrap();
    pair.public_key().as_ref().to_vec()
}
