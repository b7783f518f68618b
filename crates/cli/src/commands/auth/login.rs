//! `riq auth login`

use std::path::Path;
use std::time::Duration;

use clap::Args;
use integrations_core::api_key::ApiKey;
use integrations_core::error::ErrorCode;
use integrations_core::ids::{OrganizationId, ProjectId};
use integrations_core::wire::{BeginDeviceLogin, DeviceLogin, DeviceToken, RedeemDeviceLogin};
use reqwest::StatusCode;
use serde_json::json;
use tokio::time::{Instant, sleep};
use url::Url;

use super::context::Context;
use crate::browser;
use crate::client::{Client, read};
use crate::config::Source;
use crate::config_file;
use crate::error::{Code, Exit, Failure, Report, code};
use crate::output::{Mode, Output};
use crate::polling::Polling;

const EXAMPLES: &str = "\
Prints a code and the address of a page, and waits until you have entered the code there and given access. The key \
is stored in the config file. It does what you choose on the page, and never more than you may do.

Examples:
  riq auth login
  riq auth login --api-base https://integrations.example.com
  riq auth login --name \"riq on my laptop\" --no-browser";

/// The longest time that riq waits for a person, whatever the server says.
const LONGEST_LIFE: Duration = Duration::from_secs(60 * 60);
/// The least time between two polls, whatever the server says.
const LEAST_INTERVAL: Duration = Duration::from_secs(1);
/// The most characters of a code that a person enters.
const LONGEST_CODE: usize = 64;
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
    let begun = begin(arguments, &client).await?;
    output.instruct(&format!("Open {} and enter the code {}", begun.page, begun.user_code));
    if begun.page.origin() != config.api_base.value.origin() {
        output.warning(&format!(
            "the page is at {}, and not at the API base, {}: enter the code only if you know that address",
            begun.page.origin().ascii_serialization(),
            config.api_base.value
        ));
    } else if !arguments.no_browser && may_open(context) {
        match browser::open(begun.page_with_code.as_str()).await {
            Ok(()) => output.notice("The page is open in the browser. Compare the code there with this one."),
            Err(why) => output.notice(&format!("riq could not open a browser: {why}.")),
        }
    }
    let token = wait(&client, &begun, context).await?;
    check_key(&token)?;
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

/// Whether a browser may be opened: a person is at the terminal, and the key does not come from the environment.
fn may_open(context: &Context) -> bool {
    let from_environment =
        matches!(&context.config.api_key, Some(key) if matches!(key.source, Source::Environment(_)));
    !from_environment && context.output.can_ask()
}

/// A login that has begun.
struct Begun {
    device_code: String,
    user_code: String,
    page: Url,
    page_with_code: Url,
    life: Duration,
    interval: Duration,
}

async fn begin(arguments: &Arguments, client: &Client) -> Result<Begun, Failure> {
    let begin = BeginDeviceLogin { client_name: arguments.name.clone() };
    let answer = client.with_a_retry(async || client.device_login("code", &begin).await).await;
    let answer = answer.map_err(|failure| match failure {
        Failure::Reported(report) if report.status == Some(404) => report
            .with_hint(
                "the server does not offer this login; ask its operator for a key, and set RIQ_API_KEY",
            )
            .into(),
        other => other,
    });
    read_begun(read(&answer?.1)?)
}

/// Checks what the server says. What it says is shown to a person, and opened in their browser.
fn read_begun(login: DeviceLogin) -> Result<Begun, Failure> {
    let page = page(&login.verification_uri)?;
    let page_with_code = self::page(&login.verification_uri_complete)?;
    let is_code = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let is_short = (1..=LONGEST_CODE).contains(&login.user_code.len());
    if !is_short || !login.user_code.chars().all(is_code) || page_with_code.origin() != page.origin() {
        return Err(Failure::invalid_response("the server's answer has no code that a person could enter"));
    }
    Ok(Begun {
        device_code: login.device_code,
        user_code: login.user_code,
        page,
        page_with_code,
        life: Duration::from_secs(login.expires_in).min(LONGEST_LIFE),
        interval: Duration::from_secs(login.interval).clamp(LEAST_INTERVAL, LONGEST_LIFE),
    })
}

/// Reads the address of a page.
fn page(text: &str) -> Result<Url, Failure> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    url.ok_or_else(|| Failure::invalid_response("the server's answer has no address of a page"))
}

/// Polls until the person has decided.
async fn wait(client: &Client, begun: &Begun, context: &Context) -> Result<DeviceToken, Failure> {
    let ends = Instant::now() + begun.life;
    let mut polling = Polling::every(begun.interval);
    let poll = RedeemDeviceLogin { device_code: begun.device_code.clone() };
    loop {
        sleep(polling.pause().min(ends.saturating_duration_since(Instant::now()))).await;
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

/// What is no key must not take the place of one in the config file.
fn check_key(token: &DeviceToken) -> Result<(), Failure> {
    ApiKey::parse(&token.access_token)
        .map(|_| ())
        .map_err(|_| Failure::invalid_response("the server's answer has no API key; nothing was stored"))
}

/// Stores the key, and what the file does not say yet of the server, and of the key's project and organization.
fn store(context: &Context, path: &Path, token: &DeviceToken) -> Result<(), Failure> {
    let config = &context.config;
    let base = config.api_base.value.to_string();
    let names_base = config.base_in_file.is_none() && config.api_base.source != Source::Default;
    let mut changes = vec![("api_key", Some(token.access_token.as_str()))];
    changes.extend(names_base.then_some(("api_base", Some(base.as_str()))));
    if config.project_in_file.is_none() {
        let project = token.project_id.as_deref().filter(|id| id.parse::<ProjectId>().is_ok());
        changes.extend(project.map(|id| ("project", Some(id))));
    }
    if config.org_in_file.is_none() && token.org_id.parse::<OrganizationId>().is_ok() {
        changes.push(("org", Some(token.org_id.as_str())));
    }
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
    warn_of_another("project", token.project_id.as_deref(), config.project_in_file.as_deref(), output);
    let org = Some(token.org_id.as_str()).filter(|id| !id.is_empty());
    warn_of_another("org", org, config.org_in_file.as_deref(), output);
    Ok(())
}

/// Says so if the config file names another project or organization than the key is for.
fn warn_of_another(option: &str, own: Option<&str>, in_file: Option<&str>, output: &Output) {
    if let (Some(own), Some(other)) = (own, in_file)
        && own != other
    {
        output.warning(&format!(
            "the key is for {own}, and the config file names {other}: pass --{option}, or change `{option}` there"
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begun(page: &str, code: &str, expires_in: u64, interval: u64) -> Result<Begun, Failure> {
        read_begun(DeviceLogin {
            device_code: "secret".to_owned(),
            user_code: code.to_owned(),
            verification_uri: page.to_owned(),
            verification_uri_complete: format!("{page}?code={code}"),
            expires_in,
            interval,
        })
    }

    #[test]
    fn times_of_a_server_are_kept_within_bounds() {
        let login = begun("https://riq.example/device", "ABCD-2345", 900, 5).ok().unwrap();
        assert_eq!((login.life.as_secs(), login.interval.as_secs()), (900, 5));
        let login = begun("https://riq.example/device", "ABCD-2345", u64::MAX, u64::MAX).ok().unwrap();
        assert_eq!((login.life, login.interval), (LONGEST_LIFE, LONGEST_LIFE));
        let login = begun("https://riq.example/device", "ABCD-2345", 0, 0).ok().unwrap();
        assert_eq!((login.life, login.interval), (Duration::ZERO, LEAST_INTERVAL));
    }

    #[test]
    fn what_no_person_could_open_or_enter_is_refused() {
        for page in ["", "file:///etc/passwd", "javascript:alert(1)", "https://", "riq.example/device"] {
            assert!(begun(page, "ABCD-2345", 900, 5).is_err(), "{page}");
        }
        for code in ["", "ABCD 2345", "A\u{1b}[2J", "ABCD-2345\n", &"A".repeat(65)] {
            assert!(begun("https://riq.example/device", code, 900, 5).is_err(), "{code:?}");
        }
    }
}
