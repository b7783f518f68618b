//! Everything that is sealed, wherever it is stored: for sealing it anew under another key.

use sea_orm::{ConnectionTrait as _, Statement};

use super::{Store, StoreError};

/// A column of sealed secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sealed {
    /// Credentials, by their integration's id.
    Credentials,
    /// Secret settings, by their integration's id.
    Settings,
    /// Client secrets, by their app's id.
    OAuthApps,
    /// What is known of installs under way, by their id.
    PendingInstalls,
}

/// One sealed secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedRow {
    /// The id of what it belongs to.
    pub id: String,
    /// The sealed secret.
    pub sealed: Vec<u8>,
}

impl Sealed {
    /// Every column of sealed secrets.
    pub const ALL: [Self; 4] = [Self::Credentials, Self::Settings, Self::OAuthApps, Self::PendingInstalls];

    /// What it is called for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Credentials => "credentials",
            Self::Settings => "secret settings",
            Self::OAuthApps => "OAuth apps",
            Self::PendingInstalls => "installs under way",
        }
    }

    /// Table, id column and sealed column.
    const fn place(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Credentials => ("credentials", "integration_id", "sealed"),
            Self::Settings => ("integrations", "id", "sealed_settings"),
            Self::OAuthApps => ("oauth_apps", "id", "sealed_secret"),
            Self::PendingInstalls => ("pending_installs", "id", "sealed"),
        }
    }
}

impl Store {
    /// How many secrets of a kind do not begin with `prefix`.
    pub async fn count_sealed_otherwise(&self, kind: Sealed, prefix: &[u8]) -> Result<i64, StoreError> {
        let (table, _, column) = kind.place();
        let sql = format!("SELECT COUNT(*) FROM {table} WHERE substr({column}, 1, $1) <> $2");
        let values = [length(prefix).into(), prefix.to_vec().into()];
        let row = self.reader.query_one_raw(self.statement(&sql, values)).await?;
        Ok(row.map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or_default())
    }

    /// The next secrets of a kind, by id after `after`, that do not begin with `prefix`; at most `limit`.
    pub async fn sealed_otherwise(
        &self,
        kind: Sealed,
        prefix: &[u8],
        after: &str,
        limit: u32,
    ) -> Result<Vec<SealedRow>, StoreError> {
        let (table, id, column) = kind.place();
        let sql = format!(
            "SELECT {id}, {column} FROM {table} \
             WHERE {id} > $1 AND substr({column}, 1, $2) <> $3 ORDER BY {id} LIMIT {limit}"
        );
        let values = [after.into(), length(prefix).into(), prefix.to_vec().into()];
        let rows = self.reader.query_all_raw(self.statement(&sql, values)).await?;
        let read = |row: sea_orm::QueryResult| {
            Ok(SealedRow { id: row.try_get_by_index(0)?, sealed: row.try_get_by_index(1)? })
        };
        rows.into_iter().map(read).collect()
    }

    /// Puts each `(before, after)` in place, in one transaction: where a secret is not as it was before, somebody has
    /// stored another meanwhile, and that stays. Returns how many were put in place.
    pub async fn replace_sealed(
        &self,
        kind: Sealed,
        pairs: Vec<(SealedRow, Vec<u8>)>,
    ) -> Result<u64, StoreError> {
        let (table, id, column) = kind.place();
        let sql = format!("UPDATE {table} SET {column} = $3 WHERE {id} = $1 AND {column} = $2");
        let transaction = self.begin().await?;
        let mut replaced = 0;
        for (before, after) in pairs {
            let values = [before.id.into(), before.sealed.into(), after.into()];
            replaced += transaction.execute_raw(self.statement(&sql, values)).await?.rows_affected();
        }
        transaction.commit().await?;
        Ok(replaced)
    }

    fn statement<const N: usize>(&self, sql: &str, values: [sea_orm::Value; N]) -> Statement {
        Statement::from_sql_and_values(self.backend(), sql, values)
    }
}

fn length(prefix: &[u8]) -> i32 {
    i32::try_from(prefix.len()).unwrap_or(i32::MAX)
}
