//! People who sign in, and their roles in organizations.

use integrations_core::{
    ids::{OrganizationId, UserId},
    rights::{Reach, Rights},
    role::Role,
    words::words,
};
use sea_orm::{ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _};

use super::{
    StoreError,
    entity::{user, user_role},
    transaction::Valid,
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

/// A person with a role in an organization. `None`: they have none there, or were revoked.
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
    let role = role_of(&valid.read(roles).all(on).await?)?;
    Ok(role.map(|role| (person, role)))
}

/// What a role allows in its organization.
pub(super) fn rights_of(role: Role) -> Rights {
    Rights { scopes: role.scopes().to_vec(), reach: Reach::Organization }
}

/// The role that counts, of the rows of one person in one organization.
fn role_of(rows: &[user_role::Model]) -> Result<Option<Role>, StoreError> {
    let from = |source: RoleSource| rows.iter().find(|row| row.source == source.as_str());
    let row = from(RoleSource::Operator).or_else(|| from(RoleSource::Claim));
    let damaged = |row: &user_role::Model| StoreError::Damaged(format!("user {}: role", row.user_id));
    row.map(|row| row.role.parse().map_err(|_| damaged(row))).transpose()
}
