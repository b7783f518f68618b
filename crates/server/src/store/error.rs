//! What can go wrong in the database, sorted by whose turn it is.

use sea_orm::{ConnAcquireErr, DbErr, RuntimeErr, SqlErr};

/// The database did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It is away, and one task tries to reach it: the same call may go through later.
    #[error("the database is away")]
    Away,
    /// It cannot be reached, is overloaded, shutting down or full: the same call may go through later.
    #[error("the database is unavailable: {0}")]
    Unavailable(DbErr),
    /// A name or key that must be unique is taken.
    #[error("already taken: {0}")]
    Taken(DbErr),
    /// It refused for another reason: a fault of ours.
    #[error("the database refused: {0}")]
    Refused(DbErr),
    /// A stored value is not what was once stored.
    #[error("a stored value is damaged: {0}")]
    Damaged(String),
}

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        if matches!(error, DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed)) {
            Self::Away
        } else if is_passing(&error) {
            Self::Unavailable(error)
        } else if matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) {
            Self::Taken(error)
        } else {
            Self::Refused(error)
        }
    }
}

fn is_passing(error: &DbErr) -> bool {
    match error {
        DbErr::ConnectionAcquire(_) | DbErr::Conn(_) => true,
        DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error)) => {
            match error.as_ref() {
                sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => true,
                sqlx::Error::Database(error) => error.code().is_some_and(|code| is_passing_code(&code)),
                error => is_away(error),
            }
        }
        _ => false,
    }
}

/// Whether an error may mean that the database is away.
pub(super) fn is_lost(error: &DbErr) -> bool {
    match error {
        DbErr::ConnectionAcquire(ConnAcquireErr::Timeout) => true,
        DbErr::Conn(RuntimeErr::SqlxError(error))
        | DbErr::Exec(RuntimeErr::SqlxError(error))
        | DbErr::Query(RuntimeErr::SqlxError(error)) => is_away(error),
        _ => false,
    }
}

/// Whether a try to connect that ends like this has met nobody, or somebody who is starting or stopping (SQLSTATE class
/// 57P). Who is refused by name, or for want of room, has met the database.
pub(super) fn is_away(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) | sqlx::Error::PoolTimedOut => {
            true
        }
        sqlx::Error::Database(error) => error.code().is_some_and(|code| code.starts_with("57P")),
        _ => false,
    }
}

/// SQLSTATE classes 08 (connection), 28 (authorization), 53 (resources) and 57P (intervention) of PostgreSQL's
/// appendix A, with a missing database, serialization failure and deadlock; SQLite's primary result codes BUSY, LOCKED, NOMEM, IOERR and FULL.
fn is_passing_code(code: &str) -> bool {
    let postgres = code.len() == 5
        && (["08", "28", "3D", "53", "57P"].iter().any(|class| code.starts_with(class))
            || code == "40001"
            || code == "40P01");
    // Extended result codes carry the primary one in their lowest byte.
    let sqlite =
        code.len() < 5 && code.parse::<u32>().is_ok_and(|code| [5, 6, 7, 10, 13].contains(&(code & 0xff)));
    postgres || sqlite
}
