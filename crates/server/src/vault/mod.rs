//! The credential vault: seals secrets for storage and opens them again.
//!
//! It uses XChaCha20-Poly1305, whose 192-bit nonces may be random. What a secret belongs to ([`Purpose`]) is its
//! associated data: it does not open for another integration, nor after a change to the rows that decide where it is
//! sent. A sealed secret is
//!
//! ```text
//! 0x02 | length of key id (1 byte) | key id | nonce (24 bytes) | ciphertext and tag
//! ```
//!
//! The key id makes rotation possible: the first key seals, and every key opens. The form before began with 0x01, and
//! its associated data was an id alone. Only `Vault::seal_old_form_anew` reads it, for `migrate`.

mod canary;
mod keys;
mod purpose;
mod recipient;
mod sealing;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chacha20poly1305::{
    XNonce,
    aead::{Aead as _, Payload},
};
use integrations_core::integration::{Integration, SecretSettings};
use secrecy::{ExposeSecret as _, SecretSlice};

use self::keys::{EncryptionKey, KEY_LENGTH};
pub use self::{
    canary::KeyCheckError,
    keys::{EncryptionKeys, InvalidKeys},
    purpose::{Destination, Purpose},
    recipient::{Identity, InvalidIdentity, InvalidRecipient, Recipient, Unopenable},
    sealing::{Progress, Resealed, Unopened},
};
use crate::{environment::Environment, store::Loaded};

const FORMAT: u8 = 2;
/// What every secret of today's form begins with.
pub(crate) const SEALED_BEGINS: &[u8] = &[FORMAT];
/// The form before, in which the associated data was an id alone.
const OLD_FORMAT: u8 = crate::store::OLD_FORM;
const NONCE_LENGTH: usize = 24;

/// A sealed secret cannot be opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// It was sealed with a key that this server does not have.
    #[error("sealed with the encryption key \"{0}\", which RIQ_ENCRYPTION_KEYS does not hold")]
    UnknownKey(String),
    /// It is damaged, or belongs to something else: it was moved, or what it belongs to was changed.
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
    pub fn seal(&self, secret: &[u8], purpose: Purpose<'_>) -> Vec<u8> {
        self.seal_under(self.keys.first(), secret, purpose)
    }

    #[expect(clippy::expect_used, reason = "fails only for secrets of 256 GiB")]
    fn seal_under(&self, key: &EncryptionKey, secret: &[u8], purpose: Purpose<'_>) -> Vec<u8> {
        let nonce = self.environment.bytes::<NONCE_LENGTH>();
        let prefix = prefix(FORMAT, &key.id);
        let aad = purpose.associated_data(&prefix);
        let payload = Payload { msg: secret, aad: &aad };
        let ciphertext = key.cipher.encrypt(&XNonce::from(nonce), payload).expect("a short secret");
        [&prefix[..], &nonce, &ciphertext].concat()
    }

    /// Opens what [`Vault::seal`] sealed for the same purpose.
    pub fn open(&self, sealed: &[u8], purpose: Purpose<'_>) -> Result<SecretSlice<u8>, VaultError> {
        self.open_form(FORMAT, sealed, purpose)
    }

    /// Opens a secret of this form. One of the other form is refused, whatever its first byte says, because the first
    /// byte decides what the associated data is.
    fn open_form(
        &self,
        format: u8,
        sealed: &[u8],
        purpose: Purpose<'_>,
    ) -> Result<SecretSlice<u8>, VaultError> {
        let (id, nonce, ciphertext) = take_apart(format, sealed).ok_or(VaultError::Damaged)?;
        let key = self.keys.find(id);
        let key = key.ok_or_else(|| VaultError::UnknownKey(String::from_utf8_lossy(id).into_owned()))?;
        let aad = match format {
            OLD_FORMAT => purpose.old_associated_data(),
            _ => purpose.associated_data(&prefix(format, &key.id)),
        };
        let payload = Payload { msg: ciphertext, aad: &aad };
        let opened = key.cipher.decrypt(&XNonce::from(nonce), payload).map_err(|_| VaultError::Damaged)?;
        Ok(opened.into())
    }

    /// Seals an integration's secret settings. `None` if there are none.
    pub fn seal_settings(&self, secret: &SecretSettings, to: Destination<'_>) -> Option<Vec<u8>> {
        let settings = secret.opened().filter(|settings| !settings.is_empty())?;
        let json = serde_json::to_vec(settings).unwrap_or_default();
        Some(self.seal(&json, Purpose::Settings(to)))
    }

    /// A stored integration with its secret settings opened.
    pub fn open_integration(&self, loaded: &Loaded) -> Result<Integration, VaultError> {
        let mut integration = loaded.integration.clone();
        if let Some(sealed) = &loaded.sealed_settings {
            let opened = self.open(sealed, Purpose::Settings(loaded.into()))?;
            let settings = serde_json::from_slice(opened.expose_secret()).map_err(|_| VaultError::Damaged)?;
            integration.secret_settings = SecretSettings::Opened(settings);
        }
        Ok(integration)
    }
}

fn prefix(format: u8, key_id: &str) -> Vec<u8> {
    let length = u8::try_from(key_id.len()).unwrap_or(u8::MAX);
    [&[format, length], key_id.as_bytes()].concat()
}

fn take_apart(format: u8, sealed: &[u8]) -> Option<(&[u8], [u8; NONCE_LENGTH], &[u8])> {
    let (first, rest) = sealed.split_first()?;
    let (id_length, rest) = rest.split_first()?;
    let (id, rest) = rest.split_at_checked(usize::from(*id_length))?;
    let (nonce, ciphertext) = rest.split_first_chunk::<NONCE_LENGTH>()?;
    (*first == format).then_some((id, *nonce, ciphertext))
}

#[cfg(test)]
mod tests {
    use integrations_core::ids::{IntegrationId, ProjectId};

    use super::*;

    const SHOP: Destination<'_> = Destination {
        integration: IntegrationId::from_bits(1),
        project: ProjectId::from_bits(1),
        provider: "shopify",
        connection: r#"{"subdomain":"acme"}"#,
    };
    const OURS: Purpose<'_> = Purpose::Credential(SHOP);

    /// A list of one key. Another number makes another key.
    pub(super) fn key(id: &str, number: u8) -> String {
        let bytes: [u8; KEY_LENGTH] = std::array::from_fn(|place| place as u8 ^ number);
        format!("{id}:{}", STANDARD.encode(bytes))
    }

    fn vault(keys: &str) -> Vault {
        Vault::new(keys.parse().unwrap(), Environment::system())
    }

    #[test]
    fn what_is_sealed_opens_for_its_own_purpose_alone() {
        let vault = vault(&key("a", 1));
        let sealed = vault.seal(b"xoxb-token", OURS);
        assert!(!sealed.windows(4).any(|window| window == b"xoxb"));
        assert_eq!(vault.open(&sealed, OURS).unwrap().expose_secret(), b"xoxb-token");
        for purpose in [
            Purpose::Settings(SHOP),
            Purpose::Credential(Destination { integration: IntegrationId::from_bits(2), ..SHOP }),
            Purpose::Credential(Destination { project: ProjectId::from_bits(2), ..SHOP }),
            Purpose::Credential(Destination { provider: "zendesk", ..SHOP }),
            Purpose::Credential(Destination { connection: r#"{"subdomain":"evil"}"#, ..SHOP }),
        ] {
            assert_eq!(vault.open(&sealed, purpose).unwrap_err(), VaultError::Damaged, "{purpose:?}");
        }
    }

    #[test]
    fn no_two_seals_are_alike() {
        let vault = vault(&key("a", 1));
        assert_ne!(vault.seal(b"same", OURS), vault.seal(b"same", OURS));
    }

    #[test]
    fn any_flipped_byte_or_missing_end_is_noticed() {
        let vault = vault(&key("a", 1));
        let sealed = vault.seal(b"secret", OURS);
        for place in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[place] ^= 1;
            assert!(vault.open(&damaged, OURS).is_err(), "byte {place}");
            assert!(vault.open(&sealed[..place], OURS).is_err(), "cut at {place}");
        }
    }

    /// Seals as the versions before did.
    fn seal_as_before(vault: &Vault, secret: &[u8], purpose: Purpose<'_>) -> Vec<u8> {
        let key = vault.keys.first();
        let aad = purpose.old_associated_data();
        let payload = Payload { msg: secret, aad: &aad };
        let ciphertext = key.cipher.encrypt(&XNonce::from([7; NONCE_LENGTH]), payload).unwrap();
        [&prefix(OLD_FORMAT, &key.id)[..], &[7; NONCE_LENGTH], &ciphertext].concat()
    }

    #[test]
    fn the_form_before_is_refused_whatever_its_first_byte_says_and_can_be_sealed_anew() {
        let vault = vault(&key("a", 1));
        let old = seal_as_before(&vault, b"secret", OURS);
        assert_eq!(vault.open(&old, OURS).unwrap_err(), VaultError::Damaged);
        let mut upgraded = old.clone();
        upgraded[0] = FORMAT;
        assert_eq!(vault.open(&upgraded, OURS).unwrap_err(), VaultError::Damaged);
        let opened = vault.open_form(OLD_FORMAT, &old, OURS).unwrap();
        let anew = vault.seal(opened.expose_secret(), OURS);
        assert_eq!(vault.open(&anew, OURS).unwrap().expose_secret(), b"secret");
        // Today's form does not become the old one.
        let mut downgraded = anew.clone();
        downgraded[0] = OLD_FORMAT;
        for sealed in [anew, downgraded] {
            assert_eq!(vault.open_form(OLD_FORMAT, &sealed, OURS).unwrap_err(), VaultError::Damaged);
        }
    }

    #[test]
    fn an_older_key_still_opens_and_a_missing_one_is_named() {
        let sealed = vault(&key("old", 1)).seal(b"secret", OURS);
        let rotated = vault(&format!("{},{}", key("new", 2), key("old", 1)));
        assert_eq!(rotated.open(&sealed, OURS).unwrap().expose_secret(), b"secret");
        let without = vault(&key("new", 2));
        let refusal = without.open(&sealed, OURS).unwrap_err();
        assert_eq!(refusal, VaultError::UnknownKey("old".into()));
    }

    #[test]
    fn a_generated_key_is_a_valid_list() {
        let text = Vault::generate_key(&Environment::system());
        assert!(text.parse::<EncryptionKeys>().is_ok());
    }
}
