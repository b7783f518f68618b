//! `riq-server admin audit verify`

use std::fmt;

use clap::Args;
use integrations_core::{audit_chain::Head, ids::OrganizationId};
use serde_json::{Value, json};

use super::super::context::Context;
use crate::services::audit_log::{AuditLog, ChainReport};

/// The options of `verify`.
#[derive(Args, Debug)]
pub(crate) struct Verify {
    /// Only this organization, org_…
    #[arg(long, value_name = "ORG")]
    organization: Option<OrganizationId>,
    /// A head of this organization's chain that `head` or `verify` printed before, NUMBER:HASH
    #[arg(long, value_name = "NUMBER:HASH", requires = "organization")]
    expect_head: Option<Head>,
}

/// Something is wrong with an audit log.
#[derive(Debug)]
pub struct NotWhole {
    organizations: usize,
}

impl fmt::Display for NotWhole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let logs =
            if self.organizations == 1 { "log of an organization is" } else { "logs of organizations are" };
        write!(
            f,
            "{} audit {logs} not what was recorded. Keep the database as it is, and compare it with a backup and with \
             what was exported or streamed",
            self.organizations
        )
    }
}

impl std::error::Error for NotWhole {}

pub(super) async fn run(verify: Verify, context: &Context) -> anyhow::Result<()> {
    let Verify { organization, expect_head } = verify;
    let reports = AuditLog::new(context.store.clone()).verify(organization, expect_head).await?;
    let answer: Vec<Value> = reports.iter().map(as_json).collect();
    context.answer(&answer, || reports.iter().flat_map(in_words).collect())?;
    match reports.iter().filter(|report| !report.is_whole()).count() {
        0 => Ok(()),
        organizations => Err(NotWhole { organizations }.into()),
    }
}

fn as_json(report: &ChainReport) -> Value {
    let finding = |finding: &integrations_core::audit_chain::Finding| {
        json!({
            "kind": finding.kind,
            "number": finding.number,
            "event": finding.event,
            "message": finding.message,
        })
    };
    json!({
        "organization": report.organization,
        "whole": report.is_whole(),
        "head": report.head.to_string(),
        "removed_to": report.removed_to,
        "checked": report.checked,
        "not_chained_yet": report.not_chained_yet,
        "before_the_chain": report.before_the_chain,
        "findings": report.findings.iter().map(finding).collect::<Vec<_>>(),
        "more_findings": report.more_findings,
    })
}

fn in_words(report: &ChainReport) -> Vec<String> {
    let ChainReport { organization, head, removed_to, checked, .. } = report;
    let verdict = if report.is_whole() { "whole" } else { "NOT WHOLE" };
    let mut lines = vec![format!("{organization}: {verdict}. {checked} events checked; head {head}")];
    let mut note = |count: u64, what: &str| {
        if count > 0 {
            lines.push(format!("  {count} {what}"));
        }
    };
    note(*removed_to, "events were removed as old, as the log says");
    note(report.not_chained_yet, "events are not chained yet");
    note(report.before_the_chain, "events are from before the chain, which does not cover them");
    lines.extend(report.findings.iter().map(|finding| format!("  {finding}")));
    if report.more_findings > 0 {
        lines.push(format!("  and {} more findings", report.more_findings));
    }
    lines
}
