//! The schema of the database, one set of migrations for SQLite and PostgreSQL.
//!
//! The DDL is portable: ids are text, enums are text with a CHECK, JSON that SQL does not read is text, and timestamps
//! are UTC. Each migration runs in a transaction.
//!
//! Servers of the version before go on while they run. What locks a table against them must be quick: a check of all
//! rows of a big table is added `NOT VALID` on PostgreSQL, and validated later.

use sea_orm_migration::prelude::MigrationTrait;
pub use sea_orm_migration::{MigratorTrait, SchemaManager};

mod amend;
mod columns;
mod fit;
mod m0001_first_schema;
mod m0002_installation;
mod m0003_audit_filters;
mod m0004_monitors;
mod m0005_audit_pages;
mod m0006_tier_changes;
mod m0007_comparable_times;
mod m0008_encryption_keys;
mod m0009_secrets_sealed_anew;
mod m0010_link_browsers;
mod m0011_token_limits;
mod m0012_key_uses;
mod m0013_credential_facts;
mod m0014_people;
mod m0015_idempotency_keys;
mod m0016_sign_ins;
mod m0017_device_logins;
mod m0018_actors_checked;
mod m0019_action_runs;
mod m0020_writes_off;
mod m0021_approvals;
mod m0022_repeated_calls;
mod m0023_looks;
mod m0024_webhooks;
mod m0025_audit_chain;
mod m0026_returns;
mod m0027_revocations;
mod m0028_provider_events;
mod m0029_health_changes;
mod m0030_ways;
mod m0031_approval_notices;
mod m0032_moves;
mod m0033_app_fields;

pub use fit::Fit;
pub use m0009_secrets_sealed_anew::NAME as SECRETS_SEALED_ANEW;
pub use m0020_writes_off::NAME as WRITES_OFF;

/// The names of the migrations that take long but lock nobody out, if the locks of those before them are released.
pub const IN_TRANSACTIONS_OF_THEIR_OWN: [&str; 2] = [m0018_actors_checked::NAME, WRITES_OFF];

/// Every migration, in order.
#[derive(Debug)]
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_first_schema::Migration),
            Box::new(m0002_installation::Migration),
            Box::new(m0003_audit_filters::Migration),
            Box::new(m0004_monitors::Migration),
            Box::new(m0005_audit_pages::Migration),
            Box::new(m0006_tier_changes::Migration),
            Box::new(m0007_comparable_times::Migration),
            Box::new(m0008_encryption_keys::Migration),
            Box::new(m0009_secrets_sealed_anew::Migration),
            Box::new(m0010_link_browsers::Migration),
            Box::new(m0011_token_limits::Migration),
            Box::new(m0012_key_uses::Migration),
            Box::new(m0013_credential_facts::Migration),
            Box::new(m0014_people::Migration),
            Box::new(m0015_idempotency_keys::Migration),
            Box::new(m0016_sign_ins::Migration),
            Box::new(m0017_device_logins::Migration),
            Box::new(m0018_actors_checked::Migration),
            Box::new(m0019_action_runs::Migration),
            Box::new(m0020_writes_off::Migration),
            Box::new(m0021_approvals::Migration),
            Box::new(m0022_repeated_calls::Migration),
            Box::new(m0023_looks::Migration),
            Box::new(m0024_webhooks::Migration),
            Box::new(m0025_audit_chain::Migration),
            Box::new(m0026_returns::Migration),
            Box::new(m0027_revocations::Migration),
            Box::new(m0028_provider_events::Migration),
            Box::new(m0029_health_changes::Migration),
            Box::new(m0030_ways::Migration),
            Box::new(m0031_approval_notices::Migration),
            Box::new(m0032_moves::Migration),
            Box::new(m0033_app_fields::Migration),
        ]
    }
}
