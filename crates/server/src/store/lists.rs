//! The integrations of projects, read for many requests at once.

use std::sync::Arc;

use integrations_core::ids::ProjectId;
use sea_orm::{DbBackend, DbErr, QueryResult, RuntimeErr};

use super::{batch::AnswerMany, error::is_passing, read_pool::ReadPool, statements};

/// Reads the integrations of projects. The answer for a project is its rows of [`statements::LIST`].
#[derive(Clone, Debug)]
pub(super) struct Lists {
    pub(super) read_pool: ReadPool,
    pub(super) backend: DbBackend,
}

/// Rows that several requests may share.
pub(super) type SharedRows = Result<Arc<[QueryResult]>, DbErr>;

impl AnswerMany for Lists {
    type Key = ProjectId;
    type Answer = SharedRows;

    async fn answer_many(&self, projects: &[ProjectId]) -> Vec<SharedRows> {
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
            answers
                .push(self.read_pool.query(&statements::LIST, &[&project.to_string()]).await.map(Into::into));
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
        let (sql, ids_as_text) = match self.backend {
            DbBackend::Postgres => (&statements::LISTS_POSTGRES, ids.join(",")),
            _ => (&statements::LISTS_SQLITE, format!("[\"{}\"]", ids.join("\",\""))),
        };
        split(self.read_pool.query(sql, &[&ids_as_text]).await?, &ids)
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
