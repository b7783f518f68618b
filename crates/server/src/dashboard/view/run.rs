//! One run: what was called, by whom and why, and what came of it.

use std::collections::BTreeMap;

use integrations_core::{
    action::{Money, Reason, RunStatus, shown_amounts},
    catalog::{ActionKind, ProviderAccount, action::Action},
    error::ErrorCode,
    ids::ApprovalId,
};
use maud::{Markup, html};
use serde_json::{Map, Value};

use super::{
    frame::Frame,
    layout::{self, Project, Section},
    moment::moment,
    parts::part,
    runs::{caller, status_pill, title},
    value,
};
use crate::store::RunRow;

/// What the page shows.
#[derive(Debug)]
pub(crate) struct RunPage<'a> {
    /// The project.
    pub(crate) project: Project<'a>,
    /// The account that was called. `None`: its provider is not in the catalog any more.
    pub(crate) account: Option<ProviderAccount>,
    /// The name of who called, if it is known.
    pub(crate) caller: Option<&'a str>,
    /// The question to a person, if there is one and the visitor may see it.
    pub(crate) approval: Option<ApprovalId>,
    /// The run.
    pub(crate) run: &'a RunRow,
}

impl RunPage<'_> {
    fn action(&self) -> Option<&Action> {
        self.account.as_ref()?.provider.action(&self.run.action)
    }

    fn name(&self) -> String {
        self.account.as_ref().map_or_else(|| self.run.provider.clone(), ProviderAccount::label)
    }
}

/// Renders it.
pub(crate) fn page(frame: &Frame<'_>, page: &RunPage<'_>) -> Markup {
    let run = page.run;
    let (input, evidence) = (object(&run.input), object(&run.evidence));
    let title = title(page.account.as_ref(), &run.provider, &run.action);
    let content = html! {
        div.head {
            div {
                p.eyebrow { "Run " code { (run.id) } }
                div.title-line { h1 { (title) } (status_pill(&run.status)) }
                @if let Some(action) = page.action() { p.lead { (action.description) } }
            }
        }
        (part("outcome", "What came of it", &html! {}, &outcome(frame, page)))
        (part("called", "Who called", &html! {}, &who(page)))
        (part("input", "Input", &about_input(), &inputs(page.action(), &input, &evidence)))
        @if !evidence.is_empty() {
            (part("evidence", "Evidence", &about_evidence(&page.name()), &facts(&evidence)))
        }
    };
    layout::page(frame, &title, &layout::project_bar(frame, &page.project, Section::Run), &content)
}

fn about_input() -> Markup {
    html! { p { "All of it. What nobody would see is written out, and long blanks are counted." } }
}

/// What evidence is, beside it.
pub(crate) fn about_evidence(name: &str) -> Markup {
    html! { p { "What " (name) " said before anything was sent." } }
}

fn outcome(frame: &Frame<'_>, page: &RunPage<'_>) -> Markup {
    let run = page.run;
    let reasons: Vec<Reason> =
        run.reasons.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    html! {
        p.meaning { (meaning(page)) }
        @if let Some(message) = &run.error_message {
            div.trouble.bad {
                p { strong { "Error: " } (value::text(message)) }
                @if let Some(code) = &run.error_code {
                    p {
                        code { (code) }
                        @if let Some(meaning) = code.parse().ok().and_then(error_meaning) { " " (meaning) }
                    }
                }
            }
        }
        @if !reasons.is_empty() {
            ul.consequences { @for reason in &reasons { li { (value::text(&reason.words)) } } }
        }
        @if let Some(approval) = page.approval {
            p { a href=(frame.addresses.approval(page.project.id, approval)) { "The question to a person" } }
        }
        dl.facts {
            div { dt { "Called" } dd { (moment(frame, run.created_at)) } }
            @if let Some(at) = run.sent_at { div { dt { "Sent" } dd { (moment(frame, at)) } } }
            @if let Some(at) = run.finished_at { div { dt { "Ended" } dd { (moment(frame, at)) } } }
            @if let Some(status) = run.provider_status {
                div { dt { "Status of the provider's answer" } dd { (status) } }
            }
        }
        @if let Some(result) = &run.result {
            h3.value-title { "Result" }
            (value::stored_json(result))
        }
    }
}

/// What the status means, in a sentence or two.
fn meaning(page: &RunPage<'_>) -> String {
    let name = page.name();
    let reads = page.run.kind == ActionKind::ReadOnly.as_str();
    let Ok(status) = page.run.status.parse::<RunStatus>() else {
        return "A newer version of this server knows what this status means.".to_owned();
    };
    match status {
        RunStatus::Requested => "Asked for, and not decided yet. Nothing was sent.".to_owned(),
        RunStatus::PendingApproval => "It waits until a person approves it. Nothing was sent yet.".to_owned(),
        RunStatus::Sending if reads => {
            "It is being sent. Load the page again to see what came of it.".to_owned()
        }
        RunStatus::Sending => {
            "It is being sent, and may have been done already. Load the page again to see what came of it."
                .to_owned()
        }
        RunStatus::Succeeded => format!("Done, by the word of {name}."),
        RunStatus::Accepted => {
            format!("{name} has taken it, and has not finished it. What comes of it is told there.")
        }
        RunStatus::Failed if reads => "It gave nothing.".to_owned(),
        RunStatus::Failed => format!("Not done: nothing was changed at {name}."),
        RunStatus::Unknown => {
            format!("Nobody knows whether it was done. Look at {name} before anybody does it again.")
        }
        RunStatus::Denied => {
            let by = match page.run.denied_by.as_deref() {
                Some("permission") => "by the permission of the action",
                Some("guard") => "by what guards the action",
                Some("person") => "by a person",
                _ => "here",
            };
            format!("Denied {by}. Nothing was sent.")
        }
        RunStatus::Expired => {
            "Nobody decided in time, or what was asked no longer holds. Nothing was sent.".to_owned()
        }
    }
}

/// What the error means for who called, if the status does not say it.
const fn error_meaning(code: ErrorCode) -> Option<&'static str> {
    match code {
        ErrorCode::ProviderRefused => Some("The provider refused it, in the words above."),
        ErrorCode::ProviderUnavailable => Some("The provider could not be reached. It can be called again."),
        ErrorCode::ProviderRateLimited => {
            Some("The provider allows no more requests for a while. It can be called again later.")
        }
        ErrorCode::ActionNotPermitted => Some("The integration's page has the permissions."),
        ErrorCode::ActionLimitExceeded => Some("The integration's page has the limits, among its settings."),
        _ => None,
    }
}

fn who(page: &RunPage<'_>) -> Markup {
    let run = page.run;
    html! {
        dl.facts {
            div { dt { "Called by" } dd { (caller(&run.principal, page.caller)) } }
            @if let Some(id) = &run.request_id { div { dt { "Request" } dd { code { (id) } } } }
        }
        (context(&run.context.as_deref().map(object).unwrap_or_default()))
    }
}

/// For whom and why something is called, as the caller says.
pub(crate) fn context(context: &Map<String, Value>) -> Markup {
    let label = |name: &str| match name {
        "on_behalf_of" => "On behalf of".to_owned(),
        "conversation" => "Conversation".to_owned(),
        "reason" => "Reason, in the caller's words".to_owned(),
        other => other.to_owned(),
    };
    html! {
        @if !context.is_empty() {
            dl.inputs {
                @for (name, said) in context { div { dt { (label(name)) } dd { (value::value(said)) } } }
            }
        }
    }
}

/// Every input, whole: first those that the action declares, in their order. Amounts of money are decimal numbers, from
/// the same whole numbers as the request.
pub(crate) fn inputs(
    action: Option<&Action>,
    input: &Map<String, Value>,
    evidence: &Map<String, Value>,
) -> Markup {
    let declared = action.map(|action| action.inputs.as_slice()).unwrap_or_default();
    let amounts: BTreeMap<String, Money> = shown_amounts(declared, input, evidence);
    let known = declared.iter().filter_map(|one| Some((one.key.as_str(), Some(one), input.get(&one.key)?)));
    let is_declared = |key: &str| declared.iter().any(|one| one.key == key);
    let others =
        input.iter().filter(|(key, _)| !is_declared(key)).map(|(key, value)| (key.as_str(), None, value));
    html! {
        @if input.is_empty() { p { "None." } } @else {
            dl.inputs {
                @for (key, declared, given) in known.chain(others) {
                    div {
                        dt {
                            (value::text(key))
                            @if let Some(declared) = declared { span.help { (declared.description) } }
                        }
                        dd {
                            @match amounts.get(key) {
                                Some(money) => div.value.money { (money) },
                                None => (value::value(given)),
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Members with their values.
pub(crate) fn facts(members: &Map<String, Value>) -> Markup {
    html! {
        dl.inputs {
            @for (name, told) in members { div { dt { (value::text(name)) } dd { (value::value(told)) } } }
        }
    }
}

/// A stored JSON object. One that cannot be read is empty, because one column must not break the page.
fn object(stored: &str) -> Map<String, Value> {
    serde_json::from_str(stored).unwrap_or_default()
}
