//! Sessions of the dashboard. The database holds the hash of a session's token.

use integrations_core::{
    ids::{DashboardSessionId, OrganizationId},
    principal::Principal,
};
use sea_orm::{
    ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _,
    sea_query::{Expr, IntoCondition},
};
use time::OffsetDateTime;

use super::{
    Store, StoreError, entity::dashboard_session, in_order::locked_in_order, transaction::Transaction,
};
use crate::token::TokenHash;

/// A session to be stored.
#[derive(Clone, Debug)]
pub struct NewDashboardSession {
    /// Its id.
    pub id: DashboardSessionId,
    /// The hash of its token.
    pub token: TokenHash,
    /// The organization that it works on.
    pub organization: OrganizationId,
    /// As whom it acts: the key that was used to sign in, or the person.
    pub principal: Principal,
    /// The session's id at the provider that the person signed in with, if it told one.
    pub provider_session: Option<String>,
    /// When the person last proved who they are.
    pub authenticated_at: Option<OffsetDateTime>,
    /// When it begins.
    pub at: OffsetDateTime,
    /// When it ends, even if it is in use.
    pub expires_at: OffsetDateTime,
}

/// A stored session.
#[derive(Clone, Debug)]
pub struct DashboardSession {
    /// Its id.
    pub id: DashboardSessionId,
    /// The organization that it works on.
    pub organization: OrganizationId,
    /// As whom it acts.
    pub principal: Principal,
    /// When the person last proved who they are.
    pub authenticated_at: Option<OffsetDateTime>,
    /// When it was last used, accurate to about a minute.
    pub last_seen_at: OffsetDateTime,
    /// When it ends, even if it is in use.
    pub expires_at: OffsetDateTime,
}

impl TryFrom<dashboard_session::Model> for DashboardSession {
    type Error = StoreError;

    fn try_from(row: dashboard_session::Model) -> Result<Self, StoreError> {
        let damaged = |what: &str| StoreError::Damaged(format!("dashboard session {}: {what}", row.id));
        Ok(Self {
            id: row.id.parse().map_err(|_| damaged("id"))?,
            organization: row.organization_id.parse().map_err(|_| damaged("organization"))?,
            principal: row.principal.parse().map_err(|_| damaged("principal"))?,
            authenticated_at: row.authenticated_at,
            last_seen_at: row.last_seen_at,
            expires_at: row.expires_at,
        })
    }
}

/// Ends the sessions that meet a condition. Returns how many there were.
pub(super) async fn end_sessions(on: &Transaction, of: impl IntoCondition) -> Result<u64, StoreError> {
    let ended = dashboard_session::Entity::delete_many()
        .filter(locked_in_order::<dashboard_session::Entity>(dashboard_session::Column::Id, of))
        .exec(on)
        .await?;
    Ok(ended.rows_affected)
}

impl Store {
    /// Stores a session.
    pub async fn create_dashboard_session(&self, session: NewDashboardSession) -> Result<(), StoreError> {
        let row = dashboard_session::Model {
            id: session.id.to_string(),
            token_hash: session.token.to_vec(),
            organization_id: session.organization.to_string(),
            principal: session.principal.to_string(),
            provider_session: session.provider_session,
            authenticated_at: session.authenticated_at,
            created_at: session.at,
            last_seen_at: session.at,
            expires_at: session.expires_at,
        };
        let row = dashboard_session::ActiveModel::from(row);
        dashboard_session::Entity::insert(row).exec_without_returning(&self.writer).await?;
        Ok(())
    }

    /// The session with this hash, even if it has expired.
    pub async fn dashboard_session(&self, token: TokenHash) -> Result<Option<DashboardSession>, StoreError> {
        let found = dashboard_session::Entity::find()
            .filter(dashboard_session::Column::TokenHash.eq(token.to_vec()))
            .one(&self.reader)
            .await?;
        found.map(TryInto::try_into).transpose()
    }

    /// Stores when a session was last used.
    pub async fn touch_dashboard_session(
        &self,
        id: DashboardSessionId,
        at: OffsetDateTime,
    ) -> Result<(), StoreError> {
        dashboard_session::Entity::update_many()
            .col_expr(dashboard_session::Column::LastSeenAt, Expr::value(at))
            .filter(dashboard_session::Column::Id.eq(id.to_string()))
            .exec(&self.writer)
            .await?;
        Ok(())
    }

    /// Makes a session work on another organization.
    pub async fn move_dashboard_session(
        &self,
        id: DashboardSessionId,
        organization: OrganizationId,
    ) -> Result<(), StoreError> {
        dashboard_session::Entity::update_many()
            .col_expr(dashboard_session::Column::OrganizationId, Expr::value(organization.to_string()))
            .filter(dashboard_session::Column::Id.eq(id.to_string()))
            .exec(&self.writer)
            .await?;
        Ok(())
    }

    /// Ends the session with this hash, if there is one.
    pub async fn end_dashboard_session(&self, token: TokenHash) -> Result<(), StoreError> {
        dashboard_session::Entity::delete_many()
            .filter(dashboard_session::Column::TokenHash.eq(token.to_vec()))
            .exec(&self.writer)
            .await?;
        Ok(())
    }

    /// Deletes the sessions that ended before `now` or were last used before `idle_since`.
    pub async fn sweep_dashboard_sessions(
        &self,
        now: OffsetDateTime,
        idle_since: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let is_over = Condition::any()
            .add(dashboard_session::Column::ExpiresAt.lte(now))
            .add(dashboard_session::Column::LastSeenAt.lte(idle_since));
        dashboard_session::Entity::delete_many()
            .filter(locked_in_order::<dashboard_session::Entity>(dashboard_session::Column::Id, is_over))
            .exec(&self.writer)
            .await?;
        Ok(())
    }
}
