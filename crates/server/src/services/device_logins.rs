//! The service for device logins (RFC 8628): begins them, lets a session decide, and makes the key.

use std::time::Duration;

use integrations_core::{
    api_key::{ApiKey, KeyHash},
    audit::{Acting, AuditAction, change},
    device_login::{DeviceClient, DeviceLoginStatus, LIFE, UserCode},
    ids::ApiKeyId,
    principal::Principal,
    tier::Tier,
};
use serde_json::{Value, json};

use super::keys::{IssuedKey, bound, created};
use crate::{
    environment::Environment,
    jobs::{Backoff, Job, Next},
    store::{
        DeviceClaim, DeviceGrant, DeviceLogin, NewApiKey, NewAuditEvent, NewDeviceLogin, Redeemed, Store,
        StoreError,
    },
    token::{Token, TokenHash},
};

/// How often codes are made anew because another login has the user code. That is unlikely once.
const CODES_TRIED: u32 = 5;
/// How long a login is kept after its end, so that a late program is told what became of it.
const KEPT: Duration = Duration::from_secs(10 * 60);
const SWEEP_PERIOD: Duration = Duration::from_secs(60);

/// The device logins.
#[derive(Clone, Debug)]
pub struct DeviceLogins {
    store: Store,
    environment: Environment,
}

/// A login that has begun. Its codes cannot be shown again.
#[derive(Debug)]
pub struct BegunLogin {
    /// With this the program asks for its key.
    pub device_code: Token,
    /// With this the person finds the login.
    pub user_code: UserCode,
}

/// Why a program gets no key.
#[derive(Debug, thiserror::Error)]
pub enum NotRedeemed {
    /// Nobody has decided yet.
    #[error("nobody has decided yet")]
    Pending,
    /// A person denied it, or may not grant any of it any more.
    #[error("the login was denied")]
    Denied,
    /// It has expired, or has its key.
    #[error("the login has ended")]
    Ended,
    /// The database did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl DeviceLogins {
    /// The logins in `store`.
    pub fn new(store: Store, environment: Environment) -> Self {
        Self { store, environment }
    }

    /// Begins a login for a program at an address.
    pub async fn begin(&self, client: DeviceClient, address: String) -> Result<BegunLogin, StoreError> {
        let mut tried = 0;
        loop {
            tried += 1;
            let (device_code, user_code) = (Token::generate(&self.environment), self.user_code());
            let now = self.environment.now();
            let login = NewDeviceLogin {
                id: self.environment.id(),
                device_code: device_code.hash(),
                user_code: hash_of(user_code),
                client_name: client.name.clone(),
                address: address.clone(),
                created_at: now,
                expires_at: now + LIFE,
            };
            match self.store.create_device_login(login).await {
                Err(StoreError::Taken(_)) if tried < CODES_TRIED => {}
                created => return created.map(|()| BegunLogin { device_code, user_code }),
            }
        }
    }

    fn user_code(&self) -> UserCode {
        loop {
            // Nearly every byte can be used.
            if let Some(code) = UserCode::from_entropy(&self.environment.bytes::<32>()) {
                return code;
            }
        }
    }

    /// Claims a login for a session that looks its code up. `false`: no login with this code can be claimed.
    pub async fn claim(&self, code: UserCode, claim: DeviceClaim) -> Result<bool, StoreError> {
        self.store.claim_device_login(hash_of(code), claim, self.environment.now()).await
    }

    /// The login that a session has claimed by this code in the organization that it works on, and has not decided
    /// about.
    pub async fn claimed(
        &self,
        code: UserCode,
        claim: DeviceClaim,
    ) -> Result<Option<DeviceLogin>, StoreError> {
        self.store.claimed_device_login(hash_of(code), claim, self.environment.now()).await
    }

    /// Approves a login that a session claimed. `false`: it is too late.
    pub async fn approve(
        &self,
        login: &DeviceLogin,
        claim: DeviceClaim,
        grant: DeviceGrant,
        request_id: &str,
    ) -> Result<bool, StoreError> {
        let mut event = self.decided(AuditAction::DeviceLoginApproved, login, claim, request_id);
        let scopes = change("scopes", Value::Null, json!(grant.rights.scopes));
        event.changes.extend(scopes.into_iter().chain(bound(&grant.rights.reach)));
        self.store.approve_device_login(login.id, claim, grant, event).await
    }

    /// Denies a login that a session claimed. `false`: it is too late.
    pub async fn deny(
        &self,
        login: &DeviceLogin,
        claim: DeviceClaim,
        request_id: &str,
    ) -> Result<bool, StoreError> {
        let event = self.decided(AuditAction::DeviceLoginDenied, login, claim, request_id);
        self.store.deny_device_login(login.id, claim, event).await
    }

    /// The event of a decision, with the program that it is about.
    fn decided(
        &self,
        action: AuditAction,
        login: &DeviceLogin,
        claim: DeviceClaim,
        request_id: &str,
    ) -> NewAuditEvent {
        let acting = Acting { actor: claim.principal.into(), request_id: Some(request_id.to_owned()) };
        let program = [
            change("device_login.client_name", Value::Null, login.client_name.clone()),
            change("device_login.address", Value::Null, login.address.clone()),
        ];
        let event = NewAuditEvent::new(&self.environment, claim.organization, action, acting);
        NewAuditEvent { changes: program.into_iter().flatten().collect(), ..event }
    }

    /// The login of a program, by its device code.
    pub async fn find(&self, device_code: &str) -> Result<Option<DeviceLogin>, StoreError> {
        self.store.device_login(TokenHash::of(device_code)).await
    }

    /// Makes the key of a login, if it is approved.
    pub async fn redeem(&self, login: DeviceLogin, request_id: &str) -> Result<IssuedKey, NotRedeemed> {
        let now = self.environment.now();
        if now >= login.expires_at {
            return Err(NotRedeemed::Ended);
        }
        let (claim, grant) = match (login.status, login.claim, login.grant) {
            (DeviceLoginStatus::Approved, Some(claim), Some(grant)) => (claim, grant),
            (DeviceLoginStatus::Pending | DeviceLoginStatus::Claimed, ..) => {
                return Err(NotRedeemed::Pending);
            }
            (DeviceLoginStatus::Denied, ..) => return Err(NotRedeemed::Denied),
            _ => return Err(NotRedeemed::Ended),
        };
        let (key, id): (_, ApiKeyId) =
            (ApiKey::from_entropy(self.environment.bytes()), self.environment.id());
        // A program for one person has enough of the smallest tier.
        let (tier, name) = (Tier::Starter, login.client_name);
        let new = NewApiKey {
            id,
            name: name.clone(),
            hint: key.hint().to_owned(),
            hash: KeyHash::of(&key),
            rights: grant.rights,
            tier,
            expires_at: Some(now + grant.life),
            user: match claim.principal {
                Principal::User(user) => Some(user),
                Principal::ApiKey(_) => None,
            },
        };
        let acting = Acting { actor: claim.principal.into(), request_id: Some(request_id.to_owned()) };
        let made = AuditAction::ApiKeyCreated;
        let event = NewAuditEvent::new(&self.environment, claim.organization, made, acting);
        // The key's life is counted from the same moment.
        let event = NewAuditEvent { at: now, ..event };
        let asked_from = change("device_login.address", Value::Null, login.address);
        let changes = |rights: &_| created(id, &name, rights, tier).into_iter().chain(asked_from).collect();
        match self.store.redeem_device_login(login.id, new, event, changes).await? {
            Redeemed::Key(record) => Ok(IssuedKey { key, record: *record }),
            Redeemed::Refused => Err(NotRedeemed::Denied),
            Redeemed::Missed => Err(NotRedeemed::Ended),
        }
    }
}

fn hash_of(code: UserCode) -> TokenHash {
    TokenHash::of(&code.to_string())
}

/// The job that deletes logins after their end.
#[derive(Debug)]
pub struct DeviceLoginSweep {
    /// The database.
    pub store: Store,
    /// The clock.
    pub environment: Environment,
}

impl Job for DeviceLoginSweep {
    type Error = StoreError;
    const NAME: &'static str = "device_login_sweep";

    fn backoff(&self) -> Backoff {
        Backoff::constant(SWEEP_PERIOD)
    }

    async fn round(&mut self) -> Result<Next, StoreError> {
        let swept = self.store.sweep_device_logins(self.environment.now() - KEPT).await?;
        if swept > 0 {
            tracing::debug!(swept, "device logins that had ended were deleted");
        }
        Ok(Next::Every(SWEEP_PERIOD))
    }
}
