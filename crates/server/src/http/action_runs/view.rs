//! Makes the API's runs and the answers to calls from stored rows.

use std::time::Duration;

use http::HeaderValue;
use integrations_core::{
    action::RunStatus,
    error::ErrorCode,
    ids::RunId,
    wire::{ActionRun, ActionRunResponse, Open, RawJson, RunError},
};

use crate::{
    edge::failure::Failure,
    http::{
        answer::{Answer, REPLAYED},
        state::Api,
    },
    store::{RunRow, Tenant},
};

/// The run of a stored row.
pub(in crate::http) fn run(row: RunRow) -> Result<ActionRun, serde_json::Error> {
    let error = row.error_code.zip(row.error_message);
    Ok(ActionRun {
        id: row.id,
        provider: row.provider,
        action: row.action,
        status: Open::read(&row.status),
        provider_status: row.provider_status.and_then(|status| status.try_into().ok()),
        result: row.result.map(RawJson::from_text).transpose()?.unwrap_or_default(),
        error: error.map(|(code, message)| RunError { code: Open::read(&code), message }),
        approval_id: row.approval_id,
        denied_by: row.denied_by.map(|by| Open::read(&by)),
        context: row.context.map(RawJson::from_text).transpose()?.unwrap_or_default(),
        input: RawJson::from_text(row.input)?,
        created_at: row.created_at,
        finished_at: row.finished_at,
    })
}

/// The answer to the call of a run, as far as it is. What was not done, or may not have been, is a failure.
pub(in crate::http) fn answer(api: &Api, row: RunRow) -> Result<Answer, Failure> {
    let status = row.status.parse();
    match status {
        Ok(RunStatus::Failed | RunStatus::Unknown | RunStatus::Denied | RunStatus::Expired) | Err(_) => {
            return Err(failure(api, row));
        }
        Ok(_) => {}
    }
    let data = run(row).map_err(|error| Failure::internal(&error))?;
    let body = ActionRunResponse { data };
    match status {
        Ok(RunStatus::Succeeded | RunStatus::Accepted) => Answer::ok(&body),
        _ => Answer::accepted(&body),
    }
}

fn failure(api: &Api, row: RunRow) -> Failure {
    let code = row.error_code.as_deref().and_then(|code| code.parse().ok());
    let code = code.unwrap_or(ErrorCode::InternalError);
    let retry_after = match code {
        ErrorCode::ProviderRateLimited => Some(api.actions.wait_left(&row).unwrap_or(1)),
        ErrorCode::ProviderUnavailable => Some(1),
        _ => None,
    };
    let provider_status: Option<u16> = row.provider_status.and_then(|status| status.try_into().ok());
    let message = row.error_message.unwrap_or_else(|| "The call was not carried out".to_owned());
    Failure {
        retry_after,
        run_id: Some(row.id),
        provider_status: provider_status.filter(|_| code == ErrorCode::ProviderRefused),
        ..Failure::new(code, message)
    }
}

/// The answer to a call that is repeated: its run as it is now.
pub(in crate::http) async fn repeated(api: &Api, tenant: &Tenant, id: RunId) -> Result<Answer, Failure> {
    let row = api.actions.run(tenant, id, Duration::ZERO).await?.ok_or_else(no_such_run)?;
    answer(api, row).map_err(|failure| failure.with_header(REPLAYED, HeaderValue::from_static("true")))
}

/// There is no such run, or it is another project's.
pub(in crate::http) fn no_such_run() -> Failure {
    Failure::new(ErrorCode::ResourceNotFound, "There is no such run")
}
