//! OAuth apps: the client id and secret that a provider issued, for everybody, one organization or one project.

use std::{fmt, str::FromStr};

use integrations_core::{
    audit::Change,
    ids::{OAuthAppId, OrganizationId, ProjectId},
    lifecycle::Status,
    rights::Reach,
    scope::RequiredScope,
};
use sea_orm::{
    ColumnTrait as _, Condition, EntityTrait as _, PaginatorTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, QueryTrait as _, Select,
    sea_query::{Expr, OnConflict},
};
use serde::Serialize;
use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::{
    NewAuditEvent, OwnedError, Store, StoreError, Tenant, audit,
    authority::Authority,
    entity::{integration, oauth_app, project},
    transaction::Transaction,
};

/// Whose installations look for an app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppsOf {
    /// Those of one project.
    Project(Tenant),
    /// Those of an organization's projects that have no app of their own.
    Organization(OrganizationId),
}

impl AppsOf {
    /// The owners whose apps count, the nearest first.
    pub fn owners(self) -> Vec<AppOwner> {
        match self {
            Self::Project(Tenant { organization, project }) => {
                vec![AppOwner::Project(project), AppOwner::Organization(organization), AppOwner::All]
            }
            Self::Organization(id) => vec![AppOwner::Organization(id), AppOwner::All],
        }
    }

    /// How far an app is from counting, among those under `keys`: the nearest owner's counts, and of one owner the one
    /// under the first key.
    pub fn rank<'k>(
        self,
        app: &OAuthAppRecord,
        mut keys: impl Iterator<Item = &'k str>,
    ) -> (Option<usize>, Option<usize>) {
        let owner = self.owners().iter().position(|owner| *owner == app.owner);
        (owner, keys.position(|key| key == app.provider))
    }

    /// The nearest owner: whose app is set here.
    pub const fn nearest(self) -> AppOwner {
        match self {
            Self::Project(tenant) => AppOwner::Project(tenant.project),
            Self::Organization(id) => AppOwner::Organization(id),
        }
    }
}

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
    /// The public half.
    pub client_id: String,
    /// The secret half, sealed.
    pub sealed_secret: Vec<u8>,
    /// The scopes to ask for. `None`: those of the provider's file.
    pub scopes: Option<Vec<String>>,
    /// What it has beside, by the keys of the provider's file.
    pub fields: Map<String, Value>,
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
    /// The scopes to ask for. `None`: those of the provider's file.
    pub scopes: Option<Vec<String>>,
    /// What it has beside, by the keys of the provider's file.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub fields: Map<String, Value>,
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
        let damaged = || StoreError::Damaged(format!("oauth app {}", row.id));
        let scopes = row.scopes.as_deref().map(serde_json::from_str).transpose();
        let fields = row.fields.as_deref().map(serde_json::from_str).transpose();
        Ok(Self {
            id: row.id.parse().map_err(|_| damaged())?,
            scopes: scopes.map_err(|_| damaged())?,
            fields: fields.map_err(|_| damaged())?.unwrap_or_default(),
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
    /// Stores the app that `make` makes of the one that it replaces, which nobody else changes meanwhile. `make` is
    /// called again if another request stores the first one at the same time. What it says was changed is added to the
    /// event. `event` is `None` for an app of [`AppOwner::All`], because no organization's log would contain it.
    pub async fn set_oauth_app<E: From<OwnedError> + Send>(
        &self,
        provider: &str,
        owner: AppOwner,
        event: Option<NewAuditEvent>,
        make: impl Fn(Option<&OAuthAppRecord>) -> Result<(NewOAuthApp, Vec<Change>), E> + Send + Sync,
    ) -> Result<(), E> {
        let failed = |error: StoreError| E::from(error.into());
        let transaction = self.begin().await.map_err(failed)?;
        check(&transaction, owner, event.as_ref()).await?;
        let changes = loop {
            let before = locked(&transaction, provider, owner).await.map_err(failed)?;
            let (app, changes) = make(before.as_ref())?;
            if replace(&transaction, provider, owner, before, app).await.map_err(failed)? {
                break changes;
            }
        };
        if let Some(mut event) = event {
            event.changes.extend(changes);
            audit::record(&transaction, event).await.map_err(failed)?;
        }
        transaction.commit().await.map_err(failed)
    }

    /// Removes an app. `false`: there was none.
    pub async fn remove_oauth_app(
        &self,
        provider: &str,
        owner: AppOwner,
        event: Option<NewAuditEvent>,
    ) -> Result<bool, OwnedError> {
        let transaction = self.begin().await?;
        check(&transaction, owner, event.as_ref()).await?;
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

    /// Every app that may count for some installations, in no order.
    pub async fn all_oauth_apps_for(&self, of: AppsOf) -> Result<Vec<OAuthAppRecord>, StoreError> {
        self.of_owners(of, oauth_app::Entity::find()).await
    }

    /// The apps under some keys that may count for some installations, the one that counts first.
    pub async fn oauth_apps_for<'k>(
        &self,
        of: AppsOf,
        keys: impl Iterator<Item = &'k str>,
    ) -> Result<Vec<OAuthAppRecord>, StoreError> {
        let keys: Vec<&str> = keys.collect();
        let of_keys = oauth_app::Column::Provider.is_in(keys.iter().copied());
        let mut apps = self.of_owners(of, oauth_app::Entity::find().filter(of_keys)).await?;
        apps.sort_by_key(|app| of.rank(app, keys.iter().copied()));
        Ok(apps)
    }

    async fn of_owners(
        &self,
        of: AppsOf,
        query: Select<oauth_app::Entity>,
    ) -> Result<Vec<OAuthAppRecord>, StoreError> {
        let owners = of.owners();
        let of_owners = oauth_app::Column::Owner.is_in(owners.iter().map(ToString::to_string));
        query.filter(of_owners).all(&self.reader).await?.into_iter().map(TryInto::try_into).collect()
    }

    /// The app of a provider that belongs to this owner.
    pub async fn oauth_app_of(
        &self,
        provider: &str,
        owner: AppOwner,
    ) -> Result<Option<OAuthAppRecord>, StoreError> {
        let query = oauth_app::Entity::find()
            .filter(oauth_app::Column::Provider.eq(provider))
            .filter(oauth_app::Column::Owner.eq(owner.to_string()));
        query.one(&self.reader).await?.map(TryInto::try_into).transpose()
    }

    /// How many integrations of a provider the app of the nearest owner serves: those that are not disconnected, in the
    /// project, or in the organization's projects that have no app of their own.
    pub async fn integrations_of_app(&self, of: AppsOf, provider: &str) -> Result<u64, StoreError> {
        let with_own_app = oauth_app::Entity::find()
            .select_only()
            .column(oauth_app::Column::Owner)
            .filter(oauth_app::Column::Provider.eq(provider))
            .into_query();
        let projects = project::Entity::find()
            .select_only()
            .column(project::Column::Id)
            .filter(project::Column::RevokedAt.is_null());
        let projects = match of {
            AppsOf::Project(tenant) => projects.filter(project::Column::Id.eq(tenant.project.to_string())),
            AppsOf::Organization(id) => projects
                .filter(project::Column::OrganizationId.eq(id.to_string()))
                .filter(project::Column::Id.not_in_subquery(with_own_app)),
        };
        let is_of_provider = Condition::any()
            .add(integration::Column::Provider.eq(provider))
            .add(integration::Column::Provider.like(format!("{provider}~%")));
        let query = integration::Entity::find()
            .filter(integration::Column::ProjectId.in_subquery(projects.into_query()))
            .filter(integration::Column::Status.ne(Status::Disconnected.as_str()))
            .filter(is_of_provider);
        Ok(query.count(&self.reader).await?)
    }
}

/// Checks that the actor of the event may set the owner's apps. The operator sets those for all, which no event
/// records.
pub(super) async fn check(
    on: &Transaction,
    owner: AppOwner,
    event: Option<&NewAuditEvent>,
) -> Result<(), OwnedError> {
    let Some(event) = event else { return Ok(()) };
    let holder = Authority::from(event).hold(on, RequiredScope::OAUTH_APPS_ADMIN).await?;
    match owner {
        AppOwner::All | AppOwner::Organization(_) => Ok(holder.in_whole_organization()?),
        AppOwner::Project(id) if holder.reaches(&Reach::Projects(vec![id])) => Ok(()),
        AppOwner::Project(_) => Err(OwnedError::NotFound),
    }
}

/// The app of a provider and owner. Nobody else changes it before the transaction ends.
async fn locked(
    on: &Transaction,
    provider: &str,
    owner: AppOwner,
) -> Result<Option<OAuthAppRecord>, StoreError> {
    let query = oauth_app::Entity::find()
        .filter(oauth_app::Column::Provider.eq(provider))
        .filter(oauth_app::Column::Owner.eq(owner.to_string()));
    query.lock_exclusive().one(on).await?.map(TryInto::try_into).transpose()
}

/// Stores an app in place of the one before. `false`: there was none, and now another request has stored one.
async fn replace(
    on: &Transaction,
    provider: &str,
    owner: AppOwner,
    before: Option<OAuthAppRecord>,
    app: NewOAuthApp,
) -> Result<bool, StoreError> {
    use oauth_app::Column;

    let scopes = app.scopes.map(|scopes| serde_json::to_string(&scopes)).transpose();
    let scopes = scopes.map_err(|error| StoreError::Damaged(error.to_string()))?;
    let fields = Some(app.fields).filter(|fields| !fields.is_empty());
    let fields = fields.map(|fields| Value::Object(fields).to_string());
    if let Some(before) = before {
        let replaced = oauth_app::Entity::update_many()
            .col_expr(Column::Id, Expr::value(app.id.to_string()))
            .col_expr(Column::ClientId, Expr::value(app.client_id))
            .col_expr(Column::SealedSecret, Expr::value(app.sealed_secret))
            .col_expr(Column::Scopes, Expr::value(scopes))
            .col_expr(Column::Fields, Expr::value(fields))
            .col_expr(Column::UpdatedAt, Expr::value(app.at))
            .filter(Column::Id.eq(before.id.to_string()))
            .exec(on)
            .await?;
        return Ok(replaced.rows_affected == 1);
    }
    let row = oauth_app::Model {
        id: app.id.to_string(),
        provider: provider.to_owned(),
        owner: owner.to_string(),
        client_id: app.client_id,
        sealed_secret: app.sealed_secret,
        created_at: app.at,
        updated_at: app.at,
        scopes,
        fields,
    };
    let unless_there = OnConflict::columns([Column::Provider, Column::Owner]).do_nothing().to_owned();
    let stored = oauth_app::Entity::insert(oauth_app::ActiveModel::from(row))
        .on_conflict(unless_there)
        .exec_without_returning(on)
        .await?;
    Ok(stored == 1)
}
