//! Changes of people and their roles: at a sign-in, and by whoever may give roles.

use std::collections::BTreeMap;

use integrations_core::{
    audit::{AuditAction, Change, change},
    ids::{OrganizationId, UserId},
    principal::Principal,
    role::Role,
    scope::RequiredScope,
    tier::Tier,
};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, Condition, EntityTrait as _, IntoActiveModel as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _, sea_query::Expr,
};
use time::OffsetDateTime;

use super::{
    Membership, NewAuditEvent, OwnedError, PersonRef, RoleSource, Store, StoreError, audit,
    authority::{Authority, Holder},
    dashboard_sessions::end_sessions,
    entity::{api_key, dashboard_session, organization, pending_install, user, user_role},
    in_order::locked_in_order,
    pending_installs,
    transaction::Transaction,
    users::{acts, memberships, note_changed_keys, rights_of, role_in, roles_of},
    watch,
};

/// A person who signs in, as their provider describes them.
#[derive(Clone, Debug)]
pub struct Arrival<'a> {
    /// The id that they get if they were never here.
    pub new_id: UserId,
    /// The provider.
    pub issuer: &'a str,
    /// Their id there.
    pub subject: &'a str,
    /// Their name.
    pub name: Option<String>,
    /// Their e-mail address.
    pub email: Option<String>,
    /// The roles that their groups give. They replace those of the sign-in before.
    pub roles: &'a BTreeMap<OrganizationId, Role>,
    /// When.
    pub at: OffsetDateTime,
}

/// A person who has signed in.
#[derive(Clone, Debug)]
pub enum Arrived {
    /// They have these roles, which may be none.
    Person(UserId, Vec<Membership>),
    /// They were revoked. Nothing was changed.
    Revoked(UserId),
}

/// A role that was set or taken away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoleChange {
    /// Whose.
    pub user: UserId,
    /// What counted before.
    pub before: Option<Role>,
}

/// Makes the event of a change in an organization.
pub type EventOf<'a> = &'a (dyn Fn(OrganizationId, AuditAction, Vec<Change>) -> NewAuditEvent + Sync);

/// The scope that a change of a role needs. Who may approve is decided by those alone who hold `approvals:admin`.
fn required(before: Option<Role>, after: Option<Role>) -> RequiredScope {
    let concerns_approvals = before.max(after).is_some_and(|role| role >= Role::Approver);
    if concerns_approvals { RequiredScope::APPROVALS_ADMIN } else { RequiredScope::KEYS_ADMIN }
}

/// Checks that somebody may change a role: nobody gives or takes away more than they hold.
fn check_grant(holder: &Holder, before: Option<Role>, after: Option<Role>) -> Result<(), OwnedError> {
    holder.in_whole_organization()?;
    for role in [before, after].into_iter().flatten() {
        // A person's tier is not theirs to give.
        holder.may_grant(&rights_of(role), Tier::Starter, None)?;
    }
    Ok(())
}

fn change_of(user: &str, before: Option<Role>, after: Option<Role>) -> Vec<Change> {
    let word = |role: Option<Role>| role.map(Role::as_str);
    change(format!("{user}.role"), word(before), word(after)).into_iter().collect()
}

fn row(
    user: &str,
    organization: OrganizationId,
    source: RoleSource,
    role: Role,
    at: OffsetDateTime,
) -> user_role::Model {
    user_role::Model {
        user_id: user.to_owned(),
        organization_id: organization.to_string(),
        source: source.as_str().to_owned(),
        role: role.as_str().to_owned(),
        set_at: at,
    }
}

/// The person, who is not changed by others before the transaction ends. New ones are stored.
async fn find_or_create(
    on: &Transaction,
    who: &PersonRef,
    new_id: UserId,
    at: OffsetDateTime,
) -> Result<Option<user::Model>, StoreError> {
    if let Some(found) = user::Entity::find().filter(who.condition()).lock_exclusive().one(on).await? {
        return Ok(Some(found));
    }
    let PersonRef::Subject { issuer, subject } = who else { return Ok(None) };
    let row = user::Model {
        id: new_id.to_string(),
        issuer: issuer.clone(),
        subject: subject.clone(),
        name: None,
        email: None,
        created_at: at,
        signed_in_at: None,
        revoked_at: None,
    };
    user::Entity::insert(row.clone().into_active_model()).exec_without_returning(on).await?;
    Ok(Some(row))
}

/// Locks a person and whoever changes them, if that is a person or acts for one, in the order of their ids. Two admins
/// who change each other would else each wait for the other.
async fn lock_with_who_acts(
    on: &Transaction,
    who: &PersonRef,
    by: Option<Principal>,
) -> Result<(), StoreError> {
    let both = Condition::any().add_option(by.map(acts)).add(who.condition());
    let both = user::Entity::find().filter(both).order_by_asc(user::Column::Id);
    both.lock_exclusive().all(on).await?;
    Ok(())
}

fn id_of(row: &user::Model) -> Result<UserId, StoreError> {
    row.id.parse().map_err(|_| StoreError::Damaged(format!("user {}: id", row.id)))
}

impl Store {
    /// Stores that a person signs in, with the roles that their groups give, and records what changes of those.
    pub async fn arrive(&self, arrival: Arrival<'_>, event: EventOf<'_>) -> Result<Arrived, StoreError> {
        match self.try_to_arrive(&arrival, event).await {
            // Another sign-in of the same person was first. Now they are known.
            Err(StoreError::Taken(_)) => self.try_to_arrive(&arrival, event).await,
            arrived => arrived,
        }
    }

    async fn try_to_arrive(&self, arrival: &Arrival<'_>, event: EventOf<'_>) -> Result<Arrived, StoreError> {
        let transaction = self.begin().await?;
        let who =
            PersonRef::Subject { issuer: arrival.issuer.to_owned(), subject: arrival.subject.to_owned() };
        let found = find_or_create(&transaction, &who, arrival.new_id, arrival.at).await?;
        let damaged = || StoreError::Damaged("a person who was stored is gone".to_owned());
        let mut person = found.ok_or_else(damaged)?;
        let id = id_of(&person)?;
        if person.revoked_at.is_some() {
            return Ok(Arrived::Revoked(id));
        }
        person.name = arrival.name.clone();
        person.email = arrival.email.clone();
        person.signed_in_at = Some(arrival.at);
        user::Entity::update(person.clone().into_active_model().reset_all()).exec(&transaction).await?;
        replace_claimed(&transaction, &person.id, arrival, event).await?;
        let memberships = memberships(&transaction, &person.id).await?;
        transaction.commit().await?;
        Ok(Arrived::Person(id, memberships))
    }

    /// Sets the role of a person in the event's organization, or takes it away, whatever the source of the one before.
    /// A person who never signed in is stored, if their provider is named. The event gets its changes here.
    pub async fn set_role(
        &self,
        who: &PersonRef,
        new_id: UserId,
        role: Option<Role>,
        event: NewAuditEvent,
    ) -> Result<RoleChange, OwnedError> {
        match self.try_to_set_role(who, new_id, role, event.clone()).await {
            // The person's first sign-in was first. Now they are known.
            Err(OwnedError::Taken) => self.try_to_set_role(who, new_id, role, event).await,
            set => set,
        }
    }

    async fn try_to_set_role(
        &self,
        who: &PersonRef,
        new_id: UserId,
        role: Option<Role>,
        mut event: NewAuditEvent,
    ) -> Result<RoleChange, OwnedError> {
        let transaction = self.begin().await?;
        let organization = event.organization;
        lock_with_who_acts(&transaction, who, event.actor.principal()).await?;
        let person = match role {
            Some(_) => find_or_create(&transaction, who, new_id, event.at).await?,
            None => user::Entity::find().filter(who.condition()).lock_exclusive().one(&transaction).await?,
        };
        let person = person.ok_or(OwnedError::NotFound)?;
        if person.revoked_at.is_some() {
            return Err(OwnedError::Ended);
        }
        let user = id_of(&person)?;
        let rows = roles_of(&transaction, &person.id).await?;
        let before = role_in(&rows, organization)?;
        let holder = Authority::from(&event).hold(&transaction, required(before, role)).await?;
        check_grant(&holder, before, role)?;
        user_role::Entity::delete_many()
            .filter(user_role::Column::UserId.eq(&person.id))
            .filter(user_role::Column::OrganizationId.eq(organization.to_string()))
            .filter(match role {
                Some(_) => user_role::Column::Source.eq(RoleSource::Operator.as_str()),
                None => user_role::Column::Source.is_not_null(),
            })
            .exec(&transaction)
            .await?;
        if let Some(role) = role {
            let row = row(&person.id, organization, RoleSource::Operator, role, event.at);
            user_role::Entity::insert(row.into_active_model()).exec_without_returning(&transaction).await?;
        }
        if before != role {
            note_changed_keys(&transaction, &person.id, event.at).await?;
            event.changes = change_of(&person.id, before, role);
            audit::record(&transaction, event).await?;
        }
        transaction.commit().await?;
        Ok(RoleChange { user, before })
    }

    /// Revokes a person: their sessions end, and so do the keys that act for them. It is recorded in each organization
    /// in which they have a role or a key. `false`: they were revoked before, and nothing is done.
    pub async fn revoke_person(
        &self,
        id: UserId,
        at: OffsetDateTime,
        event: EventOf<'_>,
    ) -> Result<bool, StoreError> {
        let user = id.to_string();
        let transaction = self.begin().await?;
        let revoked = user::Entity::update_many()
            .col_expr(user::Column::RevokedAt, Expr::value(at))
            .filter(user::Column::Id.eq(&user))
            .filter(user::Column::RevokedAt.is_null())
            .exec(&transaction)
            .await?;
        if revoked.rows_affected == 0 {
            return Ok(false);
        }
        let keys = api_key::Entity::find()
            .filter(api_key::Column::UserId.eq(&user))
            .filter(api_key::Column::RevokedAt.is_null())
            .all(&transaction)
            .await?;
        api_key::Entity::update_many()
            .col_expr(api_key::Column::RevokedAt, Expr::value(at))
            .filter(locked_in_order::<api_key::Entity>(
                api_key::Column::Id,
                api_key::Column::Id.is_in(keys.iter().map(|key| &key.id)),
            ))
            .exec(&transaction)
            .await?;
        let acting = keys.iter().map(|key| &key.id).chain([&user]);
        pending_installs::erase_unconfirmed(&transaction, pending_install::Column::Principal.is_in(acting))
            .await?;
        end_sessions(&transaction, dashboard_session::Column::Principal.eq(&user)).await?;
        let roles = roles_of(&transaction, &user).await?;
        let mut organizations: Vec<&String> = roles
            .iter()
            .map(|role| &role.organization_id)
            .chain(keys.iter().map(|key| &key.organization_id))
            .collect();
        organizations.sort();
        organizations.dedup();
        for organization in organizations {
            let damaged = |_| StoreError::Damaged(format!("user {user}: organization"));
            let organization: OrganizationId = organization.parse().map_err(damaged)?;
            let own = keys.iter().filter(|key| key.organization_id == organization.to_string());
            let mut changes: Vec<Change> =
                change("user_id", user.clone(), None::<String>).into_iter().collect();
            changes.extend(own.filter_map(|key| change("key_id", key.id.clone(), None::<String>)));
            audit::record(&transaction, event(organization, AuditAction::UserRevoked, changes)).await?;
        }
        watch::notify_keys_changed(&transaction).await?;
        transaction.commit().await?;
        Ok(true)
    }
}

/// Replaces the roles that came from the claim before by those that it gives now, and records what changes of what
/// counts. An organization that does not exist, or was revoked, gives no role.
async fn replace_claimed(
    on: &Transaction,
    user: &str,
    arrival: &Arrival<'_>,
    event: EventOf<'_>,
) -> Result<(), StoreError> {
    let before = roles_of(on, user).await?;
    let existing: Vec<organization::Model> = organization::Entity::find()
        .filter(organization::Column::Id.is_in(arrival.roles.keys().map(ToString::to_string)))
        .filter(organization::Column::RevokedAt.is_null())
        .all(on)
        .await?;
    user_role::Entity::delete_many()
        .filter(user_role::Column::UserId.eq(user))
        .filter(user_role::Column::Source.eq(RoleSource::Claim.as_str()))
        .exec(on)
        .await?;
    let claimed = arrival
        .roles
        .iter()
        .filter(|(organization, _)| existing.iter().any(|row| row.id == organization.to_string()))
        .map(|(organization, role)| {
            row(user, *organization, RoleSource::Claim, *role, arrival.at).into_active_model()
        });
    let claimed: Vec<_> = claimed.collect();
    if !claimed.is_empty() {
        user_role::Entity::insert_many(claimed).exec_without_returning(on).await?;
    }
    if existing.len() < arrival.roles.len() {
        tracing::warn!(
            "a group gives a role in an organization that does not exist or was revoked: it gives none"
        );
    }
    let after = roles_of(on, user).await?;
    let mut organizations: Vec<&String> =
        before.iter().chain(&after).map(|row| &row.organization_id).collect();
    organizations.sort();
    organizations.dedup();
    let mut is_changed = false;
    for organization in organizations {
        let damaged = |_| StoreError::Damaged(format!("user {user}: organization"));
        let organization: OrganizationId = organization.parse().map_err(damaged)?;
        let (was, is) = (role_in(&before, organization)?, role_in(&after, organization)?);
        if was != is {
            is_changed = true;
            let action = if is.is_some() { AuditAction::UserRoleSet } else { AuditAction::UserRoleRemoved };
            audit::record(on, event(organization, action, change_of(user, was, is))).await?;
        }
    }
    if is_changed {
        note_changed_keys(on, user, arrival.at).await?;
    }
    Ok(())
}
