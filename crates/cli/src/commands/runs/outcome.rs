//! What became of a run: waits for its end, and says how it ended.

use std::time::Duration;

use integrations_core::action::RunStatus;
use integrations_core::error::ErrorCode;
use integrations_core::wire::ActionRun;
use serde_json::Value;
use tokio::time::sleep;

use super::card;
use crate::client::{Request, read};
use crate::context::Context;
use crate::error::{Code, Exit, Failure, Report, code};
use crate::polling::Polling;
use crate::text::cell;

/// How long the server may wait for a run's end before it answers.
const WAIT: Duration = Duration::from_secs(30);

/// Prints the run that a request was answered with. If it has not ended, waits for its end, or says how to. A run that
/// did not succeed is a failure, as if the API had answered so at once.
pub(crate) async fn follow(data: Value, wait: bool, context: &Context) -> Result<(), Failure> {
    let run: ActionRun = read(&data)?;
    let is_open = is_open(&run);
    let data = if is_open && wait {
        context.output.notice(&format!("{} Ctrl-C stops the waiting, not the run.", where_it_is(&run)));
        until_ended(&run.id, context).await?
    } else {
        data
    };
    if let Some(mut report) = bad_end(read(&data)?) {
        if report.code != Code::from(ErrorCode::OutcomeUnknown) {
            let show = context.config.command(&format!("runs show {}", cell(Some(&run.id))));
            report.hint = Some(format!("{show} shows the run"));
        }
        return Err(report.into());
    }
    card::print(&data, context)?;
    if is_open && !wait {
        let show = context.config.command(&format!("runs show {} --wait", cell(Some(&run.id))));
        context.output.notice(&format!("{} {show} waits for its end.", where_it_is(&run)));
    }
    Ok(())
}

/// Asks for a run until it has ended.
pub(super) async fn until_ended(id: &str, context: &Context) -> Result<Value, Failure> {
    let (seconds, mut polling) = (WAIT.as_secs().to_string(), Polling::new());
    loop {
        let request = Request::get(["action-runs", id]).query("wait", Some(&seconds)).patience(WAIT);
        let asked = context.client.send(&request).await;
        if let Some(reply) = polling.tolerate(asked, &context.output)?
            && !is_open(&read(&reply.data)?)
        {
            return Ok(reply.data);
        }
        sleep(polling.pause()).await;
    }
}

fn is_open(run: &ActionRun) -> bool {
    match run.status.known() {
        Some(RunStatus::Requested | RunStatus::PendingApproval | RunStatus::Sending) => true,
        Some(_) => false,
        None => run.finished_at.is_none(),
    }
}

/// Where a run is that has not ended.
fn where_it_is(run: &ActionRun) -> String {
    match (&run.approval_id, run.status.known()) {
        (Some(approval), Some(RunStatus::PendingApproval)) => {
            format!("A person has to approve it: {}.", cell(Some(approval)))
        }
        _ => "It is being sent, and may have been done: do not call it again.".to_owned(),
    }
}

/// The error of a run that was not done, or may not have been.
fn bad_end(run: ActionRun) -> Option<Report> {
    let status = run.status.known()?;
    if !matches!(status, RunStatus::Failed | RunStatus::Unknown | RunStatus::Denied | RunStatus::Expired) {
        return None;
    }
    let (code, message) = match run.error {
        Some(error) => (Code::Api(error.code), error.message),
        None => (Code::Local(code::NOT_DONE), format!("the run ended as {status}")),
    };
    Some(Report { run_id: Some(run.id), ..Report::local(code, Exit::Refused, message) })
}
