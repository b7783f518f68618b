//! People who sign in, with their roles; what projects, API keys and OAuth apps gain as the API manages them.
//!
//! Older programs work on this schema: what is new may be left out, and what they know keeps its meaning.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

use crate::{
    amend::amend,
    columns::{belongs_to, id, index, one_of, optional_time, text, time},
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// The texts that tables gain.
const TEXTS: [(&str, &str); 8] = [
    // Unique within the organization.
    ("projects", "slug"),
    ("projects", "domain"),
    // The projects that a key is bound to, separated by commas. Null: all of its organization. Empty: none is left.
    ("api_keys", "projects"),
    // The key or the person that made it, and the key that it replaces.
    ("api_keys", "made_by"),
    ("api_keys", "replaces"),
    // The person for whom it acts.
    ("api_keys", "user_id"),
    // JSON array: the scopes to ask for in place of the provider file's.
    ("oauth_apps", "scopes"),
    // The session's id at the provider that the person signed in with.
    ("dashboard_sessions", "provider_session"),
];
/// The times that tables gain.
const TIMES: [(&str, &str); 2] = [
    // When an archived project's credentials were destroyed.
    ("projects", "erased_at"),
    // When the person last proved who they are.
    ("dashboard_sessions", "authenticated_at"),
];
/// These name who acts by `api_key_id`, which now holds a person's id too.
const ACTED: [&str; 3] = ["dashboard_sessions", "install_links", "pending_installs"];
const SLUGS: (&str, &str) = ("projects", "projects_slug");
const BY_USER: (&str, &str) = ("api_keys", "api_keys_user");

/// The checks of the audit log's actors as they were, and as they are.
const ACTOR_KINDS: (&str, &str) =
    ("'api_key', 'operator', 'system'", "'api_key', 'user', 'operator', 'system'");
const ACTOR_IDS: (&str, &str) = (
    "(actor_kind = 'api_key') = (actor_key_id IS NOT NULL)",
    "(actor_kind IN ('api_key', 'user')) = (actor_key_id IS NOT NULL)",
);
/// The foreign key of [`ACTED`], as SQLite defines it.
const FOREIGN_KEY: &str = r#", FOREIGN KEY ("api_key_id") REFERENCES "api_keys" ("id")"#;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, column) in TEXTS {
            add(manager, table, ColumnDef::new(column).text().to_owned()).await?;
        }
        for (table, column) in TIMES {
            add(manager, table, optional_time(column)).await?;
        }
        let named = "UPDATE projects SET slug = replace(id, '_', '-')";
        manager.get_connection().execute_unprepared(named).await?;
        manager
            .create_index(index(SLUGS.0, SLUGS.1, &["organization_id", "slug"]).unique().to_owned())
            .await?;
        manager.create_index(index(BY_USER.0, BY_USER.1, &["user_id"])).await?;
        for table in [users(), user_roles()] {
            manager.create_table(table).await?;
        }
        manager
            .create_index(index("users", "users_subject", &["issuer", "subject"]).unique().to_owned())
            .await?;
        manager.create_index(index("user_roles", "user_roles_organization", &["organization_id"])).await?;
        match manager.get_database_backend() {
            DbBackend::Sqlite => {
                amend(manager, "audit_events", &[ACTOR_KINDS, ACTOR_IDS]).await?;
                for table in ACTED {
                    amend(manager, table, &[(FOREIGN_KEY, "")]).await?;
                }
            }
            _ => {
                check_actors(manager, ACTOR_KINDS.1, ACTOR_IDS.1, "NOT VALID").await?;
                for table in ACTED {
                    let drop = format!("ALTER TABLE {table} DROP CONSTRAINT {table}_api_key_id_fkey");
                    manager.get_connection().execute_unprepared(&drop).await?;
                }
            }
        }
        Ok(())
    }

    /// Fails if a person is in the audit log. On SQLite the foreign keys of those who act do not come back.
    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ACTED {
            let peoples = format!("DELETE FROM {table} WHERE api_key_id NOT IN (SELECT id FROM api_keys)");
            manager.get_connection().execute_unprepared(&peoples).await?;
        }
        match manager.get_database_backend() {
            DbBackend::Sqlite => {
                amend(manager, "audit_events", &[ACTOR_KINDS, ACTOR_IDS].map(|(from, to)| (to, from)))
                    .await?;
            }
            _ => {
                check_actors(manager, ACTOR_KINDS.0, ACTOR_IDS.0, "").await?;
                for table in ACTED {
                    let key = belongs_to(table, "api_key_id", "api_keys");
                    manager.create_foreign_key(key).await?;
                }
            }
        }
        for table in ["user_roles", "users"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        for (table, name) in [SLUGS, BY_USER] {
            manager.drop_index(Index::drop().table(table).name(name).to_owned()).await?;
        }
        for (table, column) in TEXTS.into_iter().chain(TIMES) {
            manager.alter_table(Table::alter().table(table).drop_column(column).to_owned()).await?;
        }
        Ok(())
    }
}

async fn add(manager: &SchemaManager<'_>, table: &'static str, mut column: ColumnDef) -> Result<(), DbErr> {
    manager.alter_table(Table::alter().table(table).add_column(&mut column).to_owned()).await
}

/// Replaces the checks of the audit log's actors on PostgreSQL. With `NOT VALID` they hold for new rows, and those that
/// are there are not read: the table is locked meanwhile, and may be big. `m0018_actors_checked` reads them.
async fn check_actors(
    manager: &SchemaManager<'_>,
    kinds: &str,
    ids: &str,
    validity: &str,
) -> Result<(), DbErr> {
    let sql = format!(
        "ALTER TABLE audit_events DROP CONSTRAINT audit_events_actor_kind_check, \
         DROP CONSTRAINT audit_events_check, \
         ADD CONSTRAINT audit_events_actor_kind_check CHECK (actor_kind IN ({kinds})) {validity}, \
         ADD CONSTRAINT audit_events_check CHECK ({ids}) {validity}"
    );
    manager.get_connection().execute_unprepared(&sql).await.map(drop)
}

/// A person is the pair of an issuer and a subject (OpenID Connect Core 1.0, section 5.7), never an e-mail address.
fn users() -> TableCreateStatement {
    Table::create()
        .table("users")
        .col(id())
        .col(text("issuer"))
        .col(text("subject"))
        .col(ColumnDef::new("name").text())
        .col(ColumnDef::new("email").text())
        .col(time("created_at"))
        .col(optional_time("signed_in_at"))
        .col(optional_time("revoked_at"))
        .to_owned()
}

/// The roles of people in organizations: set by an operator, or read from a claim at the last sign-in. If there are
/// both, the operator's counts.
fn user_roles() -> TableCreateStatement {
    Table::create()
        .table("user_roles")
        .col(text("user_id"))
        .col(text("organization_id"))
        .col(one_of("source", &["claim", "operator"]).not_null())
        .col(one_of("role", &["viewer", "operator", "approver", "admin"]).not_null())
        .col(time("set_at"))
        .primary_key(Index::create().col("user_id").col("organization_id").col("source"))
        .foreign_key(&mut belongs_to("user_roles", "user_id", "users"))
        .foreign_key(&mut belongs_to("user_roles", "organization_id", "organizations"))
        .to_owned()
}
