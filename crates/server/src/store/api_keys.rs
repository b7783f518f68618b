//! API keys. The database holds the hash of a key, and a key is looked up by its hash.

use std::collections::BTreeMap;

use integrations_core::{
    api_key::KeyHash,
    audit::{Change, change},
    ids::{ApiKeyId, OrganizationId, UserId},
    key_request::KeyUpdate,
    principal::Principal,
    rights::{Reach, Rights},
    scope::RequiredScope,
    tier::Tier,
};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, Condition, EntityTrait as _, IntoActiveModel as _,
    PaginatorTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, sea_query::Expr,
};
use serde::Serialize;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{
    Forbidden, NewAuditEvent, OwnedError, RememberedAnswer, Store, StoreError, audit,
    authority::{Authority, Holder},
    entity::{api_key, pending_install, project},
    idempotency_keys,
    in_order::lock_in_order,
    pending_installs,
    stored_api_key::{StoredApiKey, given_rights, listed, scopes, written_scopes},
    transaction::{Transaction, Valid},
    watch,
};

/// The number of uses that one transaction stores. It is small, so that other writes do not wait long.
const USES_IN_A_TRANSACTION: usize = 500;

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
    /// What it may do, and in which projects.
    pub rights: Rights,
    /// How often it may be used.
    pub tier: Tier,
    /// When it stops by itself.
    pub expires_at: Option<OffsetDateTime>,
    /// The person for whom it acts.
    pub user: Option<UserId>,
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
    /// The projects that it is bound to. `None`: all of the organization.
    pub project_ids: Option<Vec<String>>,
    /// How often it may be used.
    pub tier: String,
    /// The id of the key or person that made it. `None`: the operator.
    pub made_by: Option<String>,
    /// The key that it replaces.
    pub replaces: Option<String>,
    /// The person for whom it acts.
    pub user_id: Option<String>,
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
            scopes: scopes(&row.scopes).map(str::to_owned).collect(),
            project_ids: row.projects.as_deref().map(|ids| listed(ids).map(str::to_owned).collect()),
            made_by: row.made_by,
            replaces: row.replaces,
            user_id: row.user_id,
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

pub(super) fn written(reach: &Reach) -> Option<String> {
    match reach {
        Reach::Organization => None,
        Reach::Projects(ids) => Some(ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")),
    }
}

/// The key that takes another's place.
#[derive(Clone, Debug)]
pub struct KeyReplacement {
    /// Its id.
    pub id: ApiKeyId,
    /// Its first characters.
    pub hint: String,
    /// Its hash.
    pub hash: KeyHash,
    /// When the old key ends. `None`: at once.
    pub old_ends: Option<OffsetDateTime>,
}

fn row_of(key: NewApiKey, event: &NewAuditEvent) -> api_key::Model {
    api_key::Model {
        id: key.id.to_string(),
        organization_id: event.organization.to_string(),
        name: key.name,
        hint: key.hint,
        hash: key.hash.as_bytes().to_vec(),
        scopes: written_scopes(&key.rights, key.user.is_some()),
        tier: key.tier.as_str().to_owned(),
        created_at: event.at,
        expires_at: key.expires_at,
        revoked_at: None,
        changed_at: None,
        last_used_at: None,
        projects: written(&key.rights.reach),
        made_by: event.actor.principal().map(|id| id.to_string()),
        replaces: None,
        user_id: key.user.map(|id| id.to_string()),
    }
}

fn tier_of(row: &api_key::Model) -> Result<Tier, StoreError> {
    row.tier.parse().map_err(|_| StoreError::Damaged(format!("api key {}: tier", row.id)))
}

/// A key of the event's organization within the reach of who asks. Nobody else changes it before the transaction ends.
async fn owned(
    on: &Transaction,
    id: ApiKeyId,
    event: &NewAuditEvent,
    holder: &Holder,
) -> Result<api_key::Model, OwnedError> {
    let found = api_key::Entity::find_by_id(id.to_string())
        .filter(api_key::Column::OrganizationId.eq(event.organization.to_string()))
        .lock_exclusive()
        .one(on)
        .await?
        .ok_or(OwnedError::NotFound)?;
    if holder.reaches(&given_rights(&found)?.reach) { Ok(found) } else { Err(OwnedError::NotFound) }
}

/// Whether a key was revoked or has expired.
fn has_ended(key: &api_key::Model, now: OffsetDateTime) -> bool {
    key.revoked_at.is_some() || key.expires_at.is_some_and(|end| end <= now)
}

/// Whether another key has taken its place.
async fn is_replaced(on: &Transaction, id: ApiKeyId) -> Result<bool, StoreError> {
    let replacing = api_key::Entity::find().filter(api_key::Column::Replaces.eq(id.to_string()));
    Ok(replacing.count(on).await? > 0)
}

/// A key that acts for a person is replaced or widened by that person alone: else somebody could act in their name.
fn check_person(holder: &Holder, key: &api_key::Model) -> Result<(), OwnedError> {
    let Some(user) = &key.user_id else { return Ok(()) };
    let user = user.parse().map_err(|_| StoreError::Damaged(format!("api key {}: user", key.id)))?;
    if holder.is(Principal::User(user)) { Ok(()) } else { Err(Forbidden::Personal.into()) }
}

/// Checks that the projects to which a key is bound are the organization's, and in use.
async fn check_projects(on: &Transaction, reach: &Reach, event: &NewAuditEvent) -> Result<(), OwnedError> {
    let Reach::Projects(ids) = reach else { return Ok(()) };
    let found = project::Entity::find()
        .filter(project::Column::Id.is_in(ids.iter().map(ToString::to_string)))
        .filter(project::Column::OrganizationId.eq(event.organization.to_string()))
        .filter(project::Column::RevokedAt.is_null())
        .count(on)
        .await?;
    if found == ids.len() as u64 { Ok(()) } else { Err(OwnedError::NoSuchProject) }
}

/// Inserts a key of the event's organization, whose rights were checked.
pub(super) async fn insert(
    on: &Transaction,
    key: NewApiKey,
    event: &NewAuditEvent,
) -> Result<api_key::Model, OwnedError> {
    check_projects(on, &key.rights.reach, event).await?;
    let row = row_of(key, event);
    api_key::Entity::insert(api_key::ActiveModel::from(row.clone())).exec(on).await?;
    Ok(row)
}

fn changes(before: &api_key::Model, after: &api_key::Model) -> Vec<Change> {
    let words = |stored: &str| scopes(stored).map(str::to_owned).collect::<Vec<_>>();
    let list = |ids: &str| listed(ids).map(str::to_owned).collect::<Vec<_>>();
    let bound = |projects: &Option<String>| projects.as_deref().map(list);
    let time = |at: Option<OffsetDateTime>| at.and_then(|at| at.format(&Rfc3339).ok());
    let id = &before.id;
    [
        change(format!("{id}.name"), before.name.clone(), after.name.clone()),
        change(format!("{id}.scopes"), words(&before.scopes), words(&after.scopes)),
        change(format!("{id}.project_ids"), bound(&before.projects), bound(&after.projects)),
        change(format!("{id}.tier"), before.tier.clone(), after.tier.clone()),
        change(format!("{id}.expires_at"), time(before.expires_at), time(after.expires_at)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

impl Store {
    /// Stores a key of the event's organization, made by its actor. It ends with the rights of who makes it, at the
    /// latest.
    pub async fn create_api_key(
        &self,
        key: NewApiKey,
        event: NewAuditEvent,
        answer: impl FnOnce(&ApiKeyRecord) -> Result<Option<RememberedAnswer>, StoreError>,
    ) -> Result<ApiKeyRecord, OwnedError> {
        let transaction = self.begin().await?;
        let holder = Authority::from(&event).hold(&transaction, RequiredScope::KEYS_ADMIN).await?;
        let key = NewApiKey { expires_at: holder.may_grant(&key.rights, key.tier, key.expires_at)?, ..key };
        let row = insert(&transaction, key, &event).await?;
        idempotency_keys::remember(&transaction, answer(&row.clone().into())?).await?;
        audit::record(&transaction, event).await?;
        transaction.commit().await?;
        Ok(row.into())
    }

    /// Changes a key of the event's organization. The event gets its changes here. If nothing changes, nothing is
    /// recorded.
    pub async fn update_api_key(
        &self,
        id: ApiKeyId,
        update: KeyUpdate,
        mut event: NewAuditEvent,
    ) -> Result<ApiKeyRecord, OwnedError> {
        let transaction = self.begin().await?;
        let authority = Authority::from(&event);
        let holder = authority.hold_to_change(&transaction, RequiredScope::KEYS_ADMIN, id).await?;
        let before = owned(&transaction, id, &event, &holder).await?;
        if has_ended(&before, event.at)
            || (update.expires_at.is_some() && is_replaced(&transaction, id).await?)
        {
            return Err(OwnedError::Ended);
        }
        let mut after = before.clone();
        if update.grants() {
            check_person(&holder, &before)?;
            let given = given_rights(&before)?;
            let rights = update.rights(&given);
            if update.reach.is_some() {
                check_projects(&transaction, &rights.reach, &event).await?;
            }
            let tier = update.tier.map_or_else(|| tier_of(&before), Ok)?;
            let grows = given.may_grant(&rights).is_err() || tier > tier_of(&before)?;
            if grows || update.expires_at.is_some() {
                let ends = update.expires_at.unwrap_or(before.expires_at);
                after.expires_at = holder.may_grant(&rights, tier, ends)?;
            } else {
                // What only takes away leaves the end as it is, even if it is later than that of who does it.
                holder.may_grant(&rights, tier, Some(event.at))?;
            }
            after.scopes = written_scopes(&rights, before.user_id.is_some());
            after.projects = written(&rights.reach);
            after.tier = tier.as_str().to_owned();
        }
        after.name = update.name.unwrap_or(after.name);
        if after == before {
            return Ok(before.into());
        }
        after.changed_at = Some(event.at);
        event.changes = changes(&before, &after);
        api_key::Entity::update(after.clone().into_active_model().reset_all()).exec(&transaction).await?;
        audit::record(&transaction, event).await?;
        watch::notify_keys_changed(&transaction).await?;
        transaction.commit().await?;
        Ok(after.into())
    }

    /// Replaces a key of the event's organization by a new one with the same name, rights, tier and end. The old one
    /// ends at `old_ends`, or at the event's time.
    pub async fn rotate_api_key(
        &self,
        id: ApiKeyId,
        new: KeyReplacement,
        event: NewAuditEvent,
        answer: impl FnOnce(&ApiKeyRecord) -> Result<Option<RememberedAnswer>, StoreError>,
    ) -> Result<ApiKeyRecord, OwnedError> {
        let transaction = self.begin().await?;
        let authority = Authority::from(&event);
        let holder = authority.hold_to_change(&transaction, RequiredScope::KEYS_ADMIN, id).await?;
        let mut old = owned(&transaction, id, &event, &holder).await?;
        check_person(&holder, &old)?;
        let expires_at = holder.may_grant(&given_rights(&old)?, tier_of(&old)?, old.expires_at)?;
        let row = api_key::Model {
            id: new.id.to_string(),
            hint: new.hint,
            hash: new.hash.as_bytes().to_vec(),
            created_at: event.at,
            expires_at,
            changed_at: None,
            last_used_at: None,
            made_by: event.actor.principal().map(|id| id.to_string()),
            replaces: Some(old.id.clone()),
            ..old.clone()
        };
        idempotency_keys::remember(&transaction, answer(&row.clone().into())?).await?;
        // Only now: of two repeats at once, the second finds the answer of the first here.
        if has_ended(&old, event.at) {
            return Err(OwnedError::Ended);
        }
        match new.old_ends {
            None => old.revoked_at = Some(event.at),
            Some(end) => old.expires_at = Some(old.expires_at.map_or(end, |own| std::cmp::min(own, end))),
        }
        old.changed_at = Some(event.at);
        api_key::Entity::insert(row.clone().into_active_model()).exec(&transaction).await?;
        api_key::Entity::update(old.into_active_model().reset_all()).exec(&transaction).await?;
        audit::record(&transaction, event).await?;
        watch::notify_keys_changed(&transaction).await?;
        transaction.commit().await?;
        Ok(row.into())
    }

    /// The key with this hash, revoked and expired ones included.
    pub async fn api_key_by_hash(&self, hash: &KeyHash) -> Result<Option<StoredApiKey>, StoreError> {
        let query = api_key::Entity::find().filter(api_key::Column::Hash.eq(hash.as_bytes().to_vec()));
        match query.one(&self.reader).await? {
            Some(row) => Ok(Some(StoredApiKey::read(&self.reader, row, Valid::Now).await?)),
            None => Ok(None),
        }
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

    /// Revokes a key of the event's organization. `false`: it was revoked before, and nothing is done.
    pub async fn revoke_api_key(&self, id: ApiKeyId, event: NewAuditEvent) -> Result<bool, OwnedError> {
        let transaction = self.begin().await?;
        let authority = Authority::from(&event);
        let holder = authority.hold_to_change(&transaction, RequiredScope::KEYS_ADMIN, id).await?;
        if owned(&transaction, id, &event, &holder).await?.revoked_at.is_some() {
            return Ok(false);
        }
        api_key::Entity::update_many()
            .col_expr(api_key::Column::RevokedAt, Expr::value(event.at))
            .filter(api_key::Column::Id.eq(id.to_string()))
            .exec(&transaction)
            .await?;
        pending_installs::erase_unconfirmed(
            &transaction,
            pending_install::Column::Principal.eq(id.to_string()),
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
            .col_expr(api_key::Column::ChangedAt, Expr::value(event.at))
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
            let used = api_key::Column::Id.is_in(batch.iter().map(|(id, _)| id.to_string()));
            lock_in_order::<api_key::Entity>(&transaction, api_key::Column::Id, used).await?;
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
                    .add(api_key::Column::ChangedAt.gt(moment)),
            )
            .into_tuple()
            .all(&self.reader)
            .await?;
        Ok(hashes.into_iter().filter_map(|hash| KeyHash::from_bytes(&hash)).collect())
    }
}
