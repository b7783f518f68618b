//! `riq integrations disconnect`

use clap::Args;

use super::{Context, change};
use crate::client::Call;
use crate::error::{Exit, Failure, Report, code};
use crate::output::Mode;
use crate::wire::{Integration, read};

const EXAMPLES: &str = "\
The stored credential is destroyed, so coming back means installing again. The tokens are not revoked at the
provider: do that there. Asks at a terminal, unless the key comes from the environment; where it does not ask, it
needs --yes.

Examples:
  riq integrations disconnect slack
  riq integrations disconnect slack --yes";

/// Where the API says nothing of it in its answer.
const NOT_REVOKED: &str = "The tokens are not revoked at the provider.";

/// What the command takes.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) target: change::Target,
    /// Do not ask
    #[arg(long, short = 'y')]
    yes: bool,
}

/// Disconnects an integration.
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let provider = arguments.target.provider.as_str();
    if !arguments.yes {
        if !context.may_ask() {
            let message = format!("disconnecting {provider} needs --yes here, where nobody is asked");
            return Err(Report::local(code::USAGE, Exit::Usage, message).into());
        }
        context.confirm_disconnect(provider).await?;
    }
    let call = Call::delete([provider]).if_match(arguments.target.if_match.clone());
    let reply = context.client.send(&call).await?;
    context.print_changed(&reply).await?;
    if context.output.mode == Mode::Table {
        let answer: Integration = read(&reply.data)?;
        context.output.notice(answer.message.as_deref().unwrap_or(NOT_REVOKED));
    }
    Ok(())
}
