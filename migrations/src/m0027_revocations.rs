//! Revocations: credentials of disconnected integrations that a provider is asked to revoke.

use sea_orm_migration::prelude::*;

use crate::columns::{belongs_to, bytes, id, index, one_of, optional_time, text, time};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const REVOCATIONS: &str = "revocations";
const INTEGRATIONS: &str = "integrations";
const STATUSES: [&str; 4] = ["pending", "revoked", "unsupported", "failed"];
const REACHES: [&str; 2] = ["token", "grant"];
const OF_INTEGRATION: &str = "revocation_id";
const ACCOUNTS: &str = "integrations_account";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(revocations()).await?;
        for index in [
            // Every replica asks every second what is due.
            index(REVOCATIONS, "revocations_due", &["due_at"])
                .and_where(Expr::col("due_at").is_not_null())
                .to_owned(),
            index(REVOCATIONS, "revocations_project", &["project_id"]),
            index(REVOCATIONS, "revocations_integration", &["integration_id"]),
            // Which other integrations of a provider have the same account.
            index(INTEGRATIONS, ACCOUNTS, &["account_id", "provider"]),
        ] {
            manager.create_index(index).await?;
        }
        // The revocation that the last disconnection asked for. It is no foreign key: the row goes with its project's
        // secrets.
        let column = ColumnDef::new(OF_INTEGRATION).text().to_owned();
        manager.alter_table(Table::alter().table(INTEGRATIONS).add_column(column).to_owned()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let drop = Table::alter().table(INTEGRATIONS).drop_column(OF_INTEGRATION).to_owned();
        manager.alter_table(drop).await?;
        manager.drop_index(Index::drop().table(INTEGRATIONS).name(ACCOUNTS).to_owned()).await?;
        manager.drop_table(Table::drop().table(REVOCATIONS).to_owned()).await
    }
}

fn revocations() -> TableCreateStatement {
    Table::create()
        .table(REVOCATIONS)
        .col(id())
        .col(text("organization_id"))
        .col(text("project_id"))
        .col(text("integration_id"))
        // The provider, with the alias of a further account.
        .col(text("provider"))
        // JSON: what the user supplied in addition to the credential.
        .col(text("connection"))
        .col(ColumnDef::new("account_id").text())
        // The OAuth app that got the tokens.
        .col(ColumnDef::new("client_id").text())
        .col(one_of("status", &STATUSES).not_null())
        .col(one_of("reaches", &REACHES))
        // The credential, sealed; empty once it is destroyed.
        .col(bytes("sealed"))
        // When the access token expires.
        .col(optional_time("expires_at"))
        // When the integration was connected with it.
        .col(time("connected_at"))
        // When a request to revoke was first about to be sent.
        .col(optional_time("sent_at"))
        // The lease under which the tokens were being renewed when the credential was moved.
        .col(ColumnDef::new("renewed_by").text())
        // When the next attempt is due, or when the one that is under way counts as abandoned.
        .col(optional_time("due_at"))
        // From when on what does not work is tried for a day.
        .col(time("tried_since"))
        // Until when an access token works on that expires by itself.
        .col(optional_time("until"))
        .col(ColumnDef::new("message").text())
        .col(time("created_at"))
        .col(optional_time("ended_at"))
        .foreign_key(&mut belongs_to(REVOCATIONS, "integration_id", INTEGRATIONS))
        .check(Expr::cust("(status = 'pending') = (ended_at IS NULL)"))
        .check(Expr::cust("(status = 'pending') = (due_at IS NOT NULL)"))
        .check(Expr::cust("status = 'pending' OR length(sealed) = 0"))
        .to_owned()
}
