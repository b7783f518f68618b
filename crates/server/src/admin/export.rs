//! `riq-server admin export`: moves the integrations of a project to another server, and ends such moves.

use std::{
    path::{self, Path, PathBuf},
    sync::Arc,
};

use anyhow::Context as _;
use clap::{ArgGroup, Args};
use integrations_core::{
    ids::{ExportId, ProjectId},
    receipt::Receipt,
};

use super::{
    context::{Confirmation, Context, columns, moment},
    export_file::ExportFile,
};
use crate::{
    app::config::Options,
    app::text_file::read,
    provider::oauth_apps::OAuthApps,
    services::moving::{Ended, ExportReport, Exported, Exporter},
    store::{ExportRecord, ExportStatus},
    vault::{Recipient, Vault},
};

#[derive(Args, Debug)]
#[command(group = ArgGroup::new("step").required(true).args(["to", "receipt", "cancel", "list"]))]
pub(super) struct Command {
    /// The project whose integrations are moved, prj_…
    #[arg(long, required_unless_present_any = ["receipt", "cancel", "list"])]
    project: Option<ProjectId>,
    /// The receiver's public key, riq_to_…, as `admin identity` prints it there
    #[arg(long, value_name = "RECIPIENT", requires = "file")]
    to: Option<Recipient>,
    /// The file to write, which must not exist
    #[arg(value_name = "FILE", requires = "to")]
    file: Option<PathBuf>,
    /// End a move: the integrations are at the receiver, as the receipt that the import wrote proves; - reads it from
    /// standard input
    #[arg(long, value_name = "FILE")]
    receipt: Option<PathBuf>,
    /// Take an export back, exp_…, which must not have been imported
    #[arg(long, value_name = "ID")]
    cancel: Option<ExportId>,
    /// List exports, of one project or of all
    #[arg(long)]
    list: bool,
    #[command(flatten)]
    confirmation: Confirmation,
}

pub(super) async fn run(
    command: Command,
    context: &Context,
    options: &Options,
    vault: Arc<Vault>,
) -> anyhow::Result<()> {
    let catalog = options.catalog()?;
    let given = options.oauth_apps(&catalog)?;
    let apps = OAuthApps::new(context.store.clone(), Arc::clone(&vault), given);
    let exporter = Exporter::new(context.store.clone(), catalog, vault, apps, context.environment.clone());
    if let Some(file) = command.receipt {
        let ended = exporter.settle(&Receipt::read(&read(&file)?)?).await?;
        return context.answer(&ended, || ended_in_words(&ended));
    }
    if let Some(id) = command.cancel {
        let record = exporter.find(id).await?;
        command.confirmation.ask(&format!(
            "{} integrations of {} are used here again. If the export {id} was imported already, both servers then \
             have the same credentials, and each renewal at one may lock the other out: be sure that nobody has \
             imported it, and destroy its file",
            record.integrations, record.project_id
        ))?;
        let ended = exporter.cancel(id).await?;
        return context.answer(&ended, || ended_in_words(&ended));
    }
    match (command.project, command.to, command.file) {
        (Some(project), Some(recipient), Some(file)) => {
            export(context, &exporter, project, &recipient, &file).await
        }
        (project, ..) => {
            let found = context.store.exports(project).await?;
            context.answer(&found, || list_in_words(&found))
        }
    }
}

async fn export(
    context: &Context,
    exporter: &Exporter,
    project: ProjectId,
    recipient: &Recipient,
    file: &Path,
) -> anyhow::Result<()> {
    let file = path::absolute(file)?;
    let mut copy = ExportFile::create(&file)?;
    let Exported { report, first_line } =
        exporter.export(project, recipient, |bytes: &[u8]| copy.keep(bytes)).await?;
    copy.finish(&first_line).with_context(|| {
        format!(
            "the export {0} is recorded, and its integrations are on hold, but {1} could not be written to its end: \
             delete that file if it is still there, take the export back with `admin export --cancel {0}`, and export \
             again",
            report.export_id,
            file.display()
        )
    })?;
    context.answer(&report, || in_words(&report, &file))
}

fn in_words(report: &ExportReport, file: &Path) -> Vec<String> {
    let ExportReport { export_id, exported, sha256, stays, .. } = report;
    let mut lines = vec![format!("Exported {} as {export_id} into {}", exported.join(", "), file.display())];
    lines.extend(stays.iter().map(|one| format!("Stays: {}: {}", one.provider, one.reason)));
    lines.extend([
        format!("They are on hold here. Its SHA-256 is {sha256}"),
        "Next, at the receiver: admin import --project prj_… --expect SHA256 FILE".to_owned(),
        "Then, here, with the receipt that it writes: admin export --receipt FILE".to_owned(),
        format!("To take it back, if it was not imported: admin export --cancel {export_id}"),
    ]);
    lines
}

fn ended_in_words(ended: &Ended) -> Vec<String> {
    let Ended { export_id, status, integrations, left_alone } = ended;
    let what = match status {
        ExportStatus::Moved => "They are disconnected here",
        ExportStatus::Cancelled | ExportStatus::UnderWay => "They are used here again",
    };
    let mut lines = vec![format!("The export {export_id} was {}", status.as_str())];
    if !integrations.is_empty() {
        lines.push(format!("{what}: {}", integrations.join(", ")));
    }
    if *left_alone > 0 {
        lines.push(format!("{left_alone} were connected anew or disconnected here meanwhile, and stay so"));
    }
    lines
}

fn list_in_words(found: &[ExportRecord]) -> Vec<String> {
    let head = ["ID", "PROJECT", "INTEGRATIONS", "STATUS", "CREATED", "ENDED"];
    let row = |record: &ExportRecord| {
        vec![
            record.id.clone(),
            record.project_id.clone(),
            record.integrations.to_string(),
            record.status.clone(),
            moment(Some(record.created_at)),
            moment(record.ended_at),
        ]
    };
    let rows: Vec<Vec<String>> =
        std::iter::once(head.map(str::to_owned).to_vec()).chain(found.iter().map(row)).collect();
    columns(&rows)
}
