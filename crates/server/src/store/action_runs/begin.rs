//! Stores a run before anything is sent.

use integrations_core::{action::RunStatus, catalog::ActionKind};
use sea_orm::{ColumnTrait as _, Condition, EntityTrait as _};

use super::{
    BeginRunError, Begun, EarlierCalls, NewRun, Reservation, Start, TotalQuery,
    ask::{MOST_WAITING, ask, same_call, wait_already},
    read::last_of_call,
    tell::{tell_finished, tell_requested},
    totals::read_totals,
};
use crate::store::{
    Loaded, RunRow, Store, StoreError, Tenant, audit,
    entity::{action_reservation, action_run, approval, integration},
    idempotency_keys,
    in_order::lock_in_order,
    integrations::{read_loaded, reload},
    transaction::Transaction,
};

impl Store {
    /// Stores a run with what `decide` makes of the integration and of earlier calls: `totals`, in their order and
    /// without this run, and the same call. While `decide` is called nobody changes the integration, and no other call
    /// of it is decided on.
    ///
    /// If it repeats a call, that call's run is returned. If `decide` fails, nothing is stored.
    pub async fn begin_run<E, F>(
        &self,
        tenant: &Tenant,
        run: NewRun,
        totals: &[TotalQuery],
        decide: F,
    ) -> Result<RunRow, BeginRunError<E>>
    where
        F: FnOnce(&Loaded, EarlierCalls) -> Result<Begun, E> + Send,
        E: Send,
    {
        let transaction = self.begin().await?;
        let called = Condition::all()
            .add(integration::Column::ProjectId.eq(tenant.project.to_string()))
            .add(integration::Column::Provider.eq(run.provider.as_str()));
        let locked =
            lock_in_order::<integration::Entity>(&transaction, integration::Column::Id, called).await;
        locked.map_err(StoreError::from)?;
        let rows = reload(&transaction, tenant, run.provider.as_str()).await?;
        let loaded = read_loaded(&self.tenant_check, tenant, &rows)?.ok_or(BeginRunError::NotInstalled)?;
        if let Some(since) = run.repeats_since
            && let Some(first) =
                last_of_call(&transaction, tenant, &loaded.integration, run.input_hash, since).await?
        {
            return Ok(first);
        }
        let integration = loaded.integration.id.to_string();
        let totals = read_totals(&transaction, &integration, &run.action, run.id, totals).await?;
        // Without a request there is nothing to ask a person about.
        let same = match run.sealed_request {
            Some(_) => same_call(&transaction, &integration, run.input_hash, run.created_at).await?,
            None => None,
        };
        let mut begun = decide(&loaded, EarlierCalls { totals, same }).map_err(BeginRunError::Refused)?;
        idempotency_keys::remember(&transaction, begun.remembered.take()).await?;
        // The record of what changes nothing, and counts towards no limit, may be lost with the power.
        let only_reads = run.kind == ActionKind::ReadOnly
            && begun.reservations.is_empty()
            && matches!(begun.start, Start::Sending { .. });
        let row = match begun.start {
            Start::Waiting(row) => *row,
            Start::PendingApproval { .. } if wait_already(&transaction, tenant, &run).await? => {
                return Err(BeginRunError::TooManyWaiting(MOST_WAITING));
            }
            _ => store(&transaction, tenant, &loaded, run, begun).await?,
        };
        if only_reads {
            transaction.does_not_wait_for_the_disk().await.map_err(StoreError::from)?;
        }
        transaction.commit().await?;
        Ok(row)
    }
}

/// Stores the run with what it reserves and its event.
async fn store(
    on: &Transaction,
    tenant: &Tenant,
    loaded: &Loaded,
    run: NewRun,
    begun: Begun,
) -> Result<RunRow, StoreError> {
    let is_denied = matches!(begun.start, Start::Denied { .. });
    let row = action_run::Model { reasons: begun.reasons, ..requested(tenant, loaded, run) };
    let (row, asked) = match begun.start {
        Start::PendingApproval { approval } => {
            let (row, asked) = ask(on, row, approval).await?;
            (row, Some(asked))
        }
        start => (started(row, start), None),
    };
    let new = action_run::ActiveModel::from(row.clone());
    action_run::Entity::insert(new).exec_without_returning(on).await?;
    if let Some(asked) = asked {
        approval::Entity::insert(approval::ActiveModel::from(asked)).exec_without_returning(on).await?;
    }
    let reservations = begun.reservations.into_iter().filter(|_| !is_denied);
    for Reservation { total, subject, currency, amount } in reservations {
        let reservation = action_reservation::Model {
            run_id: row.id.clone(),
            integration_id: row.integration_id.clone(),
            action: row.action.clone(),
            total,
            subject,
            currency,
            amount,
            created_at: row.created_at,
        };
        let new = action_reservation::ActiveModel::from(reservation);
        action_reservation::Entity::insert(new).exec_without_returning(on).await?;
    }
    if let Some(event) = begun.event {
        audit::record(on, event).await?;
    }
    match (&row.approval_id, row.approval_expires_at) {
        (Some(approval), Some(expires_at)) => {
            tell_requested(on, &row, approval, expires_at, row.created_at).await?;
        }
        _ if is_denied => tell_finished(on, &row.id).await?,
        _ => {}
    }
    Ok(row.into())
}

fn requested(tenant: &Tenant, loaded: &Loaded, run: NewRun) -> action_run::Model {
    action_run::Model {
        id: run.id.to_string(),
        organization_id: tenant.organization.to_string(),
        project_id: tenant.project.to_string(),
        integration_id: loaded.integration.id.to_string(),
        provider: run.provider.to_string(),
        action: run.action,
        kind: run.kind.as_str().to_owned(),
        status: RunStatus::Requested.as_str().to_owned(),
        definition: run.definition.to_vec(),
        principal: run.actor.to_string(),
        input: run.input,
        evidence: run.evidence,
        input_hash: run.input_hash.to_vec(),
        request: run.sealed_request,
        provider_status: None,
        denied_by: None,
        created_at: run.created_at,
        approval_expires_at: None,
        sent_at: None,
        sending_until: None,
        finished_at: None,
        account_id: loaded.integration.account.as_ref().map(|account| account.id.clone()),
        request_id: run.request_id,
        context: run.context,
        result: None,
        error_code: None,
        error_message: None,
        reasons: None,
        approval_id: None,
        attempt: None,
        look_after: run.look_after.map(|seconds| i32::try_from(seconds).unwrap_or(i32::MAX)),
        look_at: None,
        look_absences: 0,
    }
}

/// The row as it begins.
fn started(row: action_run::Model, start: Start) -> action_run::Model {
    let now = row.created_at;
    let at = |status: RunStatus| action_run::Model { status: status.as_str().to_owned(), ..row };
    match start {
        Start::Sending { attempt, until } => action_run::Model {
            attempt: Some(attempt.to_string()),
            sent_at: Some(now),
            sending_until: Some(until),
            ..at(RunStatus::Sending)
        },
        // Neither of these is stored here.
        Start::PendingApproval { .. } | Start::Waiting(_) => at(RunStatus::Requested),
        Start::Denied { by, error } => action_run::Model {
            denied_by: Some(by.as_str().to_owned()),
            error_code: Some(error.code.as_str().to_owned()),
            error_message: Some(error.message),
            finished_at: Some(now),
            ..at(RunStatus::Denied)
        },
    }
}
