//! Device logins. The database holds the hashes of their codes.
//!
//! Every step is one UPDATE of a row that is still at the step before and has not expired, so it is made once however
//! many replicas try it. How often a program polls is counted elsewhere.

use std::time::Duration;

use integrations_core::{
    audit::Change,
    device_login::{DeviceLoginStatus, REDEMPTION, is_for_programs},
    ids::{DashboardSessionId, DeviceLoginId, OrganizationId},
    principal::Principal,
    rights::{Reach, Rights},
    scope::RequiredScope,
};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, EntityTrait as _, QueryFilter as _, QuerySelect as _,
    QueryTrait as _, UpdateMany, sea_query::Expr,
};
use time::OffsetDateTime;

use super::{
    ApiKeyRecord, NewApiKey, NewAuditEvent, OwnedError, Store, StoreError, api_keys, audit,
    authority::{Authority, Holder},
    entity::{dashboard_session, device_login},
    in_order::locked_in_order,
    stored_api_key,
    transaction::Transaction,
};
use crate::token::TokenHash;

/// A login to be stored.
#[derive(Clone, Debug)]
pub struct NewDeviceLogin {
    /// Its id.
    pub id: DeviceLoginId,
    /// The hash of the code that the program keeps.
    pub device_code: TokenHash,
    /// The hash of the code that the person enters.
    pub user_code: TokenHash,
    /// What the program calls itself.
    pub client_name: String,
    /// The address that it came from.
    pub address: String,
    /// When it begins.
    pub created_at: OffsetDateTime,
    /// When it ends if nobody decides.
    pub expires_at: OffsetDateTime,
}

/// The session that looks a code up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceClaim {
    /// The session. It alone may decide.
    pub session: DashboardSessionId,
    /// As whom it acts.
    pub principal: Principal,
    /// The organization that it works on.
    pub organization: OrganizationId,
}

/// What a person grants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceGrant {
    /// What the key may do, and in which projects.
    pub rights: Rights,
    /// How long it works.
    pub life: Duration,
}

/// A stored login.
#[derive(Clone, Debug)]
pub struct DeviceLogin {
    /// Its id.
    pub id: DeviceLoginId,
    /// What the program calls itself.
    pub client_name: String,
    /// The address that it came from.
    pub address: String,
    /// How far it is.
    pub status: DeviceLoginStatus,
    /// Who looked it up.
    pub claim: Option<DeviceClaim>,
    /// What was granted.
    pub grant: Option<DeviceGrant>,
    /// When it began.
    pub created_at: OffsetDateTime,
    /// When it ends, in every status.
    pub expires_at: OffsetDateTime,
}

impl TryFrom<device_login::Model> for DeviceLogin {
    type Error = StoreError;

    fn try_from(row: device_login::Model) -> Result<Self, StoreError> {
        let damaged = |what: &str| StoreError::Damaged(format!("device login {}: {what}", row.id));
        let claim = match (&row.session_id, &row.principal, &row.organization_id) {
            (Some(session), Some(principal), Some(organization)) => Some(DeviceClaim {
                session: session.parse().map_err(|_| damaged("session"))?,
                principal: principal.parse().map_err(|_| damaged("principal"))?,
                organization: organization.parse().map_err(|_| damaged("organization"))?,
            }),
            _ => None,
        };
        let grant = match (&row.scopes, row.life_seconds) {
            (Some(scopes), Some(life)) => Some(DeviceGrant {
                rights: stored_api_key::rights_of(scopes, row.projects.as_deref()).map_err(damaged)?,
                life: Duration::from_secs(u64::try_from(life).map_err(|_| damaged("life"))?),
            }),
            _ => None,
        };
        Ok(Self {
            id: row.id.parse().map_err(|_| damaged("id"))?,
            status: row.status.parse().map_err(|_| damaged("status"))?,
            client_name: row.client_name,
            address: row.address,
            claim,
            grant,
            created_at: row.created_at,
            expires_at: row.expires_at,
        })
    }
}

/// What became of a program's approved login.
#[derive(Debug)]
pub enum Redeemed {
    /// The key was made.
    Key(Box<ApiKeyRecord>),
    /// Who approved may not grant any of it any more. It counts as denied from now on.
    Refused,
    /// It is not approved any more: it has expired, or another request was first.
    Missed,
}

/// The logins that are at one of these steps and have not ended.
fn open(at: &[DeviceLoginStatus], now: OffsetDateTime) -> Condition {
    Condition::all()
        .add(device_login::Column::Status.is_in(at.iter().map(|status| status.as_str())))
        .add(device_login::Column::ExpiresAt.gt(now))
}

/// The logins that a session has claimed in the organization that it works on, and has not decided about.
fn claimed_by(claim: DeviceClaim, now: OffsetDateTime) -> Condition {
    open(&[DeviceLoginStatus::Claimed], now)
        .add(device_login::Column::SessionId.eq(claim.session.to_string()))
        .add(device_login::Column::OrganizationId.eq(claim.organization.to_string()))
}

/// The step to a status.
fn step_to(status: DeviceLoginStatus) -> UpdateMany<device_login::Entity> {
    device_login::Entity::update_many().col_expr(device_login::Column::Status, Expr::value(status.as_str()))
}

/// Makes a step. Returns whether a row was at the step before.
async fn is_made(
    step: UpdateMany<device_login::Entity>,
    on: &impl ConnectionTrait,
) -> Result<bool, StoreError> {
    Ok(step.exec(on).await?.rows_affected == 1)
}

impl Store {
    /// Stores a login that begins.
    pub async fn create_device_login(&self, login: NewDeviceLogin) -> Result<(), StoreError> {
        let row = device_login::Model {
            id: login.id.to_string(),
            device_hash: login.device_code.to_vec(),
            user_code_hash: login.user_code.to_vec(),
            client_name: login.client_name,
            address: login.address,
            status: DeviceLoginStatus::Pending.as_str().to_owned(),
            life_seconds: None,
            created_at: login.created_at,
            expires_at: login.expires_at,
            session_id: None,
            principal: None,
            organization_id: None,
            scopes: None,
            projects: None,
        };
        let row = device_login::ActiveModel::from(row);
        device_login::Entity::insert(row).exec_without_returning(&self.writer).await?;
        Ok(())
    }

    /// The login with this device code, whatever its status, ended or not.
    pub async fn device_login(&self, device_code: TokenHash) -> Result<Option<DeviceLogin>, StoreError> {
        let query =
            device_login::Entity::find().filter(device_login::Column::DeviceHash.eq(device_code.to_vec()));
        query.one(&self.reader).await?.map(TryInto::try_into).transpose()
    }

    /// The login that a session has looked up by this user code in the organization that it works on, and has not
    /// decided about.
    pub async fn claimed_device_login(
        &self,
        user_code: TokenHash,
        claim: DeviceClaim,
        now: OffsetDateTime,
    ) -> Result<Option<DeviceLogin>, StoreError> {
        let query = device_login::Entity::find()
            .filter(device_login::Column::UserCodeHash.eq(user_code.to_vec()))
            .filter(claimed_by(claim, now));
        query.one(&self.reader).await?.map(TryInto::try_into).transpose()
    }

    /// Claims a login for a session. A person may take it from another session of theirs, and who signs in with an API
    /// key from one that has ended, as several people may have one key. `false`: there is none to claim.
    pub async fn claim_device_login(
        &self,
        user_code: TokenHash,
        claim: DeviceClaim,
        now: OffsetDateTime,
    ) -> Result<bool, StoreError> {
        let sessions = dashboard_session::Entity::find().select_only().column(dashboard_session::Column::Id);
        let has_ended = device_login::Column::SessionId.not_in_subquery(sessions.into_query());
        let own = open(&[DeviceLoginStatus::Claimed], now)
            .add(device_login::Column::Principal.eq(claim.principal.to_string()))
            .add_option(matches!(claim.principal, Principal::ApiKey(_)).then_some(has_ended));
        let step = step_to(DeviceLoginStatus::Claimed)
            .col_expr(device_login::Column::SessionId, Expr::value(claim.session.to_string()))
            .col_expr(device_login::Column::Principal, Expr::value(claim.principal.to_string()))
            .col_expr(device_login::Column::OrganizationId, Expr::value(claim.organization.to_string()))
            .filter(device_login::Column::UserCodeHash.eq(user_code.to_vec()))
            .filter(Condition::any().add(open(&[DeviceLoginStatus::Pending], now)).add(own));
        is_made(step, &self.writer).await
    }

    /// Approves a login that this session claimed, in this organization. The program has [`REDEMPTION`] from then on.
    /// `false`: it cannot be approved any more, and nothing is recorded.
    pub async fn approve_device_login(
        &self,
        id: DeviceLoginId,
        claim: DeviceClaim,
        grant: DeviceGrant,
        event: NewAuditEvent,
    ) -> Result<bool, StoreError> {
        let life = i64::try_from(grant.life.as_secs()).unwrap_or(i64::MAX);
        let step = step_to(DeviceLoginStatus::Approved)
            .col_expr(
                device_login::Column::Scopes,
                Expr::value(stored_api_key::written_scopes(&grant.rights, false)),
            )
            .col_expr(device_login::Column::Projects, Expr::value(api_keys::written(&grant.rights.reach)))
            .col_expr(device_login::Column::LifeSeconds, Expr::value(life))
            .col_expr(device_login::Column::ExpiresAt, Expr::value(event.at + REDEMPTION))
            .filter(device_login::Column::Id.eq(id.to_string()))
            .filter(claimed_by(claim, event.at));
        self.decide(step, event).await
    }

    /// Denies a login that this session claimed, in this organization. `false`: it cannot be denied any more, and
    /// nothing is recorded.
    pub async fn deny_device_login(
        &self,
        id: DeviceLoginId,
        claim: DeviceClaim,
        event: NewAuditEvent,
    ) -> Result<bool, StoreError> {
        let step = step_to(DeviceLoginStatus::Denied)
            .filter(device_login::Column::Id.eq(id.to_string()))
            .filter(claimed_by(claim, event.at));
        self.decide(step, event).await
    }

    /// Makes the step of a decision together with its event. Returns whether it was made.
    async fn decide(
        &self,
        step: UpdateMany<device_login::Entity>,
        event: NewAuditEvent,
    ) -> Result<bool, StoreError> {
        let transaction = self.begin().await?;
        let is_made = is_made(step, &transaction).await?;
        if is_made {
            audit::record(&transaction, event).await?;
            transaction.commit().await?;
        }
        Ok(is_made)
    }

    /// Makes the key of an approved login, once. `key` has what was granted; the key gets what of it the event's actor,
    /// who approved, may still grant. The event gets its changes by `changes`.
    pub async fn redeem_device_login(
        &self,
        id: DeviceLoginId,
        key: NewApiKey,
        mut event: NewAuditEvent,
        changes: impl FnOnce(&Rights) -> Vec<Change> + Send,
    ) -> Result<Redeemed, StoreError> {
        let transaction = self.begin().await?;
        let step = step_to(DeviceLoginStatus::Consumed)
            .filter(device_login::Column::Id.eq(id.to_string()))
            .filter(open(&[DeviceLoginStatus::Approved], event.at));
        if !is_made(step, &transaction).await? {
            return Ok(Redeemed::Missed);
        }
        let key = match still_granted(&transaction, key, &event).await {
            Ok(key) => key,
            Err(OwnedError::Store(error)) => return Err(error),
            Err(_) => return refuse(transaction, id).await,
        };
        event.changes = changes(&key.rights);
        let row = match api_keys::insert(&transaction, key, &event).await {
            Ok(row) => row,
            Err(OwnedError::NoSuchProject) => return refuse(transaction, id).await,
            Err(OwnedError::Store(error)) => return Err(error),
            // PostgreSQL takes no further statement in this transaction, so the login stays approved.
            Err(error) => return Err(StoreError::Damaged(format!("the key of device login {id}: {error}"))),
        };
        audit::record(&transaction, event).await?;
        transaction.commit().await?;
        Ok(Redeemed::Key(Box::new(row.into())))
    }

    /// Deletes the logins that ended before a moment.
    pub async fn sweep_device_logins(&self, ended_by: OffsetDateTime) -> Result<u64, StoreError> {
        let is_over = device_login::Column::ExpiresAt.lte(ended_by);
        let swept = device_login::Entity::delete_many()
            .filter(locked_in_order::<device_login::Entity>(device_login::Column::Id, is_over))
            .exec(&self.writer)
            .await?;
        Ok(swept.rows_affected)
    }
}

/// The scope that somebody must hold to approve a program. A person's key never does more than the person. A key's key
/// would outlive it, so it takes what it takes to make keys.
pub const fn scope_to_approve(principal: Principal) -> RequiredScope {
    match principal {
        Principal::User(_) => RequiredScope::INTEGRATIONS_READ,
        Principal::ApiKey(_) => RequiredScope::KEYS_ADMIN,
    }
}

/// The key with what of its rights the event's actor may grant at the event's time.
async fn still_granted(
    on: &Transaction,
    key: NewApiKey,
    event: &NewAuditEvent,
) -> Result<NewApiKey, OwnedError> {
    let required = event.actor.principal().map_or(RequiredScope::KEYS_ADMIN, scope_to_approve);
    let holder = Authority::from(event).hold(on, required).await?;
    let (mut rights, ends) = match holder {
        Holder::Operator => (key.rights, key.expires_at),
        Holder::Principal(_, who) => {
            (key.rights.and(&who.rights), [key.expires_at, who.expires_at].into_iter().flatten().min())
        }
    };
    // What `write` has in common with `keys:admin` is `keys:write`.
    rights.scopes.retain(|scope| is_for_programs(*scope));
    if rights.scopes.is_empty() || rights.reach == Reach::Projects(Vec::new()) {
        return Err(OwnedError::Ended);
    }
    Ok(NewApiKey { rights, expires_at: ends, ..key })
}

/// Ends a redemption without a key.
async fn refuse(transaction: Transaction, id: DeviceLoginId) -> Result<Redeemed, StoreError> {
    let step = step_to(DeviceLoginStatus::Denied).filter(device_login::Column::Id.eq(id.to_string()));
    step.exec(&transaction).await?;
    transaction.commit().await?;
    Ok(Redeemed::Refused)
}
