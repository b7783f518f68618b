//! Installations in progress. Their state is stored between two steps, so that any replica can take the next step.

use integrations_core::{
    ids::{InstallLinkId, PendingInstallId, ProjectId},
    principal::Principal,
    words::words,
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _,
    sea_query::{Expr, ExprTrait as _},
};
use time::{Duration, OffsetDateTime};

use super::{
    Store, StoreError, Tenant,
    entity::{install_link, pending_install},
    in_order::locked_in_order,
};
use crate::token::TokenHash;

/// How long expired rows are kept, so that a person who comes too late gets the right message.
const KEPT_FOR: Duration = Duration::days(1);
/// In place of what was sealed, when it is needed no more.
const ERASED: Vec<u8> = Vec::new();

words! {
    /// The step that an installation is at.
    pub enum PendingStatus {
        /// The browser is at the provider. The redirect back must present the `state`.
        Started = "started",
        /// The step's secret is used, and a replica works on the step.
        Redeemed = "redeemed",
        /// The provider granted access, and a person must answer a question: which of several is meant, or whether
        /// another account than before is.
        Unconfirmed = "unconfirmed",
        /// It has ended: connected, abandoned or failed.
        Finished = "finished",
    }
}

/// An installation in progress.
#[derive(Clone, Debug, PartialEq)]
pub struct PendingInstall {
    /// Its id.
    pub id: PendingInstallId,
    /// The step that it is at.
    pub status: PendingStatus,
    /// The hash of what the next step must present.
    pub secret: TokenHash,
    /// The hash of the cookie of the browser that started it.
    pub browser: TokenHash,
    /// The project that it installs into.
    pub tenant: Tenant,
    /// The provider that it installs.
    pub provider: String,
    /// The key or person that acts for it.
    pub by: Principal,
    /// The install link that it uses.
    pub link: Option<InstallLinkId>,
    /// What the next step needs, sealed.
    pub sealed: Vec<u8>,
    /// When it was started.
    pub created_at: OffsetDateTime,
    /// The latest time for the next step.
    pub expires_at: OffsetDateTime,
}

impl From<PendingInstall> for pending_install::ActiveModel {
    fn from(install: PendingInstall) -> Self {
        Self {
            id: Set(install.id.to_string()),
            status: Set(install.status.as_str().to_owned()),
            secret_hash: Set(install.secret.to_vec()),
            browser_hash: Set(install.browser.to_vec()),
            organization_id: Set(install.tenant.organization.to_string()),
            project_id: Set(install.tenant.project.to_string()),
            provider: Set(install.provider),
            principal: Set(install.by.to_string()),
            link_id: Set(install.link.map(|id| id.to_string())),
            sealed: Set(install.sealed),
            created_at: Set(install.created_at),
            expires_at: Set(install.expires_at),
        }
    }
}

impl TryFrom<pending_install::Model> for PendingInstall {
    type Error = StoreError;

    fn try_from(row: pending_install::Model) -> Result<Self, StoreError> {
        let damaged = |what: &str| StoreError::Damaged(format!("pending install {}: {what}", row.id));
        let hash = |bytes: &[u8]| TokenHash::from_bytes(bytes).ok_or_else(|| damaged("hash"));
        Ok(Self {
            id: row.id.parse().map_err(|_| damaged("id"))?,
            status: row.status.parse().map_err(|_| damaged("status"))?,
            secret: hash(&row.secret_hash)?,
            browser: hash(&row.browser_hash)?,
            tenant: Tenant {
                organization: row.organization_id.parse().map_err(|_| damaged("organization"))?,
                project: row.project_id.parse().map_err(|_| damaged("project"))?,
            },
            by: row.principal.parse().map_err(|_| damaged("principal"))?,
            link: row.link_id.as_deref().map(str::parse).transpose().map_err(|_| damaged("link"))?,
            provider: row.provider,
            sealed: row.sealed,
            created_at: row.created_at,
            expires_at: row.expires_at,
        })
    }
}

impl Store {
    /// The installation whose next step presents this secret.
    pub async fn pending_install(&self, secret: TokenHash) -> Result<Option<PendingInstall>, StoreError> {
        let query =
            pending_install::Entity::find().filter(pending_install::Column::SecretHash.eq(secret.to_vec()));
        query.one(&self.reader).await?.map(TryInto::try_into).transpose()
    }

    /// An installation in progress, by its id.
    pub async fn pending_install_by_id(
        &self,
        id: PendingInstallId,
    ) -> Result<Option<PendingInstall>, StoreError> {
        let query = pending_install::Entity::find_by_id(id.to_string());
        query.one(&self.reader).await?.map(TryInto::try_into).transpose()
    }

    /// Uses up the secret of an installation that waits for its next step, and erases what was sealed for this step,
    /// which must end before `until`. `false`: another request has already taken this step.
    pub async fn take_pending_install(
        &self,
        id: PendingInstallId,
        from: PendingStatus,
        until: OffsetDateTime,
    ) -> Result<bool, StoreError> {
        let taken = pending_install::Entity::update_many()
            .col_expr(pending_install::Column::Status, Expr::value(PendingStatus::Redeemed.as_str()))
            .col_expr(pending_install::Column::Sealed, Expr::value(ERASED))
            .col_expr(pending_install::Column::ExpiresAt, Expr::value(until))
            .filter(pending_install::Column::Id.eq(id.to_string()))
            .filter(pending_install::Column::Status.eq(from.as_str()))
            .exec(&self.writer)
            .await?;
        Ok(taken.rows_affected == 1)
    }

    /// Ends an installation. `sealed` says how it ended.
    pub async fn end_pending_install(&self, id: PendingInstallId, sealed: Vec<u8>) -> Result<(), StoreError> {
        pending_install::Entity::update_many()
            .col_expr(pending_install::Column::Status, Expr::value(PendingStatus::Finished.as_str()))
            .col_expr(pending_install::Column::Sealed, Expr::value(sealed))
            .filter(pending_install::Column::Id.eq(id.to_string()))
            .exec(&self.writer)
            .await?;
        Ok(())
    }

    /// Erases what is sealed in installations that have expired. How others have ended stays readable.
    pub async fn erase_expired_installs(&self, now: OffsetDateTime) -> Result<(), StoreError> {
        let is_open = pending_install::Column::Status.ne(PendingStatus::Finished.as_str());
        erase(&self.writer, pending_install::Column::ExpiresAt.lte(now).and(is_open)).await
    }

    /// Deletes the links and installations that expired more than a day ago. Returns how many.
    pub async fn sweep_installation(&self, now: OffsetDateTime) -> Result<u64, StoreError> {
        let before = now - KEPT_FOR;
        let pending = pending_install::Entity::delete_many()
            .filter(installs(pending_install::Column::ExpiresAt.lt(before)))
            .exec(&self.writer)
            .await?;
        let links = install_link::Entity::delete_many()
            .filter(locked_in_order::<install_link::Entity>(
                install_link::Column::Id,
                install_link::Column::ExpiresAt.lt(before),
            ))
            .exec(&self.writer)
            .await?;
        Ok(pending.rows_affected + links.rows_affected)
    }
}

/// Erases the credentials that wait for a person's answer under a permission that has ended. The installations keep
/// their status, so that a person who comes to answer learns why it is too late.
pub(super) async fn erase_unconfirmed(on: &impl ConnectionTrait, of: Expr) -> Result<(), StoreError> {
    erase(on, of.and(pending_install::Column::Status.eq(PendingStatus::Unconfirmed.as_str()))).await
}

async fn erase(on: &impl ConnectionTrait, of: Expr) -> Result<(), StoreError> {
    pending_install::Entity::update_many()
        .col_expr(pending_install::Column::Sealed, Expr::value(ERASED))
        .filter(installs(of.and(pending_install::Column::Sealed.ne(ERASED))))
        .exec(on)
        .await?;
    Ok(())
}

/// The condition that an installation is one of those that meet `of`. They are locked in order, because the same ones
/// may end for several reasons at once.
fn installs(of: Expr) -> Expr {
    locked_in_order::<pending_install::Entity>(pending_install::Column::Id, of)
}

/// Ends the questions whether another account is to be connected in place of this integration's, and which.
pub(super) async fn end_questions(
    on: &impl ConnectionTrait,
    project: ProjectId,
    provider: &str,
) -> Result<(), StoreError> {
    pending_install::Entity::update_many()
        .col_expr(pending_install::Column::Status, Expr::value(PendingStatus::Finished.as_str()))
        .col_expr(pending_install::Column::Sealed, Expr::value(ERASED))
        .filter(installs(
            pending_install::Column::ProjectId
                .eq(project.to_string())
                .and(pending_install::Column::Provider.eq(provider))
                .and(pending_install::Column::Status.eq(PendingStatus::Unconfirmed.as_str())),
        ))
        .exec(on)
        .await?;
    Ok(())
}
