//! Tasks: calls that go on after their answer, for clients that ask for them later (SEP-2663, the extension
//! `io.modelcontextprotocol/tasks` of 2026-07-28). The task is the run, so any replica knows it.

use std::time::Duration;

use integrations_core::{action::RunStatus, principal::Principal, scope::RequiredScope};
use rmcp::{
    ErrorData, RoleServer,
    model::{CreateTaskResult, DetailedTask, Task, TaskPayload, TaskStatus},
    service::RequestContext,
};
use serde_json::Value;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{agent::Agent, answer, own_tools::object};
use crate::{edge::failure::Failure, store::RunRow};

/// How often a client should ask, in milliseconds. A person takes longer, and each question counts for the key's limit.
const PAUSE: u64 = 5_000;

const WAITING: &str = "A person was asked to approve it, and nothing was sent.";
const SENDING: &str = "It may have happened already: the provider has not answered yet.";

/// Whether a request says that its client knows tasks. What the client said in others does not count.
pub(super) fn are_known(context: &RequestContext<RoleServer>) -> bool {
    let is_stateless = context.protocol_version().is_some_and(|version| !version.has_initialize());
    is_stateless && context.client_capabilities().is_some_and(|known| known.supports_tasks())
}

/// The task of a call that goes on. `None`: its run has ended.
pub(super) fn begun(run: &RunRow) -> Option<CreateTaskResult> {
    run.finished_at.is_none().then(|| CreateTaskResult::new(task(run)))
}

impl Agent {
    /// How far a task is, and what came of it.
    pub(super) async fn task(&self, id: &str) -> Result<DetailedTask, ErrorData> {
        let run = self.own_run(id).await?;
        let payload = match run.status.parse() {
            Ok(RunStatus::Requested | RunStatus::PendingApproval | RunStatus::Sending) => {
                TaskPayload::Working
            }
            Ok(RunStatus::Expired) => TaskPayload::Cancelled,
            _ => {
                let told = answer::called(&run, false, self.mcp.services.actions.wait_left(&run));
                let result = serde_json::to_value(told).unwrap_or(Value::Null);
                TaskPayload::Completed { result: object(result) }
            }
        };
        Ok(DetailedTask::new(task(&run), payload))
    }

    /// Whether there is such a task. No task asks its client for anything, so there is nothing to take in.
    pub(super) async fn find_task(&self, id: &str) -> Result<(), ErrorData> {
        self.own_run(id).await.map(drop)
    }

    /// Takes back what waits for a person. What is being sent is not stopped, and what was decided stays.
    pub(super) async fn cancel(&self, id: &str) -> Result<(), ErrorData> {
        let run = self.own_run(id).await?;
        let Ok(id) = run.id.parse() else { return Err(no_such_task()) };
        let by = self.caller.key.into();
        let withdrawn =
            self.mcp.services.actions.withdraw(&self.tenant, id, by, Some(self.request_id.to_string()));
        withdrawn.await.map_err(|error| in_protocol(error.into()))
    }

    /// A run of this project that this very key asked for. All others are none.
    async fn own_run(&self, id: &str) -> Result<RunRow, ErrorData> {
        if !self.covers(RequiredScope::ACTIONS_READ) {
            let failure = Failure::insufficient_scope(RequiredScope::ACTIONS_READ);
            return Err(ErrorData::invalid_params(failure.message, None));
        }
        let id = id.parse().map_err(|_| no_such_task())?;
        let found = self.mcp.services.actions.run(&self.tenant, id, Duration::ZERO).await;
        let own = Principal::from(self.caller.key).to_string();
        found
            .map_err(|error| in_protocol(error.into()))?
            .filter(|run| run.principal == own)
            .ok_or_else(no_such_task)
    }
}

fn task(run: &RunRow) -> Task {
    let (status, message) = match run.status.parse() {
        Ok(RunStatus::Requested) => (TaskStatus::Working, None),
        Ok(RunStatus::PendingApproval) => (TaskStatus::Working, Some(WAITING)),
        Ok(RunStatus::Sending) => (TaskStatus::Working, Some(SENDING)),
        Ok(RunStatus::Expired) => (TaskStatus::Cancelled, run.error_message.as_deref()),
        _ => (TaskStatus::Completed, None),
    };
    let changed = run.finished_at.or(run.sent_at).unwrap_or(run.created_at);
    let task = Task::new(&run.id, status, written(run.created_at), written(changed));
    let task = task.with_poll_interval_ms(PAUSE);
    match message {
        Some(message) => task.with_status_message(message),
        None => task,
    }
}

fn written(at: OffsetDateTime) -> String {
    at.format(&Rfc3339).unwrap_or_default()
}

fn no_such_task() -> ErrorData {
    ErrorData::invalid_params("There is no such task", None)
}

/// A failure of this server, for a client that asks for no tool.
fn in_protocol(failure: Failure) -> ErrorData {
    ErrorData::internal_error(failure.message, None)
}
