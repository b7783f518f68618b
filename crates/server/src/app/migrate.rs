//! `riq-server migrate`: brings the database up to date.
//!
//! Migrations of the schema need no keys. Secrets in the form of an earlier version are sealed anew, and that does.
//! Afterwards, secrets of providers' events that are among settings are moved to where events are verified. That needs
//! the keys too, but can wait.

use std::io::{self, Write as _};

use anyhow::{Context as _, bail};
use clap::Args;

use super::{config::Options, schema};
use crate::{
    environment::Environment,
    services::provider_events::{MovedSecrets, former_secrets, move_former_secrets},
    store::{Fit, Store},
    vault::{Progress, Unopened, Vault},
};

/// How many secrets that cannot be opened are named.
const NAMED: usize = 20;

/// `riq-server migrate`
#[derive(Args, Clone, Copy, Debug)]
pub struct MigrateCommand {
    /// Leave behind secrets of an earlier version that no given key opens: what they belong to must be connected again
    #[arg(long)]
    abandon_unopened: bool,
}

/// Brings the database of the settings up to date, and says what was done.
pub async fn run(command: MigrateCommand, options: &Options, environment: Environment) -> anyhow::Result<()> {
    let url = options.database_url()?;
    let store = Store::connect(&url, options.database_connections()).await?;
    let vault = || {
        let keys = options.encryption_keys().context(
            "the database holds secrets that an earlier version sealed, and they must be sealed anew. Run `riq-server \
             migrate` again with the RIQ_ENCRYPTION_KEYS of the servers. Until then no server of this version starts",
        )?;
        Ok(Vault::new(keys, environment.clone()))
    };
    let done = to_the_end(&store, &environment, vault, command.abandon_unopened).await?;
    let secrets = match done.newer {
        // A newer version has moved them, or will.
        Some(_) => Secrets::Moved(MovedSecrets::default()),
        None => move_secrets(&store, options, &environment).await?,
    };
    let mut out = io::stdout().lock();
    if done.sealed_anew > 0 {
        writeln!(out, "Sealed {} secrets anew", done.sealed_anew)?;
    }
    if done.turned_off > 0 {
        writeln!(
            out,
            "Turned off {} actions that write and were on by default. The audit log has each, by the actor system",
            done.turned_off
        )?;
    }
    if let Some(newer) = done.newer {
        writeln!(out, "Nothing to do: {}", schema::ahead(&newer))?;
        return Ok(());
    }
    tell_moved(&mut out, secrets)?;
    match done.ran.as_slice() {
        [] => writeln!(out, "The {} database is up to date", url.product())?,
        names => writeln!(out, "The {} database is up to date; ran {}", url.product(), names.join(", "))?,
    }
    Ok(())
}

/// What came of the secrets of events that were settings.
enum Secrets {
    /// They were moved, as far as possible.
    Moved(MovedSecrets),
    /// There may be this many, and there are no keys.
    Unopened(usize),
}

/// Moves the secrets of events that earlier versions kept among the settings of integrations.
async fn move_secrets(
    store: &Store,
    options: &Options,
    environment: &Environment,
) -> anyhow::Result<Secrets> {
    let catalog = options.catalog()?;
    let settings = former_secrets(store, &catalog).await?;
    if settings.is_empty() {
        return Ok(Secrets::Moved(MovedSecrets::default()));
    }
    let Ok(keys) = options.encryption_keys() else { return Ok(Secrets::Unopened(settings.len())) };
    let vault = Vault::new(keys, environment.clone());
    vault.check_keys(store).await?;
    Ok(Secrets::Moved(move_former_secrets((store, &vault), &catalog, settings, environment).await?))
}

fn tell_moved(out: &mut impl io::Write, secrets: Secrets) -> io::Result<()> {
    let (moved, left) = match secrets {
        Secrets::Moved(MovedSecrets { moved, left }) => (moved, left),
        Secrets::Unopened(count) => {
            return writeln!(
                out,
                "The settings of {count} integrations may hold secrets that verify events. To move them to the \
                 addresses for events, run this again with the RIQ_ENCRYPTION_KEYS of the servers"
            );
        }
    };
    if moved > 0 {
        writeln!(out, "Moved {moved} secrets that verify events from settings to the addresses for events")?;
    }
    if left > 0 {
        writeln!(
            out,
            "Left {left} secrets that verify events among settings, where they have no effect: they cannot be \
             opened, are not valid, or are of an integration that is disconnected or whose project has no OAuth app \
             of its own. Enter them with the integration's or the app's address for events"
        )?;
    }
    Ok(())
}

/// What was done.
#[derive(Default)]
pub struct Done {
    /// The names of the migrations that ran.
    ran: Vec<String>,
    /// How many secrets were sealed anew.
    sealed_anew: u64,
    /// How many actions were turned off, because they were on by default and write.
    turned_off: u64,
    /// The one migration that the database has beyond those of this version.
    newer: Option<String>,
}

/// Runs the migrations, and seals anew what an earlier version sealed. It can be stopped at any time and begun again.
/// `vault` is asked for only if there are such secrets. If some of them cannot be opened, it fails, unless they are to
/// be `abandoned`.
pub async fn to_the_end(
    store: &Store,
    environment: &Environment,
    vault: impl FnOnce() -> anyhow::Result<Vault>,
    abandons_unopened: bool,
) -> anyhow::Result<Done> {
    match store.schema().await? {
        Fit::Ahead(newer) => return Ok(Done { newer: Some(newer), ..Done::default() }),
        Fit::Strange(names) => bail!(schema::strange(&names)),
        Fit::Same | Fit::Behind(_) => {}
    }
    let migrated = store.migrate(environment).await?;
    let mut done = Done { ran: migrated.ran, turned_off: migrated.turned_off, ..Done::default() };
    if !migrated.awaits_sealing {
        return Ok(done);
    }
    let vault = vault()?;
    vault.check_keys(store).await?;
    // A server of the earlier version that still runs may store more meanwhile.
    loop {
        let resealed = vault.seal_old_form_anew(store, tell).await?;
        done.sealed_anew += resealed.count;
        let migrated = match resealed.unopened.as_slice() {
            [] => store.migrate(environment).await?,
            _ if abandons_unopened => store.migrate_without_old_secrets(environment).await?,
            unopened => bail!(explain(unopened)),
        };
        done.ran.extend(migrated.ran);
        done.turned_off += migrated.turned_off;
        if !migrated.awaits_sealing {
            return Ok(done);
        }
    }
}

fn explain(unopened: &[Unopened]) -> String {
    let named = unopened.iter().take(NAMED).map(|one| format!("\n  {one}")).collect::<String>();
    let more = unopened.len().saturating_sub(NAMED);
    let more = if more > 0 { format!("\n  and {more} more") } else { String::new() };
    format!(
        "{} secrets of an earlier version cannot be opened and are unchanged; the others are sealed anew:{named}{more}\n\
         Give RIQ_ENCRYPTION_KEYS the keys that are missing, and run `riq-server migrate` again. If the keys are lost, \
         `riq-server migrate --abandon-unopened` leaves these secrets behind: what they belong to must be connected again",
        unopened.len()
    )
}

fn tell(Progress { kind, seen, total }: Progress) {
    // If stderr is closed, nobody reads the progress.
    writeln!(io::stderr(), "sealing anew: {kind}: {seen} of {total}").unwrap_or_default();
}
