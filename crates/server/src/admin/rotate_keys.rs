//! `riq-server admin rotate-keys`

use std::io::{self, Write as _};

use anyhow::bail;
use serde::Serialize;

use super::context::Context;
use crate::{
    store::{Sealed, SealedRow},
    vault::{Purpose, Vault, VaultError},
};

/// The number of secrets that one transaction seals again. It is small, so that the server's own writes do not wait
/// long.
const BATCH: u32 = 200;

/// The result of `rotate-keys`.
#[derive(Default, Serialize)]
struct Rotated {
    /// How many secrets were sealed again.
    rotated: u64,
    /// The secrets that could not be opened, and why.
    failed: Vec<Failure>,
}

#[derive(Serialize)]
struct Failure {
    id: String,
    reason: String,
}

pub(super) async fn run(context: &Context, vault: &Vault) -> anyhow::Result<()> {
    let mut done = Rotated::default();
    for kind in Sealed::ALL {
        rotate(context, vault, kind, &mut done).await?;
    }
    let failed = done.failed.len();
    context.answer(&done, || {
        let mut lines: Vec<String> =
            done.failed.iter().map(|one| format!("{}: {}", one.id, one.reason)).collect();
        lines.push(match done.rotated {
            0 if failed == 0 => "All secrets are sealed under the first key already".into(),
            rotated => format!("Sealed {rotated} secrets again under the first key"),
        });
        lines
    })?;
    if failed > 0 {
        bail!(
            "{failed} secrets could not be opened and are unchanged: keep the old keys until all secrets are sealed again"
        );
    }
    Ok(())
}

/// Seals one kind of secrets again, in batches.
async fn rotate(context: &Context, vault: &Vault, kind: Sealed, done: &mut Rotated) -> anyhow::Result<()> {
    let prefix = vault.current_prefix();
    let total = context.store.count_sealed_otherwise(kind, &prefix).await?;
    let (mut after, mut seen) = (String::new(), 0);
    loop {
        let batch = context.store.sealed_otherwise(kind, &prefix, &after, BATCH).await?;
        let Some(last) = batch.last() else { return Ok(()) };
        after.clone_from(&last.id);
        seen += batch.len();
        let mut pairs = Vec::new();
        for row in batch {
            match reseal(vault, kind, &row) {
                Ok(sealed) => pairs.push((row, sealed)),
                Err(error) => done.failed.push(Failure { id: row.id, reason: error.to_string() }),
            }
        }
        done.rotated += context.store.replace_sealed(kind, pairs).await?;
        // More may have been stored since they were counted.
        let total = usize::try_from(total).unwrap_or_default().max(seen);
        writeln!(io::stderr(), "{kind}: {seen} of {total}")?;
    }
}

fn reseal(vault: &Vault, kind: Sealed, row: &SealedRow) -> Result<Vec<u8>, VaultError> {
    let id = row.id.as_str();
    let purpose = match kind {
        Sealed::Credentials => id.parse().map(Purpose::Credential),
        Sealed::Settings => id.parse().map(Purpose::Settings),
        Sealed::OAuthApps => id.parse().map(Purpose::OAuthApp),
        Sealed::PendingInstalls => id.parse().map(Purpose::PendingInstall),
    };
    vault.reseal(&row.sealed, purpose.map_err(|_| VaultError::Damaged)?)
}
