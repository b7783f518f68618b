//! API keys. The database holds the hash of a key, and a key is looked up by its hash.

use std::collections::BTreeMap;

use integrations_core::{
    api_key::KeyHash,
    ids::{ApiKeyId, OrganizationId},
    scope::Scope,
    tier::Tier,
};
use sea_orm::{
    ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    sea_query::Expr,
};
use serde::Serialize;
use time::OffsetDateTime;

use super::{
    NewAuditEvent, Store, StoreError, audit,
    entity::{api_key, pending_install},
    pending_installs, watch,
};

/// The number of uses that one transaction stores. It is small, so that other writes do not wait long.
const USES_IN_A_TRANSACTION: usize = 500;

/// A key, with what is needed to check a request.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// The organization that owns it.
    pub organization: OrganizationId,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// How often it may be used.
    pub tier: Tier,
    /// When it stops by itself.
    pub expires_at: Option<OffsetDateTime>,
    /// When it was stopped.
    pub revoked_at: Option<OffsetDateTime>,
}

/// A key to be stored.
#[derive(Clone, Debug)]
pub struct NewApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// What it is for.
    pub name: String,
    /// Its first characters.
    pub hint: String,
    /// Its hash.
    pub hash: KeyHash,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// How often it may be used.
    pub tier: Tier,
    /// When it stops by itself.
    pub expires_at: Option<OffsetDateTime>,
}

/// A key, as the operator sees it. The key itself cannot be shown again.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ApiKeyRecord {
    /// `key_…`
    pub id: String,
    /// The organization that owns it.
    pub organization_id: String,
    /// What it is for.
    pub name: String,
    /// The key's first characters.
    pub hint: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// How often it may be used.
    pub tier: String,
    /// When it was created.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// When it stops by itself.
    #[serde(with = "time::serde::rfc3339::option")]
    pub expires_at: Option<OffsetDateTime>,
    /// When it was last used, accurate to about a minute.
    #[serde(with = "time::serde::rfc3339::option")]
    pub last_used_at: Option<OffsetDateTime>,
    /// When it was revoked.
    #[serde(with = "time::serde::rfc3339::option")]
    pub revoked_at: Option<OffsetDateTime>,
}

impl From<api_key::Model> for ApiKeyRecord {
    fn from(row: api_key::Model) -> Self {
        Self {
            scopes: row.scopes.split(',').map(str::to_owned).collect(),
            id: row.id,
            organization_id: row.organization_id,
            name: row.name,
            hint: row.hint,
            tier: row.tier,
            created_at: row.created_at,
            expires_at: row.expires_at,
            last_used_at: row.last_used_at,
            revoked_at: row.revoked_at,
        }
    }
}

impl TryFrom<api_key::Model> for StoredApiKey {
    type Error = StoreError;

    fn try_from(row: api_key::Model) -> Result<Self, StoreError> {
        let damaged = |what: &str| StoreError::Damaged(format!("api key {}: {what}", row.id));
        Ok(Self {
            id: row.id.parse().map_err(|_| damaged("id"))?,
            organization: row.organization_id.parse().map_err(|_| damaged("organization"))?,
            scopes: row
                .scopes
                .split(',')
                .map(str::parse)
                .collect::<Result<_, _>>()
                .map_err(|_| damaged("scopes"))?,
            tier: row.tier.parse().map_err(|_| damaged("tier"))?,
            expires_at: row.expires_at,
            revoked_at: row.revoked_at,
        })
    }
}

impl Store {
    /// Stores a key of the event's organization.
    pub async fn create_api_key(
        &self,
        key: NewApiKey,
        event: NewAuditEvent,
    ) -> Result<ApiKeyRecord, StoreError> {
        let row = api_key::Model {
            id: key.id.to_string(),
            organization_id: event.organization.to_string(),
            name: key.name,
            hint: key.hint,
            hash: key.hash.as_bytes().to_vec(),
            scopes: key.scopes.iter().map(ToString::to_string).collect::<Vec<_>>().join(","),
            tier: key.tier.as_str().to_owned(),
            created_at: event.at,
            expires_at: key.expires_at,
            revoked_at: None,
            tier_changed_at: None,
            last_used_at: None,
        };
        let transaction = self.begin().await?;
        api_key::Entity::insert(api_key::ActiveModel::from(row.clone())).exec(&transaction).await?;
        audit::record(&transaction, event).await?;
        transaction.commit().await?;
        Ok(row.into())
    }

    /// The key with this hash, revoked and expired ones included.
    pub async fn api_key_by_hash(&self, hash: &KeyHash) -> Result<Option<StoredApiKey>, StoreError> {
        let query = api_key::Entity::find().filter(api_key::Column::Hash.eq(hash.as_bytes().to_vec()));
        query.one(&self.reader).await?.map(TryInto::try_into).transpose()
    }

    /// The key with this id, as a request is checked against it, revoked and expired ones included.
    pub async fn api_key_by_id(&self, id: ApiKeyId) -> Result<Option<StoredApiKey>, StoreError> {
        let query = api_key::Entity::find_by_id(id.to_string());
        query.one(&self.reader).await?.map(TryInto::try_into).transpose()
    }

    /// A key, by its id.
    pub async fn api_key(&self, id: ApiKeyId) -> Result<Option<ApiKeyRecord>, StoreError> {
        Ok(api_key::Entity::find_by_id(id.to_string()).one(&self.reader).await?.map(Into::into))
    }

    /// The keys of one organization or of all, oldest first.
    pub async fn api_keys(&self, of: Option<OrganizationId>) -> Result<Vec<ApiKeyRecord>, StoreError> {
        let mut query = api_key::Entity::find().order_by_asc(api_key::Column::Id);
        if let Some(organization) = of {
            query = query.filter(api_key::Column::OrganizationId.eq(organization.to_string()));
        }
        Ok(query.all(&self.reader).await?.into_iter().map(Into::into).collect())
    }

    /// Revokes a key. `false`: it was revoked before, and nothing is done.
    pub async fn revoke_api_key(&self, id: ApiKeyId, event: NewAuditEvent) -> Result<bool, StoreError> {
        let transaction = self.begin().await?;
        let revoked = api_key::Entity::update_many()
            .col_expr(api_key::Column::RevokedAt, Expr::value(event.at))
            .filter(api_key::Column::Id.eq(id.to_string()))
            .filter(api_key::Column::RevokedAt.is_null())
            .exec(&transaction)
            .await?;
        if revoked.rows_affected == 0 {
            return Ok(false);
        }
        pending_installs::erase_unconfirmed(
            &transaction,
            pending_install::Column::ApiKeyId.eq(id.to_string()),
        )
        .await?;
        audit::record(&transaction, event).await?;
        watch::notify_keys_changed(&transaction).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Gives a key that is not revoked another tier. `false`: it has that tier, or is revoked, and nothing is done.
    pub async fn set_api_key_tier(
        &self,
        id: ApiKeyId,
        tier: Tier,
        event: NewAuditEvent,
    ) -> Result<bool, StoreError> {
        let transaction = self.begin().await?;
        let changed = api_key::Entity::update_many()
            .col_expr(api_key::Column::Tier, Expr::value(tier.as_str()))
            .col_expr(api_key::Column::TierChangedAt, Expr::value(event.at))
            .filter(api_key::Column::Id.eq(id.to_string()))
            .filter(api_key::Column::Tier.ne(tier.as_str()))
            .filter(api_key::Column::RevokedAt.is_null())
            .exec(&transaction)
            .await?;
        if changed.rows_affected == 0 {
            return Ok(false);
        }
        audit::record(&transaction, event).await?;
        watch::notify_keys_changed(&transaction).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// The hashes of up to `limit` keys with larger ids than `after`, in the order of their ids, and the last of these
    /// ids.
    pub async fn api_key_hashes(
        &self,
        after: Option<ApiKeyId>,
        limit: u64,
    ) -> Result<(Option<ApiKeyId>, Vec<KeyHash>), StoreError> {
        let mut query =
            api_key::Entity::find().select_only().column(api_key::Column::Id).column(api_key::Column::Hash);
        if let Some(after) = after {
            query = query.filter(api_key::Column::Id.gt(after.to_string()));
        }
        let rows: Vec<(String, Vec<u8>)> =
            query.order_by_asc(api_key::Column::Id).limit(limit).into_tuple().all(&self.reader).await?;
        let last = rows.last().and_then(|(id, _)| id.parse().ok());
        Ok((last, rows.into_iter().filter_map(|(_, hash)| KeyHash::from_bytes(&hash)).collect()))
    }

    /// Stores when keys were last used, unless a later use is stored. A key may have gone meanwhile.
    pub async fn record_key_uses(&self, uses: &BTreeMap<ApiKeyId, OffsetDateTime>) -> Result<(), StoreError> {
        let uses: Vec<_> = uses.iter().collect();
        for batch in uses.chunks(USES_IN_A_TRANSACTION) {
            let transaction = self.begin().await?;
            for (id, at) in batch {
                api_key::Entity::update_many()
                    .col_expr(api_key::Column::LastUsedAt, Expr::value(**at))
                    .filter(api_key::Column::Id.eq(id.to_string()))
                    .filter(
                        Condition::any()
                            .add(api_key::Column::LastUsedAt.is_null())
                            .add(api_key::Column::LastUsedAt.lt(**at)),
                    )
                    .exec(&transaction)
                    .await?;
            }
            transaction.commit().await?;
        }
        Ok(())
    }

    /// The hashes of the keys that were revoked or given another tier after a moment, by any replica.
    pub async fn api_keys_changed_since(&self, moment: OffsetDateTime) -> Result<Vec<KeyHash>, StoreError> {
        let hashes: Vec<Vec<u8>> = api_key::Entity::find()
            .select_only()
            .column(api_key::Column::Hash)
            .filter(
                Condition::any()
                    .add(api_key::Column::RevokedAt.gt(moment))
                    .add(api_key::Column::TierChangedAt.gt(moment)),
            )
            .into_tuple()
            .all(&self.reader)
            .await?;
        Ok(hashes.into_iter().filter_map(|hash| KeyHash::from_bytes(&hash)).collect())
    }
}
