//! What waits for a person in a project, as a list.

use integrations_core::{
    action::{ApprovalStatus, Obstacle, Reason},
    catalog::Catalog,
    ids::ApprovalId,
    scope::RequiredScope,
};
use maud::{Markup, html};
use serde_json::{Map, Value};

use super::{
    frame::Frame,
    layout::{self, Project, Section},
    moment::moment,
    parts::{Tone, notice, pill},
    runs::{caller, title},
    value, words,
};
use crate::store::ApprovalRow;

/// One page of the list.
#[derive(Debug)]
pub(crate) struct Queue<'a> {
    /// The approvals, newest first.
    pub(crate) approvals: &'a [ApprovalRow],
    /// Only approvals with this status. `None`: all.
    pub(crate) status: Option<ApprovalStatus>,
    /// Whether these are the newest there are.
    pub(crate) is_newest: bool,
    /// The id before which the next page ends, if there is one.
    pub(crate) older: Option<&'a str>,
}

/// The word of a filter that lets everything through.
pub(crate) const ALL: &str = "all";

/// Renders it.
pub(crate) fn page(frame: &Frame<'_>, project: &Project<'_>, catalog: &Catalog, queue: &Queue<'_>) -> Markup {
    let list = frame.addresses.approvals(project.id);
    let status = queue.status.map_or(ALL, ApprovalStatus::as_str);
    let content = html! {
        div.head {
            div {
                h1 { "Approvals" }
                p.lead { "Calls in " (project.names.project) " that wait for a person. Nothing of them is sent before." }
                p { a href=(frame.addresses.approval_policy(project.id)) { "Who approves, and how long that may take" } }
            }
        }
        @if !frame.may(RequiredScope::APPROVALS_ADMIN) {
            (notice(Tone::Calm, &html! { p { "You see what waits. To decide takes the role approver or admin." } }))
        }
        form.filters method="get" action=(list) role="search" data-filters {
            div {
                label for="status" { "Status" }
                select id="status" name="status" aria-describedby="filters-help" {
                    @for one in ApprovalStatus::ALL {
                        option value=(one.as_str()) selected[queue.status == Some(one)] { (words::approval_status(one).1) }
                    }
                    option value=(ALL) selected[queue.status.is_none()] { "All" }
                }
            }
            div.filter-actions { button type="submit" { "Apply" } }
            p.visually-hidden #filters-help { "With scripts, a choice takes effect at once." }
        }
        @if queue.approvals.is_empty() {
            div.card.empty {
                h2 {
                    @if !queue.is_newest { "There is nothing older" }
                    @else if queue.status == Some(ApprovalStatus::Pending) { "Nothing waits" }
                    @else { "There are none" }
                }
            }
        } @else {
            div.card { ol.events { @for approval in queue.approvals { (entry(frame, project, catalog, approval)) } } }
        }
        nav.pager aria-label="Pages of the list" {
            @if !queue.is_newest { a.button href={ (list) "?status=" (status) } { "Newest" } }
            @if let Some(older) = queue.older {
                a.button href={ (list) "?status=" (status) "&before=" (older) } rel="next" { "Older" }
            }
        }
    };
    layout::page(frame, "Approvals", &layout::project_bar(frame, project, Section::Approvals), &content)
}

fn entry(frame: &Frame<'_>, project: &Project<'_>, catalog: &Catalog, approval: &ApprovalRow) -> Markup {
    let account = catalog.account(&approval.provider).ok();
    let title = title(account.as_ref(), &approval.provider, &approval.action);
    let context: Map<String, Value> =
        approval.context.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let said = |name: &str| context.get(name).and_then(Value::as_str);
    html! {
        li.event {
            div.event-head {
                strong {
                    @match approval.id.parse::<ApprovalId>() {
                        Ok(id) => a href=(frame.addresses.approval(project.id, id)) { (title) },
                        Err(_) => (title),
                    }
                }
                span.soft { (moment(frame, approval.created_at)) }
            }
            p.run-end { (status_pill(&approval.status)) (kind_pill(&approval.kind)) }
            ul.changes { @for reason in reasons(approval) { li { (value::text(&reason)) } } }
            p.event-by {
                "Asked by " (caller(&approval.principal, asker(approval)))
                @if let Some(person) = said("on_behalf_of") { " on behalf of " (value::text(person)) }
                @if let Some(reason) = said("reason") { ": " (value::text(reason)) }
            }
            @if approval.status == ApprovalStatus::Pending.as_str() {
                p.event-by { "It expires " (moment(frame, approval.expires_at)) "." }
            }
        }
    }
}

/// A stored status. One that this server does not know is shown as it is.
pub(crate) fn status_pill(status: &str) -> Markup {
    match status.parse::<ApprovalStatus>() {
        Ok(status) => {
            let (tone, words) = words::approval_status(status);
            pill(tone, words)
        }
        Err(_) => html! { code { (status) } },
    }
}

/// What an action does, if it does more than read.
pub(crate) fn kind_pill(kind: &str) -> Markup {
    match kind {
        "read_only" => pill(Tone::Calm, "Reads"),
        "write" => pill(Tone::Calm, "Changes"),
        _ => pill(Tone::Bad, "Destructive"),
    }
}

/// Why a person is asked.
fn stored_reasons(approval: &ApprovalRow) -> Vec<Reason> {
    serde_json::from_str(&approval.reasons).unwrap_or_default()
}

/// The same in words.
pub(crate) fn reasons(approval: &ApprovalRow) -> Vec<String> {
    stored_reasons(approval).into_iter().map(|reason| reason.words).collect()
}

/// Whether it is asked again, because what the provider says has changed.
pub(crate) fn is_asked_again(approval: &ApprovalRow) -> bool {
    stored_reasons(approval).iter().any(|reason| reason.obstacle == Obstacle::Evidence)
}

/// The name of who asked, if it is known.
pub(crate) fn asker(approval: &ApprovalRow) -> Option<&str> {
    let names = [&approval.asking_key_name, &approval.asking_user_name, &approval.asking_user_email];
    names.into_iter().find_map(Option::as_deref)
}

/// The name of who decided, if it is known.
pub(crate) fn decider(approval: &ApprovalRow) -> Option<&str> {
    let names = [&approval.deciding_key_name, &approval.deciding_user_name, &approval.deciding_user_email];
    names.into_iter().find_map(Option::as_deref)
}
