//! Install links. A link opens the page of one installation until the installation is finished or the link expires.

use integrations_core::{ids::InstallLinkId, principal::Principal};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, sea_query::Expr,
};
use time::OffsetDateTime;

use super::{RememberedAnswer, Store, StoreError, Tenant, entity::install_link, idempotency_keys};
use crate::token::TokenHash;

/// A link to be stored.
#[derive(Clone, Debug)]
pub struct NewInstallLink {
    /// Its id.
    pub id: InstallLinkId,
    /// The hash of its token.
    pub token: TokenHash,
    /// The project that it installs into.
    pub tenant: Tenant,
    /// The provider that it installs.
    pub provider: String,
    /// The key or person that acts for it.
    pub by: Principal,
    /// When it was created.
    pub created_at: OffsetDateTime,
    /// When it expires.
    pub expires_at: OffsetDateTime,
}

/// A stored link.
#[derive(Clone, Debug, PartialEq)]
pub struct InstallLink {
    /// Its id.
    pub id: InstallLinkId,
    /// The project that it installs into.
    pub tenant: Tenant,
    /// The provider that it installs.
    pub provider: String,
    /// The key or person that acts for it.
    pub by: Principal,
    /// When it expires.
    pub expires_at: OffsetDateTime,
    /// When an installation was finished with it.
    pub used_at: Option<OffsetDateTime>,
    /// The hash of the cookie of the browser in which it was finished.
    pub used_by: Option<TokenHash>,
}

/// The use of a link by an installation.
#[derive(Clone, Copy, Debug)]
pub struct LinkUse {
    /// The link.
    pub link: InstallLinkId,
    /// The hash of the browser's cookie.
    pub browser: TokenHash,
}

impl TryFrom<install_link::Model> for InstallLink {
    type Error = StoreError;

    fn try_from(row: install_link::Model) -> Result<Self, StoreError> {
        let damaged = |what: &str| StoreError::Damaged(format!("install link {}: {what}", row.id));
        Ok(Self {
            id: row.id.parse().map_err(|_| damaged("id"))?,
            tenant: Tenant {
                organization: row.organization_id.parse().map_err(|_| damaged("organization"))?,
                project: row.project_id.parse().map_err(|_| damaged("project"))?,
            },
            by: row.principal.parse().map_err(|_| damaged("principal"))?,
            provider: row.provider,
            expires_at: row.expires_at,
            used_at: row.used_at,
            used_by: row.used_by_browser.as_deref().and_then(TokenHash::from_bytes),
        })
    }
}

impl Store {
    /// Stores a link, with the answer to the request for it.
    pub async fn create_install_link(
        &self,
        link: NewInstallLink,
        answer: Option<RememberedAnswer>,
    ) -> Result<(), StoreError> {
        let transaction = self.begin().await?;
        idempotency_keys::remember(&transaction, answer).await?;
        let row = install_link::ActiveModel {
            id: Set(link.id.to_string()),
            token_hash: Set(link.token.to_vec()),
            organization_id: Set(link.tenant.organization.to_string()),
            project_id: Set(link.tenant.project.to_string()),
            provider: Set(link.provider),
            principal: Set(link.by.to_string()),
            created_at: Set(link.created_at),
            expires_at: Set(link.expires_at),
            used_at: Set(None),
            used_by_browser: Set(None),
        };
        install_link::Entity::insert(row).exec_without_returning(&transaction).await?;
        Ok(transaction.commit().await?)
    }

    /// The link with this token.
    pub async fn install_link(&self, token: TokenHash) -> Result<Option<InstallLink>, StoreError> {
        let query = install_link::Entity::find().filter(install_link::Column::TokenHash.eq(token.to_vec()));
        query.one(&self.reader).await?.map(TryInto::try_into).transpose()
    }

    /// Whether an installation was finished with this link.
    pub async fn is_install_link_used(&self, id: InstallLinkId) -> Result<bool, StoreError> {
        let link = install_link::Entity::find_by_id(id.to_string()).one(&self.reader).await?;
        Ok(link.is_none_or(|link| link.used_at.is_some()))
    }
}

/// Marks a link as used. `false`: it was used before.
pub(super) async fn use_up(
    on: &impl ConnectionTrait,
    used: LinkUse,
    at: OffsetDateTime,
) -> Result<bool, StoreError> {
    let used = install_link::Entity::update_many()
        .col_expr(install_link::Column::UsedAt, Expr::value(at))
        .col_expr(install_link::Column::UsedByBrowser, Expr::value(used.browser.to_vec()))
        .filter(install_link::Column::Id.eq(used.link.to_string()))
        .filter(install_link::Column::UsedAt.is_null())
        .exec(on)
        .await?;
    Ok(used.rows_affected == 1)
}
