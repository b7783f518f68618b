//! Sign-ins with a provider that are under way, and logouts that it reports. Any replica can take the next step.

use sea_orm::{
    ColumnTrait as _, EntityTrait as _, QueryFilter as _, QuerySelect as _, QueryTrait as _, Select,
    sea_query::ExprTrait as _,
};
use time::OffsetDateTime;

use super::{
    Store, StoreError,
    dashboard_sessions::end_sessions,
    entity::{dashboard_session, logout_token, sign_in, user},
    in_order::locked_in_order,
};
use crate::token::TokenHash;

/// A sign-in that is under way. It holds no secret: the browser has the one from which state, nonce and verifier are
/// made.
#[derive(Clone, Debug, PartialEq)]
pub struct PendingSignIn {
    /// The hash of the state that comes back with the browser.
    pub state: TokenHash,
    /// The page to open afterwards.
    pub page: String,
    /// Whether the person must prove anew who they are.
    pub is_fresh: bool,
    /// The latest time for its end.
    pub expires_at: OffsetDateTime,
}

/// Whom a provider signs out.
#[derive(Clone, Debug)]
pub struct ProviderLogout<'a> {
    /// The provider.
    pub issuer: &'a str,
    /// The person's id there.
    pub subject: Option<&'a str>,
    /// The session's id there.
    pub session: Option<&'a str>,
    /// The hash of the token's id.
    pub token: TokenHash,
    /// When the token is too old to count anyway.
    pub ends: OffsetDateTime,
}

impl Store {
    /// Stores a sign-in that begins.
    pub async fn begin_sign_in(&self, sign_in: PendingSignIn) -> Result<(), StoreError> {
        let row = sign_in::Model {
            state_hash: sign_in.state.to_vec(),
            page: sign_in.page,
            is_fresh: sign_in.is_fresh,
            expires_at: sign_in.expires_at,
        };
        let row = sign_in::ActiveModel::from(row);
        sign_in::Entity::insert(row).exec_without_returning(&self.writer).await?;
        Ok(())
    }

    /// Takes the sign-in with this state, expired or not. `None`: there is none, or another request took it.
    pub async fn take_sign_in(&self, state: TokenHash) -> Result<Option<PendingSignIn>, StoreError> {
        let found = sign_in::Entity::find_by_id(state.to_vec()).one(&self.writer).await?;
        let Some(found) = found else { return Ok(None) };
        let taken = sign_in::Entity::delete_by_id(state.to_vec()).exec(&self.writer).await?;
        Ok((taken.rows_affected == 1).then_some(PendingSignIn {
            state,
            page: found.page,
            is_fresh: found.is_fresh,
            expires_at: found.expires_at,
        }))
    }

    /// Ends the sessions that a provider signs out: the one that it names, if it is known, or else all of the person.
    /// `None`: this token was used before. Otherwise how many ended, which may be none.
    pub async fn log_out(&self, logout: ProviderLogout<'_>) -> Result<Option<u64>, StoreError> {
        let transaction = self.begin().await?;
        let row = logout_token::Model { id_hash: logout.token.to_vec(), expires_at: logout.ends };
        let row = logout_token::ActiveModel::from(row);
        match logout_token::Entity::insert(row).exec_without_returning(&transaction).await.map_err(Into::into)
        {
            Ok(_) => {}
            Err(StoreError::Taken(_)) => return Ok(None),
            Err(error) => return Err(error),
        }
        let people = user::Entity::find().filter(user::Column::Issuer.eq(logout.issuer));
        let ids = |people: Select<user::Entity>| people.select_only().column(user::Column::Id).into_query();
        let mut ended = 0;
        if let Some(session) = logout.session {
            let of_session = dashboard_session::Column::ProviderSession
                .eq(session)
                .and(dashboard_session::Column::Principal.in_subquery(ids(people.clone())));
            ended = end_sessions(&transaction, of_session).await?;
        }
        if let (0, Some(subject)) = (ended, logout.subject) {
            let person = ids(people.filter(user::Column::Subject.eq(subject)));
            let of_person = dashboard_session::Column::Principal.in_subquery(person);
            ended = end_sessions(&transaction, of_person).await?;
        }
        transaction.commit().await?;
        Ok(Some(ended))
    }

    /// Deletes the sign-ins and the used logout tokens whose time is over.
    pub async fn sweep_sign_ins(&self, now: OffsetDateTime) -> Result<(), StoreError> {
        let is_over = sign_in::Column::ExpiresAt.lte(now);
        sign_in::Entity::delete_many()
            .filter(locked_in_order::<sign_in::Entity>(sign_in::Column::StateHash, is_over))
            .exec(&self.writer)
            .await?;
        let is_over = logout_token::Column::ExpiresAt.lte(now);
        logout_token::Entity::delete_many()
            .filter(locked_in_order::<logout_token::Entity>(logout_token::Column::IdHash, is_over))
            .exec(&self.writer)
            .await?;
        Ok(())
    }
}
