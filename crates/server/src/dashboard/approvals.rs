//! Approvals: what waits for a person, and the decisions on it.

use axum::{
    Router,
    extract::State,
    response::Response,
    routing::{get, post},
};
use http::{StatusCode, Uri};
use integrations_core::{
    action::{ApprovalStatus, RunStatus, read_decision},
    catalog::{
        ProviderAccount,
        action::{ActionInput, Shape},
    },
    error::ErrorCode,
    fields::BodyError,
    ids::{ApprovalId, RunId},
    issue::Issue,
    scope::RequiredScope,
};
use serde_json::json;

use super::{
    state::Pages,
    view::{
        approval::{self, ApprovalPage, Sent},
        approvals::{self, ALL, Queue},
        provider_page::{Part, RefusedForm},
    },
    visit::{Allowed, OnProject, Posted},
};
use crate::{
    edge::{
        failure::Failure,
        form::Form,
        query,
        scoped::{ApprovalsAdmin, ApprovalsRead},
    },
    services::actions::Decision,
    store::{ApprovalFilter, ApprovalRow},
};

/// The approvals on a page.
const PAGE: u16 = 50;

/// The pages.
#[expect(clippy::disallowed_methods, reason = "pages are not in the specification")]
pub(super) fn routes() -> Router<Pages> {
    let approvals = "/dashboard/projects/{projectId}/approvals";
    let one = format!("{approvals}/{{approvalId}}");
    Router::new()
        .route(approvals, get(list))
        .route(&one, get(show))
        .route(&format!("{one}/approve"), post(approve))
        .route(&format!("{one}/deny"), post(deny))
}

/// `GET /dashboard/projects/{projectId}/approvals`: those that wait, if no other status is chosen.
async fn list(
    State(pages): State<Pages>,
    Allowed { on, .. }: Allowed<ApprovalsRead>,
    uri: Uri,
) -> Result<Response, Failure> {
    let [status, before] = query::parameters(&uri, ["status", "before"])?;
    let before: Option<ApprovalId> = before.map(|text| text.parse()).transpose().map_err(|_| {
        let issue = Issue::new("before", "Expected an approval's id, apr_…");
        Failure::invalid("The address names no approval", vec![issue])
    })?;
    let status = match status.as_deref() {
        Some(ALL) => None,
        word => Some(word.and_then(|word| word.parse().ok()).unwrap_or(ApprovalStatus::Pending)),
    };
    let filter = ApprovalFilter { before, status, provider: None };
    let page = pages.actions.approvals(&on.tenant, &filter, PAGE).await?;
    let queue = Queue { approvals: &page.entries, status, is_newest: before.is_none(), older: page.cursor() };
    let markup = approvals::page(&on.visit.frame(), &on.project(), &pages.catalog, &queue);
    Ok(on.visit.page(StatusCode::OK, markup))
}

/// An approval that the path names, as it is now.
struct Found {
    id: ApprovalId,
    approval: ApprovalRow,
    account: Option<ProviderAccount>,
    sent: Sent,
}

impl Found {
    async fn read(on: &OnProject) -> Result<Self, Failure> {
        let pages = &on.visit.pages;
        let none = || Failure::new(ErrorCode::ResourceNotFound, "There is no such approval");
        let id: ApprovalId = on.named.item.as_deref().and_then(|text| text.parse().ok()).ok_or_else(none)?;
        let approval = pages.actions.approval(&on.tenant, id).await?.ok_or_else(none)?;
        let account = pages.account(Some(&approval.provider)).ok();
        let action = account.as_ref().and_then(|account| account.provider.action(&approval.action));
        let sent = if approval.status != ApprovalStatus::Pending.as_str() {
            Sent::Over
        } else if action.is_none_or(|action| action.inputs.iter().any(is_sensitive)) {
            Sent::Hidden
        } else {
            match pages.actions.frozen_request(&approval).await {
                Ok(request) => Sent::Shown(request),
                Err(error) => {
                    tracing::warn!(approval = %id, %error, "the request of an approval cannot be shown");
                    Sent::Closed
                }
            }
        };
        Ok(Self { id, approval, account, sent })
    }

    fn answer(&self, on: &OnProject, status: StatusCode, refused: Option<&RefusedForm>) -> Response {
        let page = ApprovalPage {
            project: on.project(),
            id: self.id,
            account: self.account.as_ref(),
            approval: &self.approval,
            sent: &self.sent,
            refused,
        };
        on.visit.page(status, approval::page(&on.visit.frame(), &page))
    }
}

/// Whether an input is never shown, or a part of it. Then the request is not shown either.
fn is_sensitive(input: &ActionInput) -> bool {
    input.sensitive
        || match &input.shape {
            Shape::List { items, .. } => is_sensitive(items),
            Shape::Object(fields) => fields.iter().any(is_sensitive),
            _ => false,
        }
}

/// `GET /dashboard/projects/{projectId}/approvals/{approvalId}`
async fn show(Allowed { on, .. }: Allowed<ApprovalsRead>) -> Result<Response, Failure> {
    Ok(Found::read(&on).await?.answer(&on, StatusCode::OK, None))
}

/// `POST …/{approvalId}/approve`
async fn approve(
    State(pages): State<Pages>,
    Posted { by: Allowed { on, .. }, form }: Posted<Allowed<ApprovalsAdmin>>,
) -> Result<Response, Failure> {
    let (found, decision) = match decision(&on, &form).await? {
        Ok(read) => read,
        Err(refused) => return Ok(refused),
    };
    // The page of the run shows it also while it is being sent.
    let patience = pages.settings.request_timeout / 2;
    let approved = pages.actions.approve(decision, patience).await.map_err(Failure::from);
    let run = match approved {
        Ok(run) => run,
        Err(failure) => return refused(&on, failure, form).await,
    };
    // What the provider says has changed, so there is another question.
    let again = run.approval_id.as_deref().and_then(|id| id.parse().ok()).filter(|again| *again != found.id);
    Ok(match again.filter(|_| run.status == RunStatus::PendingApproval.as_str()) {
        Some(again) => on.visit.go_to(&on.visit.addresses.approval(on.tenant.project, again)),
        None => to_run(&on, &found),
    })
}

/// `POST …/{approvalId}/deny`
async fn deny(
    State(pages): State<Pages>,
    Posted { by: Allowed { on, .. }, form }: Posted<Allowed<ApprovalsAdmin>>,
) -> Result<Response, Failure> {
    let (found, decision) = match decision(&on, &form).await? {
        Ok(read) => read,
        Err(refused) => return Ok(refused),
    };
    match pages.actions.deny(decision).await.map_err(Failure::from) {
        Ok(_) => Ok(to_run(&on, &found)),
        Err(failure) => refused(&on, failure, form).await,
    }
}

/// Leads to the run, or back to the approval if the visitor sees no runs.
fn to_run(on: &OnProject, found: &Found) -> Response {
    let (addresses, project) = (&on.visit.addresses, on.tenant.project);
    let run: Option<RunId> = found.approval.run_id.parse().ok();
    let run = run.filter(|_| on.session.who.rights.cover(RequiredScope::ACTIONS_READ));
    let page = run.map_or_else(|| addresses.approval(project, found.id), |run| addresses.run(project, run));
    on.visit.go_to(&page)
}

/// The decision that a form makes. Who decides is known from the session alone. `Err` is the page of a form that is
/// wrong.
async fn decision(on: &OnProject, form: &Form) -> Result<Result<(Found, Decision), Response>, Failure> {
    let found = Found::read(on).await?;
    // The field has several lines, so that the key Enter sends nothing.
    let note = form.trimmed("note").lines().map(str::trim).collect::<Vec<_>>().join(" ");
    let body = if note.is_empty() { json!({}) } else { json!({"note": note}) };
    let note = match read_decision(body.to_string().as_bytes()) {
        Ok(note) => note,
        Err(BodyError::Invalid(issues)) => {
            let advice = "Correct the note, and decide again.";
            let refused = RefusedForm::new(Part::Decision, NOT_DECIDED, advice, issues, form.clone());
            return Ok(Err(found.answer(on, StatusCode::UNPROCESSABLE_ENTITY, Some(&refused))));
        }
        Err(error) => return Err(error.into()),
    };
    let decision = Decision {
        tenant: on.tenant,
        approval: found.id,
        by: on.session.principal,
        note,
        request_id: Some(on.visit.request_id.to_string()),
        remembered: None,
    };
    Ok(Ok((found, decision)))
}

const NOT_DECIDED: &str = "It was not decided";

/// Shows the approval as it is now, with what stood in the way of the decision. Other failures have their own pages.
async fn refused(on: &OnProject, failure: Failure, form: Form) -> Result<Response, Failure> {
    let is_of_approval = matches!(
        failure.code,
        ErrorCode::Forbidden
            | ErrorCode::ApprovalNotPending
            | ErrorCode::IntegrationNotActive
            | ErrorCode::ReinstallRequired
            | ErrorCode::ProviderRefused
            | ErrorCode::ProviderUnavailable
            | ErrorCode::ProviderRateLimited
            | ErrorCode::Conflict
    );
    if !is_of_approval {
        return Err(failure);
    }
    let advice = format!("{}.", failure.message.trim_end_matches('.'));
    let refused = RefusedForm::new(Part::Decision, NOT_DECIDED, &advice, Vec::new(), form);
    Ok(Found::read(on).await?.answer(on, failure.status(), Some(&refused)))
}
