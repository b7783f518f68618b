//! The pages of runs, and of trying an action.

use std::collections::BTreeMap;

use integrations_core::{
    action::{Check, Decided, Obstacle, RunStatus},
    issue::Issue,
};
use maud::Markup;
use serde_json::json;
use time::macros::datetime;

use super::{CATALOG, account, accounts_of_github, frame, project, refused_form};
use crate::{
    dashboard::view::{
        explain::{self, ExplainPage, Sent},
        provider_page::Part,
        run::{self, RunPage},
        runs::{self, Filters, RunList},
        trial::{self, TrialPage},
    },
    edge::form::Form,
    services::actions::Explanation,
    store::RunRow,
};

const KEY: &str = "key_01jc3q5v6w7x8y9zabcdefghjk";

/// A call of Stripe's refund, which has inputs that are not what they seem.
pub(super) fn refund(status: &str) -> RunRow {
    let input = json!({
        "charge": "ch_3PqR\u{202e}54321",
        "amount": 1999,
        "reason": format!("<script>alert(1)</script>{}refund all", " ".repeat(9_000)),
        "metadata": {"order": "#1001", "\u{1b}[31mred": ["a\u{200b}b", 7, null]},
    });
    RunRow {
        id: "run_01jc3q5v6w7x8y9zabcdefghjk".into(),
        integration_id: "int_01jc3q5v6w7x8y9zabcdefghjk".into(),
        provider: "stripe".into(),
        action: "issue_refund".into(),
        kind: "destructive".into(),
        status: status.into(),
        principal: KEY.into(),
        account_id: Some("acct_1".into()),
        request_id: Some("req_01jc3q5v6w7x8y9zabcdefghjk".into()),
        context: Some(json!({"on_behalf_of": "ada@shop.example", "reason": "It came broken"}).to_string()),
        input: input.to_string(),
        evidence: json!({"currency": "eur", "paid": 5000, "refunded": 0}).to_string(),
        provider_status: None,
        result: None,
        error_code: None,
        error_message: None,
        denied_by: None,
        reasons: None,
        approval_id: Some("apr_01jc3q5v6w7x8y9zabcdefghjk".into()),
        approval_expires_at: Some(datetime!(2026-05-17 08:12:00 UTC)),
        created_at: datetime!(2026-05-16 08:12:00 UTC),
        sent_at: None,
        finished_at: None,
    }
}

/// One for each status, with what comes with it.
fn runs() -> Vec<RunRow> {
    let reasons = json!([{"obstacle": "permission", "words": "A person approves each “Issue refunds”", "setting": null}]);
    let with = |status: RunStatus| {
        let run = refund(status.as_str());
        let failed = |code: &str, message: &str| RunRow {
            error_code: Some(code.into()),
            error_message: Some(message.into()),
            finished_at: Some(datetime!(2026-05-16 08:12:02 UTC)),
            ..run.clone()
        };
        match status {
            RunStatus::PendingApproval => RunRow { reasons: Some(reasons.to_string()), ..run },
            RunStatus::Succeeded => RunRow {
                result: Some(
                    json!({"id": "re_1", "status": "succeeded", "notes": ["x\u{2066}y"]}).to_string(),
                ),
                provider_status: Some(200),
                ..run
            },
            RunStatus::Failed => {
                failed("PROVIDER_REFUSED", "Charge has already been <b>refunded</b>.\u{1b}[2J")
            }
            RunStatus::Unknown => failed("OUTCOME_UNKNOWN", "Stripe gave no answer; it may have been done"),
            RunStatus::Denied => RunRow {
                denied_by: Some("guard".into()),
                ..failed("ACTION_LIMIT_EXCEEDED", "Refunds are switched off")
            },
            _ => run,
        }
    };
    RunStatus::ALL.into_iter().map(with).chain([refund("from_the_future")]).collect()
}

pub(super) fn pages() -> Vec<(&'static str, Markup)> {
    let (runs, integrations) = (runs(), accounts_of_github());
    let names = BTreeMap::from([(KEY.to_owned(), "Support <team>".to_owned())]);
    let list = |runs, filters, older| RunList {
        runs,
        names: &names,
        integrations: &integrations,
        filters,
        is_newest: true,
        older,
    };
    let filters = Filters { provider: Some("github".into()), action: None, status: Some(RunStatus::Failed) };
    let draw = |list: &RunList<'_>| runs::page(&frame(), &project(), &CATALOG, list);
    let mut pages = vec![
        ("runs", draw(&list(&runs, &Filters::default(), Some("run_01jc3q5v6w7x8y9zabcdefghjk")))),
        ("runs-none", draw(&list(&[], &filters, None))),
    ];
    let names = [
        "requested",
        "pending",
        "sending",
        "succeeded",
        "accepted",
        "failed",
        "unknown",
        "denied",
        "expired",
        "new",
    ];
    let files = names.map(|name| format!("run-{name}").leak() as &'static str);
    pages.extend(files.into_iter().zip(&runs).map(|(file, run)| (file, one(run))));
    pages.extend(trials());
    pages
}

fn one(run: &RunRow) -> Markup {
    let page = RunPage {
        project: project(),
        account: Some(account("stripe").clone()),
        caller: Some("Support team"),
        approval: run.approval_id.as_deref().and_then(|id| id.parse().ok()),
        run,
    };
    run::page(&frame(), &page)
}

fn trials() -> Vec<(&'static str, Markup)> {
    let issues = vec![
        Issue::new("input.limit", "Must be from 1 to 100"),
        Issue::new("input", "Expected another input"),
    ];
    let typed = Form::from([("input.limit", "0"), ("input.status", "past")]);
    let refused = refused_form(Part::Trial, issues, typed);
    let account = account("cal-com");
    let page = TrialPage {
        project: project(),
        account,
        action: account.provider.actions.first().unwrap(),
        not_callable_reason: None,
        refused: None,
    };
    let paused = TrialPage { not_callable_reason: Some("The integration is paused"), ..page };
    let again = TrialPage { refused: Some(&refused), ..page };
    vec![
        ("trial", trial::page(&frame(), &page)),
        ("trial-paused", trial::page(&frame(), &paused)),
        ("trial-refused", trial::page(&frame(), &again)),
        ("explain", explanation(Sent::Nothing)),
        ("explain-asks", explanation(Sent::Explained(&explained(), &Form::from([("input.charge", "ch_1")])))),
        ("explain-refused", explanation(Sent::Refused(&refused))),
    ]
}

fn explanation(sent: Sent<'_>) -> Markup {
    let account = account("stripe");
    let action = account.provider.action("issue_refund").unwrap();
    explain::page(&frame(), &ExplainPage { project: project(), account, action, sent })
}

/// A refund that a person would be asked about.
fn explained() -> Explanation {
    let check = |of, decided, rule: &str| Check {
        of,
        decided,
        rule: rule.into(),
        why: None,
        value: None,
        limit: None,
        used: None,
        within: None,
        setting: None,
    };
    let amount = Check {
        why: Some("30.00 USD is more than 20.00 USD".into()),
        value: Some("30.00 USD".into()),
        limit: Some("20.00 USD".into()),
        used: Some("12.00 USD".into()),
        ..check(
            Obstacle::Guard(1),
            Some(Decided::Ask),
            "The input “amount” may be at most the setting “Limit”",
        )
    };
    let status = Check {
        value: Some("active".into()),
        ..check(Obstacle::Status, Some(Decided::Allow), "The integration must be active")
    };
    Explanation {
        decided: Decided::Ask,
        reasons: amount.why.clone().into_iter().collect(),
        same_run: None,
        checks: vec![status, amount, check(Obstacle::Guard(2), None, "What Stripe says of “disputed”")],
        was_asked: true,
        input: json!({"charge": "ch_1", "note": "a\u{202e}b"}).as_object().cloned().unwrap(),
        evidence: json!({"currency": "usd"}).as_object().cloned().unwrap(),
    }
}

#[test]
fn nothing_in_an_input_is_cut_or_hides() {
    let page = one(&refund("pending_approval")).into_string();
    for shown in [
        "\\u{202e}",
        "9000 blanks",
        "refund all",
        "&lt;script&gt;",
        "19.99 EUR",
        "\\u001b[31mred",
        "\\u{200b}",
    ] {
        assert!(page.contains(shown), "{shown}: {page}");
    }
    assert!(!page.contains(['\u{202e}', '\u{200b}', '\u{1b}']), "{page}");
}

#[test]
fn a_run_leads_to_its_question_only_if_that_may_be_seen() {
    let run = refund("pending_approval");
    let hidden = RunPage { project: project(), account: None, caller: None, approval: None, run: &run };
    let hidden = run::page(&frame(), &hidden).into_string();
    assert!(one(&run).into_string().contains("/approvals/apr_") && !hidden.contains("/approvals/apr_"));
}
