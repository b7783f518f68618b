//! Decides on what waits for a person: denies it, or looks at everything again and sends it.

use std::time::Duration;

use integrations_core::{
    action::{
        ApprovalStatus, Context, Decision as Decided, DeniedBy, NotApprover, Obstacle, Reason, RunStatus,
        shown_input, spending,
    },
    audit::{Acting, AuditAction, Change, change, changes_of_run},
    catalog::{ProviderAccount, ProviderRef, action::Action},
    error::ErrorCode,
    ids::ApprovalId,
    principal::Principal,
};
use serde_json::{Map, Value};
use tokio::time::Instant;
use tracing::Instrument as _;

use super::{
    Actions, Call, CallError, Remember,
    begin::{Denial, SENDING_LIFE, decision as decide_anew, denied, totals_of, written, written_reasons},
    call::TO_PREPARE,
    delivery::Delivery,
    frozen::Frozen,
    identity,
    opened::check_active,
    readings::Readings,
    ready::{Ready, ToSend},
};
use crate::{
    store::{
        Asked, DecideError, Deciding, Loaded, NewAuditEvent, ReadError, RunFailure, RunRow, Standing,
        StoreError, Tenant, Verdict,
    },
    vault::VaultError,
};

/// Somebody's decision on an approval.
#[derive(Clone, Debug)]
pub struct Decision {
    /// The project, with its organization.
    pub tenant: Tenant,
    /// The approval.
    pub approval: ApprovalId,
    /// Who decides: from the request's credential alone.
    pub by: Principal,
    /// What they say with it.
    pub note: Option<String>,
    /// The request that decides.
    pub request_id: Option<String>,
    /// Makes the answer to be remembered if it is sent, for a request that has an `Idempotency-Key`.
    pub remembered: Option<Remember>,
}

/// Why an approval was not decided on. Nothing was sent.
#[derive(Debug, thiserror::Error)]
pub enum ApprovalError {
    /// The call can still not be made, or not at this moment. The approval is pending as before.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The project has no such approval.
    #[error("there is no such approval")]
    NoSuchApproval,
    /// The rights of who decides have ended.
    #[error("the rights to decide have ended")]
    Lapsed,
    /// They may not decide on this one.
    #[error(transparent)]
    NotApprover(#[from] NotApprover),
    /// It was decided, or has expired.
    #[error("the approval is {0}")]
    NotPending(ApprovalStatus),
    /// It was asked for before the database was taken for a copy, so the original may have sent it.
    #[error(
        "This server's database was restored or copied, and this was asked for before that: another server may have \
         sent it already. Nothing was changed. Look at the provider, and deny it here if it was sent. The operator \
         ends this state with `admin resume`"
    )]
    MayBeSent,
}

impl From<ReadError> for ApprovalError {
    fn from(error: ReadError) -> Self {
        Self::Call(error.into())
    }
}

impl From<StoreError> for ApprovalError {
    fn from(error: StoreError) -> Self {
        Self::Call(error.into())
    }
}

impl From<DecideError<CallError>> for ApprovalError {
    fn from(error: DecideError<CallError>) -> Self {
        match error {
            DecideError::Read(error) => error.into(),
            DecideError::NoSuchApproval => Self::NoSuchApproval,
            DecideError::Lapsed => Self::Lapsed,
            DecideError::NotApprover(why) => Self::NotApprover(why),
            DecideError::NotPending(status) => Self::NotPending(status),
            DecideError::Refused(error) => Self::Call(error),
        }
    }
}

/// A call that was asked about, looked at again.
struct Again {
    call: Call,
    action: Action,
    ready: Ready,
    delivery: Delivery,
    /// Whether the provider says something else than at the asking.
    has_changed: bool,
}

/// Whether what was asked about can still be sent.
enum Look {
    /// It can, if the decision says so.
    Good(Box<Again>),
    /// It cannot any more, for this reason.
    Gone(&'static str),
}

impl Actions {
    /// Approves a call: looks at everything again, and sends exactly what was asked about, once. Returns the run as it
    /// is when it has ended, or when a person is asked again because the provider says something else now, or when
    /// `patience` is over. It goes on to its end if who approves is gone.
    pub async fn approve(&self, decision: Decision, patience: Duration) -> Result<RunRow, ApprovalError> {
        let (tenant, approval) = (decision.tenant, decision.approval);
        let (actions, under_way) = (self.clone(), self.0.calls.subscribe());
        let approving = async move {
            let _under_way = under_way;
            actions.approve_to_the_end(&decision).await
        };
        let task = tokio::spawn(approving.in_current_span());
        match tokio::time::timeout(patience, task).await {
            Ok(ended) => ended.map_err(|error| CallError::Broken(error.to_string()))?,
            Err(_) => {
                let asked =
                    self.store.approval(&tenant, approval).await?.ok_or(ApprovalError::NoSuchApproval)?;
                let run = asked.run_id.parse().map_err(|_| damaged("its run"))?;
                Ok(self.store.run(&tenant, run).await?.ok_or(CallError::Unfinished)?)
            }
        }
    }

    /// Denies a call. Returns its run, which has ended.
    pub async fn deny(&self, decision: Decision) -> Result<RunRow, ApprovalError> {
        let deciding = self.deciding(&decision);
        let asked = self.store.asked::<CallError>(&decision.tenant, &deciding).await?;
        let to = RunStatus::Denied;
        let event = self.decided(&decision, &asked, AuditAction::IntegrationActionDenied, to)?;
        let error =
            RunFailure { code: ErrorCode::ActionNotPermitted, message: refusal(decision.note.as_deref()) };
        let verdict = Verdict::Deny { by: DeniedBy::Person, error, event };
        Ok(self
            .store
            .decide_approval(&decision.tenant, deciding, &[], |_| Ok::<_, CallError>(verdict))
            .await?)
    }

    async fn approve_to_the_end(&self, decision: &Decision) -> Result<RunRow, ApprovalError> {
        let began = Instant::now();
        // Before anything is asked of the provider: whoever may not decide causes no request.
        let asked = self.store.asked::<CallError>(&decision.tenant, &self.deciding(decision)).await?;
        if self.store.quiet_since().await?.is_some_and(|since| asked.run.created_at < since) {
            return Err(ApprovalError::MayBeSent);
        }
        let row = match self.look_again(decision, &asked).await? {
            Look::Gone(why) => self.expire(decision, &asked, why).await?,
            Look::Good(again) => self.approve_now(decision, &asked, *again).await?,
        };
        if let Ok(status) = row.status.parse() {
            let (provider, _) = ProviderRef::parts(&asked.request.provider);
            self.metrics.action_call(provider, &row.action, status, began.elapsed());
        }
        Ok(row)
    }

    /// Looks at the integration, the action and the provider again. The request stays as it was.
    async fn look_again(&self, decision: &Decision, asked: &Asked) -> Result<Look, ApprovalError> {
        const DEFINED_ANEW: &str = "The action is defined otherwise now than when it was asked for";
        let provider = &asked.request.provider;
        let Ok(account) = self.catalog.account(provider) else { return Ok(Look::Gone(DEFINED_ANEW)) };
        let loaded = self.store.load(&decision.tenant, provider).await?;
        let Some(loaded) = loaded.filter(|loaded| loaded.integration.id == asked.request.integration) else {
            return Ok(Look::Gone(CONNECTED_ANEW));
        };
        let account = account.stored(loaded.way());
        let action = account.provider.action(&asked.request.action).cloned();
        let is_same = |action: &Action| identity::definition(&account.provider, action) == *asked.definition;
        let Some(action) = action.filter(is_same) else {
            return Ok(Look::Gone(DEFINED_ANEW));
        };
        check_active(&loaded)?;
        if !asked.is_same_connection || !is_same_account(&loaded, &asked.run) {
            return Ok(Look::Gone(CONNECTED_ANEW));
        }
        if let Some(seconds) = self.0.waits.left(loaded.integration.id) {
            let provider = account.provider.name.clone();
            return Err(CallError::Limited { provider, seconds }.into());
        }
        let frozen = self.frozen(asked, &action)?;
        let opened = self.open(&account, loaded).await?;
        let run = asked.request.run;
        let (of, deadline) = ((&action, frozen.input()), Instant::now() + TO_PREPARE);
        let mut delivery = Delivery::new(self, decision.tenant, run, opened, of, deadline);
        let Readings { evidence, .. } = delivery.evidence(&action, frozen.input()).await?;
        let has_changed = Value::Object(evidence.clone()) != json(&asked.run.evidence)?;
        let ready = self.ready_again(asked, &action, frozen, evidence)?;
        let call = called(decision.tenant, account, asked)?;
        Ok(Look::Good(Box::new(Again { call, action, ready, delivery, has_changed })))
    }

    /// Opens what was sealed, and checks that it is what people were shown.
    fn frozen(&self, asked: &Asked, action: &Action) -> Result<Frozen, ApprovalError> {
        let frozen = self.open_frozen(&asked.request)?;
        let shown = Value::Object(shown_input(&action.inputs, frozen.input()));
        if shown != json(&asked.run.input)? {
            return Err(CallError::Vault(VaultError::Damaged).into());
        }
        Ok(frozen)
    }

    fn ready_again(
        &self,
        asked: &Asked,
        action: &Action,
        frozen: Frozen,
        evidence: Map<String, Value>,
    ) -> Result<Ready, ApprovalError> {
        let money = frozen.money().ok_or(CallError::Vault(VaultError::Damaged))?;
        let input = frozen.input().clone();
        let spending = spending(action, &input, &money, &asked.run.principal);
        let to_send = Some(ToSend { frozen, attempt: self.environment.id() });
        let asked_input = input.clone();
        Ok(Ready {
            context: context(&asked.run)?,
            asked: asked_input,
            input,
            money,
            evidence,
            spending,
            to_send,
        })
    }

    /// Decides anew in the transaction that marks it as being sent, and sends it.
    async fn approve_now(
        &self,
        decision: &Decision,
        asked: &Asked,
        again: Again,
    ) -> Result<RunRow, ApprovalError> {
        let deciding = self.deciding(decision);
        let totals = totals_of(&again.ready, deciding.at);
        let judge = |standing: &Standing<'_>| self.judge(decision, asked, &again, standing);
        let row = self.store.decide_approval(&decision.tenant, deciding, &totals, judge).await?;
        let Again { call, action, ready, delivery, .. } = again;
        Ok(self.send(&call, &action, ready, delivery, row).await?)
    }

    fn judge(
        &self,
        decision: &Decision,
        asked: &Asked,
        again: &Again,
        standing: &Standing<'_>,
    ) -> Result<Verdict, CallError> {
        let Again { action, ready, delivery, has_changed, .. } = again;
        let Some(loaded) = standing.loaded.filter(|_| standing.is_same_connection) else {
            return self.gone(decision, asked, CONNECTED_ANEW);
        };
        check_active(loaded)?;
        if !delivery.opened.is_connected_as(loaded) {
            return Err(CallError::Changed);
        }
        let reasons = match decide_anew(action, ready, loaded, standing.totals) {
            Decided::Deny(reasons) => {
                let Denial { by, error } = denied(&reasons, ready, standing.totals);
                let denied = AuditAction::IntegrationActionDenied;
                let event = self.decided(decision, asked, denied, RunStatus::Denied)?;
                return Ok(Verdict::Deny { by, error, event });
            }
            Decided::Ask(reasons) => reasons,
            Decided::Allow => Vec::new(),
        };
        let told: Vec<Reason> = serde_json::from_str(asked.run.reasons.as_deref().unwrap_or("[]"))
            .map_err(|_| damaged("its reasons"))?;
        // A limit may have been lowered since. Who approved was not told of it.
        if *has_changed || reasons.iter().any(|reason| !told.contains(reason)) {
            let words = "The provider says something else than when it was asked for".to_owned();
            let changed = Reason { obstacle: Obstacle::Evidence, words, setting: None };
            let changed = has_changed.then_some(changed);
            let reasons: Vec<Reason> = changed.into_iter().chain(reasons).collect();
            let evidence = Value::Object(ready.evidence.clone()).to_string();
            let approval = self.environment.id();
            return Ok(Verdict::AskAgain { approval, evidence, reasons: written_reasons(&reasons)? });
        }
        let Some(ToSend { attempt, .. }) = &ready.to_send else { return Err(CallError::Changed) };
        let remembered = decision.remembered.as_ref().map(|remember| remember.run(asked.request.run));
        Ok(Verdict::Send {
            attempt: *attempt,
            until: self.environment.now() + SENDING_LIFE,
            event: self.decided(
                decision,
                asked,
                AuditAction::IntegrationActionApproved,
                RunStatus::Sending,
            )?,
            remembered: remembered.transpose()?,
        })
    }

    /// Ends a run that can no longer be sent, although somebody approves it.
    async fn expire(
        &self,
        decision: &Decision,
        asked: &Asked,
        why: &'static str,
    ) -> Result<RunRow, ApprovalError> {
        let verdict = self.gone(decision, asked, why)?;
        let deciding = self.deciding(decision);
        Ok(self
            .store
            .decide_approval(&decision.tenant, deciding, &[], |_| Ok::<_, CallError>(verdict))
            .await?)
    }

    fn gone(&self, decision: &Decision, asked: &Asked, why: &str) -> Result<Verdict, CallError> {
        let message = format!("{why}, so it has expired and nothing was sent. It can be asked for again");
        let error = RunFailure { code: ErrorCode::ApprovalNotPending, message };
        let expired = AuditAction::IntegrationActionExpired;
        let event = self.decided(decision, asked, expired, RunStatus::Expired)?;
        Ok(Verdict::Expire { error, event })
    }

    fn deciding(&self, decision: &Decision) -> Deciding {
        let Decision { approval, by, note, .. } = decision;
        Deciding { approval: *approval, by: *by, note: note.clone(), at: self.environment.now() }
    }

    /// The event of what a decision made of a run. Whoever decided acts.
    fn decided(
        &self,
        decision: &Decision,
        asked: &Asked,
        action: AuditAction,
        to: RunStatus,
    ) -> Result<NewAuditEvent, CallError> {
        let Decision { tenant, by, note, request_id, .. } = decision;
        let (run, from) = (&asked.run, Some(RunStatus::PendingApproval));
        let context = written(&context(run)?);
        let details = [
            change("approval", Value::Null, decision.approval.to_string()),
            change("requested_by", Value::Null, run.principal.clone()),
            change("note", Value::Null, note.clone()),
        ];
        let changes = changes_of_run(asked.request.run, &run.action, from, to, &context);
        let changes: Vec<Change> = changes.into_iter().chain(details.into_iter().flatten()).collect();
        let acting = Acting { actor: (*by).into(), request_id: request_id.clone() };
        Ok(NewAuditEvent {
            project: Some(tenant.project),
            integration: Some((asked.request.integration, run.provider.clone())),
            changes,
            ..NewAuditEvent::new(&self.environment, tenant.organization, action, acting)
        })
    }
}

const CONNECTED_ANEW: &str = "The integration was connected anew since it was asked for";

/// What the caller of a denied call is told.
fn refusal(note: Option<&str>) -> String {
    let said = note.map_or_else(String::new, |note| format!(": {}", note.trim_end_matches('.')));
    format!("A person denied it{said}. Do not ask again by yourself, but tell those whom it concerns")
}

fn is_same_account(loaded: &Loaded, run: &RunRow) -> bool {
    let account = loaded.integration.account.as_ref().map(|account| account.id.as_str());
    account == run.account_id.as_deref()
}

/// The call that a run is.
fn called(tenant: Tenant, account: ProviderAccount, asked: &Asked) -> Result<Call, CallError> {
    Ok(Call {
        run: asked.request.run,
        tenant,
        account,
        action: asked.request.action.clone(),
        body: Vec::new(),
        by: asked.run.principal.parse().map_err(|_| damaged("its caller"))?,
        request_id: asked.run.request_id.clone(),
        remembered: None,
        repeats_within: None,
    })
}

fn context(run: &RunRow) -> Result<Context, CallError> {
    let context = run.context.as_deref().map(serde_json::from_str).transpose();
    Ok(context.map_err(|_| damaged("its context"))?.unwrap_or_default())
}

fn json(text: &str) -> Result<Value, CallError> {
    serde_json::from_str(text).map_err(|_| damaged("its JSON"))
}

fn damaged(what: &str) -> CallError {
    StoreError::Damaged(format!("a run that waits for a person: {what}")).into()
}
