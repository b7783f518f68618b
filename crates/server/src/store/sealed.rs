//! All sealed secrets, in whichever table: `admin rotate-keys` reads them to seal them again under another key.

use integrations_core::words::words;
use sea_orm::{
    ConnectionTrait as _, EntityTrait, FromQueryResult,
    sea_query::{DynIden, Expr, ExprTrait as _, Func, IntoIden as _, Order, Query, TableRef},
};

use super::{
    Store, StoreError,
    entity::{credential, integration, oauth_app, pending_install},
};

words! {
    /// A column of sealed secrets, as it is called for people.
    pub enum Sealed {
        /// Credentials, by their integration's id.
        Credentials = "credentials",
        /// Secret settings, by their integration's id.
        Settings = "secret settings",
        /// Client secrets, by their app's id.
        OAuthApps = "OAuth apps",
        /// The state of installations in progress, by their id.
        PendingInstalls = "installations in progress",
    }
}

/// One sealed secret.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct SealedRow {
    /// The id of what it belongs to.
    pub id: String,
    /// The sealed secret.
    pub sealed: Vec<u8>,
}

impl Sealed {
    /// Table, id column and sealed column.
    fn place(self) -> (TableRef, DynIden, DynIden) {
        fn of<E: EntityTrait>(id: E::Column, sealed: E::Column) -> (TableRef, DynIden, DynIden) {
            (E::default().table_ref(), id.into_iden(), sealed.into_iden())
        }

        match self {
            Self::Credentials => {
                of::<credential::Entity>(credential::Column::IntegrationId, credential::Column::Sealed)
            }
            Self::Settings => {
                of::<integration::Entity>(integration::Column::Id, integration::Column::SealedSettings)
            }
            Self::OAuthApps => {
                of::<oauth_app::Entity>(oauth_app::Column::Id, oauth_app::Column::SealedSecret)
            }
            Self::PendingInstalls => {
                of::<pending_install::Entity>(pending_install::Column::Id, pending_install::Column::Sealed)
            }
        }
    }
}

impl Store {
    /// How many secrets of a kind do not begin with `prefix`.
    pub async fn count_sealed_otherwise(&self, kind: Sealed, prefix: &[u8]) -> Result<i64, StoreError> {
        let (table, id, column) = kind.place();
        let mut count = Query::select();
        count.expr_as(Expr::col(id).count(), "count").from(table).and_where(begins_otherwise(column, prefix));
        let row = self.reader.query_one(&count).await?;
        Ok(row.map(|row| row.try_get("", "count")).transpose()?.unwrap_or_default())
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
        let mut next = Query::select();
        next.expr_as(Expr::col(id.clone()), "id")
            .expr_as(Expr::col(column.clone()), "sealed")
            .from(table)
            .and_where(Expr::col(id.clone()).gt(after))
            .and_where(begins_otherwise(column, prefix))
            .order_by(id, Order::Asc)
            .limit(limit.into());
        let rows = self.reader.query_all(&next).await?;
        rows.iter().map(|row| Ok(SealedRow::from_query_result(row, "")?)).collect()
    }

    /// Replaces each secret `before` by `after`, in one transaction. If a stored secret is no longer `before`, somebody
    /// has stored another one in the meantime, and that one stays. Returns how many were replaced.
    pub async fn replace_sealed(
        &self,
        kind: Sealed,
        pairs: Vec<(SealedRow, Vec<u8>)>,
    ) -> Result<u64, StoreError> {
        let (table, id, column) = kind.place();
        let transaction = self.begin().await?;
        let mut replaced = 0;
        for (before, after) in pairs {
            let mut replace = Query::update();
            replace
                .table(table.clone())
                .value(column.clone(), after)
                .and_where(Expr::col(id.clone()).eq(before.id))
                .and_where(Expr::col(column.clone()).eq(before.sealed));
            replaced += transaction.execute(&replace).await?.rows_affected();
        }
        transaction.commit().await?;
        Ok(replaced)
    }
}

fn begins_otherwise(column: DynIden, prefix: &[u8]) -> Expr {
    let beginning = Func::cust("substr").arg(Expr::col(column)).arg(1).arg(length(prefix));
    Expr::expr(beginning).ne(prefix.to_vec())
}

fn length(prefix: &[u8]) -> i32 {
    i32::try_from(prefix.len()).unwrap_or(i32::MAX)
}
