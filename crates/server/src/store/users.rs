//! People who sign in, and their roles in organizations.

use std::collections::{BTreeMap, BTreeSet};

use integrations_core::{
    ids::{OrganizationId, UserId},
    principal::Principal,
    rights::{Reach, Rights},
    role::Role,
    words::words,
};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, QueryTrait as _,
    sea_query::{Expr, ExprTrait as _},
};
use serde::Serialize;
use time::OffsetDateTime;

use super::{
    Store, StoreError,
    entity::{api_key, organization, user, user_role},
    in_order::locked_in_order,
    transaction::{Transaction, Valid},
    watch,
};

words! {
    /// Where a role comes from.
    pub enum RoleSource {
        /// A claim of the person's last sign-in.
        Claim = "claim",
        /// The operator's command. It counts more than a claim.
        Operator = "operator",
    }
}

/// A person with a role in an organization, which must be in use. `None`: they have none there, or were revoked.
pub(super) async fn person(
    on: &impl ConnectionTrait,
    id: UserId,
    organization: OrganizationId,
    valid: Valid,
) -> Result<Option<(user::Model, Role)>, StoreError> {
    let person = user::Entity::find_by_id(id.to_string()).filter(user::Column::RevokedAt.is_null());
    let Some(person) = valid.read(person).one(on).await? else { return Ok(None) };
    let roles = user_role::Entity::find()
        .filter(user_role::Column::UserId.eq(id.to_string()))
        .filter(user_role::Column::OrganizationId.eq(organization.to_string()));
    let role = role_of(valid.read(roles).all(on).await?.iter())?;
    Ok(role.map(|role| (person, role)))
}

/// The person that a principal is or acts for, if there is one.
pub(super) fn acts(principal: Principal) -> Expr {
    match principal {
        Principal::User(id) => user::Column::Id.eq(id.to_string()),
        Principal::ApiKey(id) => {
            let key = api_key::Entity::find_by_id(id.to_string()).select_only();
            user::Column::Id.in_subquery(key.column(api_key::Column::UserId).into_query())
        }
    }
}

/// What a role allows in its organization.
pub(super) fn rights_of(role: Role) -> Rights {
    Rights { scopes: role.scopes().to_vec(), reach: Reach::Organization }
}

/// The role that counts, of the rows of one person in one organization.
fn role_of<'a>(rows: impl Iterator<Item = &'a user_role::Model> + Clone) -> Result<Option<Role>, StoreError> {
    let from = |source: RoleSource| rows.clone().find(|row| row.source == source.as_str());
    let row = from(RoleSource::Operator).or_else(|| from(RoleSource::Claim));
    let damaged = |row: &user_role::Model| StoreError::Damaged(format!("user {}: role", row.user_id));
    row.map(|row| row.role.parse().map_err(|_| damaged(row))).transpose()
}

/// A person, as the operator sees them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PersonRecord {
    /// `usr_…`
    pub id: String,
    /// The provider that they sign in with.
    pub issuer: String,
    /// Their id there. The pair of both is the person.
    pub subject: String,
    /// Their name, as the provider told it last.
    pub name: Option<String>,
    /// Their e-mail address, as the provider told it last. It says nothing about who they are.
    pub email: Option<String>,
    /// Their roles.
    pub roles: Vec<RoleRecord>,
    /// When they were first known.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// When they last signed in.
    #[serde(with = "time::serde::rfc3339::option")]
    pub signed_in_at: Option<OffsetDateTime>,
    /// When they were revoked.
    #[serde(with = "time::serde::rfc3339::option")]
    pub revoked_at: Option<OffsetDateTime>,
}

/// A role in an organization.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RoleRecord {
    /// `org_…`
    pub organization_id: String,
    /// `viewer`, `operator`, `approver` or `admin`.
    pub role: String,
    /// `operator`, which counts more, or `claim`.
    pub source: String,
}

impl PersonRecord {
    fn new(row: user::Model, roles: &[user_role::Model]) -> Self {
        let own = roles.iter().filter(|role| role.user_id == row.id);
        let roles = own.map(|role| RoleRecord {
            organization_id: role.organization_id.clone(),
            role: role.role.clone(),
            source: role.source.clone(),
        });
        Self {
            roles: roles.collect(),
            id: row.id,
            issuer: row.issuer,
            subject: row.subject,
            name: row.name,
            email: row.email,
            created_at: row.created_at,
            signed_in_at: row.signed_in_at,
            revoked_at: row.revoked_at,
        }
    }
}

/// A role that a person holds, with what it is called there.
#[derive(Clone, Debug, PartialEq)]
pub struct Membership {
    /// Where.
    pub organization: OrganizationId,
    /// The organization's name.
    pub name: String,
    /// What they may do there.
    pub role: Role,
}

/// The role that counts in one organization, of all rows of one person.
pub(super) fn role_in(
    rows: &[user_role::Model],
    organization: OrganizationId,
) -> Result<Option<Role>, StoreError> {
    let organization = organization.to_string();
    role_of(rows.iter().filter(|row| row.organization_id == organization))
}

/// The roles that count of one person, by organization.
fn counting(rows: &[user_role::Model]) -> Result<BTreeMap<String, Role>, StoreError> {
    let mut roles = BTreeMap::new();
    for row in rows {
        let id = row.organization_id.parse();
        let id = id.map_err(|_| StoreError::Damaged(format!("user {}: organization", row.user_id)))?;
        if let Some(role) = role_in(rows, id)? {
            roles.insert(row.organization_id.clone(), role);
        }
    }
    Ok(roles)
}

/// All roles of one person, from both sources.
pub(super) async fn roles_of(
    on: &impl ConnectionTrait,
    id: &str,
) -> Result<Vec<user_role::Model>, StoreError> {
    Ok(user_role::Entity::find().filter(user_role::Column::UserId.eq(id)).all(on).await?)
}

/// The organizations in which a person has a role, those that were revoked left out, in the order of their names.
pub(super) async fn memberships(on: &impl ConnectionTrait, id: &str) -> Result<Vec<Membership>, StoreError> {
    let roles = counting(&roles_of(on, id).await?)?;
    let organizations = organization::Entity::find()
        .filter(organization::Column::Id.is_in(roles.keys()))
        .filter(organization::Column::RevokedAt.is_null())
        .order_by_asc(organization::Column::Name)
        .order_by_asc(organization::Column::Id)
        .all(on)
        .await?;
    let damaged = |id: &str| StoreError::Damaged(format!("organization {id}: id"));
    let found = organizations.into_iter().filter_map(|row| {
        let role = *roles.get(&row.id)?;
        let organization = row.id.parse().map_err(|_| damaged(&row.id));
        Some(organization.map(|organization| Membership { organization, name: row.name, role }))
    });
    found.collect()
}

/// Says that what the keys of a person may do has changed, so that no replica goes on with what it remembers.
pub(super) async fn note_changed_keys(
    on: &Transaction,
    user: &str,
    at: OffsetDateTime,
) -> Result<(), StoreError> {
    let changed = api_key::Entity::update_many()
        .col_expr(api_key::Column::ChangedAt, Expr::value(at))
        .filter(locked_in_order::<api_key::Entity>(
            api_key::Column::Id,
            api_key::Column::UserId.eq(user).and(api_key::Column::RevokedAt.is_null()),
        ))
        .exec(on)
        .await?;
    if changed.rows_affected > 0 {
        watch::notify_keys_changed(on).await?;
    }
    Ok(())
}

impl Store {
    /// The people of one organization, or all, in the order in which they came.
    pub async fn people(&self, of: Option<OrganizationId>) -> Result<Vec<PersonRecord>, StoreError> {
        let roles = user_role::Entity::find().order_by_asc(user_role::Column::OrganizationId);
        let roles = roles.all(&self.reader).await?;
        let rows = user::Entity::find().order_by_asc(user::Column::Id).all(&self.reader).await?;
        let people = rows.into_iter().map(|row| PersonRecord::new(row, &roles));
        let is_of = |person: &PersonRecord| {
            of.is_none_or(|of| person.roles.iter().any(|role| role.organization_id == of.to_string()))
        };
        Ok(people.filter(is_of).collect())
    }

    /// What to call each of these people: their name, or else their e-mail address. Those who have neither are left
    /// out.
    pub async fn names_of_people(
        &self,
        people: &BTreeSet<UserId>,
    ) -> Result<BTreeMap<UserId, String>, StoreError> {
        let rows =
            user::Entity::find().filter(user::Column::Id.is_in(people.iter().map(ToString::to_string)));
        let rows = rows.all(&self.reader).await?;
        let named = rows.into_iter().filter_map(|row| Some((row.id.parse().ok()?, row.name.or(row.email)?)));
        Ok(named.collect())
    }

    /// A person, by their id here or by the provider's name and their id there.
    pub async fn person(&self, who: &PersonRef) -> Result<Option<PersonRecord>, StoreError> {
        let Some(row) = user::Entity::find().filter(who.condition()).one(&self.reader).await? else {
            return Ok(None);
        };
        let roles = roles_of(&self.reader, &row.id).await?;
        Ok(Some(PersonRecord::new(row, &roles)))
    }

    /// The organizations in which a person has a role.
    pub async fn memberships(&self, user: UserId) -> Result<Vec<Membership>, StoreError> {
        memberships(&self.reader, &user.to_string()).await
    }
}

/// How a person is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PersonRef {
    /// By their id here.
    Id(UserId),
    /// By the provider's name and their id there.
    Subject {
        /// The provider.
        issuer: String,
        /// Their id there.
        subject: String,
    },
}

impl PersonRef {
    pub(super) fn condition(&self) -> Condition {
        match self {
            Self::Id(id) => Condition::all().add(user::Column::Id.eq(id.to_string())),
            Self::Subject { issuer, subject } => {
                Condition::all().add(user::Column::Issuer.eq(issuer)).add(user::Column::Subject.eq(subject))
            }
        }
    }
}
