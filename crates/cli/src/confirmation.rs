//! Asks before what cannot be taken back.

use clap::Args;

use crate::context::Context;
use crate::error::{Exit, Failure, Report, code};

/// The option to be asked nothing.
#[derive(Args)]
pub(crate) struct Confirmation {
    /// Do not ask
    #[arg(long, short = 'y')]
    yes: bool,
}

impl Confirmation {
    /// Whether riq has to ask. Fails if it has to and may not. `doing` begins the message: `archiving prj_…`.
    pub(crate) fn is_needed(&self, doing: &str, context: &Context) -> Result<bool, Failure> {
        if !self.yes {
            check_may_ask(doing, context)?;
        }
        Ok(!self.yes)
    }
}

/// Fails if riq may not ask, so that the command needs `--yes`.
pub(crate) fn check_may_ask(doing: &str, context: &Context) -> Result<(), Failure> {
    if context.may_ask() {
        return Ok(());
    }
    Err(Failure::usage(format!(
        "{doing} needs --yes: riq asks only at a terminal, and only if the key does not come from the environment"
    )))
}

/// Asks, and fails with `otherwise` unless the answer is yes.
pub(crate) async fn ask(question: &str, otherwise: &str, context: &Context) -> Result<(), Failure> {
    let answer = context.output.ask(format!("{question}\nType yes to go on: ")).await?;
    match answer.trim().to_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(Report::local(code::NOT_CONFIRMED, Exit::Usage, otherwise).into()),
    }
}
