//! `riq-server admin rotate-keys`

use std::io::{self, Write as _};

use anyhow::bail;
use serde::Serialize;

use super::context::Context;
use crate::vault::{Progress, Unopened, Vault};

/// The result of `rotate-keys`.
#[derive(Serialize)]
struct Rotated {
    /// How many secrets were sealed again.
    rotated: u64,
    /// The secrets that could not be opened, and why.
    failed: Vec<Unopened>,
}

pub(super) async fn run(context: &Context, vault: &Vault) -> anyhow::Result<()> {
    let resealed = vault.rotate(&context.store, tell).await?;
    let done = Rotated { rotated: resealed.count, failed: resealed.unopened };
    let failed = done.failed.len();
    context.answer(&done, || {
        let mut lines: Vec<String> = done.failed.iter().map(Unopened::to_string).collect();
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

fn tell(Progress { kind, seen, total }: Progress) {
    // If stderr is closed, nobody reads the progress.
    writeln!(io::stderr(), "{kind}: {seen} of {total}").unwrap_or_default();
}
