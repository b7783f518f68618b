//! `riq auth status`

use clap::Args;
use serde_json::json;

use super::context::Context;
use crate::client::{Client, Request};
use crate::error::Failure;
use crate::output::Mode;
use crate::text::card;

const EXAMPLES: &str = "\
Shows the first characters of the key, where it comes from, and whether the API accepts it. Without a project that \
cannot be asked. The exit status is 3 if there is no key, or the API does not accept it.

Examples:
  riq auth status";

/// The command's arguments.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {}

/// Shows which key is used.
pub(crate) async fn run(context: &Context) -> Result<(), Failure> {
    let (config, output) = (&context.config, &context.output);
    let key = config.api_key.as_ref().ok_or_else(|| config.missing_key())?;
    let project = config.project.as_ref().map(|project| project.value);
    let client = Client::of(&config.api_base.value, Some(&key.value), project, context.timeout, *output)?;
    let is_accepted = match project {
        Some(_) => Some(is_accepted(&client).await?),
        None => None,
    };
    let (hint, source) = (key.value.hint(), key.source.to_string());
    let project = project.map(|project| project.to_string());
    match output.mode {
        Mode::Quiet => output.raw(&format!("{hint}\n")),
        Mode::Json => output.json(&json!({
            "key": hint, "key_source": source, "api_base": config.api_base.value.as_str(), "project_id": project,
            "accepted": is_accepted,
        })),
        Mode::Table => output.raw(&card(
            &[
                ("key", format!("{hint}…")),
                ("from", source),
                ("API base", config.api_base.value.to_string()),
                ("project", project.unwrap_or_else(|| "-".to_owned())),
                ("accepted", if is_accepted.is_some() { "yes" } else { "not asked: no project is set" }.to_owned()),
            ],
            output.width,
            output.paint,
        )),
    }
}

/// Asks the API. A key that may not list integrations, or not in this project, is accepted all the same.
async fn is_accepted(client: &Client) -> Result<bool, Failure> {
    match client.send(&Request::get(["integrations"])).await {
        Err(Failure::Reported(report)) if matches!(report.status, Some(403 | 404)) => Ok(true),
        answer => answer.map(|_| true),
    }
}
