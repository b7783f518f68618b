//! Rows of several owners, such as the integrations of projects, read for many requests at once.

use std::{fmt::Display, marker::PhantomData, sync::Arc};

use sea_orm::{DbBackend, DbErr, QueryResult, RuntimeErr};

use super::{batch::AnswerMany, error::is_passing, read_pool::ReadPool};

/// The statements that read the rows of owners.
#[derive(Clone, Copy, Debug)]
pub(super) struct RowsOf {
    /// The rows of one owner: `$1` its id.
    pub(super) one: &'static str,
    /// Those of several on PostgreSQL: `$1` their ids, separated by commas.
    pub(super) several_postgres: &'static str,
    /// Those of several on SQLite: `$1` their ids, as a JSON array.
    pub(super) several_sqlite: &'static str,
    /// The column that names the owner of a row.
    pub(super) owner: &'static str,
}

/// One of the ids of [`RowsOf::several_postgres`].
pub(super) const AMONG_POSTGRES: &str = "= ANY(string_to_array($1, ','))";
/// One of the ids of [`RowsOf::several_sqlite`].
pub(super) const AMONG_SQLITE: &str = "IN (SELECT value FROM json_each($1))";

/// Reads the rows of the owners that have ids of this kind. The answer for an owner is its rows.
#[derive(Clone, Debug)]
pub(super) struct Reads<Id> {
    read_pool: ReadPool,
    backend: DbBackend,
    rows: RowsOf,
    ids: PhantomData<fn() -> Id>,
}

impl<Id> Reads<Id> {
    pub(super) const fn new(read_pool: ReadPool, backend: DbBackend, rows: RowsOf) -> Self {
        Self { read_pool, backend, rows, ids: PhantomData }
    }
}

/// Rows that several requests may share.
pub(super) type SharedRows = Result<Arc<[QueryResult]>, DbErr>;

impl<Id: Clone + Display + Eq + Send + Sync + 'static> AnswerMany for Reads<Id> {
    type Key = Id;
    type Answer = SharedRows;

    async fn answer_many(&self, owners: &[Id]) -> Vec<SharedRows> {
        let ids: Vec<String> = owners.iter().map(ToString::to_string).collect();
        if ids.len() > 1 {
            match self.read_together(&ids).await {
                Ok(several) => return several.into_iter().map(|rows| Ok(rows.into())).collect(),
                Err(error) if is_passing(&error) => return vec![Err(error); ids.len()],
                // The rows of one owner may be damaged. The others are still answered.
                Err(error) => {
                    tracing::warn!(%error, "reading for several requests at once failed; reading for each alone")
                }
            }
        }
        let mut answers = Vec::with_capacity(ids.len());
        for id in &ids {
            answers.push(self.read_pool.query(self.rows.one, &[id]).await.map(Into::into));
        }
        answers
    }

    fn unanswered() -> SharedRows {
        Err(DbErr::Query(RuntimeErr::Internal("the statement ended without an answer".into())))
    }
}

impl<Id> Reads<Id> {
    async fn read_together(&self, owners: &[String]) -> Result<Vec<Vec<QueryResult>>, DbErr> {
        let (sql, ids) = match self.backend {
            DbBackend::Postgres => (self.rows.several_postgres, owners.join(",")),
            _ => (self.rows.several_sqlite, format!("[\"{}\"]", owners.join("\",\""))),
        };
        let rows = self.read_pool.query(sql, &[&ids]).await?;
        split(rows, self.rows.owner, owners)
    }
}

/// Gives each owner its own rows. A row of an owner that nobody asked for is an error: it must reach nobody.
fn split(rows: Vec<QueryResult>, column: &str, owners: &[String]) -> Result<Vec<Vec<QueryResult>>, DbErr> {
    let mut several: Vec<_> = owners.iter().map(|_| Vec::new()).collect();
    let mut last = 0;
    for row in rows {
        let of: String = row.try_get("", column)?;
        // The rows of an owner mostly stand together.
        if owners.get(last) != Some(&of) {
            let found = owners.iter().position(|owner| *owner == of);
            last = found
                .ok_or_else(|| DbErr::Query(RuntimeErr::Internal("a row that nobody asked for".into())))?;
        }
        if let Some(rows) = several.get_mut(last) {
            rows.push(row);
        }
    }
    Ok(several)
}
