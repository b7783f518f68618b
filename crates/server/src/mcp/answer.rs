//! What a model is told of calls: as JSON, in a text and as structured content, or as an error in words.

use integrations_core::{action::RunStatus, error::ErrorCode};
use rmcp::model::{CallToolResult, ContentBlock};
use serde_json::{Map, Value, json};

use super::bounds::{Cut, cut, length};
use crate::{edge::failure::Failure, store::RunRow};

/// The most bytes of a text. Clients refuse more than some 25,000 tokens, or show the beginning alone.
const LIMIT: usize = 24 * 1024;
/// Room for what is said about a result.
const FOR_NOTES: usize = 1024;

const SENDING: &str = "\
    It may have happened already: the provider has not answered yet. Do not repeat the call. Ask get_run with this id.";
const PENDING: &str = "\
    A person was asked to approve it, and nothing was sent. Do not repeat the call. Ask get_run with this id what came \
    of it.";
const ACCEPTED: &str = "The provider has taken it, and has not finished it.";
const REPEATED: &str = "\
    This is a repeat: the same call was made a few minutes ago, and this is its run. Nothing was sent now.";
const ON_PURPOSE: &str = "To do it once more on purpose, call with again: true.";

/// The answer to the call of an action. `wait` is for how many seconds the provider asked not to be called.
pub(super) fn called(run: &RunRow, is_repeat: bool, wait: Option<u32>) -> CallToolResult {
    let note = match run.status.parse() {
        Ok(RunStatus::Succeeded | RunStatus::Requested) => "",
        Ok(RunStatus::Accepted) => ACCEPTED,
        Ok(RunStatus::Sending) => SENDING,
        Ok(RunStatus::PendingApproval) => PENDING,
        Ok(RunStatus::Failed | RunStatus::Unknown | RunStatus::Denied | RunStatus::Expired) | Err(_) => {
            return not_done(run, is_repeat, wait);
        }
    };
    let is_done = matches!(run.status.parse(), Ok(RunStatus::Succeeded | RunStatus::Accepted));
    let repeated = if is_repeat { REPEATED } else { "" };
    let notes = [repeated, if is_repeat && is_done { ON_PURPOSE } else { "" }, note];
    complete(members(run), &notes)
}

/// A run that was asked for, whatever came of it.
pub(super) fn shown(run: &RunRow) -> CallToolResult {
    let mut members = members(run);
    members.insert("provider".to_owned(), run.provider.as_str().into());
    members.insert("action".to_owned(), run.action.as_str().into());
    let code = run.error_code.as_deref().and_then(|code| code.parse().ok());
    let note = match run.status.parse() {
        Ok(RunStatus::Sending) => SENDING.to_owned(),
        Ok(RunStatus::PendingApproval) => {
            "A person has not decided yet, and nothing was sent. Do not repeat the call.".to_owned()
        }
        Ok(RunStatus::Accepted) => ACCEPTED.to_owned(),
        _ => code.map_or_else(String::new, |code| meaning(code, None)),
    };
    complete(members, &[&note])
}

/// Something else that was asked for.
pub(super) fn told(members: Map<String, Value>) -> CallToolResult {
    complete(members, &[])
}

/// A call that did not become a run, or a tool that failed.
pub(super) fn failed(failure: &Failure) -> CallToolResult {
    let issues = failure.issues.iter().map(|issue| {
        // A tool's arguments are the input itself.
        let path = issue.path.strip_prefix("input.").or_else(|| issue.path.strip_prefix("context."));
        format!("\n- {}: {}", path.unwrap_or(&issue.path), issue.message)
    });
    let issues: String = issues.collect();
    let what = format!("{}: {}{issues}", failure.code, sentence(&failure.message));
    error(&[&what, &meaning(failure.code, failure.retry_after)])
}

/// The answer to a call that was not done, or may not have been. It has no structured content, because clients would
/// check that against the schema of a success.
fn not_done(run: &RunRow, is_repeat: bool, wait: Option<u32>) -> CallToolResult {
    let code =
        run.error_code.as_deref().and_then(|code| code.parse().ok()).unwrap_or(ErrorCode::InternalError);
    let message = run.error_message.as_deref().unwrap_or("The call was not carried out");
    let what = format!("{code}: {}", sentence(message));
    let status = match run.provider_status {
        Some(status) => format!("The provider's status was {status}."),
        None => String::new(),
    };
    let repeated = if is_repeat { REPEATED } else { "" };
    error(&[repeated, &what, &status, &meaning(code, wait), &format!("The run is {}.", run.id)])
}

/// What an error means, and whether the call may be repeated.
fn meaning(code: ErrorCode, wait: Option<u32>) -> String {
    let meaning = match code {
        ErrorCode::OutcomeUnknown => {
            "It may have been done. Do NOT repeat the call. Look with a reading tool whether it was done, or ask \
             get_run later with the run's id."
        }
        ErrorCode::ProviderUnavailable | ErrorCode::Conflict => "Nothing was done. The call may be repeated.",
        ErrorCode::ProviderRateLimited | ErrorCode::RateLimited => {
            let seconds = wait.unwrap_or(1);
            return format!("Nothing was done. The call may be repeated in {seconds} seconds.");
        }
        ErrorCode::ProviderRefused => {
            "The provider did not do it. The same call would be refused again: change what it complains of."
        }
        ErrorCode::ActionNotPermitted => {
            "Nothing was done. This project does not permit the action, or a person said no. Do not repeat the call. \
             List the tools anew."
        }
        ErrorCode::ActionLimitExceeded => {
            "Nothing was done. A setting of the project forbids it. Do not repeat the call with this input."
        }
        ErrorCode::IntegrationNotActive | ErrorCode::ReinstallRequired | ErrorCode::IntegrationNotFound => {
            "Nothing was done. A person must see to the integration first. List the tools anew."
        }
        ErrorCode::InsufficientScope => "Nothing was done. The key of this connection may not use the tool.",
        ErrorCode::BadRequest | ErrorCode::BadJson => {
            "Nothing was done. Correct the arguments and call again."
        }
        ErrorCode::ServiceUnavailable | ErrorCode::InternalError => {
            "It may have been done. It may be tried again in a moment, but without again: true: then the same write is \
             not done twice within ten minutes."
        }
        _ => "Nothing was done.",
    };
    meaning.to_owned()
}

/// A run's own members, without those that are not known.
fn members(run: &RunRow) -> Map<String, Value> {
    let mut members = Map::new();
    members.insert("id".to_owned(), run.id.as_str().into());
    members.insert("status".to_owned(), run.status.as_str().into());
    if let Some(status) = run.provider_status {
        members.insert("provider_status".to_owned(), status.into());
    }
    if let Some(result) = run.result.as_deref().and_then(|text| serde_json::from_str(text).ok()) {
        members.insert("result".to_owned(), result);
    }
    if let (Some(code), Some(message)) = (&run.error_code, &run.error_message) {
        members.insert("error".to_owned(), json!({"code": code, "message": message}));
    }
    if let Some(approval) = &run.approval_id {
        members.insert("approval_id".to_owned(), approval.as_str().into());
    }
    members
}

/// A result, with notes before it if there is something to know. It is bounded.
fn complete(mut members: Map<String, Value>, notes: &[&str]) -> CallToolResult {
    let whole: usize = members.values().map(length).sum();
    let longest = members.values_mut().max_by_key(|value| length(value));
    let cut = longest.map_or_else(Cut::default, |longest| {
        let others = whole - length(longest);
        cut(longest, (LIMIT - FOR_NOTES).saturating_sub(others))
    });
    let left_out = match cut {
        Cut { items: 0, texts: false } => String::new(),
        Cut { items: 0, texts: true } => {
            "It was too long, so a part of it was left out. Ask for less.".to_owned()
        }
        Cut { items, .. } => {
            format!(
                "It was too long, so {items} items were left out at the ends of lists. Ask for less, or for a \
                 smaller page."
            )
        }
    };
    let notes = notes.iter().copied().chain([left_out.as_str()]);
    let notes: Vec<&str> = notes.filter(|note| !note.is_empty()).collect();
    if !notes.is_empty() {
        members.shift_insert(0, "note".to_owned(), notes.join(" ").into());
    }
    CallToolResult::structured(Value::Object(members))
}

/// Words of this server, with what a provider or a person wrote between them. The longest part is cut, so that what it
/// means is always read too.
fn error(parts: &[&str]) -> CallToolResult {
    let parts = parts.iter().filter(|part| !part.is_empty());
    let mut parts: Vec<String> = parts.map(|part| (*part).to_owned()).collect();
    let excess = parts.iter().map(String::len).sum::<usize>().saturating_sub(LIMIT - FOR_NOTES);
    if excess > 0
        && let Some(longest) = parts.iter_mut().max_by_key(|part| part.len())
    {
        longest.truncate(longest.floor_char_boundary(longest.len().saturating_sub(excess)));
        longest.push_str("… It was too long, so the rest of it was left out.");
    }
    CallToolResult::error(vec![ContentBlock::text(parts.join(" "))])
}

/// A message with a stop at its end.
fn sentence(message: &str) -> String {
    if message.ends_with(['.', '!', '?']) { message.to_owned() } else { format!("{message}.") }
}
