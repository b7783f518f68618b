//! Signatures of messages: the contract's own, and those of Standard Webhooks beside it.
//!
//! Standard Webhooks: <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use time::OffsetDateTime;

use crate::ids::EventId;

/// Stands before a secret's bytes in base 64.
const PREFIX: &str = "whsec_";

/// What messages to one webhook are signed with. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// How many random bytes a secret is made of. Standard Webhooks asks for 24 to 64.
    pub const ENTROPY: usize = 32;

    /// The secret of these random bytes.
    pub fn from_entropy(bytes: [u8; Self::ENTROPY]) -> Self {
        Self(format!("{PREFIX}{}", STANDARD.encode(bytes)))
    }

    /// A secret that was stored as text. `None`: it is not one.
    pub fn stored(text: String) -> Option<Self> {
        let secret = Self(text);
        secret.key().is_some().then_some(secret)
    }

    /// As it is shown, once, to who makes the webhook: `whsec_…`
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The bytes that Standard Webhooks signs with.
    fn key(&self) -> Option<Vec<u8>> {
        STANDARD.decode(self.0.strip_prefix(PREFIX)?).ok()
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

/// The headers of one attempt that say who sent it and when.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedHeaders {
    /// `X-RogerIQ-Signature`: `sha256=` and the HMAC-SHA256 of the body in lower-case hexadecimal digits, under the
    /// oldest secret that still counts.
    pub contract: String,
    /// `webhook-id`
    pub id: String,
    /// `webhook-timestamp`: seconds since 1970.
    pub timestamp: String,
    /// `webhook-signature`: one signature for each secret, newest first, separated by spaces.
    pub standard: String,
}

/// Signs one attempt of a message. `retiring` is the secret before, while a rotation's overlap lasts.
pub fn signed(
    event: EventId,
    body: &[u8],
    at: OffsetDateTime,
    secret: &Secret,
    retiring: Option<&Secret>,
) -> SignedHeaders {
    let (id, timestamp) = (event.to_string(), at.unix_timestamp().to_string());
    let standard = |secret: &Secret| {
        let key = secret.key().unwrap_or_default();
        let mac = mac(&key, &[id.as_bytes(), b".", timestamp.as_bytes(), b".", body]);
        format!("v1,{}", STANDARD.encode(mac))
    };
    let signatures: Vec<String> = std::iter::once(secret).chain(retiring).map(standard).collect();
    let digest = mac(retiring.unwrap_or(secret).expose().as_bytes(), &[body]);
    let hexadecimal: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    SignedHeaders { contract: format!("sha256={hexadecimal}"), standard: signatures.join(" "), id, timestamp }
}

fn mac(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    // HMAC takes keys of every length, so there is nothing to refuse.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return Vec::new() };
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    /// The example of the Standard Webhooks libraries: the same key, id, time and body in each of their tests.
    #[test]
    fn the_example_of_standard_webhooks() {
        let secret = Secret::stored("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into()).unwrap();
        let key = secret.key().unwrap();
        let signature = mac(
            &key,
            &[b"msg_p5jXN8AQM9LWM0D4loKWxJek", b".", b"1614265330", b".", br#"{"test": 2432232314}"#],
        );
        assert_eq!(STANDARD.encode(signature), "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn the_contract_signs_the_body_under_the_secret_as_it_is_shown() {
        let secret = Secret::from_entropy([7; 32]);
        let headers = signed(EventId::from_bits(1), b"{}", datetime!(2026-05-17 17:55 UTC), &secret, None);
        let expected = mac(secret.expose().as_bytes(), &[b"{}"]);
        let expected: String = expected.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(headers.contract, format!("sha256={expected}"));
        assert_eq!(headers.timestamp, "1779040500");
    }

    #[test]
    fn during_an_overlap_both_secrets_sign_and_the_contract_knows_the_old_one() {
        let (new, old) = (Secret::from_entropy([1; 32]), Secret::from_entropy([2; 32]));
        let (id, at) = (EventId::from_bits(1), datetime!(2026-05-17 17:55 UTC));
        let [both, by_new, by_old] = [(&new, Some(&old)), (&new, None), (&old, None)]
            .map(|(secret, retiring)| signed(id, b"{}", at, secret, retiring));
        assert_eq!(both.contract, by_old.contract);
        assert_eq!(both.standard, format!("{} {}", by_new.standard, by_old.standard));
    }

    #[test]
    fn a_secret_is_not_shown_by_debug() {
        assert_eq!(format!("{:?}", Secret::from_entropy([1; 32])), "Secret");
    }
}
