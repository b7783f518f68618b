//! Whether the given keys are those that the database knows by their ids.
//!
//! The database has a canary of each key: a known text that the key has sealed. Other bytes under the same id do not
//! open it. Without it, they would go unnoticed until a secret is opened, and seal more secrets meanwhile.

use secrecy::ExposeSecret as _;

use super::{EncryptionKey, FORMAT, OLD_FORMAT, Purpose, Vault, prefix, take_apart};
use crate::store::{Beginning, Sealed, Store, StoreError};

/// What a canary says.
const TEXT: &[u8] = b"riq";
/// How many secrets of each kind are tried if a key has no canary yet.
const TRIED: u64 = 20;

/// The given keys may not be used with this database.
#[derive(Debug, thiserror::Error)]
pub enum KeyCheckError {
    /// The database knows a key's id, but with other bytes.
    #[error(
        "the encryption key \"{0}\" is not the one that this database knows by that id: its bytes are different, so \
         it opens none of the secrets that are sealed with \"{0}\"; put back the bytes that belong to this id in \
         RIQ_ENCRYPTION_KEYS, or, if this is a new key, give it an id that was never used"
    )]
    OtherBytes(String),
    /// A secret is sealed with a key that is not given.
    #[error(
        "the database has secrets that are sealed with the encryption key \"{0}\", and RIQ_ENCRYPTION_KEYS does not \
         hold it: they cannot be opened; add that key behind the others"
    )]
    Missing(String),
    /// The database did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Vault {
    /// Checks each key against its canary. A key that the database does not know gets one.
    pub async fn check_keys(&self, store: &Store) -> Result<(), KeyCheckError> {
        let new = self.new_keys(store).await?;
        for key in &new {
            let canary = self.seal_under(key, TEXT, Purpose::Canary(&key.id));
            store.add_canary(&key.id, canary, self.environment.now()).await?;
        }
        if !new.is_empty() {
            // Another replica may have stored the canary, of other bytes.
            self.new_keys(store).await?;
        }
        Ok(())
    }

    /// Checks each key against its canary, and whether other keys sealed the first secrets of each kind. Changes
    /// nothing. Returns the ids of the keys that the database does not know yet.
    pub async fn look_at_keys(&self, store: &Store) -> Result<Vec<&str>, KeyCheckError> {
        let new = self.new_keys(store).await?;
        let current = prefix(FORMAT, &self.keys.first().id);
        for kind in Sealed::ALL {
            for row in store.sealed(kind, Beginning::Otherwise(&current), "", TRIED).await? {
                if let Some((id, ..)) = take_apart(FORMAT, row.sealed())
                    && self.keys.find(id).is_none()
                {
                    return Err(KeyCheckError::Missing(String::from_utf8_lossy(id).into_owned()));
                }
            }
        }
        Ok(new.into_iter().map(|key| key.id.as_str()).collect())
    }

    /// Checks each key against its canary, and returns those that have none yet. Changes nothing.
    async fn new_keys(&self, store: &Store) -> Result<Vec<&EncryptionKey>, KeyCheckError> {
        let mut new = Vec::new();
        for key in self.keys.iter() {
            let is_good = match store.canary(&key.id).await? {
                Some(canary) => self.is_canary_of(key, &canary),
                None => {
                    new.push(key);
                    self.opens_its_secrets(key, store).await?
                }
            };
            if !is_good {
                return Err(KeyCheckError::OtherBytes(key.id.clone()));
            }
        }
        Ok(new)
    }

    fn is_canary_of(&self, key: &EncryptionKey, canary: &[u8]) -> bool {
        let opened = self.open(canary, Purpose::Canary(&key.id));
        // It names the key that sealed it, so no other key has opened it.
        opened.is_ok_and(|opened| opened.expose_secret() == TEXT)
            && canary.starts_with(&prefix(FORMAT, &key.id))
    }

    /// Whether a key without a canary opens a secret that was sealed under its id, in any form, or there is none. Such
    /// a database is older than the canaries, or has lost this one.
    async fn opens_its_secrets(&self, key: &EncryptionKey, store: &Store) -> Result<bool, StoreError> {
        let mut is_first = true;
        for format in [FORMAT, OLD_FORMAT] {
            let prefix = prefix(format, &key.id);
            for kind in Sealed::OLD {
                let secrets = store.sealed(kind, Beginning::With(&prefix), "", TRIED).await?;
                if secrets.iter().any(|row| self.open_form(format, row.sealed(), row.into()).is_ok()) {
                    return Ok(true);
                }
                is_first &= secrets.is_empty();
            }
        }
        Ok(is_first)
    }
}
