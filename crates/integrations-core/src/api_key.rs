//! The format of API keys: `riq_`, 43 characters that hold 256 random bits, and 6 of checksum.
//!
//! Body and checksum are digits and letters (base 62), so that a double click selects the whole key and no shell
//! needs quotes around it. The checksum is the CRC-32 of the prefix and body: a mistyped key is refused before
//! anything is looked up, and secret scanners can tell a real key from a lookalike. A CRC finds every change that lies
//! within 32 consecutive bits, so it finds every change of one character.

use std::fmt;

use sha2::{Digest as _, Sha256};

/// The beginning of every key.
pub const PREFIX: &str = "riq_";
const BODY_LENGTH: usize = 43;
const CHECKSUM_LENGTH: usize = 6;
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The length of every key, in characters.
pub const LENGTH: usize = PREFIX.len() + BODY_LENGTH + CHECKSUM_LENGTH;

/// An API key in full: a secret. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey(String);

/// The error for a text that does not have the form of an API key, or whose checksum is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an API key: expected riq_ and 49 letters and digits with a valid checksum")]
pub struct MalformedKey;

impl ApiKey {
    /// Makes a key from 256 bits, which the caller must draw from a cryptographic source.
    pub fn from_entropy(bits: [u8; 32]) -> Self {
        let mut key = String::with_capacity(LENGTH);
        key.push_str(PREFIX);
        key.push_str(&base62::<BODY_LENGTH>(bits));
        let checksum = checksum(&key);
        key.push_str(&checksum);
        Self(key)
    }

    /// Checks form and checksum, not whether such a key was ever created.
    pub fn parse(text: &str) -> Result<Self, MalformedKey> {
        let well_formed = text.len() == LENGTH
            && text.starts_with(PREFIX)
            && text[PREFIX.len()..].bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !well_formed {
            return Err(MalformedKey);
        }
        let (signed, sum) = text.split_at(PREFIX.len() + BODY_LENGTH);
        if checksum(signed) == sum { Ok(Self(text.to_owned())) } else { Err(MalformedKey) }
    }

    /// The whole key. Handle as a secret.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The first characters, to tell keys apart in a list. They are too few to help an attacker.
    pub fn hint(&self) -> &str {
        &self.0[..PREFIX.len() + 4]
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(redacted)")
    }
}

fn checksum(signed: &str) -> String {
    base62::<CHECKSUM_LENGTH>(crc32fast::hash(signed.as_bytes()).to_be_bytes())
}

/// The SHA-256 of a key. The store holds this in place of the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KeyHash([u8; 32]);

impl KeyHash {
    /// Hashes a key. The key has 256 bits of entropy, so a fast hash without salt is enough.
    pub fn of(key: &ApiKey) -> Self {
        Self(Sha256::digest(key.expose().as_bytes()).into())
    }

    /// Reads a stored hash; `None` if it is not 32 bytes long.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Writes a big-endian number in base 62, padded with zeros to `LENGTH` digits.
fn base62<const LENGTH: usize>(number: impl AsRef<[u8]>) -> String {
    let mut digits = [0u8; LENGTH];
    for byte in number.as_ref() {
        let mut carry = u32::from(*byte);
        for digit in digits.iter_mut().rev() {
            carry += u32::from(*digit) << 8;
            *digit = (carry % 62) as u8;
            carry /= 62;
        }
    }
    digits.iter().map(|digit| char::from(ALPHABET[usize::from(*digit)])).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_smallest_and_the_largest_key_have_one_length() {
        for bits in [[0u8; 32], [255u8; 32]] {
            let key = ApiKey::from_entropy(bits);
            assert_eq!(key.expose().len(), LENGTH);
            assert_eq!(ApiKey::parse(key.expose()), Ok(key));
        }
    }

    #[test]
    fn debug_shows_nothing() {
        let key = ApiKey::from_entropy([7; 32]);
        assert_eq!(format!("{key:?}"), "ApiKey(redacted)");
    }

    #[test]
    fn what_has_another_form_is_refused() {
        let key = ApiKey::from_entropy([7; 32]);
        let key = key.expose();
        for text in [
            String::new(),
            "riq_".into(),
            "riq_short".into(),
            format!("{key}0"),
            format!(" {key}"),
            key[..LENGTH - 1].into(),
            key.to_uppercase(),
            key.replace("riq_", "riq-"),
            "é".repeat(LENGTH / 2) + "a",
        ] {
            assert_eq!(ApiKey::parse(&text), Err(MalformedKey), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_key_survives_the_round_trip(bits: [u8; 32]) {
            let key = ApiKey::from_entropy(bits);
            prop_assert_eq!(ApiKey::parse(key.expose()), Ok(key));
        }

        #[test]
        fn different_bits_make_different_keys(a: [u8; 32], b: [u8; 32]) {
            prop_assert_eq!(a == b, ApiKey::from_entropy(a) == ApiKey::from_entropy(b));
        }

        #[test]
        fn no_mutation_of_one_character_passes(bits: [u8; 32], place in 0..LENGTH) {
            let key = ApiKey::from_entropy(bits);
            let original = key.expose().as_bytes()[place];
            for byte in 0x20..0x7f {
                if byte != original {
                    let mut mutated = key.expose().as_bytes().to_vec();
                    mutated[place] = byte;
                    let mutated = String::from_utf8(mutated).unwrap();
                    prop_assert_eq!(ApiKey::parse(&mutated), Err(MalformedKey));
                }
            }
        }
    }
}
