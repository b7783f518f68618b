//! Decides on approvals. This is the only way from a run that waits for a person to one that is sent.

use integrations_core::{
    action::{ApprovalStatus, Deciders, DeniedBy, RunStatus},
    ids::{ApprovalId, LeaseId, RunId},
    principal::Principal,
    scope::RequiredScope,
};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, QueryFilter as _, QuerySelect as _, UpdateMany, sea_query::Expr,
};
use time::{Duration, OffsetDateTime};

use super::{
    RunFailure, Total, TotalQuery,
    ask::connected_at,
    eligible,
    policy::policy_of,
    tell::{tell_decided, tell_finished, tell_requested},
    totals::read_totals,
    undecided::DecideError,
};
use crate::store::{
    Denied, Lapsed, Loaded, NewAuditEvent, Permission, ReadError, RememberedAnswer, RunRow, SealedRequest,
    Store, StoreError, Tenant, audit,
    entity::{action_reservation, action_run, approval},
    idempotency_keys,
    integrations::{lock, read_loaded, reload},
    transaction::Transaction,
};

/// Somebody's decision on an approval.
#[derive(Clone, Debug)]
pub struct Deciding {
    /// The approval.
    pub approval: ApprovalId,
    /// Who decides.
    pub by: Principal,
    /// What they say with it.
    pub note: Option<String>,
    /// When.
    pub at: OffsetDateTime,
}

/// What a person was asked about.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The run.
    pub run: RunRow,
    /// SHA-256 of what the provider's file said of the action.
    pub definition: Vec<u8>,
    /// Its request.
    pub request: SealedRequest,
    /// Whether the integration is still connected as it was at the asking.
    pub is_same_connection: bool,
}

/// How things are when it is decided.
#[derive(Debug)]
pub struct Standing<'a> {
    /// The integration. `None`: there is none any more.
    pub loaded: Option<&'a Loaded>,
    /// Whether the integration is still connected as it was at the asking.
    pub is_same_connection: bool,
    /// The totals that were asked for, in their order, without this run.
    pub totals: &'a [Total],
}

/// What becomes of an approval and its run.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// It is approved, and the run is sent now.
    Send {
        /// Who sends it: a new id for each attempt.
        attempt: LeaseId,
        /// When it counts as abandoned.
        until: OffsetDateTime,
        /// That it was approved.
        event: NewAuditEvent,
        /// The answer to the request that approves it, if that one has an `Idempotency-Key`.
        remembered: Option<RememberedAnswer>,
    },
    /// What the provider says has changed, so a person is asked again.
    AskAgain {
        /// The new approval.
        approval: ApprovalId,
        /// JSON object: what the provider says now.
        evidence: String,
        /// JSON array: why a person is asked.
        reasons: String,
    },
    /// It is not sent, and this is the run's end.
    Deny {
        /// What denied it.
        by: DeniedBy,
        /// What the caller is told.
        error: RunFailure,
        /// That it was denied.
        event: NewAuditEvent,
    },
    /// What was asked no longer holds. It is not sent, and this is the run's end.
    Expire {
        /// What the caller is told.
        error: RunFailure,
        /// That it expired.
        event: NewAuditEvent,
    },
}

/// An approval that can be decided on by who decides, locked with its run and its integration.
struct Held {
    run: action_run::Model,
    approval: approval::Model,
}

impl Held {
    async fn is_same_connection(&self, on: &Transaction) -> Result<bool, StoreError> {
        let connected_at = connected_at(on, &self.run.integration_id).await?;
        Ok(connected_at.is_some() && connected_at == self.approval.connected_at)
    }
}

impl Store {
    /// What a person was asked about, if it can be decided on now by who decides. It is checked again by
    /// [`Store::decide_approval`].
    pub async fn asked<E>(&self, tenant: &Tenant, deciding: &Deciding) -> Result<Asked, DecideError<E>> {
        let transaction = self.begin().await?;
        let held = hold::<E>(&transaction, tenant, deciding).await?;
        let is_same_connection = held.is_same_connection(&transaction).await?;
        let Held { run, .. } = held;
        let definition = run.definition.clone();
        let request = SealedRequest::try_from(run.clone())?;
        Ok(Asked { run: run.into(), definition, request, is_same_connection })
    }

    /// Decides on an approval: `decide` says what becomes of it, as things are in this transaction. Until it ends,
    /// nobody changes the integration, and no other call of it is decided on. Returns the run after that.
    ///
    /// If `decide` fails, nothing is stored.
    pub async fn decide_approval<E, F>(
        &self,
        tenant: &Tenant,
        deciding: Deciding,
        totals: &[TotalQuery],
        decide: F,
    ) -> Result<RunRow, DecideError<E>>
    where
        F: FnOnce(&Standing<'_>) -> Result<Verdict, E> + Send,
        E: Send,
    {
        let transaction = self.begin().await?;
        let held = hold::<E>(&transaction, tenant, &deciding).await?;
        let run = &held.run;
        let rows = reload(&transaction, tenant, &run.provider).await?;
        let loaded = read_loaded(&self.tenant_check, tenant, &rows)?;
        let loaded = loaded.filter(|loaded| loaded.integration.id.to_string() == run.integration_id);
        let id: RunId = run.id.parse().map_err(|_| StoreError::Damaged(format!("run {}: id", run.id)))?;
        let totals = read_totals(&transaction, &run.integration_id, &run.action, id, totals).await?;
        let standing = Standing {
            loaded: loaded.as_ref(),
            is_same_connection: held.is_same_connection(&transaction).await?,
            totals: &totals,
        };
        let verdict = decide(&standing).map_err(DecideError::Refused)?;
        carry_out::<E>(&transaction, held, deciding, verdict).await?;
        let run = action_run::Entity::find_by_id(id.to_string()).one(&transaction).await?;
        let run = run.ok_or_else(|| StoreError::Damaged(format!("run {id}: it is gone")))?;
        transaction.commit().await?;
        Ok(run.into())
    }
}

/// Locks in the one order, and checks who decides and that it can be decided on.
async fn hold<E>(on: &Transaction, tenant: &Tenant, deciding: &Deciding) -> Result<Held, DecideError<E>> {
    let Deciding { approval: id, by, at, .. } = deciding;
    let permission = Permission { tenant: *tenant, by: Some(*by), at: *at };
    match permission.hold_for(on, RequiredScope::APPROVALS_ADMIN).await? {
        Ok(()) => {}
        Err(Lapsed::Project) => return Err(ReadError::from(Denied::NoSuchProject).into()),
        Err(Lapsed::Principal) => return Err(DecideError::Lapsed),
    }
    let found = || {
        approval::Entity::find_by_id(id.to_string())
            .filter(approval::Column::ProjectId.eq(tenant.project.to_string()))
    };
    // Its run and that one's integration never change, and both are locked before it.
    let run_id = found().one(on).await?.ok_or(DecideError::NoSuchApproval)?.run_id;
    let run = || action_run::Entity::find_by_id(&run_id);
    let integration = run().one(on).await?.ok_or(DecideError::NoSuchApproval)?.integration_id;
    let damaged = |_| StoreError::Damaged(format!("run {run_id}: integration"));
    lock(on, integration.parse().map_err(damaged)?).await?;
    let run = run().lock_exclusive().one(on).await?.ok_or(DecideError::NoSuchApproval)?;
    let approval = found().lock_exclusive().one(on).await?.ok_or(DecideError::NoSuchApproval)?;
    let deciders = deciders(on, &approval).await?;
    eligible::check::<E>(on, &run, deciders, *by).await?;
    let damaged = |_| StoreError::Damaged(format!("approval {id}: status"));
    match approval.status.parse::<ApprovalStatus>().map_err(damaged)? {
        ApprovalStatus::Pending if approval.expires_at <= *at => {
            Err(DecideError::NotPending(ApprovalStatus::Expired))
        }
        ApprovalStatus::Pending => Ok(Held { run, approval }),
        decided => Err(DecideError::NotPending(decided)),
    }
}

/// Who may decide: keys only if the project let them at the asking, and still does.
async fn deciders(on: &Transaction, approval: &approval::Model) -> Result<Deciders, StoreError> {
    let damaged = |_| StoreError::Damaged(format!("approval {}: deciders", approval.id));
    let asked: Deciders = approval.deciders.parse().map_err(damaged)?;
    let now = policy_of(on, &approval.project_id).await?.deciders;
    Ok(if asked == now { now } else { Deciders::People })
}

async fn carry_out<E>(
    on: &Transaction,
    Held { run, approval }: Held,
    deciding: Deciding,
    verdict: Verdict,
) -> Result<(), DecideError<E>> {
    let at = deciding.at;
    let (event, decided) = match verdict {
        Verdict::Send { attempt, until, event, remembered } => {
            idempotency_keys::remember(on, remembered).await?;
            let sending = update_run(&run, RunStatus::Sending)
                .col_expr(action_run::Column::Attempt, Expr::value(attempt.to_string()))
                .col_expr(action_run::Column::SentAt, Expr::value(at))
                .col_expr(action_run::Column::SendingUntil, Expr::value(until))
                .filter(action_run::Column::ApprovalId.eq(&approval.id))
                .filter(action_run::Column::ApprovalExpiresAt.gt(at));
            once::<E>(sending.exec(on).await?.rows_affected)?;
            settle::<E>(on, &approval.id, ApprovalStatus::Approved, at, Some(&deciding)).await?;
            count_from(on, &run.id, at).await?;
            (event, ApprovalStatus::Approved)
        }
        Verdict::AskAgain { approval: new, evidence, reasons } => {
            settle::<E>(on, &approval.id, ApprovalStatus::Expired, at, None).await?;
            tell_decided(on, &run, &approval.id, ApprovalStatus::Expired, at)?;
            return Ok(ask_again(on, &run, approval, AskedAnew { id: new, evidence, reasons, at }).await?);
        }
        Verdict::Deny { by, error, event } => {
            let denied = update_run(&run, RunStatus::Denied)
                .col_expr(action_run::Column::DeniedBy, Expr::value(by.as_str()));
            once::<E>(ended(denied, error, at).exec(on).await?.rows_affected)?;
            let (status, by) = match by {
                DeniedBy::Person => (ApprovalStatus::Denied, Some(&deciding)),
                DeniedBy::Permission | DeniedBy::Guard => (ApprovalStatus::Expired, None),
            };
            settle::<E>(on, &approval.id, status, at, by).await?;
            give_back(on, &run.id).await?;
            (event, status)
        }
        Verdict::Expire { error, event } => {
            let expired = ended(update_run(&run, RunStatus::Expired), error, at);
            once::<E>(expired.exec(on).await?.rows_affected)?;
            settle::<E>(on, &approval.id, ApprovalStatus::Expired, at, None).await?;
            give_back(on, &run.id).await?;
            (event, ApprovalStatus::Expired)
        }
    };
    audit::record(on, event).await?;
    tell_decided(on, &run, &approval.id, decided, at)?;
    if decided != ApprovalStatus::Approved {
        tell_finished(on, &run.id).await?;
    }
    Ok(())
}

/// The update of a run that waits for a person.
fn update_run(run: &action_run::Model, status: RunStatus) -> UpdateMany<action_run::Entity> {
    action_run::Entity::update_many()
        .col_expr(action_run::Column::Status, Expr::value(status.as_str()))
        .filter(action_run::Column::Id.eq(&run.id))
        .filter(action_run::Column::Status.eq(RunStatus::PendingApproval.as_str()))
}

fn ended(
    update: UpdateMany<action_run::Entity>,
    error: RunFailure,
    at: OffsetDateTime,
) -> UpdateMany<action_run::Entity> {
    update
        .col_expr(action_run::Column::ErrorCode, Expr::value(error.code.as_str()))
        .col_expr(action_run::Column::ErrorMessage, Expr::value(error.message))
        .col_expr(action_run::Column::FinishedAt, Expr::value(at))
}

/// Ends an approval that is pending. Who decided stands in it only if somebody has.
async fn settle<E>(
    on: &Transaction,
    id: &str,
    status: ApprovalStatus,
    at: OffsetDateTime,
    by: Option<&Deciding>,
) -> Result<(), DecideError<E>> {
    use approval::Column;

    let settled = approval::Entity::update_many()
        .col_expr(Column::Status, Expr::value(status.as_str()))
        .col_expr(Column::DecidedAt, Expr::value(at))
        .col_expr(Column::DecidedBy, Expr::value(by.map(|by| by.by.to_string())))
        .col_expr(Column::Note, Expr::value(by.and_then(|by| by.note.clone())))
        .filter(Column::Id.eq(id))
        .filter(Column::Status.eq(ApprovalStatus::Pending.as_str()))
        .filter(Column::ExpiresAt.gt(at))
        .exec(on)
        .await?;
    once(settled.rows_affected)
}

/// Both rows are locked and were looked at, so this never fails. If it did, nothing would be stored or sent.
fn once<E>(rows: u64) -> Result<(), DecideError<E>> {
    if rows == 1 { Ok(()) } else { Err(DecideError::NotPending(ApprovalStatus::Expired)) }
}

/// What a run counts towards limits counts from now on, when it is sent.
async fn count_from(on: &Transaction, run: &str, at: OffsetDateTime) -> Result<(), StoreError> {
    action_reservation::Entity::update_many()
        .col_expr(action_reservation::Column::CreatedAt, Expr::value(at))
        .filter(action_reservation::Column::RunId.eq(run))
        .exec(on)
        .await?;
    Ok(())
}

/// What was not done counts towards no limit.
async fn give_back(on: &Transaction, run: &str) -> Result<(), StoreError> {
    action_reservation::Entity::delete_many()
        .filter(action_reservation::Column::RunId.eq(run))
        .exec(on)
        .await?;
    Ok(())
}

/// A new question about the same run.
struct AskedAnew {
    id: ApprovalId,
    evidence: String,
    reasons: String,
    at: OffsetDateTime,
}

/// Stores a new approval of a run, after the one before has ended.
async fn ask_again(
    on: &Transaction,
    run: &action_run::Model,
    before: approval::Model,
    AskedAnew { id, evidence, reasons, at }: AskedAnew,
) -> Result<(), StoreError> {
    use action_run::Column;

    let policy = policy_of(on, &run.project_id).await?;
    let expires_at = at + Duration::seconds(policy.expires_after.into());
    action_run::Entity::update_many()
        .col_expr(Column::ApprovalId, Expr::value(id.to_string()))
        .col_expr(Column::ApprovalExpiresAt, Expr::value(expires_at))
        .col_expr(Column::Evidence, Expr::value(evidence.as_str()))
        .col_expr(Column::Reasons, Expr::value(reasons.as_str()))
        .filter(Column::Id.eq(&run.id))
        .exec(on)
        .await?;
    let asked =
        approval::Model { id: id.to_string(), evidence, reasons, created_at: at, expires_at, ..before };
    approval::Entity::insert(approval::ActiveModel::from(asked)).exec_without_returning(on).await?;
    tell_requested(on, run, &id.to_string(), expires_at, at).await
}
