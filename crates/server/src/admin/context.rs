//! What the commands share: their context, their input and their output.

use std::io::{self, IsTerminal as _, Write as _};

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use integrations_core::{
    audit::{Acting, AuditAction, Change},
    ids::{OrganizationId, ProjectId},
};
use serde::Serialize;

use crate::{
    environment::Environment,
    store::{NewAuditEvent, Store},
};

/// The option of every command that takes something away for good.
#[derive(Args, Clone, Copy, Debug)]
pub(super) struct Confirmation {
    /// Do not ask; needed where nobody can be asked
    #[arg(long, short = 'y')]
    yes: bool,
}

impl Confirmation {
    /// Asks at a terminal whether to go on, unless `--yes` was given. `question` says what is done and what it means.
    /// Any answer but yes is an error, and so is a missing `--yes` where nobody can be asked.
    pub(super) fn ask(self, question: &str) -> anyhow::Result<()> {
        if self.yes {
            return Ok(());
        }
        ensure!(
            io::stdin().is_terminal() && io::stderr().is_terminal(),
            "this needs --yes, because riq-server asks only at a terminal; nothing was changed. It would have asked: \
             {question}"
        );
        write!(io::stderr(), "{question}\nType yes to go on: ")?;
        let mut answer = String::new();
        io::stdin().read_line(&mut answer).context("cannot read standard input")?;
        ensure!(["y", "yes"].contains(&answer.trim().to_lowercase().as_str()), "nothing was changed");
        Ok(())
    }
}

/// The context of a command.
pub(super) struct Context {
    pub(super) store: Store,
    pub(super) environment: Environment,
    pub(super) json: bool,
}

impl Context {
    /// An audit event whose actor is the operator.
    pub(super) fn event(
        &self,
        organization: OrganizationId,
        project: Option<ProjectId>,
        action: AuditAction,
        changes: Vec<Change>,
    ) -> NewAuditEvent {
        let event = NewAuditEvent::new(&self.environment, organization, action, Acting::OPERATOR);
        NewAuditEvent { project, changes, ..event }
    }

    /// Fails if the organization does not exist or is revoked.
    pub(super) async fn check_organization(&self, id: OrganizationId) -> anyhow::Result<()> {
        match self.store.organization(id).await? {
            None => bail!("there is no organization {id}"),
            Some(found) if found.revoked_at.is_some() => bail!("the organization {id} is revoked"),
            Some(_) => Ok(()),
        }
    }

    /// Writes an answer to stdout: as JSON, or as lines for people.
    pub(super) fn answer<T: Serialize>(
        &self,
        answer: &T,
        in_words: impl FnOnce() -> Vec<String>,
    ) -> anyhow::Result<()> {
        let mut out = io::stdout().lock();
        if self.json {
            serde_json::to_writer(&mut out, answer)?;
            writeln!(out)?;
        } else {
            in_words().iter().try_for_each(|line| writeln!(out, "{line}"))?;
        }
        Ok(out.flush()?)
    }
}

/// Columns of text, padded to their widest cell.
pub(super) fn columns(rows: &[Vec<String>]) -> Vec<String> {
    let widest =
        |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let line = |row: &Vec<String>| {
        let cells =
            row.iter().enumerate().map(|(column, cell)| format!("{cell:<0$}", widest(column).unwrap_or(0)));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

/// A time for people. A dash if there is none.
pub(super) fn moment(time: Option<time::OffsetDateTime>) -> String {
    use time::format_description::well_known::Rfc3339;

    time.and_then(|time| time.replace_nanosecond(0).ok()?.format(&Rfc3339).ok()).unwrap_or_else(|| "-".into())
}

/// The result of a revocation.
#[derive(Serialize)]
pub(super) struct Revoked {
    pub(super) id: String,
    /// `false`: it was revoked before.
    pub(super) revoked: bool,
}

impl Revoked {
    pub(super) fn in_words(&self) -> Vec<String> {
        let what = if self.revoked { "Revoked" } else { "Already revoked:" };
        vec![format!("{what} {}", self.id)]
    }
}
