//! `riq audit export`

use clap::Args;
use integrations_core::audit_export::ExportFormat;

use super::events::{Filters, Period, narrowing};
use crate::arguments::one_of;
use crate::client::Request;
use crate::context::Context;
use crate::error::Failure;
use crate::text::shown;

const EXAMPLES: &str = "\
Events come oldest first. A JSON line is as its SHA-256 was made, with this hash as the last member.

Examples:
  riq audit export --since 2026-05-01T00:00:00Z > may.jsonl
  riq audit export --format csv --action integration.disconnected > disconnected.csv";

/// The command's arguments.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    filters: Filters,
    #[command(flatten)]
    period: Period,
    /// How each event is written
    #[arg(long, default_value = "jsonl", value_parser = one_of::<ExportFormat>(ExportFormat::ALL.map(ExportFormat::as_str)))]
    format: ExportFormat,
}

/// Writes all events piece by piece, as they arrive.
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let (client, output) = (&context.client, &context.output);
    let mut request = Request::get(["audit", "export"]).query("format", Some(arguments.format.as_str()));
    for (name, value) in narrowing(&arguments.filters, &arguments.period) {
        request = request.query(name, value);
    }
    let answer = client.with_a_retry(async || {
        let answer = client.open(client.streamed(&request)).await?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        let (status, headers, body) = client.read_whole(answer).await?;
        Err(client.refusal(status, &headers, &body))
    });
    let mut answer = answer.await?;
    let mut pending = Vec::new();
    while let Some(piece) = client.next(&mut answer).await? {
        if output.is_terminal {
            pending.extend_from_slice(piece.as_ref());
            output.raw(&shown(&mut pending))?;
        } else {
            output.bytes(piece.as_ref())?;
        }
    }
    output.raw(&String::from_utf8_lossy(&pending))
}
