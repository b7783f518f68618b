//! `riq-server admin revoke`

use std::{
    io::{self, Write as _},
    sync::Arc,
};

use anyhow::{Context as _, bail};
use clap::Args;
use integrations_core::{
    audit::Acting,
    ids::{OrganizationId, ProjectId},
    revocation::RevocationStatus,
};
use serde::Serialize;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::context::{Confirmation, Context};
use crate::{
    app::config::Options,
    metrics::Metrics,
    monitor::{Monitor, MonitorParts},
    provider::{oauth_apps::OAuthApps, outbound::Outbound},
    services::{
        integrations::Integrations,
        revocations::{Everything, Progress, Revocations},
    },
    store::{RevocationScope, UnrevokedRow},
    vault::Vault,
};

/// How many lines of the report are read at a time.
const PAGE: u64 = 200;

#[derive(Args, Debug)]
pub(super) struct Command {
    /// The provider's key; every alias of it is meant
    #[arg(long)]
    provider: String,
    /// Only what was connected at this time or later, as in 2026-05-17T17:55:00Z
    #[arg(long, value_parser = moment)]
    since: Option<OffsetDateTime>,
    /// Only the integrations of this organization, org_…
    #[arg(long)]
    organization: Option<OrganizationId>,
    /// Only the integrations of this project, prj_…
    #[arg(long)]
    project: Option<ProjectId>,
    #[command(flatten)]
    confirmation: Confirmation,
}

/// Reads a time. The error is a sentence.
fn moment(text: &str) -> Result<OffsetDateTime, String> {
    OffsetDateTime::parse(text, &Rfc3339)
        .map_err(|_| "expected a date and time such as 2026-05-17T17:55:00Z".to_owned())
}

/// The report.
#[derive(Serialize)]
struct Report {
    provider: String,
    /// How many connections this run disconnected.
    disconnected: u64,
    revoked: u64,
    pending: u64,
    unsupported: u64,
    failed: u64,
    /// Each that is not revoked.
    not_revoked: Vec<Line>,
    /// Each that could not be disconnected.
    still_connected: Vec<Line>,
}

#[derive(Serialize)]
struct Line {
    project_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    integration_id: Option<String>,
    provider: String,
    status: String,
    message: Option<String>,
}

pub(super) async fn run(
    command: Command,
    context: &Context,
    options: &Options,
    vault: Arc<Vault>,
) -> anyhow::Result<()> {
    let revocations = revocations(context, options, vault)?;
    let Some(provider) = revocations.catalog.get(&command.provider).cloned() else {
        bail!("there is no provider {}", command.provider);
    };
    let scope = RevocationScope {
        provider: command.provider,
        since: command.since,
        organization: command.organization,
        project: command.project,
    };
    command.confirmation.ask(&format!(
        "Every integration with {} {}is disconnected, its credential is destroyed, and {} is asked to revoke the access.",
        provider.name,
        within(&scope),
        provider.name,
    ))?;
    // This command can be the first that uses a copy.
    let rests = context.store.look_around(context.environment.now()).await?.is_some();
    let done = revocations.revoke_everything(&scope, &Acting::OPERATOR, tell).await?;
    let report = report(context, &scope, done).await?;
    context.answer(&report, || in_words(&report))?;
    if rests {
        bail!(
            "nothing was revoked: this database was restored or copied, and another server may use the same \
             credentials. They wait, and the server revokes them after `admin resume`"
        );
    }
    let open = report.not_revoked.len() + report.still_connected.len();
    if open > 0 {
        bail!(
            "{open} are not revoked: see the report. The server goes on with those that are pending; run this again to see"
        );
    }
    Ok(())
}

fn revocations(context: &Context, options: &Options, vault: Arc<Vault>) -> anyhow::Result<Revocations> {
    let (store, environment) = (context.store.clone(), context.environment.clone());
    let catalog = options.catalog()?;
    let given = options.oauth_apps(&catalog)?;
    let parts = MonitorParts {
        store: store.clone(),
        apps: Arc::new(OAuthApps::new(store.clone(), Arc::clone(&vault), given)),
        catalog,
        vault: Arc::clone(&vault),
        outbound: Outbound::new(options.outbound()?)?,
        environment: environment.clone(),
        metrics: Metrics::default(),
    };
    let monitor = Monitor::new(parts, options.monitor());
    let integrations = Integrations::new(store, vault, environment, monitor.clone());
    Ok(Revocations::new(monitor, integrations))
}

/// Which of a provider's integrations are meant, as a part of a sentence that ends with a blank.
fn within(scope: &RevocationScope) -> String {
    let place = match (scope.project, scope.organization) {
        (Some(project), _) => format!("of the project {project} "),
        (None, Some(organization)) => format!("of the organization {organization} "),
        (None, None) => "on this server ".to_owned(),
    };
    let since = scope.since.and_then(|since| since.format(&Rfc3339).ok());
    let since = since.map_or_else(String::new, |since| format!("that was connected since {since} "));
    format!("{place}{since}")
}

fn tell(Progress { disconnected, attempted }: Progress) {
    // If stderr is closed, nobody reads the progress.
    writeln!(io::stderr(), "disconnected {disconnected}, first attempts ended {attempted}")
        .unwrap_or_default();
}

async fn report(context: &Context, scope: &RevocationScope, done: Everything) -> anyhow::Result<Report> {
    let tally = context.store.tally_revocations(scope).await.context("cannot count the revocations")?;
    let of = |wanted: RevocationStatus| {
        tally.iter().find(|(status, _)| *status == wanted).map_or(0, |(_, count)| *count)
    };
    let mut not_revoked: Vec<Line> = Vec::new();
    let mut after = String::new();
    loop {
        let page = context.store.unrevoked(scope, &after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after.clone_from(&last.id);
        not_revoked.extend(page.into_iter().map(Line::from));
    }
    let kept = done.kept.into_iter().map(|(project_id, provider, message)| Line {
        project_id,
        integration_id: None,
        provider,
        status: "connected".to_owned(),
        message: Some(message),
    });
    Ok(Report {
        provider: scope.provider.clone(),
        disconnected: done.progress.disconnected,
        revoked: of(RevocationStatus::Revoked),
        pending: of(RevocationStatus::Pending),
        unsupported: of(RevocationStatus::Unsupported),
        failed: of(RevocationStatus::Failed),
        not_revoked,
        still_connected: kept.collect(),
    })
}

impl From<UnrevokedRow> for Line {
    fn from(row: UnrevokedRow) -> Self {
        Self {
            project_id: row.project_id,
            integration_id: Some(row.integration_id),
            provider: row.provider,
            status: row.status,
            message: row.message,
        }
    }
}

fn in_words(report: &Report) -> Vec<String> {
    let line = |line: &Line| {
        let message = line.message.as_deref().unwrap_or("not attempted yet");
        format!("{} {} in {}: {message}", line.status, line.provider, line.project_id)
    };
    let lines = report.not_revoked.iter().chain(&report.still_connected).map(line);
    let Report { disconnected, revoked, pending, unsupported, failed, .. } = report;
    let counts = format!(
        "Disconnected {disconnected}. Of all revocations: {revoked} revoked, {pending} pending, \
         {unsupported} unsupported, {failed} failed"
    );
    lines.chain([counts]).collect()
}
