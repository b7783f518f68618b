//! Sessions of the dashboard. The database holds the hash of a session's token. A session is read together with its API
//! key.

use integrations_core::ids::{ApiKeyId, DashboardSessionId, OrganizationId};
use sea_orm::{ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _, sea_query::Expr};
use time::OffsetDateTime;

use super::{
    Store, StoreError, StoredApiKey,
    entity::{api_key, dashboard_session},
    in_order::locked_in_order,
};
use crate::token::TokenHash;

/// A session to be stored.
#[derive(Clone, Debug)]
pub struct NewDashboardSession {
    /// Its id.
    pub id: DashboardSessionId,
    /// The hash of its token.
    pub token: TokenHash,
    /// The organization of the key.
    pub organization: OrganizationId,
    /// The key that the person signed in with.
    pub api_key: ApiKeyId,
    /// When it begins.
    pub at: OffsetDateTime,
    /// When it ends, even if it is in use.
    pub expires_at: OffsetDateTime,
}

/// A session, with the current state of its key.
#[derive(Clone, Debug)]
pub struct DashboardSession {
    /// Its id.
    pub id: DashboardSessionId,
    /// When it was last used, accurate to about a minute.
    pub last_seen_at: OffsetDateTime,
    /// When it ends, even if it is in use.
    pub expires_at: OffsetDateTime,
    /// The key that the person signed in with.
    pub key: StoredApiKey,
    /// What the key is for.
    pub key_name: String,
    /// The key's first characters.
    pub key_hint: String,
}

impl Store {
    /// Stores a session.
    pub async fn create_dashboard_session(&self, session: NewDashboardSession) -> Result<(), StoreError> {
        let row = dashboard_session::Model {
            id: session.id.to_string(),
            token_hash: session.token.to_vec(),
            organization_id: session.organization.to_string(),
            api_key_id: session.api_key.to_string(),
            created_at: session.at,
            last_seen_at: session.at,
            expires_at: session.expires_at,
        };
        let row = dashboard_session::ActiveModel::from(row);
        dashboard_session::Entity::insert(row).exec_without_returning(&self.writer).await?;
        Ok(())
    }

    /// The session with this hash, even if the session or its key has expired.
    pub async fn dashboard_session(&self, token: TokenHash) -> Result<Option<DashboardSession>, StoreError> {
        let found = dashboard_session::Entity::find()
            .filter(dashboard_session::Column::TokenHash.eq(token.to_vec()))
            .find_also_related(api_key::Entity)
            .one(&self.reader)
            .await?;
        let Some((row, Some(key))) = found else { return Ok(None) };
        Ok(Some(DashboardSession {
            id: row
                .id
                .parse()
                .map_err(|_| StoreError::Damaged(format!("dashboard session {}: id", row.id)))?,
            last_seen_at: row.last_seen_at,
            expires_at: row.expires_at,
            key_name: key.name.clone(),
            key_hint: key.hint.clone(),
            key: key.try_into()?,
        }))
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
