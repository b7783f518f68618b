//! How many connections of each pool are in use.

use sea_orm::{DatabaseConnection, DbBackend};
use sqlx::{Database, Pool};

use super::Store;
use crate::metrics::PoolUse;

impl Store {
    /// How many connections of each pool are in use now. Does not query the database.
    pub fn pools(&self) -> Vec<PoolUse> {
        let kept = self.read_pool.pool_use();
        let reading = if self.backend() == DbBackend::Postgres { "shared" } else { "reader" };
        let mut reader = pool_use(self.reader.pool(), reading);
        // The driver's pool counts the idle connections of `read_pool` as used. They are not.
        let idle = kept.idle.min(reader.in_use);
        reader.in_use -= idle;
        reader.idle += idle;
        let mut pools = vec![reader, kept];
        if self.backend() != DbBackend::Postgres {
            pools.push(pool_use(self.writer.pool(), "writer"));
        }
        pools
    }
}

fn pool_use(connection: &DatabaseConnection, name: &'static str) -> PoolUse {
    match connection.get_database_backend() {
        DbBackend::Postgres => counts(connection.get_postgres_connection_pool(), name),
        _ => counts(connection.get_sqlite_connection_pool(), name),
    }
}

fn counts<DB: Database>(pool: &Pool<DB>, name: &'static str) -> PoolUse {
    let (open, max) = (pool.size(), pool.options().get_max_connections());
    // The two counts are read one after the other. A connection may come back in between.
    let idle = u32::try_from(pool.num_idle()).unwrap_or(u32::MAX).min(open);
    PoolUse { pool: name, in_use: open - idle, idle, max }
}
