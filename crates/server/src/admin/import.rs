//! `riq-server admin import`

use std::{path::PathBuf, sync::Arc};

use clap::Args;
use integrations_core::{catalog::Catalog, ids::ProjectId};
use serde::Serialize;

use super::context::{Context, read};
use crate::{
    services::install::import::{ImportError, Importer, LineIssue},
    vault::Vault,
};

#[derive(Args, Debug)]
pub(super) struct Command {
    /// The project to import into, prj_…
    #[arg(long)]
    project: ProjectId,
    /// JSON lines: {"provider":"postmark","credential":{"api_key":"…"}}; - reads standard input
    file: PathBuf,
}

#[derive(Serialize)]
struct Imported {
    project_id: String,
    imported: Vec<String>,
}

#[derive(Serialize)]
struct Refused<'a> {
    error: String,
    issues: &'a [LineIssue],
}

pub(super) async fn run(
    command: Command,
    context: &Context,
    catalog: Arc<Catalog>,
    vault: Arc<Vault>,
) -> anyhow::Result<()> {
    let text = read(&command.file)?;
    let importer = Importer::new(context.store.clone(), catalog, vault, context.environment.clone());
    match importer.import(command.project, &text).await {
        Ok(imported) => {
            let answer = Imported { project_id: command.project.to_string(), imported };
            context.answer(&answer, || {
                vec![format!("Imported {} into {}", answer.imported.join(", "), answer.project_id)]
            })
        }
        Err(ImportError::BadLines(issues)) => {
            let error = ImportError::BadLines(issues.clone()).to_string();
            context.answer(&Refused { error: error.clone(), issues: &issues }, || in_words(&issues))?;
            Err(anyhow::Error::msg(error))
        }
        Err(error) => Err(error.into()),
    }
}

fn in_words(issues: &[LineIssue]) -> Vec<String> {
    let line = |issue: &LineIssue| match issue.path.as_str() {
        "" => format!("line {}: {}", issue.line, issue.message),
        path => format!("line {}: {path}: {}", issue.line, issue.message),
    };
    issues.iter().map(line).collect()
}
