//! OAuth apps: the client id and secret that a provider issued, for everybody, one organization or one project.

use std::{fmt, str::FromStr};

use integrations_core::ids::{OAuthAppId, OrganizationId, ProjectId};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    sea_query::OnConflict,
};
use serde::Serialize;
use time::OffsetDateTime;

use super::{NewAuditEvent, Store, StoreError, Tenant, audit, entity::oauth_app};

/// Whose integrations an app is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AppOwner {
    /// Those of every project.
    All,
    /// Those of one organization's projects.
    Organization(OrganizationId),
    /// Those of one project.
    Project(ProjectId),
}

impl fmt::Display for AppOwner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("*"),
            Self::Organization(id) => id.fmt(f),
            Self::Project(id) => id.fmt(f),
        }
    }
}

impl FromStr for AppOwner {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        let organization = || text.parse().map(Self::Organization);
        match text {
            "*" => Ok(Self::All),
            _ => text
                .parse()
                .map(Self::Project)
                .or_else(|_| organization())
                .map_err(|_| StoreError::Damaged(format!("oauth app owner {text}"))),
        }
    }
}

impl Serialize for AppOwner {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// An app to be stored. Its secret is sealed for [`NewOAuthApp::id`].
#[derive(Clone, Debug)]
pub struct NewOAuthApp {
    /// Its id.
    pub id: OAuthAppId,
    /// The provider's key.
    pub provider: String,
    /// Whose integrations it is for.
    pub owner: AppOwner,
    /// The public half.
    pub client_id: String,
    /// The secret half, sealed.
    pub sealed_secret: Vec<u8>,
    /// When it was set.
    pub at: OffsetDateTime,
}

/// A stored app.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OAuthAppRecord {
    /// `app_…`
    pub id: OAuthAppId,
    /// The provider's key.
    pub provider: String,
    /// `*` for all, or an organization's or a project's id.
    pub owner: AppOwner,
    /// The public half.
    pub client_id: String,
    /// The secret half, sealed.
    #[serde(skip)]
    pub sealed_secret: Vec<u8>,
    /// When it was first set.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// When it was last set.
    #[serde(with = "time::serde::rfc3339")]
    pub updated_at: OffsetDateTime,
}

impl TryFrom<oauth_app::Model> for OAuthAppRecord {
    type Error = StoreError;

    fn try_from(row: oauth_app::Model) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id.parse().map_err(|_| StoreError::Damaged(format!("oauth app {}", row.id)))?,
            owner: row.owner.parse()?,
            provider: row.provider,
            client_id: row.client_id,
            sealed_secret: row.sealed_secret,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

impl Store {
    /// Stores an app, and replaces an earlier one of the same provider and owner. `event` is `None` for an app of
    /// [`AppOwner::All`], because no organization's log would contain it.
    pub async fn set_oauth_app(
        &self,
        app: NewOAuthApp,
        event: Option<NewAuditEvent>,
    ) -> Result<(), StoreError> {
        use oauth_app::Column;

        let row = oauth_app::Model {
            id: app.id.to_string(),
            provider: app.provider,
            owner: app.owner.to_string(),
            client_id: app.client_id,
            sealed_secret: app.sealed_secret,
            created_at: app.at,
            updated_at: app.at,
        };
        let transaction = self.begin().await?;
        let replace = OnConflict::columns([Column::Provider, Column::Owner])
            .update_columns([Column::Id, Column::ClientId, Column::SealedSecret, Column::UpdatedAt])
            .to_owned();
        oauth_app::Entity::insert(oauth_app::ActiveModel::from(row))
            .on_conflict(replace)
            .exec_without_returning(&transaction)
            .await?;
        if let Some(event) = event {
            audit::record(&transaction, event).await?;
        }
        Ok(transaction.commit().await?)
    }

    /// Removes an app. `false`: there was none.
    pub async fn remove_oauth_app(
        &self,
        provider: &str,
        owner: AppOwner,
        event: Option<NewAuditEvent>,
    ) -> Result<bool, StoreError> {
        let transaction = self.begin().await?;
        let removed = oauth_app::Entity::delete_many()
            .filter(oauth_app::Column::Provider.eq(provider))
            .filter(oauth_app::Column::Owner.eq(owner.to_string()))
            .exec(&transaction)
            .await?;
        if removed.rows_affected == 0 {
            return Ok(false);
        }
        if let Some(event) = event {
            audit::record(&transaction, event).await?;
        }
        transaction.commit().await?;
        Ok(true)
    }

    /// Every app, by provider and owner.
    pub async fn oauth_apps(&self) -> Result<Vec<OAuthAppRecord>, StoreError> {
        let query = oauth_app::Entity::find()
            .order_by_asc(oauth_app::Column::Provider)
            .order_by_asc(oauth_app::Column::Owner);
        query.all(&self.reader).await?.into_iter().map(TryInto::try_into).collect()
    }

    /// The provider and owner of every app.
    pub async fn oauth_app_owners(&self) -> Result<Vec<(String, AppOwner)>, StoreError> {
        let rows: Vec<(String, String)> = oauth_app::Entity::find()
            .select_only()
            .columns([oauth_app::Column::Provider, oauth_app::Column::Owner])
            .into_tuple()
            .all(&self.reader)
            .await?;
        rows.into_iter().map(|(provider, owner)| Ok((provider, owner.parse()?))).collect()
    }

    /// The app that a tenant's installation of a provider uses: the project's, else the organization's, else the
    /// one for all.
    pub async fn oauth_app_for(
        &self,
        tenant: &Tenant,
        provider: &str,
    ) -> Result<Option<OAuthAppRecord>, StoreError> {
        let owners =
            [AppOwner::Project(tenant.project), AppOwner::Organization(tenant.organization), AppOwner::All];
        let rows = oauth_app::Entity::find()
            .filter(oauth_app::Column::Provider.eq(provider))
            .filter(oauth_app::Column::Owner.is_in(owners.map(|owner| owner.to_string())))
            .all(&self.reader)
            .await?;
        let nearest = |row: &oauth_app::Model| owners.iter().position(|owner| owner.to_string() == row.owner);
        rows.into_iter().min_by_key(nearest).map(TryInto::try_into).transpose()
    }
}
