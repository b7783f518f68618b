//! The encryption keys: text `id:key[,id:key…]`, each key 32 bytes in base 64.

use std::{collections::HashSet, fmt, str::FromStr};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305};
use secrecy::{ExposeSecret as _, SecretSlice};

/// The length of a key, in bytes.
pub(super) const KEY_LENGTH: usize = 32;
/// The fewest different bytes of a key. Among 10^30 random keys, not one with fewer is to be expected.
const LEAST_VARIETY: usize = 8;

/// The keys that seal and open. The first one seals.
pub struct EncryptionKeys(Vec<EncryptionKey>);

/// One of the keys.
pub(super) struct EncryptionKey {
    pub(super) id: String,
    pub(super) cipher: XChaCha20Poly1305,
}

/// The text is not a list of encryption keys. The message names the entry and the problem. Of the text it shows
/// nothing, except the id of a key that is well-formed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("entry {entry} {problem}; expected id:key[,id:key…], each key 32 random bytes in base 64")]
pub struct InvalidKeys {
    entry: usize,
    problem: String,
}

impl EncryptionKeys {
    /// The key that seals.
    pub(super) fn first(&self) -> &EncryptionKey {
        &self.0[0]
    }

    /// The key with this id.
    pub(super) fn find(&self, id: &[u8]) -> Option<&EncryptionKey> {
        self.0.iter().find(|key| key.id.as_bytes() == id)
    }

    /// All of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = &EncryptionKey> {
        self.0.iter()
    }
}

impl FromStr for EncryptionKeys {
    type Err = InvalidKeys;

    fn from_str(text: &str) -> Result<Self, InvalidKeys> {
        let mut keys: Vec<EncryptionKey> = Vec::new();
        for (index, entry) in text.trim().split(',').map(str::trim).enumerate() {
            let refuse = |problem: String| InvalidKeys { entry: index + 1, problem };
            let key = read_key(entry).map_err(refuse)?;
            if keys.iter().any(|known| known.id == key.id) {
                return Err(refuse("has the key id of an earlier entry".into()));
            }
            keys.push(key);
        }
        Ok(Self(keys))
    }
}

fn read_key(entry: &str) -> Result<EncryptionKey, String> {
    let (id, key) = entry.split_once(':').ok_or("has no key id before a colon")?;
    let id_is_sane = (1..=32).contains(&id.len())
        && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    if !id_is_sane {
        return Err("has a key id that is not 1 to 32 letters, digits, - or _".into());
    }
    let bytes: SecretSlice<u8> = STANDARD.decode(key).map_err(|_| "has a key that is not base 64")?.into();
    let bytes = bytes.expose_secret();
    let cipher =
        XChaCha20Poly1305::new_from_slice(bytes).map_err(|_| "has a key that is not 32 bytes long")?;
    if bytes.iter().collect::<HashSet<_>>().len() < LEAST_VARIETY {
        return Err(format!(
            "has a key, \"{id}\", that is not random: its bytes are all alike, or nearly; make one with \
             `head -c 32 /dev/urandom | base64`"
        ));
    }
    Ok(EncryptionKey { id: id.to_owned(), cipher })
}

impl fmt::Debug for EncryptionKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|key| &key.id)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::{super::tests::key, *};

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
    fn a_key_that_nobody_drew_at_random_is_refused() {
        let half = [[1; KEY_LENGTH / 2], [2; KEY_LENGTH / 2]].concat();
        for bytes in [vec![0; KEY_LENGTH], vec![0xff; KEY_LENGTH], vec![b'a'; KEY_LENGTH], half] {
            let refusal = format!("k1:{}", STANDARD.encode(bytes)).parse::<EncryptionKeys>().unwrap_err();
            let told = "has a key, \"k1\", that is not random: its bytes are all alike, or nearly; make one";
            assert!(refusal.problem.starts_with(told), "{refusal}");
        }
    }

    #[test]
    fn debug_shows_ids_alone() {
        let keys: EncryptionKeys = key("a", 1).parse().unwrap();
        assert_eq!(format!("{keys:?}"), "[\"a\"]");
    }
}
