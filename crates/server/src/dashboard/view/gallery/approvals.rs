//! The pages of approvals.

use integrations_core::{
    action::{ApprovalStatus, Destination, Policy, RenderedBody, RenderedRequest},
    catalog::Method,
    issue::Issue,
};
use maud::Markup;
use serde_json::json;
use time::macros::datetime;

use super::{CATALOG, account, frame, project, refused_form, runs::refund};
use crate::{
    dashboard::view::{
        approval::{self, ApprovalPage, Sent},
        approval_policy::{self, Messenger, PolicyPage},
        approvals::{self, Queue},
        provider_page::Part,
    },
    edge::form::Form,
    services::actions::ShownPolicy,
    store::{ApprovalRow, FailedNotice},
};

fn row(status: ApprovalStatus) -> ApprovalRow {
    let run = refund("pending_approval");
    let reasons = json!([
        {"obstacle": "permission", "words": "A person approves each “Issue refunds”", "setting": null},
        {"obstacle": {"guard": 1}, "words": "The refund is over the limit (19.99 EUR is more than 10.00 EUR)", "setting": "refund_limit_cents"},
    ]);
    let is_decided = matches!(status, ApprovalStatus::Approved | ApprovalStatus::Denied);
    ApprovalRow {
        id: "apr_01jc3q5v6w7x8y9zabcdefghjk".into(),
        run_id: run.id,
        provider: run.provider,
        status: status.as_str().into(),
        principal: run.principal,
        evidence: run.evidence,
        reasons: reasons.to_string(),
        created_at: datetime!(2026-05-16 08:12:00 UTC),
        expires_at: datetime!(2026-05-17 08:12:00 UTC),
        decided_by: is_decided.then(|| "usr_01jc3q5v6w7x8y9zabcdefghjk".into()),
        decided_at: is_decided.then_some(datetime!(2026-05-16 09:00:00 UTC)),
        note: is_decided.then(|| "Talked to <b>Ada</b> \u{202e}\u{1b}[0m".into()),
        action: run.action,
        kind: run.kind,
        input: run.input,
        context: run.context,
        asking_key_name: Some("Support agent".into()),
        asking_user_name: None,
        asking_user_email: None,
        deciding_key_name: None,
        deciding_user_name: is_decided.then(|| "Bo".into()),
        deciding_user_email: None,
    }
}

/// People are told, and that does not work.
fn told_policy() -> ShownPolicy {
    let input = json!({"channel": "#approvals"}).as_object().cloned().unwrap();
    let (provider, action) = ("slack".to_owned(), "post_message".to_owned());
    let notify = Some(Destination { provider, action, input, account: None });
    ShownPolicy {
        policy: Policy { notify, ..Policy::default() },
        problem: Some("Slack is paused".to_owned()),
        last_failure: Some(FailedNotice {
            approval: "apr_01jc3q5v6w7x8y9zabcdefghjk".to_owned(),
            error: "channel_not_found".to_owned(),
            at: datetime!(2026-05-16 08:12:00 UTC),
        }),
    }
}

pub(super) fn pages() -> Vec<(&'static str, Markup)> {
    let rows = ApprovalStatus::ALL.map(row);
    let draw = |approvals, status, older| {
        let queue = Queue { approvals, status, is_newest: true, older };
        approvals::page(&frame(), &project(), &CATALOG, &queue)
    };
    let request = RenderedRequest {
        method: Method::Post,
        path: "/v1/refunds".into(),
        query: Vec::new(),
        headers: vec![("Stripe-Version".into(), "2026-03-25".into())],
        body: RenderedBody::Form(vec![
            ("charge".into(), "ch_3PqR\u{202e}54321".into()),
            ("amount".into(), "1999".into()),
        ]),
        idempotency_header: None,
    };
    let sent = Sent::Shown(request);
    let issues = vec![Issue::new("note", "Must have at most 500 characters")];
    let refused = refused_form(Part::Decision, issues, Form::from([("note", "too long")]));
    let one = |status: ApprovalStatus| {
        let row: &'static ApprovalRow = Box::leak(Box::new(row(status)));
        ApprovalPage {
            project: project(),
            id: row.id.parse().unwrap(),
            account: Some(account("stripe")),
            approval: row,
            sent: if status == ApprovalStatus::Pending { &sent } else { &Sent::Over },
            refused: None,
        }
    };
    let draw_one = |page: &ApprovalPage<'_>| approval::page(&frame(), page);
    let pending = one(ApprovalStatus::Pending);
    let changed =
        json!([{"obstacle": "evidence", "words": "The provider says something else", "setting": null}]);
    let again = ApprovalRow { reasons: changed.to_string(), ..row(ApprovalStatus::Pending) };
    let all = [
        ("approvals", draw(&rows, None, Some("apr_01jc3q5v6w7x8y9zabcdefghjk"))),
        ("approvals-none", draw(&[], Some(ApprovalStatus::Pending), None)),
        ("approval-pending", draw_one(&pending)),
        ("approval-again", draw_one(&ApprovalPage { approval: &again, sent: &Sent::Hidden, ..pending })),
        ("approval-closed", draw_one(&ApprovalPage { sent: &Sent::Closed, ..pending })),
        ("approval-refused", draw_one(&ApprovalPage { refused: Some(&refused), ..pending })),
        ("approval-approved", draw_one(&one(ApprovalStatus::Approved))),
        ("approval-denied", draw_one(&one(ApprovalStatus::Denied))),
        ("approval-expired", draw_one(&one(ApprovalStatus::Expired))),
    ];
    policies().into_iter().chain(all).collect()
}

/// The page of the policy, and the same with a form that was refused.
fn policies() -> [(&'static str, Markup); 2] {
    let shown = told_policy();
    let label = "Slack: Post a message".to_owned();
    let messengers = [Messenger { value: "slack post_message".to_owned(), label }];
    let policy = PolicyPage {
        project: project(),
        shown: &shown,
        messengers: &messengers,
        is_saved: false,
        refused: None,
    };
    let issues = vec![
        Issue::new("expires_after", "Expected a whole number, from 5 minutes to 30 days"),
        Issue::new("notify_input", "channel: Expected a channel's id"),
    ];
    let typed = Form::from([
        ("decided_by", "people"),
        ("expires_after", "90"),
        ("unit", "days"),
        ("notify", "slack post_message"),
        ("notify_input", "channel = support"),
    ]);
    let refused_policy = refused_form(Part::Policy, issues, typed);
    let again_policy = PolicyPage { refused: Some(&refused_policy), ..policy };
    [
        ("approval-policy", approval_policy::page(&frame(), &policy)),
        ("approval-policy-refused", approval_policy::page(&frame(), &again_policy)),
    ]
}

#[test]
fn the_decision_stands_below_all_that_it_is_about() {
    let (_, page) = pages().into_iter().find(|(name, _)| *name == "approval-pending").unwrap();
    let page = page.into_string();
    let place = |words: &str| page.find(words).unwrap_or_else(|| panic!("{words}: {page}"));
    let order =
        ["id=\"evidence\"", "9000 blanks", "refund all", "19.99 EUR", "ch_3PqR", "Approve, and send it"];
    for words in &order[..5] {
        assert!(place(words) < place(order[5]), "{words}");
    }
    assert!(place("\\u{202e}") < place(order[5]) && !page.contains(['\u{202e}', '\u{1b}', '\u{200b}']));
}
