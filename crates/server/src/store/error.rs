//! Errors of the database, sorted by who has to act.

use sea_orm::{ConnAcquireErr, DbErr, RuntimeErr, SqlErr};

/// The database did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It is known to be away, and one task is trying to reach it. The same call may succeed later.
    #[error("the database is away")]
    Away,
    /// It cannot be reached, is overloaded, is shutting down or is full. The same call may succeed later.
    #[error("the database is unavailable: {0}")]
    Unavailable(DbErr),
    /// A name or key that must be unique is taken.
    #[error("already taken: {0}")]
    Taken(DbErr),
    /// A request with this `Idempotency-Key` was there before. Nothing was changed. The caller looks at what came of
    /// it.
    #[error("a request with this Idempotency-Key was there before")]
    Repeated,
    /// It refused for another reason, which is a bug of this server.
    #[error("the database refused: {0}")]
    Refused(DbErr),
    /// It cannot be seen where the database's file is, so nor whether this is a copy.
    #[error("the file of the database, {0}, cannot be looked at: {1}")]
    Unseen(String, std::io::Error),
    /// A stored value cannot be read back.
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

/// Whether the same call may succeed later.
pub(super) fn is_passing(error: &DbErr) -> bool {
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

/// Whether this error means that no database answered, or one that is starting or stopping (SQLSTATE class 57P), or
/// that a pooler has no connection to it (class 08). If the database refuses a user or has no free connection, it did
/// answer.
pub(super) fn is_away(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) | sqlx::Error::PoolTimedOut => {
            true
        }
        sqlx::Error::Database(error) => error.code().is_some_and(|code| ends_the_connection(&code)),
        _ => false,
    }
}

/// Whether the connection cannot be used after an error with this code: SQLSTATE classes 57P (operator intervention)
/// and 08 (connection exception) of PostgreSQL's appendix A.
pub(super) fn ends_the_connection(code: &str) -> bool {
    code.len() == 5 && (code.starts_with("57P") || code.starts_with("08"))
}

/// PostgreSQL: SQLSTATE classes 08 (connection), 28 (authorization), 53 (resources) and 57P (intervention) of its
/// appendix A, a missing database, a serialization failure and a deadlock. SQLite: the primary result codes BUSY,
/// LOCKED, NOMEM, IOERR and FULL.
fn is_passing_code(code: &str) -> bool {
    let postgres = code.len() == 5
        && (["08", "28", "3D", "53", "57P"].iter().any(|class| code.starts_with(class))
            || code == "40001"
            || code == "40P01");
    // The lowest byte of an extended result code is the primary code.
    let sqlite =
        code.len() < 5 && code.parse::<u32>().is_ok_and(|code| [5, 6, 7, 10, 13].contains(&(code & 0xff)));
    postgres || sqlite
}
