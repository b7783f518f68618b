//! Makes the API's approvals from stored rows, and reads the decisions on them.

use integrations_core::{
    action::{Destination, Reason, read_decision},
    catalog::Catalog,
    error::ErrorCode,
    ids::ApprovalId,
    wire::{Approval, ApprovalNotify, ApprovalNotifyFailure, ApprovalParty, ApprovalPolicy, Open, RawJson},
};

use crate::{
    edge::failure::Failure,
    http::{
        auth::{Access, ApprovalsAdmin},
        post::Post,
        state::Api,
    },
    services::actions::{Decision, ShownPolicy},
    store::ApprovalRow,
};

/// The approval of a stored row.
pub(super) fn approval(catalog: &Catalog, row: ApprovalRow) -> Result<Approval, serde_json::Error> {
    let account = catalog.account(&row.provider).ok();
    let label =
        account.as_ref().and_then(|account| Some(account.provider.action(&row.action)?.label.clone()));
    let reasons: Vec<Reason> = serde_json::from_str(&row.reasons)?;
    let asking = row.asking_key_name.or(row.asking_user_name).or(row.asking_user_email);
    let deciding = row.deciding_key_name.or(row.deciding_user_name).or(row.deciding_user_email);
    Ok(Approval {
        id: row.id,
        run_id: row.run_id,
        provider: row.provider,
        // An action may be gone from its file.
        label: label.unwrap_or_else(|| row.action.clone()),
        action: row.action,
        kind: Open::read(&row.kind),
        status: Open::read(&row.status),
        input: RawJson::from_text(row.input)?,
        evidence: RawJson::from_text(row.evidence)?,
        reasons: reasons.into_iter().map(|reason| reason.words).collect(),
        context: row.context.map(RawJson::from_text).transpose()?.unwrap_or_default(),
        requested_by: ApprovalParty { id: row.principal, name: asking },
        created_at: row.created_at,
        expires_at: row.expires_at,
        decided_by: row.decided_by.map(|id| ApprovalParty { id, name: deciding }),
        decided_at: row.decided_at,
        note: row.note,
    })
}

/// The policy of a project.
pub(super) fn policy(shown: ShownPolicy) -> ApprovalPolicy {
    let ShownPolicy { policy, problem, last_failure } = shown;
    let last_failure = last_failure.map(|failed| ApprovalNotifyFailure {
        approval_id: failed.approval,
        message: failed.error,
        at: failed.at,
    });
    let notify = policy.notify.map(|Destination { provider, action, input, .. }| ApprovalNotify {
        provider,
        action,
        input,
        problem,
        last_failure,
    });
    ApprovalPolicy { decided_by: policy.deciders.into(), expires_after_seconds: policy.expires_after, notify }
}

/// The decision that a request makes. Who decides is known from its key alone.
pub(super) async fn decision(api: &Api, post: &Post<Access<ApprovalsAdmin>>) -> Result<Decision, Failure> {
    let access = &post.access;
    // If the caller may not see the project, that error comes first.
    api.organizations.admit(&access.tenant).await?;
    let note = read_decision(post.json()?)?;
    let approval: Option<ApprovalId> = access.named().and_then(|text| text.parse().ok());
    let approval = approval.ok_or_else(no_such_approval)?;
    Ok(Decision {
        tenant: access.tenant,
        approval,
        by: access.caller.key.into(),
        note,
        request_id: Some(access.request_id.to_string()),
        remembered: None,
    })
}

/// There is no such approval, or it is another project's.
pub(super) fn no_such_approval() -> Failure {
    Failure::new(ErrorCode::ResourceNotFound, "There is no such approval")
}
