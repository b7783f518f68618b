//! Seals what is meant for another server: hybrid public key encryption (RFC 9180), with X25519, HKDF-SHA256 and
//! ChaCha20-Poly1305, in the mode without a key of the sender.
//!
//! The receiver has an [`Identity`] in a file of its own, and gives its [`Recipient`] to who exports.

use std::{fmt, str::FromStr};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use hpke::{
    Deserializable as _, Kem as _, OpModeR, OpModeS, Serializable as _, aead::ChaCha20Poly1305,
    kdf::HkdfSha256, kem::X25519HkdfSha256, single_shot_open, single_shot_seal_with_rng,
};
use rand::{SeedableRng as _, rngs::StdRng};
use secrecy::{ExposeSecret as _, SecretBox, SecretSlice};
use sha2::{Digest as _, Sha256};

use crate::environment::Environment;

/// The length of both keys, and of the key that is sent along, in bytes.
const LENGTH: usize = 32;
/// How much of a hash finds a mistake in a public key that was copied.
const CHECK: usize = 4;
const RECIPIENT: &str = "riq_to_";
const IDENTITY: &str = "riq_identity_";
/// What this is for, so that nothing sealed for another purpose opens.
const INFO: &[u8] = b"riq-server export 1";

type PublicKey = <X25519HkdfSha256 as hpke::Kem>::PublicKey;
type PrivateKey = <X25519HkdfSha256 as hpke::Kem>::PrivateKey;
type SentKey = <X25519HkdfSha256 as hpke::Kem>::EncappedKey;

/// The public key of a server that receives, as text `riq_to_…`.
#[derive(Clone, PartialEq)]
pub struct Recipient(PublicKey);

/// The secret key of a server that receives, as text `riq_identity_…`. `Debug` shows nothing of it.
pub struct Identity(SecretBox<[u8; LENGTH]>);

/// The text is not a public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the public key of a receiver: expected riq_to_… as `admin identity` prints it there, whole")]
pub struct InvalidRecipient;

/// The text is not a secret key. Nothing of it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a file that `admin identity` made")]
pub struct InvalidIdentity;

/// What was sealed is damaged, or sealed to another key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is damaged, or sealed to another key")]
pub struct Unopenable;

impl Recipient {
    /// Seals `secret` so that only the receiver can open it, and only beside `header`.
    pub fn seal(
        &self,
        secret: &[u8],
        header: &[u8],
        environment: &Environment,
    ) -> Result<Vec<u8>, Unopenable> {
        let mut random = StdRng::from_seed(environment.bytes());
        let (sent, ciphertext) = single_shot_seal_with_rng::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
            &OpModeS::Base,
            &self.0,
            INFO,
            secret,
            header,
            &mut random,
        )
        .map_err(|_| Unopenable)?;
        Ok([&sent.to_bytes()[..], &ciphertext].concat())
    }
}

impl Identity {
    /// A new one.
    pub fn generate(environment: &Environment) -> Self {
        Self(SecretBox::new(Box::new(environment.bytes())))
    }

    /// Its public key.
    pub fn recipient(&self) -> Result<Recipient, InvalidIdentity> {
        Ok(Recipient(X25519HkdfSha256::sk_to_pk(&self.private()?)))
    }

    /// It as text, to be kept secret.
    pub fn to_text(&self) -> String {
        format!("{IDENTITY}{}", BASE64.encode(self.0.expose_secret()))
    }

    /// Opens what was sealed to its public key beside `header`.
    pub fn open(&self, sealed: &[u8], header: &[u8]) -> Result<SecretSlice<u8>, Unopenable> {
        let (sent, ciphertext) = sealed.split_at_checked(LENGTH).ok_or(Unopenable)?;
        let sent = SentKey::from_bytes(sent).map_err(|_| Unopenable)?;
        let private = self.private().map_err(|_| Unopenable)?;
        single_shot_open::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
            &OpModeR::Base,
            &private,
            &sent,
            INFO,
            ciphertext,
            header,
        )
        .map(SecretSlice::from)
        .map_err(|_| Unopenable)
    }

    fn private(&self) -> Result<PrivateKey, InvalidIdentity> {
        PrivateKey::from_bytes(self.0.expose_secret()).map_err(|_| InvalidIdentity)
    }
}

impl FromStr for Identity {
    type Err = InvalidIdentity;

    fn from_str(text: &str) -> Result<Self, InvalidIdentity> {
        let body = text.trim().strip_prefix(IDENTITY).ok_or(InvalidIdentity)?;
        let bytes: SecretSlice<u8> = BASE64.decode(body).map_err(|_| InvalidIdentity)?.into();
        let key = bytes.expose_secret().try_into().map_err(|_| InvalidIdentity)?;
        Ok(Self(SecretBox::new(Box::new(key))))
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity")
    }
}

impl FromStr for Recipient {
    type Err = InvalidRecipient;

    fn from_str(text: &str) -> Result<Self, InvalidRecipient> {
        let body = text.trim().strip_prefix(RECIPIENT).ok_or(InvalidRecipient)?;
        let bytes = BASE64.decode(body).map_err(|_| InvalidRecipient)?;
        let (key, found) = bytes.split_at_checked(LENGTH).ok_or(InvalidRecipient)?;
        if found != check(key) {
            return Err(InvalidRecipient);
        }
        PublicKey::from_bytes(key).map(Self).map_err(|_| InvalidRecipient)
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = self.0.to_bytes();
        write!(f, "{RECIPIENT}{}", BASE64.encode([&key[..], &check(&key)].concat()))
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn check(key: &[u8]) -> Vec<u8> {
    Sha256::digest(key)[..CHECK].to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_receiver_opens_it_and_nothing_of_it_can_be_changed() {
        let environment = Environment::system();
        let (ours, other) = (Identity::generate(&environment), Identity::generate(&environment));
        let sealed = ours.recipient().unwrap().seal(b"xoxb-token", b"header", &environment).unwrap();
        assert!(!sealed.windows(4).any(|window| window == b"xoxb"));
        assert_eq!(ours.open(&sealed, b"header").unwrap().expose_secret(), b"xoxb-token");
        assert!(ours.open(&sealed, b"hedder").is_err());
        assert!(other.open(&sealed, b"header").is_err());
        for place in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[place] ^= 1;
            assert!(ours.open(&damaged, b"header").is_err(), "byte {place}");
            assert!(ours.open(&sealed[..place], b"header").is_err(), "cut at {place}");
        }
    }

    #[test]
    fn keys_are_read_back_from_their_texts_and_a_slip_is_noticed() {
        let identity = Identity::generate(&Environment::system());
        let recipient = identity.recipient().unwrap();
        let text = recipient.to_string();
        assert_eq!(format!(" {text}\n").parse(), Ok(recipient.clone()));
        let again: Identity = identity.to_text().parse().unwrap();
        assert_eq!(again.recipient(), Ok(recipient));
        assert_eq!(format!("{identity:?}"), "Identity");
        for place in RECIPIENT.len()..text.len() {
            let other = if &text[place..=place] == "A" { "B" } else { "A" };
            let slipped = format!("{}{other}{}", &text[..place], &text[place + 1..]);
            assert_eq!(slipped.parse::<Recipient>(), Err(InvalidRecipient), "{place}");
        }
        for text in ["", "riq_to_", "riq_to_AAAA", &identity.to_text()] {
            assert_eq!(text.parse::<Recipient>(), Err(InvalidRecipient), "{text}");
        }
        assert_eq!("riq_identity_AAAA".parse::<Identity>().unwrap_err(), InvalidIdentity);
    }
}
