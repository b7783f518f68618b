//! Who may decide on an approval, in the transaction that decides.

use integrations_core::{
    action::{Deciders, Grant, KeyOrigin, Question},
    audit::{AuditAction, Change},
    ids::{ApiKeyId, kind},
    principal::Principal,
};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};
use time::OffsetDateTime;

use super::undecided::DecideError;
use crate::{
    environment::first_id_at,
    store::{
        StoreError,
        entity::{action_run, api_key, audit_event},
        transaction::Transaction,
    },
};

/// The events by which somebody gets rights. What makes or replaces a key is not among them: its maker is in its row.
const GRANTS: [AuditAction; 2] = [AuditAction::UserRoleSet, AuditAction::ApiKeyUpdated];

/// Checks that somebody who holds `approvals:admin` may decide on this run.
pub(super) async fn check<E>(
    on: &Transaction,
    run: &action_run::Model,
    deciders: Deciders,
    by: Principal,
) -> Result<(), DecideError<E>> {
    let asked_by = run.principal.parse();
    let asked_by = asked_by.map_err(|_| StoreError::Damaged(format!("run {}: principal", run.id)))?;
    let keys = origins(on, &run.organization_id).await?;
    let grants = grants(on, &run.organization_id, run.created_at).await?;
    let question = Question { asked_by, decides: by, deciders, keys: &keys, grants: &grants };
    question.answer().map_err(DecideError::from)
}

/// Where the keys of an organization come from, ended ones too. That never changes.
async fn origins(on: &Transaction, organization: &str) -> Result<Vec<KeyOrigin>, StoreError> {
    use api_key::Column;

    type Row = (String, Option<String>, Option<String>, Option<String>);

    let rows: Vec<Row> = api_key::Entity::find()
        .select_only()
        .columns([Column::Id, Column::MadeBy, Column::Replaces, Column::UserId])
        .filter(Column::OrganizationId.eq(organization))
        .into_tuple()
        .all(on)
        .await?;
    let origins = rows.into_iter().map(|(id, made_by, replaces, user)| {
        let damaged = || StoreError::Damaged(format!("api key {id}: where it comes from"));
        Ok(KeyOrigin {
            id: id.parse().map_err(|_| damaged())?,
            made_by: made_by.map(|by| by.parse()).transpose().map_err(|_| damaged())?,
            replaces: replaces.map(|key| key.parse()).transpose().map_err(|_| damaged())?,
            acts_for: user.map(|user| user.parse()).transpose().map_err(|_| damaged())?,
        })
    });
    origins.collect()
}

/// The rights that were given in an organization since a moment, in their order. The rows say only what counts now, so
/// these come from the audit log.
async fn grants(
    on: &Transaction,
    organization: &str,
    since: OffsetDateTime,
) -> Result<Vec<Grant>, StoreError> {
    use audit_event::Column;

    // Ids sort by time, so this is the end of the primary key's index.
    let rows: Vec<(String, Option<String>, String)> = audit_event::Entity::find()
        .select_only()
        .columns([Column::Id, Column::ActorId, Column::Changes])
        .filter(Column::Id.gte(first_id_at::<kind::AuditEvent>(since).to_string()))
        .filter(Column::OrganizationId.eq(organization))
        .filter(Column::Action.is_in(GRANTS.map(AuditAction::as_str)))
        .order_by_asc(Column::Id)
        .into_tuple()
        .all(on)
        .await?;
    let mut grants = Vec::new();
    for (id, by, changes) in rows {
        let damaged = |_| StoreError::Damaged(format!("audit event {id}"));
        // The operator and the sign-in provider are nobody's.
        let Some(by) = by.and_then(|by| by.parse::<Principal>().ok()) else { continue };
        let changes: Vec<Change> = serde_json::from_str(&changes).map_err(damaged)?;
        grants.extend(changes.iter().filter_map(|change| Some(Grant { by, to: got_rights(&change.path)? })));
    }
    Ok(grants)
}

/// Whose rights a change is about: `usr_….role`, or a key's `key_….scopes`, but not its name.
fn got_rights(path: &str) -> Option<Principal> {
    let (id, field) = path.split_once('.')?;
    match field {
        "role" => id.parse().ok(),
        "scopes" | "project_ids" | "expires_at" => id.parse::<ApiKeyId>().ok().map(Principal::from),
        _ => None,
    }
}
