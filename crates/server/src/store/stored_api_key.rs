//! A key as a request is checked against it.

use integrations_core::{
    ids::{ApiKeyId, OrganizationId},
    rights::{Reach, Rights},
    tier::Tier,
};
use sea_orm::{ConnectionTrait, EntityTrait as _};
use time::OffsetDateTime;

use super::{StoreError, entity::api_key, organizations::is_in_use, transaction::Valid, users};

/// A key, with what is needed to check a request.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// The organization that owns it.
    pub organization: OrganizationId,
    /// What it may do, and in which projects. If it acts for a person: at most what that person may do.
    pub rights: Rights,
    /// How often it may be used.
    pub tier: Tier,
    /// When it stops by itself.
    pub expires_at: Option<OffsetDateTime>,
    /// When it was stopped.
    pub revoked_at: Option<OffsetDateTime>,
}

/// The ids of a list that is separated by commas.
pub(super) fn listed(ids: &str) -> impl Iterator<Item = &str> {
    ids.split(',').filter(|id| !id.is_empty())
}

/// Stands before the scopes of a key that is bound to projects or acts for a person. A program from before such keys
/// cannot read it, so it refuses the key instead of giving it rights in the whole organization.
const LIMITED: &str = "limited";

/// The scopes that a row has, as words.
pub(super) fn scopes(stored: &str) -> impl Iterator<Item = &str> {
    stored.split(',').filter(|word| *word != LIMITED)
}

/// The scopes as a row has them.
pub(super) fn written_scopes(rights: &Rights, is_personal: bool) -> String {
    let is_limited = rights.reach != Reach::Organization || is_personal;
    let limited = is_limited.then(|| LIMITED.to_owned());
    limited.into_iter().chain(rights.scopes.iter().map(ToString::to_string)).collect::<Vec<_>>().join(",")
}

/// What the key was given. A key that acts for a person may do less.
pub(super) fn given_rights(row: &api_key::Model) -> Result<Rights, StoreError> {
    let damaged = |what: &str| StoreError::Damaged(format!("api key {}: {what}", row.id));
    rights_of(&row.scopes, row.projects.as_deref()).map_err(damaged)
}

/// The rights that are stored as two texts. The error is the name of what cannot be read.
pub(super) fn rights_of(stored: &str, projects: Option<&str>) -> Result<Rights, &'static str> {
    let reach = match projects {
        None => Reach::Organization,
        Some(ids) => {
            Reach::Projects(listed(ids).map(str::parse).collect::<Result<_, _>>().map_err(|_| "projects")?)
        }
    };
    Ok(Rights {
        scopes: scopes(stored).map(str::parse).collect::<Result<_, _>>().map_err(|_| "scopes")?,
        reach,
    })
}

impl StoredApiKey {
    /// Reads a key, with the rights of the person for whom it acts. `row` is not locked before.
    pub(super) async fn read(
        on: &impl ConnectionTrait,
        row: api_key::Model,
        valid: Valid,
    ) -> Result<Self, StoreError> {
        let damaged = |what: &str| StoreError::Damaged(format!("api key {}: {what}", row.id));
        let organization = row.organization_id.parse().map_err(|_| damaged("organization"))?;
        let role = match &row.user_id {
            None => None,
            Some(user) => {
                let user = user.parse().map_err(|_| damaged("user"))?;
                // A revocation of the organization locks it first, and so does this.
                let person = if is_in_use(on, organization, valid).await? {
                    users::person(on, user, organization, valid).await?
                } else {
                    None
                };
                Some(person.map(|(_, role)| role))
            }
        };
        // Whoever changes a person locks them before their keys, so the key is locked after the person here too. For
        // whom it acts never changes, but what it may do might have.
        let row = match valid {
            Valid::Now => row,
            Valid::UntilCommit => {
                let locked = valid.read(api_key::Entity::find_by_id(&row.id)).one(on).await?;
                locked.ok_or_else(|| damaged("it is gone"))?
            }
        };
        let given = given_rights(&row)?;
        let rights = match role {
            None => given,
            Some(Some(role)) => given.and(&users::rights_of(role)),
            Some(None) => Rights { scopes: Vec::new(), ..given },
        };
        let damaged = |what: &str| StoreError::Damaged(format!("api key {}: {what}", row.id));
        Ok(Self {
            id: row.id.parse().map_err(|_| damaged("id"))?,
            organization,
            rights,
            tier: row.tier.parse().map_err(|_| damaged("tier"))?,
            expires_at: row.expires_at,
            revoked_at: row.revoked_at,
        })
    }
}
