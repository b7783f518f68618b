//! Moves the credential of an integration that is disconnected into a revocation.

use std::{fmt, sync::Arc};

use integrations_core::{
    catalog::AuthKind,
    ids::{IntegrationId, RevocationId},
    integration::Integration,
    revocation::{RevocationStatus, changes_of_revocation},
};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, QueryFilter as _,
    sea_query::{Expr, Value},
};
use time::{Duration, OffsetDateTime};

use crate::store::{
    NewAuditEvent, RevocationFacts, StoreError, audit,
    entity::{credential, integration, revocation},
    transaction::Transaction,
};

/// How long the first attempt is left to whoever asked for it.
pub(super) const HEAD_START: Duration = Duration::seconds(2);

/// What is said of a credential that another server may have.
const ON_ITS_WAY: &str =
    "It is being moved to another server, which may use it: nothing was sent. Revoke it at that server";

/// What becomes of a credential that is moved.
#[derive(Clone, Debug)]
pub enum Moved {
    /// The provider is asked to revoke it. It is sealed for the revocation.
    ToRevoke(Vec<u8>),
    /// It is destroyed at once, and this is the end.
    Ended(RevocationStatus, String),
}

/// Seals a stored credential for its revocation, or says why there is nothing to ask.
type Reseal = Arc<dyn Fn(&[u8]) -> Moved + Send + Sync>;

/// What a disconnection that revokes needs beside the change.
#[derive(Clone)]
pub struct RevocationOrder {
    /// The id of the revocation.
    pub id: RevocationId,
    /// The OAuth app that got the tokens, if it is known.
    pub client_id: Option<String>,
    /// The way by which the credential was got.
    pub auth: AuthKind,
    /// Seals the stored credential for the revocation, or says why there is nothing to ask.
    pub reseal: Reseal,
    /// The event of the end, if this is it. Its changes are added.
    pub event: NewAuditEvent,
}

impl fmt::Debug for RevocationOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RevocationOrder").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Moves the credential of an integration whose row is locked, unless it is on its way to another server (`is_moving`).
/// `None`: there is no credential to move. If its tokens are being renewed (`refreshing`), nothing is attempted before
/// the new ones are here or the lease has ended.
pub(in crate::store) async fn begin(
    on: &Transaction,
    (integration, connection, is_moving): (&Integration, &str, bool),
    order: RevocationOrder,
    refreshing: Option<(String, OffsetDateTime)>,
) -> Result<Option<RevocationFacts>, StoreError> {
    let now = integration.updated_at;
    let id = integration.id.to_string();
    let Some(credential) = credential::Entity::find_by_id(&id).one(on).await? else { return Ok(None) };
    let moved = match is_moving {
        true => Moved::Ended(RevocationStatus::Unsupported, ON_ITS_WAY.to_owned()),
        false => (order.reseal)(&credential.sealed),
    };
    let (sealed, ended) = match moved {
        Moved::ToRevoke(sealed) => (sealed, None),
        Moved::Ended(status, message) => (Vec::new(), Some((status, message))),
    };
    let status = ended.as_ref().map_or(RevocationStatus::Pending, |(status, _)| *status);
    let account = integration.account.as_ref();
    let row = revocation::Model {
        id: order.id.to_string(),
        organization_id: order.event.organization.to_string(),
        project_id: integration.project.to_string(),
        integration_id: id.clone(),
        provider: integration.provider.to_string(),
        auth: Some(order.auth.as_str().to_owned()),
        connection: connection.to_owned(),
        account_id: account.map(|account| account.id.clone()),
        client_id: order.client_id,
        status: status.as_str().to_owned(),
        reaches: None,
        sealed,
        expires_at: credential.expires_at,
        connected_at: credential.created_at,
        sent_at: None,
        due_at: ended.is_none().then(|| refreshing.as_ref().map_or(now + HEAD_START, |(_, end)| *end)),
        tried_since: now,
        until: None,
        message: match (&ended, &refreshing) {
            (Some((_, message)), _) => Some(message.clone()),
            (None, Some(_)) => {
                Some("Its tokens were being renewed, and the new ones are waited for".to_owned())
            }
            (None, None) => None,
        },
        renewed_by: refreshing.map(|(lease, _)| lease),
        created_at: now,
        ended_at: ended.is_some().then_some(now),
    };
    let facts = RevocationFacts::from(&row);
    revocation::Entity::insert(revocation::ActiveModel::from(row)).exec_without_returning(on).await?;
    show(on, integration.id, Some(order.id.to_string())).await?;
    if let Some((status, message)) = ended {
        let changes = changes_of_revocation(status, None, Some(&message));
        audit::record(on, NewAuditEvent { changes, ..order.event }).await?;
    }
    Ok(Some(facts))
}

/// Shows no revocation any more: the last disconnection asked for none.
pub(in crate::store) async fn forget(on: &Transaction, id: IntegrationId) -> Result<(), StoreError> {
    show(on, id, None).await
}

async fn show(on: &Transaction, id: IntegrationId, revocation: Option<String>) -> Result<(), StoreError> {
    integration::Entity::update_many()
        .col_expr(integration::Column::RevocationId, Expr::value(Value::from(revocation)))
        .filter(integration::Column::Id.eq(id.to_string()))
        .exec(on)
        .await?;
    Ok(())
}
