//! Seals the database's secrets again: under another key, or in today's form.

use std::fmt;

use secrecy::ExposeSecret as _;
use serde::Serialize;

use super::{FORMAT, OLD_FORMAT, Purpose, Vault, VaultError, prefix};
use crate::store::{Beginning, Sealed, SealedRow, Store, StoreError};

/// The number of secrets that one transaction seals again. It is small, so that the server's own writes do not wait
/// long.
const BATCH: u64 = 200;

/// How far the work on one kind of secrets has come.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// The kind.
    pub kind: Sealed,
    /// How many have been sealed again or could not be opened.
    pub seen: u64,
    /// How many there are.
    pub total: u64,
}

/// What came of sealing secrets again.
#[derive(Debug, Default)]
pub struct Resealed {
    /// How many were sealed again.
    pub count: u64,
    /// Those that could not be opened. They are unchanged.
    pub unopened: Vec<Unopened>,
}

/// A secret that could not be opened.
#[derive(Debug, Serialize)]
pub struct Unopened {
    /// The id of what it belongs to.
    pub id: String,
    /// Why.
    pub reason: String,
}

impl fmt::Display for Unopened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.id, self.reason)
    }
}

impl Vault {
    /// Seals every secret again that is not sealed under the first key. It can be stopped at any time and begun again:
    /// it goes on with the rest.
    pub async fn rotate(&self, store: &Store, told: impl FnMut(Progress)) -> Result<Resealed, StoreError> {
        let current = prefix(FORMAT, &self.keys.first().id);
        self.seal_again(store, FORMAT, &Sealed::ALL, Beginning::Otherwise(&current), told).await
    }

    /// Seals every secret of the form before in today's form, under the first key. It can be stopped at any time and
    /// begun again: it goes on with the rest.
    ///
    /// Only for `migrate`, once: a secret of the form before opens wherever its integration is connected to.
    pub(crate) async fn seal_old_form_anew(
        &self,
        store: &Store,
        told: impl FnMut(Progress),
    ) -> Result<Resealed, StoreError> {
        self.seal_again(store, OLD_FORMAT, &Sealed::OLD, Beginning::With(&[OLD_FORMAT]), told).await
    }

    async fn seal_again(
        &self,
        store: &Store,
        format: u8,
        kinds: &[Sealed],
        beginning: Beginning<'_>,
        mut told: impl FnMut(Progress),
    ) -> Result<Resealed, StoreError> {
        let mut resealed = Resealed::default();
        for kind in kinds.iter().copied() {
            let total = store.count_sealed(kind, beginning).await?;
            let (mut after, mut seen) = (String::new(), 0);
            loop {
                let batch = store.sealed(kind, beginning, &after, BATCH).await?;
                let Some(last) = batch.last() else { break };
                after = last.id();
                seen += batch.len() as u64;
                let mut pairs = Vec::new();
                for row in batch {
                    match self.open_and_seal(format, &row) {
                        Ok(sealed) => pairs.push((row, sealed)),
                        Err(error) => {
                            resealed.unopened.push(Unopened { id: row.id(), reason: error.to_string() });
                        }
                    }
                }
                resealed.count += store.replace_sealed(kind, pairs).await?;
                // More may have been stored since they were counted.
                told(Progress { kind, seen, total: total.max(seen) });
            }
        }
        Ok(resealed)
    }

    fn open_and_seal(&self, format: u8, row: &SealedRow) -> Result<Vec<u8>, VaultError> {
        let purpose = Purpose::from(row);
        let opened = self.open_form(format, row.sealed(), purpose)?;
        Ok(self.seal(opened.expose_secret(), purpose))
    }
}
