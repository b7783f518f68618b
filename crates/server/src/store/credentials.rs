//! Credentials, to be used for requests.

use integrations_core::ids::IntegrationId;
use sea_orm::FromQueryResult;
use time::OffsetDateTime;

use super::{Store, StoreError, statements};

/// A usable credential.
#[derive(Clone, Debug, FromQueryResult)]
pub struct UsableCredential {
    /// The credential, sealed by the vault.
    pub sealed: Vec<u8>,
    /// When the integration was connected with it. Renewing its tokens does not change that.
    pub connected_at: OffsetDateTime,
}

impl Store {
    /// The usable credential of an integration. `None`: there is none.
    pub async fn credential(
        &self,
        integration: IntegrationId,
    ) -> Result<Option<UsableCredential>, StoreError> {
        let rows = self.read_pool.query(statements::CREDENTIAL, &[&integration.to_string()]).await?;
        Ok(rows.first().map(|row| UsableCredential::from_query_result(row, "")).transpose()?)
    }
}
