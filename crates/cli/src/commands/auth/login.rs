//! `riq auth login`

use std::path::Path;
use std::time::Duration;

use clap::Args;
use integrations_core::error::ErrorCode;
use integrations_core::wire::{BeginDeviceLogin, DeviceLogin, DeviceToken, RedeemDeviceLogin};
use reqwest::StatusCode;
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::context::Context;
use crate::browser;
use crate::client::{Client, read};
use crate::config::Source;
use crate::config_file;
use crate::error::{Code, Exit, Failure, Report, code};
use crate::output::Mode;
use crate::polling::Polling;

const EXAMPLES: &str = "\
Prints a code and the address of a page, and waits until you have entered the code there and given access. The key \
is stored in the config file. It does what you choose on the page, and never more than you may do.

Examples:
  riq auth login
  riq auth login --api-base https://integrations.example.com
  riq auth login --name \"riq on my laptop\" --no-browser";

/// How much longer to wait between two polls if the API asks for it (RFC 8628, section 3.5).
const SLOWER: Duration = Duration::from_secs(5);

/// The command's arguments.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// What the page and the list of keys call this program
    #[arg(long, default_value = "riq")]
    name: String,
    /// Do not open a browser
    #[arg(long)]
    no_browser: bool,
}

/// Gets a key and stores it.
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let (config, output) = (&context.config, &context.output);
    let path = config.path.as_deref().ok_or_else(|| {
        Failure::usage("there is no place for the config file: set HOME, or name a file with --config")
    })?;
    check_base(context, path)?;
    let client = Client::of(&config.api_base.value, None, None, context.timeout, *output)?;
    let begin = BeginDeviceLogin { client_name: arguments.name.clone() };
    let begun: DeviceLogin = read(&client.device_login("code", &begin).await?.1)?;
    output.instruct(&format!("Open {} and enter the code {}", begun.verification_uri, begun.user_code));
    let from_environment =
        matches!(&config.api_key, Some(key) if matches!(key.source, Source::Environment(_)));
    if !arguments.no_browser && !from_environment && output.can_ask() {
        match browser::open(&begun.verification_uri_complete).await {
            Ok(()) => output.notice("The page is open in the browser. Compare the code there with this one."),
            Err(why) => output.notice(&format!("riq could not open a browser: {why}.")),
        }
    }
    let token = wait(&client, &begun, context).await?;
    store(context, path, &token)?;
    report(context, path, &token)
}

/// A key that is stored beside the address of another server would be sent there.
fn check_base(context: &Context, path: &Path) -> Result<(), Failure> {
    match &context.config.base_in_file {
        Some(base) if *base != context.config.api_base.value => Err(Report::local(
            code::CONFIG,
            Exit::Usage,
            format!("the config file {} is for another server, {base}", path.display()),
        )
        .with_hint("name another file with --config, or change api_base in this one")
        .into()),
        _ => Ok(()),
    }
}

/// Polls until the person has decided.
async fn wait(client: &Client, begun: &DeviceLogin, context: &Context) -> Result<DeviceToken, Failure> {
    let ends = Instant::now() + Duration::from_secs(begun.expires_in);
    let mut polling = Polling::every(Duration::from_secs(begun.interval));
    let poll = RedeemDeviceLogin { device_code: begun.device_code.clone() };
    loop {
        sleep(polling.pause()).await;
        let answer = client.device_login("token", &poll).await;
        if let Err(Failure::Reported(report)) = &answer
            && report.code == Code::from(ErrorCode::SlowDown)
        {
            polling.slow_down(SLOWER);
        }
        match polling.tolerate(answer, &context.output)? {
            Some((status, answer)) if status != StatusCode::ACCEPTED => return read(&answer),
            _ if Instant::now() >= ends => {
                let message = "nobody gave access in time";
                let late = Report::local(ErrorCode::ExpiredToken, Exit::Refused, message);
                return Err(polling.into_last_failure().unwrap_or_else(|| late.into()));
            }
            _ => {}
        }
    }
}

/// Stores the key, and what the file does not say yet of the server and the project that it is for.
fn store(context: &Context, path: &Path, token: &DeviceToken) -> Result<(), Failure> {
    let config = &context.config;
    let base = config.api_base.value.to_string();
    let names_base = config.base_in_file.is_none() && config.api_base.source != Source::Default;
    let project = token.project_id.as_deref().filter(|_| config.project_in_file.is_none());
    let mut changes = vec![("api_key", Some(token.access_token.as_str()))];
    changes.extend(names_base.then_some(("api_base", Some(base.as_str()))));
    changes.extend(project.map(|project| ("project", Some(project))));
    config_file::change(path, &changes).inspect_err(|_| {
        context.output.warning(&format!("the new key {} is lost; revoke it", token.key_id));
    })
}

fn report(context: &Context, path: &Path, token: &DeviceToken) -> Result<(), Failure> {
    let (config, output) = (&context.config, &context.output);
    match output.mode {
        Mode::Quiet => output.ids([Some(token.key_id.as_str())])?,
        Mode::Json => output.json(&json!({
            "key_id": token.key_id, "org_id": token.org_id, "project_id": token.project_id, "scope": token.scope,
            "expires_in": token.expires_in, "api_base": config.api_base.value.as_str(),
            "config_file": path.display().to_string(),
        }))?,
        Mode::Table => {
            output.notice(&format!("Logged in. The key is in {}; it may: {}.", path.display(), token.scope));
        }
    }
    if let Some(key) = &config.api_key
        && !matches!(key.source, Source::File(_))
    {
        output.warning(&format!("the key from {} goes before the one in the config file", key.source));
    }
    if let (Some(own), Some(other)) = (&token.project_id, &config.project_in_file)
        && own != other
    {
        output.warning(&format!(
            "the key is for project {own}, and the config file names {other}: pass --project"
        ));
    }
    Ok(())
}
