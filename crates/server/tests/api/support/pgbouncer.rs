//! A PgBouncer before the tests' PostgreSQL.

use riq_testing::{
    pgbouncer::{PROGRAM, PgBouncer, Upstream},
    programs::find_program,
};
use url::Url;

use super::{TestDatabase, database::tell};

/// The database of a test, and the same through a pooler.
pub(crate) struct Pooled {
    pub(crate) database: TestDatabase,
    /// Ends with the test.
    _pooler: PgBouncer,
    /// The value for `DATABASE_URL`.
    pub(crate) url: String,
}

/// Puts a pooler in this mode before a database. `None`, with a line that says so, if the program is missing.
pub(crate) fn before(database: TestDatabase, pool_mode: &str) -> Option<Pooled> {
    // Fewer sessions than connections, so that they change hands.
    with_sessions(database, pool_mode, 4)
}

/// The same, with this many sessions of PostgreSQL.
pub(crate) fn with_sessions(database: TestDatabase, pool_mode: &str, sessions: u32) -> Option<Pooled> {
    let Some(program) = find_program(PROGRAM) else {
        tell("SKIPPED: pgbouncer is not on PATH (`cargo xtask test` installs it)");
        return None;
    };
    let mut url = Url::parse(&database.url).unwrap();
    let upstream = Upstream {
        port: url.port().unwrap_or(5432),
        user: url.username(),
        password: url.password().unwrap_or_default(),
    };
    let pooler = PgBouncer::start(&program, pool_mode, sessions, &upstream).unwrap();
    url.set_port(Some(pooler.port())).unwrap();
    Some(Pooled { database, _pooler: pooler, url: url.into() })
}
