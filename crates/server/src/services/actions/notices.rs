//! The job that tells people, by an action of their project's own integration, of what waits for one of them.
//!
//! A message is a run, called by the server: the person who set where people are told has permitted that one action
//! with that input. It is sent at least once. If its answer was lost, the provider is asked first, where its file says
//! how.

use std::time::Duration as Std;

use integrations_core::{
    action::{ApprovalStatus, Caller, Destination, Notice, NoticeTells, RunStatus, more_wait, shown_amounts},
    audit::{Acting, AuditAction, change},
    catalog::{ActionKind, action::Message},
    error::ErrorCode,
    ids::RunId,
    lifecycle::Status,
    webhook::{Next, Outcome, SendFailure, after},
};
use serde_json::{Map, Value, json};
use time::Duration;

use super::{
    Actions, Call, CallError,
    notify::{Messenger, Obstacle},
};
use crate::{
    jobs::{ClaimedWork, Pieces},
    store::{ApprovalRow, NewAuditEvent, NoticeClaim, NoticeEnd, ReadError, RunRow, StoreError, Tenant},
};

/// When an attempt counts as abandoned: later than the longest call ends.
const ATTEMPT_LIFE: Duration = Duration::minutes(6);
/// How long a call is waited for.
const PATIENCE: Std = Std::from_secs(5 * 60);
/// The pause before it is looked again what came of a run.
const LOOK_AGAIN: Duration = Duration::seconds(15);
/// The pause before a message is tried again that waits for its integration.
const ASK_AGAIN: Duration = Duration::minutes(5);
/// How long is waited for what the provider can show of a run whose answer was lost.
const LOOKED_FOR: Duration = Duration::minutes(3);

/// The messages that are due.
#[derive(Clone, Debug)]
pub struct Notices(Actions);

impl Actions {
    /// The job that tells people of what waits for one of them.
    pub fn noticing(&self) -> ClaimedWork<Notices> {
        ClaimedWork::new(Notices(self.clone()))
    }
}

impl Pieces for Notices {
    type Claim = NoticeClaim;
    const NAME: &'static str = "approval_notices";

    async fn claim(&self, most: u64) -> Result<Vec<NoticeClaim>, StoreError> {
        let Self(actions) = self;
        // On what may be a copy of a database nobody is told: the original tells them.
        if actions.store.quiet_since().await?.is_some() {
            return Ok(Vec::new());
        }
        let now = actions.environment.now();
        actions.store.claim_due_notices(now, now + ATTEMPT_LIFE, most).await
    }

    async fn work(self, claim: NoticeClaim) {
        // It is tried again when the claim has lapsed.
        if let Err(error) = self.0.send_notice(&claim).await {
            let approval = claim.approval;
            tracing::warn!(%approval, %error, "what came of a message about an approval could not be stored");
        }
    }
}

/// What comes of an attempt.
enum Came {
    /// The message was sent.
    Sent,
    /// There is nothing to tell any more, or nobody is to be told.
    Dropped,
    /// It cannot be sent, for this reason.
    Never(String),
    /// It may be sent later, and not before this long.
    Later(Std, String),
    /// It is looked at again after this pause: its integration is paused or errs, or it is not known yet what came of
    /// the attempt before.
    Waits(Duration),
    /// Somebody else has taken over.
    TakenOver,
}

impl Actions {
    async fn send_notice(&self, claim: &NoticeClaim) -> Result<(), StoreError> {
        let came = match self.try_notice(claim).await {
            Ok(came) => came,
            Err(error) => came_of(error),
        };
        let now = self.environment.now();
        let end = match came {
            Came::Sent => NoticeEnd::Sent,
            Came::Dropped => NoticeEnd::Dropped,
            Came::Never(error) => self.given_up(claim, error),
            Came::Waits(pause) => NoticeEnd::Again { at: now + pause, attempts: claim.attempts },
            Came::TakenOver => return Ok(()),
            Came::Later(at_least, error) => {
                // The pauses are those of webhooks.
                match after(claim.attempts + 1, Outcome::NoAnswer(SendFailure::Broken)) {
                    Next::Retry(pause) => {
                        NoticeEnd::Again { at: now + pause.max(at_least), attempts: claim.attempts + 1 }
                    }
                    Next::Delivered | Next::GivenUp => self.given_up(claim, error),
                }
            }
        };
        self.store.end_notice(claim, end, now).await
    }

    async fn try_notice(&self, claim: &NoticeClaim) -> Result<Came, CallError> {
        let tenant = &claim.tenant;
        let approval = match self.approval(tenant, claim.approval).await {
            Ok(Some(approval)) => approval,
            // The project, or the run, is gone.
            Ok(None) | Err(ReadError::Denied(_)) => return Ok(Came::Dropped),
            Err(error) => return Err(error.into()),
        };
        let Some(destination) = self.approval_policy(tenant).await?.notify else { return Ok(Came::Dropped) };
        let messenger = match self.messenger(tenant, &destination).await? {
            Ok(messenger) => messenger,
            Err(Obstacle { words, .. }) => return Ok(Came::Never(words)),
        };
        if let Some(earlier) = claim.earlier
            && let Some(came) = self.came_of_earlier(tenant, earlier, &messenger).await?
        {
            return Ok(came);
        }
        match approval.status.parse() {
            Ok(ApprovalStatus::Pending) => {}
            // That more wait is still to be told, whatever was decided on this one.
            _ if claim.tells == NoticeTells::More && approval.expires_at > self.environment.now() => {}
            Ok(ApprovalStatus::Expired) => {
                return Ok(Came::Never("Its time was over before it could be sent".to_owned()));
            }
            _ => return Ok(Came::Dropped),
        }
        if let Some(words) = messenger.other_account(&destination) {
            return Ok(Came::Never(words));
        }
        let call = self.notice_call(claim, &approval, &messenger, destination)?;
        if !self.store.begin_notice(claim, call.run).await? {
            return Ok(Came::TakenOver);
        }
        let run = self.call(call, PATIENCE).await?;
        Ok(came_of_run(&run))
    }

    /// The call that sends a message.
    fn notice_call(
        &self,
        claim: &NoticeClaim,
        approval: &ApprovalRow,
        messenger: &Messenger,
        destination: Destination,
    ) -> Result<Call, CallError> {
        let (tenant, message) = (&claim.tenant, &messenger.message);
        let mut input = destination.input;
        input.extend(match claim.tells {
            NoticeTells::One => self.message_about(tenant, approval, message)?,
            NoticeTells::More => {
                let path = format!("/dashboard/projects/{}/approvals", tenant.project);
                more_wait(message, &self.store.link_to(&path))
            }
        });
        let context = json!({
            "on_behalf_of": "The approval policy of this project",
            "reason": format!("Tells people of {}, which waits for one of them", approval.id),
        });
        Ok(Call {
            run: self.environment.id(),
            tenant: *tenant,
            account: messenger.account.clone(),
            action: messenger.action.key.clone(),
            body: json!({"input": input, "context": context}).to_string().into_bytes(),
            by: Caller::Server,
            request_id: None,
            remembered: None,
            repeats_within: None,
        })
    }

    /// What came of the attempt before. `None`: nothing was sent, as far as anybody knows.
    async fn came_of_earlier(
        &self,
        tenant: &Tenant,
        run: RunId,
        messenger: &Messenger,
    ) -> Result<Option<Came>, CallError> {
        let Some(run) = self.store.run(tenant, run).await? else { return Ok(None) };
        let can_look = messenger.action.resolve.is_some();
        let is_new = run.finished_at.is_none_or(|at| at + LOOKED_FOR > self.environment.now());
        Ok(match run.status.parse() {
            Ok(RunStatus::Succeeded | RunStatus::Accepted) => Some(Came::Sent),
            Ok(RunStatus::Sending) => Some(Came::Waits(LOOK_AGAIN)),
            Ok(RunStatus::Unknown) if can_look && is_new => Some(Came::Waits(LOOK_AGAIN)),
            _ => None,
        })
    }

    /// The inputs that carry the message about an approval.
    fn message_about(
        &self,
        tenant: &Tenant,
        approval: &ApprovalRow,
        message: &Message,
    ) -> Result<Map<String, Value>, CallError> {
        let damaged = |what: &str| StoreError::Damaged(format!("approval {}: {what}", approval.id));
        let object =
            |text: &str, what| serde_json::from_str::<Map<String, Value>>(text).map_err(|_| damaged(what));
        let (input, evidence) = (object(&approval.input, "input")?, object(&approval.evidence, "evidence")?);
        let context = approval.context.as_deref().map(serde_json::from_str).transpose();
        let context = context.map_err(|_| damaged("context"))?.unwrap_or_default();
        let account = self.catalog.account(&approval.provider).ok();
        let action = account.as_ref().and_then(|account| account.provider.action(&approval.action));
        let money = action.map(|action| shown_amounts(&action.inputs, &input, &evidence)).unwrap_or_default();
        let name = account.as_ref().map_or_else(|| approval.provider.clone(), |account| account.label());
        let names = [&approval.asking_key_name, &approval.asking_user_name, &approval.asking_user_email];
        let asked_by = names.into_iter().flatten().next().unwrap_or(&approval.principal);
        let path = format!("/dashboard/projects/{}/approvals/{}", tenant.project, approval.id);
        let notice = Notice {
            label: action.map_or(&approval.action, |action| &action.label),
            account: &name,
            kind: approval.kind.parse().unwrap_or(ActionKind::Destructive),
            input: &input,
            money: &money,
            asked_by,
            context: &context,
            until: approval.expires_at,
            url: &self.store.link_to(&path),
        };
        Ok(notice.input_of(message))
    }

    /// The end of a message that is given up, which is told in the log and the audit log.
    fn given_up(&self, claim: &NoticeClaim, error: String) -> NoticeEnd {
        let NoticeClaim { approval, tenant, .. } = claim;
        tracing::warn!(project = %tenant.project, %approval, %error, "nobody could be told of an approval");
        let action = AuditAction::ApprovalNoticeFailed;
        let changes = [
            change("approval", Value::Null, approval.to_string()),
            change("error", Value::Null, error.as_str()),
        ];
        let event = NewAuditEvent {
            project: Some(tenant.project),
            changes: changes.into_iter().flatten().collect(),
            ..NewAuditEvent::new(&self.environment, tenant.organization, action, Acting::SYSTEM)
        };
        NoticeEnd::Failed { error, event: Box::new(event) }
    }
}

/// What came of a message by the run that sent it.
fn came_of_run(run: &RunRow) -> Came {
    let words = || run.error_message.clone().unwrap_or_else(|| format!("Its run is {}", run.status));
    match run.status.parse() {
        Ok(RunStatus::Succeeded | RunStatus::Accepted) => Came::Sent,
        Ok(RunStatus::Unknown | RunStatus::Sending) => Came::Later(Std::ZERO, words()),
        Ok(RunStatus::Failed) => {
            let code = run.error_code.as_deref().and_then(|code| code.parse().ok());
            match code {
                Some(ErrorCode::ProviderUnavailable | ErrorCode::ProviderRateLimited) => {
                    Came::Later(Std::ZERO, words())
                }
                _ => Came::Never(words()),
            }
        }
        _ => Came::Never(words()),
    }
}

/// What came of a message whose run was not even stored.
fn came_of(error: CallError) -> Came {
    let words = error.to_string();
    match error {
        CallError::Limited { seconds, .. } => Came::Later(Std::from_secs(seconds.into()), words),
        CallError::NotActive(Status::Paused | Status::Error)
        | CallError::Moving(_)
        | CallError::ReinstallRequired => Came::Waits(ASK_AGAIN),
        CallError::Unavailable(_) | CallError::Changed | CallError::Unfinished | CallError::Read(_) => {
            Came::Later(Std::ZERO, words)
        }
        _ => Came::Never(words),
    }
}
