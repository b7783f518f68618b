//! `riq integrations set-event-secret`

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use integrations_core::catalog::ProviderRef;
use integrations_core::wire::SetEventSecret;

use super::event_source;
use crate::arguments::span;
use crate::client::Request;
use crate::context::Context;
use crate::error::Failure;
use crate::hidden::Hidden;
use crate::output::Mode;

const EXAMPLES: &str = "\
The secret is never an argument, because other users of the machine can see those. At a terminal it is asked for, \
unless the key comes from the environment; else it is read from a file or from standard input. The server seals it and \
cannot show it again. Enter another secret here first, with an overlap, and change it at the provider then.

Examples:
  riq integrations set-event-secret stripe
  riq integrations set-event-secret stripe --secret-file - < secret
  riq integrations set-event-secret stripe --secret-file secret --overlap 1h";

/// The command's arguments.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The provider's key, such as slack; a further account has its alias behind it: shopify~eu
    pub(crate) provider: ProviderRef,
    /// A file that contains only the secret; - reads standard input
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// How long the secret before counts too: 90s, 30m, 1h, 7d [default: it stops at once]
    #[arg(long, value_name = "DURATION", value_parser = span)]
    overlap: Option<Duration>,
}

/// Sets the secret that the provider's events are verified with.
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let provider = arguments.provider.as_str();
    let hidden = Hidden {
        file: arguments.secret_file.as_deref(),
        option: "--secret-file",
        question: &format!("Secret of the events of {provider} (not shown): "),
        missing: "the secret is needed: --secret-file - reads it from standard input",
    };
    let (secret, _) = hidden.read(context).await?;
    let overlap = arguments.overlap.map(|overlap| u32::try_from(overlap.as_secs()).unwrap_or(u32::MAX));
    let body = SetEventSecret { secret: secret.trim().to_owned(), overlap_seconds: overlap };
    let path = ["integrations", provider, "event-source", "secret"];
    let data = context.client.send(&Request::put(path).json(&body)).await?.data;
    event_source::print(&data, context)?;
    if context.output.mode == Mode::Table {
        context.output.notice("The secret is stored.");
    }
    Ok(())
}
