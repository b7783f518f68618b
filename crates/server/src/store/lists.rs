//! The integrations of projects, read for many requests at once.

use std::{sync::Arc, time::Duration};

use integrations_core::ids::ProjectId;
use sea_orm::{ConnAcquireErr, DbBackend, DbErr, QueryResult, RuntimeErr};

use super::{
    batch::ReadMany, error::is_passing, reachability::Reachability, read_pool::ReadPool, statements,
};

/// How long a statement may take. The lists behind it belong to other requests, and a connection that hangs must not
/// hold all of them up.
const PATIENCE: Duration = Duration::from_secs(5);

/// Reads the integrations of projects. The answer for a project is its rows of [`statements::LIST`].
#[derive(Clone, Debug)]
pub(super) struct Lists {
    pub(super) read_pool: ReadPool,
    pub(super) reachability: Reachability,
    pub(super) backend: DbBackend,
}

/// Rows that several requests may share.
pub(super) type SharedRows = Result<Arc<[QueryResult]>, DbErr>;

impl ReadMany for Lists {
    type Key = ProjectId;
    type Answer = SharedRows;

    async fn read_many(&self, projects: &[ProjectId]) -> Vec<SharedRows> {
        if projects.len() > 1 {
            match self.read_together(projects).await {
                Ok(lists) => return lists.into_iter().map(|rows| Ok(rows.into())).collect(),
                Err(error) if is_passing(&error) => return vec![Err(error); projects.len()],
                // The rows of one project may be damaged. The others are still answered.
                Err(error) => {
                    tracing::warn!(%error, "reading several projects at once failed; reading each alone")
                }
            }
        }
        let mut answers = Vec::with_capacity(projects.len());
        for project in projects {
            answers.push(self.query(&statements::LIST, &project.to_string()).await.map(Into::into));
        }
        answers
    }

    fn unanswered() -> SharedRows {
        Err(DbErr::Query(RuntimeErr::Internal("the statement ended without an answer".into())))
    }
}

impl Lists {
    async fn read_together(&self, projects: &[ProjectId]) -> Result<Vec<Vec<QueryResult>>, DbErr> {
        let ids: Vec<String> = projects.iter().map(ToString::to_string).collect();
        let rows = match self.backend {
            DbBackend::Postgres => self.query(&statements::LISTS_POSTGRES, &ids.join(",")).await?,
            _ => self.query(&statements::LISTS_SQLITE, &format!("[\"{}\"]", ids.join("\",\""))).await?,
        };
        split(rows, &ids)
    }

    async fn query(&self, sql: &'static str, parameter: &str) -> Result<Vec<QueryResult>, DbErr> {
        let parameters = [parameter];
        let read = tokio::time::timeout(PATIENCE, self.read_pool.query(sql, &parameters));
        let late = || Err(DbErr::ConnectionAcquire(ConnAcquireErr::Timeout));
        self.reachability.guard(async { read.await.unwrap_or_else(|_elapsed| late()) }).await
    }
}

/// Gives each project its own rows. A row of a project that nobody asked for is an error: it must reach nobody.
fn split(rows: Vec<QueryResult>, projects: &[String]) -> Result<Vec<Vec<QueryResult>>, DbErr> {
    let mut lists: Vec<_> = projects.iter().map(|_| Vec::new()).collect();
    let mut last = 0;
    for row in rows {
        let owner: String = row.try_get("", "owning_project")?;
        // The rows of a project mostly stand together.
        if projects.get(last) != Some(&owner) {
            let found = projects.iter().position(|project| *project == owner);
            last = found
                .ok_or_else(|| DbErr::Query(RuntimeErr::Internal("a row that nobody asked for".into())))?;
        }
        if let Some(list) = lists.get_mut(last) {
            list.push(row);
        }
    }
    Ok(lists)
}
