//! Whether somebody may change what belongs to an organization, in the transaction of the change.

use integrations_core::{
    ids::{ApiKeyId, OrganizationId},
    principal::Principal,
    rights::{Excess, Reach, Rights},
    scope::RequiredScope,
    tier::Tier,
};
use sea_orm::{ColumnTrait as _, Condition, DbErr, EntityTrait as _, QueryFilter as _};
use time::OffsetDateTime;

use super::{
    Known, NewAuditEvent, StoreError,
    entity::{api_key, user},
    in_order::lock_in_order,
    organizations::is_in_use,
    permission::known,
    transaction::{Transaction, Valid},
    users,
};

/// Who changes what belongs to an organization: the actor of the event that records the change.
#[derive(Clone, Copy, Debug)]
pub(super) struct Authority {
    organization: OrganizationId,
    /// `None`: the operator, who may do everything.
    by: Option<Principal>,
    at: OffsetDateTime,
}

impl From<&NewAuditEvent> for Authority {
    fn from(event: &NewAuditEvent) -> Self {
        Self { organization: event.organization, by: event.actor.principal(), at: event.at }
    }
}

/// Why somebody may not make a change.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Forbidden {
    /// The key was revoked or has expired, the person has no role any more, or the organization was revoked.
    #[error("the rights to do this have ended")]
    Lapsed,
    /// It needs this scope.
    #[error("it needs the scope {0}")]
    Scope(RequiredScope),
    /// It concerns the whole organization, and the key is bound to projects.
    #[error("the key is bound to projects and this concerns the whole organization")]
    Bound,
    /// It would grant more than who grants it holds.
    #[error(transparent)]
    Excess(#[from] Excess),
    /// It would grant a higher tier than this one, which who grants it has.
    #[error("the tier is higher than your own, {0}")]
    Tier(Tier),
    /// It would outlast who grants it.
    #[error("it would outlast your own rights, which end at {0}")]
    Expiry(OffsetDateTime),
    /// A key that acts for a person can be replaced or widened by that person alone.
    #[error("the key acts for a person, who alone can do this")]
    Personal,
    /// It has messages sent to people without asking one, so a person must have set it.
    #[error(
        "only a signed-in person sets where people are told of what waits, on the page behind the list of approvals; \
         an API key can only end it, with null"
    )]
    SetByPeople,
}

/// Why a change of what belongs to an organization was not made.
#[derive(Debug, thiserror::Error)]
pub enum OwnedError {
    /// Who asked may not do it.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// There is no such thing in the organization, or it is out of reach for who asked.
    #[error("there is no such thing in the organization")]
    NotFound,
    /// It names a project that the organization does not have.
    #[error("there is no such project in the organization")]
    NoSuchProject,
    /// Another one has this name.
    #[error("the name is taken")]
    Taken,
    /// There are as many already as there may be.
    #[error("there are {0} already, and there may be no more")]
    TooMany(usize),
    /// It is archived or revoked, so it cannot be changed.
    #[error("it has ended")]
    Ended,
    /// The database did not do it.
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for OwnedError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Taken(_) => Self::Taken,
            error => Self::Store(error),
        }
    }
}

impl From<DbErr> for OwnedError {
    fn from(error: DbErr) -> Self {
        StoreError::from(error).into()
    }
}

/// Who was found to have the rights that a change needs. They keep them until the transaction ends.
pub(super) enum Holder {
    /// The operator.
    Operator,
    /// A key or person.
    Principal(Principal, Known),
}

impl Authority {
    /// Checks that they hold a scope. It locks in the order in which a revocation does.
    pub(super) async fn hold(&self, on: &Transaction, required: RequiredScope) -> Result<Holder, OwnedError> {
        self.hold_beside(on, required, None).await
    }

    /// The same before a change of an API key, which nobody else changes before the transaction ends.
    pub(super) async fn hold_to_change(
        &self,
        on: &Transaction,
        required: RequiredScope,
        key: ApiKeyId,
    ) -> Result<Holder, OwnedError> {
        self.hold_beside(on, required, Some(key)).await
    }

    async fn hold_beside(
        &self,
        on: &Transaction,
        required: RequiredScope,
        changed: Option<ApiKeyId>,
    ) -> Result<Holder, OwnedError> {
        let Some(by) = self.by else { return Ok(Holder::Operator) };
        if !is_in_use(on, self.organization, Valid::UntilCommit).await? {
            return Err(Forbidden::Lapsed.into());
        }
        if let Some(changed) = changed {
            // Whoever changes a person locks them before their keys.
            Valid::UntilCommit.read(user::Entity::find().filter(users::acts(by))).all(on).await?;
            // The acting key may be changed by the other at the same time, or be the same.
            let keys = Condition::all()
                .add(api_key::Column::OrganizationId.eq(self.organization.to_string()))
                .add(api_key::Column::Id.is_in([changed.to_string(), by.to_string()]));
            lock_in_order::<api_key::Entity>(on, api_key::Column::Id, keys).await?;
        }
        match known(on, by, self.organization, self.at, Valid::UntilCommit).await? {
            None => Err(Forbidden::Lapsed.into()),
            Some(who) if !who.rights.cover(required) => Err(Forbidden::Scope(required).into()),
            Some(who) => Ok(Holder::Principal(by, who)),
        }
    }
}

impl Holder {
    /// Fails for an API key.
    pub(super) fn is_no_key(&self) -> Result<(), Forbidden> {
        match self {
            Self::Principal(Principal::ApiKey(_), _) => Err(Forbidden::SetByPeople),
            Self::Principal(Principal::User(_), _) | Self::Operator => Ok(()),
        }
    }

    /// Fails for a key that is bound to projects.
    pub(super) fn in_whole_organization(&self) -> Result<(), Forbidden> {
        if self.reaches(&Reach::Organization) { Ok(()) } else { Err(Forbidden::Bound) }
    }

    /// Whether they have rights everywhere where `reach` is.
    pub(super) fn reaches(&self, reach: &Reach) -> bool {
        match self {
            Self::Operator => true,
            Self::Principal(_, who) => who.rights.reach.includes_all(reach),
        }
    }

    /// Whether they are this principal.
    pub(super) fn is(&self, principal: Principal) -> bool {
        matches!(self, Self::Principal(by, _) if *by == principal)
    }

    /// Checks that they may grant this. Returns when it must end: when it was asked to, or else when the rights of who
    /// grants it do.
    pub(super) fn may_grant(
        &self,
        rights: &Rights,
        tier: Tier,
        ends: Option<OffsetDateTime>,
    ) -> Result<Option<OffsetDateTime>, Forbidden> {
        let Self::Principal(_, who) = self else { return Ok(ends) };
        who.rights.may_grant(rights)?;
        if tier > who.tier {
            return Err(Forbidden::Tier(who.tier));
        }
        match (who.expires_at, ends) {
            (Some(own), Some(end)) if own < end => Err(Forbidden::Expiry(own)),
            (own, None) => Ok(own),
            (_, end) => Ok(end),
        }
    }
}
