//! `riq-server admin audit export`

use std::{
    io::{self, BufWriter, Write},
    path::PathBuf,
};

use anyhow::Context as _;
use clap::Args;
use integrations_core::{
    audit::{ActorKind, AuditAction},
    audit_export::ExportFormat,
    ids::{OrganizationId, ProjectId},
};
use serde_json::json;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::super::{context::Context, whole_file::WholeFile};
use crate::{
    services::audit_log::{AuditLog, Exporting},
    store::{ActorFilter, AuditFilter, ExportOf},
};

/// The options of `export`.
#[derive(Args, Debug)]
pub(crate) struct Export {
    /// The organization whose events to write, org_…
    #[arg(long, value_name = "ORG", required_unless_present = "project", conflicts_with = "project")]
    organization: Option<OrganizationId>,
    /// The project whose events to write, prj_…
    #[arg(long, value_name = "PROJECT")]
    project: Option<ProjectId>,
    /// Only events at or after this time (RFC 3339)
    #[arg(long, value_name = "TIME", value_parser = moment)]
    since: Option<OffsetDateTime>,
    /// Only events before this time (RFC 3339)
    #[arg(long, value_name = "TIME", value_parser = moment)]
    until: Option<OffsetDateTime>,
    /// Only events with this action
    #[arg(long)]
    action: Option<AuditAction>,
    /// Only events about the integrations with this provider
    #[arg(long)]
    provider: Option<String>,
    /// Only what this actor did: an API key's or a person's id, operator or system
    #[arg(long, value_parser = actor)]
    actor: Option<ActorFilter>,
    /// jsonl: the lines of the chain, each with its hash; csv: a table for spreadsheets
    #[arg(long, default_value = "jsonl")]
    format: ExportFormat,
    /// Write to this file, with mode 0600, and replace it when all is written [default: stdout]
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

fn moment(text: &str) -> Result<OffsetDateTime, String> {
    OffsetDateTime::parse(text.trim(), &Rfc3339)
        .map_err(|_| "expected a time as RFC 3339 writes it, such as 2026-05-17T17:55:00Z".to_owned())
}

fn actor(text: &str) -> Result<ActorFilter, String> {
    match text.parse() {
        Ok(kind @ (ActorKind::Operator | ActorKind::System)) => Ok(ActorFilter::Kind(kind)),
        _ => {
            let principal = text.parse().map(ActorFilter::Principal);
            principal.map_err(|_| "expected the id of an API key or a person, operator or system".to_owned())
        }
    }
}

pub(super) async fn run(export: Export, context: &Context) -> anyhow::Result<()> {
    // So that what was recorded last has its number.
    context.store.chain_waiting().await?;
    let Some(path) = export.output.clone() else {
        write(export, context, &mut BufWriter::new(io::stdout())).await?;
        return Ok(());
    };
    let cannot = || format!("cannot write {}", path.display());
    let file = WholeFile::create(&path, &context.environment).with_context(cannot)?;
    let mut out = BufWriter::new(&file.file);
    let events = write(export, context, &mut out).await?;
    drop(out);
    file.replace().with_context(cannot)?;
    let shown = path.display().to_string();
    context.answer(&json!({"events": events, "file": shown}), || {
        vec![format!("Exported {events} events to {shown}")]
    })
}

/// Writes the events, and returns how many.
async fn write(export: Export, context: &Context, out: &mut impl Write) -> anyhow::Result<u64> {
    let of = match (export.organization, export.project) {
        (Some(organization), _) => {
            let found = context.store.organization(organization).await?;
            found.with_context(|| format!("there is no organization {organization}"))?;
            ExportOf::Organization(organization)
        }
        (None, Some(project)) => {
            let found = context.store.project(project).await?;
            found.with_context(|| format!("there is no project {project}"))?;
            ExportOf::Project(project)
        }
        (None, None) => anyhow::bail!("nothing says whose events to export: use --organization or --project"),
    };
    let filter = AuditFilter {
        before: None,
        provider: export.provider,
        action: export.action,
        actor: export.actor,
        since: export.since,
        until: export.until,
    };
    let log = AuditLog::new(context.store.clone());
    let mut exporting = log.export(Exporting::ByOperator(of), filter, export.format);
    let mut events = 0;
    while let Some(piece) = exporting.next().await? {
        out.write_all(piece.text.as_bytes())?;
        events += piece.events;
    }
    out.flush()?;
    Ok(events)
}
