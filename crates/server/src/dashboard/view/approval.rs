//! One approval: what would be done, why a person is asked, and the decision.

use integrations_core::{
    action::{ApprovalStatus, RenderedBody, RenderedRequest},
    catalog::{ProviderAccount, action::Action},
    ids::{ApprovalId, RunId},
    scope::RequiredScope,
};
use maud::{Markup, html};
use serde_json::{Map, Value};

use super::{
    approvals::{asker, decider, is_asked_again, kind_pill, reasons, status_pill},
    field::{Field, Presence},
    frame::Frame,
    layout::{self, Project, Section},
    moment::moment,
    parts::{Tone, csrf, notice, part},
    provider_page::{RefusedForm, refusal},
    run::{about_evidence, context, facts, inputs},
    runs::{caller, title},
    value,
};
use crate::store::ApprovalRow;

/// What the page shows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ApprovalPage<'a> {
    /// The project.
    pub(crate) project: Project<'a>,
    /// Its id.
    pub(crate) id: ApprovalId,
    /// The account that is called. `None`: its provider is not in the catalog any more.
    pub(crate) account: Option<&'a ProviderAccount>,
    /// The approval.
    pub(crate) approval: &'a ApprovalRow,
    /// The request.
    pub(crate) sent: &'a Sent,
    /// The decision that was just refused.
    pub(crate) refused: Option<&'a RefusedForm>,
}

/// What a page shows of the request that is sent if the call is approved.
#[derive(Debug)]
pub(crate) enum Sent {
    /// All of it, as it was read from its sealed bytes.
    Shown(RenderedRequest),
    /// Nothing, because inputs are in it that are not shown.
    Hidden,
    /// Nothing, because it cannot be opened.
    Closed,
    /// Nothing, because it was decided.
    Over,
}

impl ApprovalPage<'_> {
    /// Whether it can be decided on now.
    fn is_open(&self) -> bool {
        self.approval.status == ApprovalStatus::Pending.as_str()
    }

    fn action(&self) -> Option<&Action> {
        self.account?.provider.action(&self.approval.action)
    }

    fn name(&self) -> String {
        self.account.map_or_else(|| self.approval.provider.clone(), ProviderAccount::label)
    }
}

/// Renders it. The decision comes last, below everything that it is about.
pub(crate) fn page(frame: &Frame<'_>, page: &ApprovalPage<'_>) -> Markup {
    let approval = page.approval;
    let (input, evidence) = (object(&approval.input), object(&approval.evidence));
    let title = title(page.account, &approval.provider, &approval.action);
    let content = html! {
        @if let Some(refused) = page.refused { (refusal(refused)) }
        @else if page.is_open() && is_asked_again(approval) {
            (notice(Tone::Warn, &html! {
                p { strong { "What the provider says has changed since it was asked, so nothing was sent." } }
                p { "This is asked anew, with what the provider says now. Look at it, and decide again." }
            }))
        }
        div.head {
            div {
                p.eyebrow { "Approval " code { (approval.id) } }
                div.title-line { h1 { (title) } (status_pill(&approval.status)) (kind_pill(&approval.kind)) }
                @if let Some(action) = page.action() { p.lead { (action.description) } }
            }
        }
        (part("asked", "Who asks", &html! {}, &who(frame, page)))
        (part("reasons", "Why you are asked", &html! {}, &html! {
            ul.consequences { @for reason in reasons(approval) { li { (value::text(&reason)) } } }
        }))
        @if !evidence.is_empty() {
            (part("evidence", "Evidence", &evidence_words(page), &facts(&evidence)))
        }
        (part("input", "What would be done", &about(page), &inputs(page.action(), &input, &evidence)))
        @if page.is_open() { (part("request", "As it would be sent", &about_request(page), &sent(page.sent))) }
        (part("decision", "Decision", &html! {}, &decision(frame, page)))
    };
    layout::page(frame, &title, &layout::project_bar(frame, &page.project, Section::Approval), &content)
}

fn evidence_words(page: &ApprovalPage<'_>) -> Markup {
    html! { (about_evidence(&page.name())) p { "It is read again before anything is sent." } }
}

fn about(page: &ApprovalPage<'_>) -> Markup {
    html! {
        p { "This, at " (page.name()) ", once. Amounts are those of the request. What nobody would see is written out." }
    }
}

fn about_request(page: &ApprovalPage<'_>) -> Markup {
    html! { p { "The request to " (page.name()) ", byte for byte, without the credential." } }
}

fn who(frame: &Frame<'_>, page: &ApprovalPage<'_>) -> Markup {
    let approval = page.approval;
    html! {
        dl.facts {
            div { dt { "Asked by" } dd { (caller(&approval.principal, asker(approval))) } }
            div { dt { "Asked" } dd { (moment(frame, approval.created_at)) } }
            div { dt { "Expires" } dd { (moment(frame, approval.expires_at)) } }
        }
        (context(&approval.context.as_deref().map(object).unwrap_or_default()))
    }
}

fn sent(sent: &Sent) -> Markup {
    match sent {
        Sent::Shown(request) => written_request(request),
        Sent::Hidden => {
            html! { p { "It is not shown, because inputs are in it that are kept out of pages." } }
        }
        Sent::Closed => html! {
            p {
                "It cannot be opened, so it cannot be sent either. The log of the server says why; deny this, and have it "
                "asked for again."
            }
        },
        Sent::Over => html! {},
    }
}

/// A request: its address, what is sent with it, and its body.
fn written_request(request: &RenderedRequest) -> Markup {
    html! {
        div.value.json { (request.method.as_str()) " " (value::text(&request.path)) }
        (pairs("Query", &request.query))
        (pairs("Headers", &request.headers))
        @match &request.body {
            RenderedBody::None => {}
            RenderedBody::Json(body) => {
                h3.value-title { "Body" }
                (value::json(body))
            }
            RenderedBody::Form(form) => (pairs("Form", form)),
        }
    }
}

fn pairs(title: &str, pairs: &[(String, String)]) -> Markup {
    html! {
        @if !pairs.is_empty() {
            h3.value-title { (title) }
            dl.inputs {
                @for (name, sent) in pairs {
                    div { dt { (value::text(name)) } dd { div.value { (value::text(sent)) } } }
                }
            }
        }
    }
}

fn decision(frame: &Frame<'_>, page: &ApprovalPage<'_>) -> Markup {
    let approval = page.approval;
    let run = approval.run_id.parse::<RunId>().ok().filter(|_| frame.may(RequiredScope::ACTIONS_READ));
    html! {
        @if page.is_open() && frame.may(RequiredScope::APPROVALS_ADMIN) {
            (form(frame, page))
        } @else if page.is_open() {
            p { "It waits. To decide takes the role approver or admin." }
        } @else {
            p.meaning { (meaning(approval)) }
            @if let Some(by) = &approval.decided_by {
                dl.facts {
                    div { dt { "Decided by" } dd { (caller(by, decider(approval))) } }
                    @if let Some(at) = approval.decided_at { div { dt { "Decided" } dd { (moment(frame, at)) } } }
                }
            }
            @if let Some(note) = &approval.note {
                dl.inputs { div { dt { "Note" } dd { div.value { (value::text(note)) } } } }
            }
        }
        @if let Some(run) = run {
            p.to-run { a href=(frame.addresses.run(page.project.id, run)) { "The run, and what came of it" } }
        }
    }
}

/// What became of it.
fn meaning(approval: &ApprovalRow) -> &'static str {
    match approval.status.parse() {
        Ok(ApprovalStatus::Approved) => "Approved. The run says what came of it.",
        Ok(ApprovalStatus::Denied) => "Denied. Nothing was sent.",
        Ok(ApprovalStatus::Pending | ApprovalStatus::Expired) | Err(_) => {
            "Nobody decided in time, or what was asked no longer holds. Nothing was sent."
        }
    }
}

/// Both decisions, with one note. In a field of several lines the key Enter sends nothing.
fn form(frame: &Frame<'_>, page: &ApprovalPage<'_>) -> Markup {
    let to = |decision: &str| frame.addresses.to_approval(page.project.id, page.id, decision);
    let refused = page.refused;
    let note = Field {
        name: "note",
        label: "Note",
        help: Some("Who asked sees it. It is stored with the decision."),
        problem: refused.and_then(|refused| refused.problem("note")),
        presence: Presence::Optional,
    };
    let typed = refused.and_then(|refused| refused.typed.get("note")).unwrap_or_default();
    html! {
        form method="post" action=(to("approve")) data-once {
            (csrf(frame))
            (note.lines(typed, 2))
            div.actions.foot {
                button.primary type="submit" { "Approve, and send it" }
                button.danger type="submit" formaction=(to("deny")) { "Deny" }
            }
        }
    }
}

/// A stored JSON object. One that cannot be read is empty, because one column must not break the page.
fn object(stored: &str) -> Map<String, Value> {
    serde_json::from_str(stored).unwrap_or_default()
}
