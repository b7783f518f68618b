//! Install links. A link opens the page of one installation until the installation is finished, the link expires, or
//! somebody ends it.

use integrations_core::{
    ids::{InstallLinkId, ProjectId},
    install_link::{LinkRequest, LinkStatus},
    principal::Principal,
    return_address::ReturnUrl,
    scope::RequiredScope,
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _,
    QuerySelect as _, sea_query::Expr,
};
use time::OffsetDateTime;

use super::{
    NewAuditEvent, OwnedError, ReadError, RememberedAnswer, Store, StoreError, Tenant, audit,
    authority::Authority,
    entity::{
        install_link::{Column, Entity, Model},
        pending_install,
    },
    idempotency_keys,
    pages::newest,
    pending_installs, projects,
};
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
    /// Where it leads in the end, and for which account it is.
    pub request: LinkRequest,
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
    /// Where it leads in the end, and for which account it is.
    pub request: LinkRequest,
    /// When it was created.
    pub created_at: OffsetDateTime,
    /// When it expires.
    pub expires_at: OffsetDateTime,
    /// When an installation was finished with it.
    pub used_at: Option<OffsetDateTime>,
    /// The hash of the cookie of the browser in which it was finished.
    pub used_by: Option<TokenHash>,
    /// When somebody ended it.
    pub ended_at: Option<OffsetDateTime>,
}

impl InstallLink {
    /// How far it is at a moment.
    pub fn status(&self, now: OffsetDateTime) -> LinkStatus {
        match (self.used_at, self.ended_at) {
            (Some(_), _) => LinkStatus::Used,
            (None, Some(_)) => LinkStatus::Ended,
            (None, None) if self.expires_at <= now => LinkStatus::Expired,
            (None, None) => LinkStatus::Open,
        }
    }
}

/// The use of a link by an installation.
#[derive(Clone, Copy, Debug)]
pub struct LinkUse {
    /// The link.
    pub link: InstallLinkId,
    /// The hash of the browser's cookie.
    pub browser: TokenHash,
}

impl TryFrom<Model> for InstallLink {
    type Error = StoreError;

    fn try_from(row: Model) -> Result<Self, StoreError> {
        let damaged = |what: &str| StoreError::Damaged(format!("install link {}: {what}", row.id));
        let return_url = row.return_url.as_deref().map(ReturnUrl::read).transpose();
        Ok(Self {
            id: row.id.parse().map_err(|_| damaged("id"))?,
            tenant: Tenant {
                organization: row.organization_id.parse().map_err(|_| damaged("organization"))?,
                project: row.project_id.parse().map_err(|_| damaged("project"))?,
            },
            by: row.principal.parse().map_err(|_| damaged("principal"))?,
            request: LinkRequest {
                return_url: return_url.map_err(|_| damaged("return_url"))?,
                state: row.return_state,
                expected_account: row.expected_account,
                auth: row.auth.as_deref().map(str::parse).transpose().map_err(|_| damaged("auth"))?,
            },
            provider: row.provider,
            created_at: row.created_at,
            expires_at: row.expires_at,
            used_at: row.used_at,
            used_by: row.used_by_browser.as_deref().and_then(TokenHash::from_bytes),
            ended_at: row.ended_at,
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
        let LinkRequest { return_url, state, expected_account, auth } = link.request;
        let row = super::entity::install_link::ActiveModel {
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
            return_url: Set(return_url.map(|url| url.as_str().to_owned())),
            return_state: Set(state),
            expected_account: Set(expected_account),
            auth: Set(auth.map(|auth| auth.as_str().to_owned())),
            ended_at: Set(None),
        };
        Entity::insert(row).exec_without_returning(&transaction).await?;
        transaction.commit().await
    }

    /// The link with this token.
    pub async fn install_link(&self, token: TokenHash) -> Result<Option<InstallLink>, StoreError> {
        let query = Entity::find().filter(Column::TokenHash.eq(token.to_vec()));
        query.one(&self.reader).await?.map(TryInto::try_into).transpose()
    }

    /// The link with this id.
    pub async fn install_link_by_id(&self, id: InstallLinkId) -> Result<Option<InstallLink>, StoreError> {
        let query = Entity::find_by_id(id.to_string());
        query.one(&self.reader).await?.map(TryInto::try_into).transpose()
    }

    /// A tenant's links that are kept, newest first: up to `limit`, those before the link `before`.
    pub async fn install_links(
        &self,
        tenant: &Tenant,
        before: Option<InstallLinkId>,
        limit: u64,
    ) -> Result<Vec<InstallLink>, ReadError> {
        self.admit(tenant).await?;
        let end = before.unwrap_or(InstallLinkId::from_bits(u128::MAX));
        let links = Entity::find().filter(Column::OrganizationId.eq(tenant.organization.to_string()));
        let of = (Column::ProjectId, tenant.project.to_string());
        let query = newest(links, of, (Column::Id, end.to_string()), limit);
        let rows = query.all(&self.reader).await?;
        Ok(rows.into_iter().map(TryInto::try_into).collect::<Result<_, _>>()?)
    }

    /// Ends a link of the event's project, and the question about another account that an installation with it waits
    /// for. If it does not work any more, nothing is done. Returns it as it is then.
    pub async fn end_install_link(
        &self,
        project: ProjectId,
        id: InstallLinkId,
        event: NewAuditEvent,
    ) -> Result<InstallLink, OwnedError> {
        let transaction = self.begin().await?;
        let holder = Authority::from(&event).hold(&transaction, RequiredScope::INTEGRATIONS_WRITE).await?;
        projects::owned(&transaction, project, &event, &holder).await?;
        let found = Entity::find_by_id(id.to_string())
            .filter(Column::ProjectId.eq(project.to_string()))
            .lock_exclusive()
            .one(&transaction)
            .await?;
        let link: InstallLink = found.ok_or(OwnedError::NotFound)?.try_into()?;
        if link.status(event.at) != LinkStatus::Open {
            return Ok(link);
        }
        let at = event.at;
        Entity::update_many()
            .col_expr(Column::EndedAt, Expr::value(at))
            .filter(Column::Id.eq(id.to_string()))
            .exec(&transaction)
            .await?;
        let of_link = pending_install::Column::LinkId.eq(id.to_string());
        pending_installs::erase_unconfirmed(&transaction, of_link).await?;
        audit::record(&transaction, event).await?;
        transaction.commit().await?;
        Ok(InstallLink { ended_at: Some(at), ..link })
    }
}

/// Marks a link as used. `false`: it was used or ended before.
pub(super) async fn use_up(
    on: &impl ConnectionTrait,
    used: LinkUse,
    at: OffsetDateTime,
) -> Result<bool, StoreError> {
    let used = Entity::update_many()
        .col_expr(Column::UsedAt, Expr::value(at))
        .col_expr(Column::UsedByBrowser, Expr::value(used.browser.to_vec()))
        .filter(Column::Id.eq(used.link.to_string()))
        .filter(Column::UsedAt.is_null())
        .filter(Column::EndedAt.is_null())
        .exec(on)
        .await?;
    Ok(used.rows_affected == 1)
}
