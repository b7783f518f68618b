//! Whether a command works with the schema that the database has. [`Fit`] says which that is.

use anyhow::bail;

use crate::store::{Fit, Store};

/// Fails if this version does not work with the schema. `behind` is what to do if it is not up to date.
pub async fn check(store: &Store, behind: impl FnOnce() -> String) -> anyhow::Result<()> {
    match store.schema().await? {
        Fit::Same => Ok(()),
        Fit::Ahead(newer) => {
            tracing::warn!("{}", ahead(&newer));
            Ok(())
        }
        Fit::Behind(pending) => {
            bail!("the database's schema is not up to date ({}): {}", pending.join(", "), behind())
        }
        Fit::Strange(names) => bail!(strange(&names)),
    }
}

/// What a schema means that is one migration ahead.
pub(super) fn ahead(newer: &str) -> String {
    format!(
        "the database's schema is newer than this version of riq-server by one migration, {newer}, and this version \
         works with it. Use the newer version again as soon as you can"
    )
}

/// What a schema means that this version does not work with.
pub(super) fn strange(names: &[String]) -> String {
    format!(
        "the database's schema is not one that this version of riq-server works with: it has migrations that are \
         newer ({}). Use the version that made it, or restore a backup from before",
        names.join(", ")
    )
}
