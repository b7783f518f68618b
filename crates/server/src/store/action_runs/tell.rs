//! Tells of runs and approvals.

use integrations_core::{action::ApprovalStatus, ids::kind, webhook::EventType};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QuerySelect as _, QueryTrait as _,
};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use super::notices;
use crate::{
    environment::{derived_id, first_id_at},
    store::{
        Announcement, StoreError,
        entity::{
            action_run::{self, Model},
            webhook,
        },
        transaction::Transaction,
    },
};

/// Whether the project of a run has a webhook.
pub(super) async fn is_told(on: &impl ConnectionTrait, run: &str) -> Result<bool, StoreError> {
    let project =
        action_run::Entity::find_by_id(run).select_only().column(action_run::Column::ProjectId).into_query();
    let found = webhook::Entity::find()
        .select_only()
        .column(webhook::Column::Id)
        .filter(webhook::Column::ProjectId.in_subquery(project))
        .into_tuple::<String>();
    Ok(found.one(on).await?.is_some())
}

/// Tells that a run has come to an end.
pub(super) async fn tell_finished(on: &Transaction, run: &str) -> Result<(), StoreError> {
    if !is_told(on, run).await? {
        return Ok(());
    }
    let Some(run) = action_run::Entity::find_by_id(run).one(on).await? else { return Ok(()) };
    let at = run.finished_at.unwrap_or(run.created_at);
    let details = Map::from_iter([("run".to_owned(), shown(&run))]);
    tell(on, &run, EventType::ActionRunFinished, &run.status, details, at)
}

/// Tells that a person is asked about a run: webhooks, and people if the project has them told.
pub(super) async fn tell_requested(
    on: &Transaction,
    run: &Model,
    approval: &str,
    expires_at: OffsetDateTime,
    at: OffsetDateTime,
) -> Result<(), StoreError> {
    notices::open(on, run, approval, at).await?;
    let expires_at = expires_at.format(&time::format_description::well_known::Rfc3339).unwrap_or_default();
    let path = format!("/dashboard/projects/{}/approvals/{approval}", run.project_id);
    let details = json!({
        "id": approval, "status": ApprovalStatus::Pending, "expires_at": expires_at, "url": on.link_to(&path),
    });
    let details = Map::from_iter([("approval".to_owned(), details), ("run".to_owned(), shown(run))]);
    tell(on, run, EventType::ApprovalRequested, approval, details, at)
}

/// Tells what became of an approval. The run is as it was before.
pub(super) fn tell_decided(
    on: &Transaction,
    run: &Model,
    approval: &str,
    status: ApprovalStatus,
    at: OffsetDateTime,
) -> Result<(), StoreError> {
    let mut told = shown(run);
    // What becomes of the run is told by its own event.
    told.as_object_mut().map(|told| told.remove("status"));
    let details = json!({"id": approval, "status": status});
    let details = Map::from_iter([("approval".to_owned(), details), ("run".to_owned(), told)]);
    tell(on, run, EventType::ApprovalDecided, approval, details, at)
}

/// What is said of a run: never its input or result.
fn shown(run: &Model) -> Value {
    let context: Value =
        run.context.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    json!({
        "id": run.id, "action": run.action, "kind": run.kind, "status": run.status,
        "provider_status": run.provider_status, "denied_by": run.denied_by, "error_code": run.error_code,
        "approval_id": run.approval_id, "context": context,
    })
}

fn tell(
    on: &Transaction,
    run: &Model,
    kind: EventType,
    of: &str,
    details: Map<String, Value>,
    at: OffsetDateTime,
) -> Result<(), StoreError> {
    let damaged = |what: &str| StoreError::Damaged(format!("run {}: {what}", run.id));
    let announcement = Announcement {
        // A run ends so, or an approval is asked for or decided, once. So the id follows from it.
        id: derived_id(first_id_at::<kind::Event>(at).bits(), &[&run.id, kind.as_str(), of]),
        kind,
        project: run.project_id.parse().map_err(|_| damaged("project"))?,
        integration: Some(run.integration_id.parse().map_err(|_| damaged("integration"))?),
        details,
        at,
        except: None,
        provider_event: None,
    };
    on.tell(announcement);
    Ok(())
}
