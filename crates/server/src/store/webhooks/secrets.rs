//! What messages are signed with.

use integrations_core::ids::{WebhookId, WebhookSecretId};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, EntityTrait as _, QueryFilter as _, QueryOrder as _,
};
use time::OffsetDateTime;

use crate::store::{StoreError, entity::webhook_secret};

/// A secret to be stored.
#[derive(Clone, Debug)]
pub struct NewSecret {
    /// Its id.
    pub id: WebhookSecretId,
    /// Sealed by the vault.
    pub sealed: Vec<u8>,
}

/// A stored secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedSecret {
    /// Its id.
    pub id: WebhookSecretId,
    /// Its webhook.
    pub webhook: WebhookId,
    /// Sealed by the vault.
    pub sealed: Vec<u8>,
    /// Until when it signs beside the one that counts. `None`: it is the one that counts.
    pub retires_at: Option<OffsetDateTime>,
}

impl TryFrom<webhook_secret::Model> for SealedSecret {
    type Error = StoreError;

    fn try_from(row: webhook_secret::Model) -> Result<Self, StoreError> {
        let damaged = |what: &str| StoreError::Damaged(format!("webhook secret {}: {what}", row.id));
        Ok(Self {
            id: row.id.parse().map_err(|_| damaged("id"))?,
            webhook: row.webhook_id.parse().map_err(|_| damaged("webhook"))?,
            sealed: row.sealed.clone(),
            retires_at: row.retires_at,
        })
    }
}

/// The secrets of these webhooks that sign at `now`: of each first the one that counts.
pub(super) async fn sealed_secrets(
    on: &impl ConnectionTrait,
    webhooks: &[WebhookId],
    now: OffsetDateTime,
) -> Result<Vec<SealedSecret>, StoreError> {
    use webhook_secret::Column;

    let signs = Condition::any().add(Column::RetiresAt.is_null()).add(Column::RetiresAt.gt(now));
    let rows = webhook_secret::Entity::find()
        .filter(Column::WebhookId.is_in(webhooks.iter().map(ToString::to_string)))
        .filter(signs)
        // The newest first: ids sort by time.
        .order_by_desc(Column::Id)
        .all(on)
        .await?;
    rows.into_iter().map(TryInto::try_into).collect()
}
