//! Where PostgreSQL is watched.

use sqlx::postgres::PgConnectOptions;

use super::address::{DatabaseUrl, Pooling};

/// The addresses of a watched PostgreSQL.
#[derive(Clone, Debug)]
pub(super) struct Watched {
    /// Where statements are sent.
    pub(super) address: PgConnectOptions,
    /// Where notifications can be received, if anywhere.
    pub(super) listen: Option<PgConnectOptions>,
}

impl Watched {
    pub(super) fn new(address: &PgConnectOptions, url: &DatabaseUrl) -> Self {
        let listen = match (&url.listen, url.pooling) {
            (Some(listen), _) => Some((**listen).clone()),
            (None, Pooling::Session) => Some(address.clone()),
            (None, Pooling::Transaction) => None,
        };
        Self { address: address.clone(), listen }
    }
}
