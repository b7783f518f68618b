//! The credential vault: seals secrets for storage and opens them again.
//!
//! It uses XChaCha20-Poly1305, whose 192-bit nonces may be random. The owner of a secret is its associated data, so a
//! sealed secret that is copied to another integration cannot be opened there. A sealed secret is
//!
//! ```text
//! 0x01 | length of key id (1 byte) | key id | nonce (24 bytes) | ciphertext and tag
//! ```
//!
//! The key id makes rotation possible: the first key seals, and every key opens.

use std::{fmt, str::FromStr};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chacha20poly1305::{
    KeyInit as _, XChaCha20Poly1305, XNonce,
    aead::{Aead as _, Payload},
};
use integrations_core::{
    ids::{IntegrationId, OAuthAppId, PendingInstallId},
    integration::{Integration, SecretSettings},
};
use secrecy::{ExposeSecret as _, SecretSlice};

use crate::{environment::Environment, store::Loaded};

const FORMAT: u8 = 1;
const NONCE_LENGTH: usize = 24;
const KEY_LENGTH: usize = 32;

/// What a sealed secret belongs to. It can be opened for this purpose only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// An integration's credential.
    Credential(IntegrationId),
    /// An integration's secret settings.
    Settings(IntegrationId),
    /// The client secret of an OAuth app.
    OAuthApp(OAuthAppId),
    /// The state of an installation between two of its steps.
    PendingInstall(PendingInstallId),
}

impl Purpose {
    fn associated_data(self) -> String {
        match self {
            Self::Credential(id) => format!("credential:{id}"),
            Self::Settings(id) => format!("settings:{id}"),
            Self::OAuthApp(id) => format!("oauth_app:{id}"),
            Self::PendingInstall(id) => format!("pending_install:{id}"),
        }
    }
}

/// The keys that seal and open. The first one seals.
pub struct EncryptionKeys(Vec<EncryptionKey>);

struct EncryptionKey {
    id: String,
    cipher: XChaCha20Poly1305,
}

/// The text is not a list of encryption keys. The message names the entry and the problem, but shows no part of the
/// text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("entry {entry} {problem}; expected id:key[,id:key…], each key 32 bytes in base 64")]
pub struct InvalidKeys {
    entry: usize,
    problem: &'static str,
}

impl FromStr for EncryptionKeys {
    type Err = InvalidKeys;

    fn from_str(text: &str) -> Result<Self, InvalidKeys> {
        let mut keys: Vec<EncryptionKey> = Vec::new();
        for (index, entry) in text.trim().split(',').map(str::trim).enumerate() {
            let refuse = |problem| InvalidKeys { entry: index + 1, problem };
            let (id, key) = entry.split_once(':').ok_or(refuse("has no key id before a colon"))?;
            let id_is_sane = (1..=32).contains(&id.len())
                && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
            if !id_is_sane {
                return Err(refuse("has a key id that is not 1 to 32 letters, digits, - or _"));
            }
            if keys.iter().any(|known| known.id == id) {
                return Err(refuse("has the key id of an earlier entry"));
            }
            let bytes: SecretSlice<u8> =
                STANDARD.decode(key).map_err(|_| refuse("has a key that is not base 64"))?.into();
            let cipher = XChaCha20Poly1305::new_from_slice(bytes.expose_secret())
                .map_err(|_| refuse("has a key that is not 32 bytes long"))?;
            keys.push(EncryptionKey { id: id.to_owned(), cipher });
        }
        Ok(Self(keys))
    }
}

impl fmt::Debug for EncryptionKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|key| &key.id)).finish()
    }
}

/// A sealed secret cannot be opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// It was sealed with a key that this server does not have.
    #[error("sealed with the encryption key \"{0}\", which RIQ_ENCRYPTION_KEYS does not hold")]
    UnknownKey(String),
    /// It is damaged, or belongs to something else.
    #[error("the sealed secret is damaged or belongs to something else")]
    Damaged,
}

/// Seals secrets for storage and opens them again.
#[derive(Debug)]
pub struct Vault {
    keys: EncryptionKeys,
    environment: Environment,
}

impl Vault {
    /// A vault with these keys.
    pub fn new(keys: EncryptionKeys, environment: Environment) -> Self {
        Self { keys, environment }
    }

    /// A new key as text, in the form that [`EncryptionKeys`] reads, with today's date as its id.
    pub fn generate_key(environment: &Environment) -> String {
        let today = environment.now().date();
        let key = environment.bytes::<KEY_LENGTH>();
        format!("k{}:{}", today.to_string().replace('-', ""), STANDARD.encode(key))
    }

    /// Seals `secret` under the first key.
    #[expect(clippy::expect_used, reason = "fails only for secrets of 256 GiB")]
    pub fn seal(&self, secret: &[u8], purpose: Purpose) -> Vec<u8> {
        let key = &self.keys.0[0];
        let nonce = self.environment.bytes::<NONCE_LENGTH>();
        let aad = purpose.associated_data();
        let payload = Payload { msg: secret, aad: aad.as_bytes() };
        let ciphertext = key.cipher.encrypt(&XNonce::from(nonce), payload).expect("a short secret");
        [&prefix(&key.id)[..], &nonce, &ciphertext].concat()
    }

    /// Opens what [`Vault::seal`] sealed for the same purpose.
    pub fn open(&self, sealed: &[u8], purpose: Purpose) -> Result<SecretSlice<u8>, VaultError> {
        let (id, nonce, ciphertext) = take_apart(sealed).ok_or(VaultError::Damaged)?;
        let key = self.keys.0.iter().find(|key| key.id.as_bytes() == id);
        let key = key.ok_or_else(|| VaultError::UnknownKey(String::from_utf8_lossy(id).into_owned()))?;
        let aad = purpose.associated_data();
        let payload = Payload { msg: ciphertext, aad: aad.as_bytes() };
        let opened = key.cipher.decrypt(&XNonce::from(nonce), payload).map_err(|_| VaultError::Damaged)?;
        Ok(opened.into())
    }

    /// The first bytes of every secret that is sealed under the first key.
    pub fn current_prefix(&self) -> Vec<u8> {
        prefix(&self.keys.0[0].id)
    }

    /// Opens a secret and seals it again under the first key, for the same purpose.
    pub fn reseal(&self, sealed: &[u8], purpose: Purpose) -> Result<Vec<u8>, VaultError> {
        Ok(self.seal(self.open(sealed, purpose)?.expose_secret(), purpose))
    }

    /// Seals an integration's secret settings. `None` if there are none.
    pub fn seal_settings(&self, secret: &SecretSettings, id: IntegrationId) -> Option<Vec<u8>> {
        let json = serde_json::to_vec(&secret.0).unwrap_or_default();
        (!secret.0.is_empty()).then(|| self.seal(&json, Purpose::Settings(id)))
    }

    /// Opens an integration's secret settings.
    pub fn open_settings(&self, sealed: &[u8], id: IntegrationId) -> Result<SecretSettings, VaultError> {
        let opened = self.open(sealed, Purpose::Settings(id))?;
        serde_json::from_slice(opened.expose_secret()).map(SecretSettings).map_err(|_| VaultError::Damaged)
    }

    /// A stored integration with its secret settings opened.
    pub fn open_integration(&self, loaded: &Loaded) -> Result<Integration, VaultError> {
        let mut integration = loaded.integration.clone();
        if let Some(sealed) = &loaded.sealed_settings {
            integration.secret_settings = self.open_settings(sealed, integration.id)?;
        }
        Ok(integration)
    }
}

fn prefix(key_id: &str) -> Vec<u8> {
    let length = u8::try_from(key_id.len()).unwrap_or(u8::MAX);
    [&[FORMAT, length], key_id.as_bytes()].concat()
}

fn take_apart(sealed: &[u8]) -> Option<(&[u8], [u8; NONCE_LENGTH], &[u8])> {
    let [FORMAT, id_length, rest @ ..] = sealed else { return None };
    let (id, rest) = rest.split_at_checked(usize::from(*id_length))?;
    let (nonce, ciphertext) = rest.split_first_chunk::<NONCE_LENGTH>()?;
    Some((id, *nonce, ciphertext))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: IntegrationId = IntegrationId::from_bits(1);
    const OTHER: IntegrationId = IntegrationId::from_bits(2);

    fn key(id: &str, byte: u8) -> String {
        format!("{id}:{}", STANDARD.encode([byte; KEY_LENGTH]))
    }

    fn vault(keys: &str) -> Vault {
        Vault::new(keys.parse().unwrap(), Environment::system())
    }

    #[test]
    fn what_is_sealed_opens_for_its_own_purpose_alone() {
        let vault = vault(&key("a", 1));
        let sealed = vault.seal(b"xoxb-token", Purpose::Credential(ONE));
        assert!(!sealed.windows(4).any(|window| window == b"xoxb"));
        assert_eq!(vault.open(&sealed, Purpose::Credential(ONE)).unwrap().expose_secret(), b"xoxb-token");
        for purpose in [Purpose::Credential(OTHER), Purpose::Settings(ONE)] {
            assert_eq!(vault.open(&sealed, purpose).unwrap_err(), VaultError::Damaged);
        }
    }

    #[test]
    fn no_two_seals_are_alike() {
        let vault = vault(&key("a", 1));
        let seal = || vault.seal(b"same", Purpose::Credential(ONE));
        assert_ne!(seal(), seal());
    }

    #[test]
    fn any_flipped_byte_or_missing_end_is_noticed() {
        let vault = vault(&key("a", 1));
        let sealed = vault.seal(b"secret", Purpose::Credential(ONE));
        for place in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[place] ^= 1;
            assert!(vault.open(&damaged, Purpose::Credential(ONE)).is_err(), "byte {place}");
            assert!(vault.open(&sealed[..place], Purpose::Credential(ONE)).is_err(), "cut at {place}");
        }
    }

    #[test]
    fn an_older_key_still_opens_and_a_missing_one_is_named() {
        let sealed = vault(&key("old", 1)).seal(b"secret", Purpose::Credential(ONE));
        let rotated = vault(&format!("{},{}", key("new", 2), key("old", 1)));
        assert_eq!(rotated.open(&sealed, Purpose::Credential(ONE)).unwrap().expose_secret(), b"secret");
        let without = vault(&key("new", 2));
        let refusal = without.open(&sealed, Purpose::Credential(ONE)).unwrap_err();
        assert_eq!(refusal, VaultError::UnknownKey("old".into()));
    }

    #[test]
    fn a_generated_key_is_a_valid_list() {
        let text = Vault::generate_key(&Environment::system());
        assert!(text.parse::<EncryptionKeys>().is_ok());
    }

    #[test]
    fn wrong_lists_are_refused_without_showing_them() {
        let good = key("a", 1);
        for (text, problem) in [
            (String::new(), "entry 1 has no key id"),
            ("c2VjcmV0".into(), "entry 1 has no key id"),
            (format!("{good},b:c2VjcmV0"), "entry 2 has a key that is not 32 bytes"),
            (format!("{good},b:!secret!"), "entry 2 has a key that is not base 64"),
            (format!("{good},{good}"), "entry 2 has the key id of an earlier"),
            (format!(":{good}"), "entry 1 has a key id"),
        ] {
            let refusal = text.parse::<EncryptionKeys>().unwrap_err().to_string();
            assert!(refusal.starts_with(problem), "{refusal}");
            assert!(!refusal.contains("ecret"), "{refusal}");
        }
    }

    #[test]
    fn debug_shows_ids_alone() {
        let keys: EncryptionKeys = key("a", 1).parse().unwrap();
        assert_eq!(format!("{keys:?}"), "[\"a\"]");
    }
}
