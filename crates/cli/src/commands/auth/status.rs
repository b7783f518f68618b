//! `riq auth status`

use clap::Args;
use integrations_core::error::ErrorCode;
use serde_json::json;

use super::context::Context;
use crate::client::{Client, Request};
use crate::error::{Code, Failure};
use crate::output::Mode;
use crate::place::Place;
use crate::text::{card, cell};

const EXAMPLES: &str = "\
Shows the first characters of the key, where it comes from, and whether the API accepts it. Without a project and an \
organization that cannot be asked. The exit status is 3 if there is no key, or the API does not accept it.

Examples:
  riq auth status";

/// What the card says where the API cannot be asked.
const NOT_ASKED: &str = "not asked: no project and no organization is set";

/// The command's arguments.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {}

/// Shows which key is used.
pub(crate) async fn run(context: &Context) -> Result<(), Failure> {
    let (config, output) = (&context.config, &context.output);
    let key = config.api_key.as_ref().ok_or_else(|| config.missing_key())?;
    let project = config.project.as_ref().map(|project| project.value);
    let org = config.org.as_ref().map(|org| org.value);
    let place = project.map(Place::Project).or(org.map(Place::Organization));
    let client = Client::of(&config.api_base.value, Some(&key.value), place, context.timeout, *output)?;
    let is_accepted = match place {
        Some(place) => Some(check(place, &client).await.map(|()| true)?),
        None => None,
    };
    let (hint, source) = (key.value.hint(), key.source.to_string());
    let (project, org) = (project.map(|id| id.to_string()), org.map(|id| id.to_string()));
    match output.mode {
        Mode::Quiet => output.raw(&format!("{hint}\n")),
        Mode::Json => output.json(&json!({
            "key": hint, "key_source": source, "api_base": config.api_base.value.as_str(), "project_id": project,
            "org_id": org, "accepted": is_accepted,
        })),
        Mode::Table => output.raw(&card(
            &[
                ("key", format!("{hint}...")),
                ("from", source),
                ("API base", config.api_base.value.to_string()),
                ("project", cell(project.as_deref())),
                ("organization", cell(org.as_deref())),
                ("accepted", if is_accepted.is_some() { "yes" } else { NOT_ASKED }.to_owned()),
            ],
            output.width,
            output.paint,
        )),
    }
}

/// The codes of refusals to a key that is good.
const ACCEPTED: [ErrorCode; 4] = [
    ErrorCode::InsufficientScope,
    ErrorCode::ApiKeyProjectMismatch,
    ErrorCode::ApiKeyOrgMismatch,
    ErrorCode::ProjectNotFound,
];

/// Asks the API. A key that may not list what there is, or not in this place, is accepted all the same.
async fn check(place: Place, client: &Client) -> Result<(), Failure> {
    let resource = match place {
        Place::Project(_) => "integrations",
        Place::Organization(_) => "projects",
    };
    match client.send(&Request::get([resource])).await {
        Err(Failure::Reported(report)) if ACCEPTED.map(Code::from).contains(&report.code) => Ok(()),
        answer => answer.map(drop),
    }
}
