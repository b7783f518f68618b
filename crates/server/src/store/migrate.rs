//! Brings the schema up to date.

use migrations::{
    Fit, IN_TRANSACTIONS_OF_THEIR_OWN, Migrator, MigratorTrait as _, SECRETS_SEALED_ANEW, SchemaManager,
    WRITES_OFF,
};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, TransactionOptions};

use super::{Store, StoreError, sealed, transaction::writing};
use crate::environment::Environment;

/// What becomes of secrets that are still sealed in the form of an earlier version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OldSecrets {
    /// They are to be sealed anew first.
    Awaited,
    /// They are left behind.
    Abandoned,
}

/// What `migrate` did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Migrated {
    /// The names of the migrations that it ran.
    pub ran: Vec<String>,
    /// How many actions of integrations it turned off, because they were on by default and only read-only ones may be.
    pub turned_off: u64,
    /// Whether it stopped because secrets must be sealed anew first.
    pub awaits_sealing: bool,
}

/// What comes after one transaction of migrations.
enum Next {
    /// Nothing: the schema is up to date.
    Nothing,
    /// The next transaction.
    Transaction,
    /// The secrets must be sealed anew.
    Sealing,
    /// The actions that write and were on by default must be turned off.
    WritesOff,
}

impl Store {
    /// Brings the schema up to date. Several servers may call it at once: one does the work, and the others wait.
    ///
    /// If secrets are still sealed in the form of an earlier version, it stops before the migration that marks them as
    /// sealed anew. The vault must seal them anew, and this must be called again.
    pub async fn migrate(&self, environment: &Environment) -> Result<Migrated, StoreError> {
        self.run_migrations(environment, OldSecrets::Awaited).await
    }

    /// The same, but does not stop: what is still sealed in the form of an earlier version is left behind, and cannot
    /// be opened any more.
    pub async fn migrate_without_old_secrets(
        &self,
        environment: &Environment,
    ) -> Result<Migrated, StoreError> {
        self.run_migrations(environment, OldSecrets::Abandoned).await
    }

    async fn run_migrations(
        &self,
        environment: &Environment,
        old_secrets: OldSecrets,
    ) -> Result<Migrated, StoreError> {
        let mut done = Migrated::default();
        let mut writes_are_off = false;
        loop {
            let (ran, next) = self.run_one_transaction(old_secrets, writes_are_off).await?;
            done.ran.extend(ran);
            match next {
                Next::Nothing => return Ok(done),
                Next::Transaction => {}
                Next::Sealing => return Ok(Migrated { awaits_sealing: true, ..done }),
                Next::WritesOff => {
                    done.turned_off = self.turn_writes_off(environment).await?;
                    writes_are_off = true;
                }
            }
        }
    }

    /// Runs the next migrations that may run in one transaction. Returns their names.
    async fn run_one_transaction(
        &self,
        old_secrets: OldSecrets,
        writes_are_off: bool,
    ) -> Result<(Vec<String>, Next), StoreError> {
        let transaction = self.writer.begin_named(writing()).await?;
        alone(&transaction).await?;
        let pending = Migrator::get_pending_migrations(&transaction).await?;
        let mut ran: Vec<String> = pending.iter().map(|migration| migration.name().to_owned()).collect();
        ran.truncate(in_one_transaction(&ran));
        let mut next = if ran.len() < pending.len() { Next::Transaction } else { Next::Nothing };
        if ran.first().is_some_and(|name| name == WRITES_OFF) && !writes_are_off {
            next = Next::WritesOff;
            ran.clear();
        }
        if let Some(before) = ran.iter().position(|name| name == SECRETS_SEALED_ANEW) {
            up(&transaction, before).await?;
            if old_secrets == OldSecrets::Awaited && sealed::has_old_form(&transaction).await? {
                next = Next::Sealing;
                ran.truncate(before);
            } else {
                up(&transaction, ran.len() - before).await?;
            }
        } else {
            up(&transaction, ran.len()).await?;
        }
        self.writer.commit_named(transaction).await?;
        Ok((ran, next))
    }

    /// How the schema fits this version. Changes nothing.
    pub async fn schema(&self) -> Result<Fit, StoreError> {
        const APPLIED: &str = "SELECT version FROM seaql_migrations";

        let transaction = self.reader.begin_named(TransactionOptions::default()).await?;
        let mut names: Vec<String> = Vec::new();
        if SchemaManager::new(&transaction).has_table("seaql_migrations").await? {
            let applied = sea_orm::Statement::from_string(self.backend(), APPLIED);
            for row in transaction.query_all_raw(applied).await? {
                names.push(row.try_get("", "version")?);
            }
        }
        self.reader.commit_named(transaction).await?;
        Ok(Fit::of(&names))
    }
}

/// Waits until nobody else migrates the database, and keeps others from it until this transaction ends. It comes before
/// every other lock. On SQLite a transaction that writes is alone anyway.
pub(super) async fn alone(on: &impl ConnectionTrait) -> Result<(), StoreError> {
    /// An arbitrary number that no other program locks in the same database.
    const LOCK: &str = "SELECT pg_advisory_xact_lock(7238115509)";

    if on.get_database_backend() == DbBackend::Postgres {
        on.execute_unprepared(LOCK).await?;
    }
    Ok(())
}

/// How many of the pending migrations run in the next transaction.
fn in_one_transaction(pending: &[String]) -> usize {
    let is_alone = |name: &String| IN_TRANSACTIONS_OF_THEIR_OWN.contains(&name.as_str());
    match pending.iter().position(is_alone) {
        Some(0) => 1,
        Some(before) => before,
        None => pending.len(),
    }
}

/// Runs the next `count` migrations.
async fn up(on: &DatabaseTransaction, count: usize) -> Result<(), StoreError> {
    Ok(Migrator::up(on, u32::try_from(count).ok()).await?)
}
