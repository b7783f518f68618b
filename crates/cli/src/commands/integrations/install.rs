//! `riq integrations install`

use std::time::Duration;

use clap::Args;
use integrations_core::catalog::{AuthKind, ProviderRef};
use integrations_core::lifecycle::{Health, Status};
use integrations_core::wire::{CreateInstallUrl, Integration, Open};
use tokio::time::{Instant, sleep};

use super::{find, install_url};
use crate::arguments::span;
use crate::browser;
use crate::context::Context;
use crate::error::{Exit, Failure, Report, code};
use crate::output::Mode;
use crate::polling::Polling;
use crate::text::{cell, word};

const EXAMPLES: &str = "\
Prints the URL of a page, and opens it in your browser if you are at a terminal and the key does not come from the \
environment. You give the credential on that page, never here. Anyone who has the URL can install the provider \
without a key, once, within half an hour.

Examples:
  riq integrations install slack
  riq integrations install slack --wait
  riq integrations install shopify~eu
  riq integrations install notion --auth api_key
  riq integrations install slack --wait=5m --no-browser";

/// The longest wait that can be asked for.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 60 * 60);

/// The command's arguments.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The provider's key, such as slack; a further account has its alias behind it: shopify~eu
    pub(crate) provider: ProviderRef,
    /// Do not open a browser
    #[arg(long)]
    no_browser: bool,
    /// The only way to log in that the page offers, such as api_key: a kind that `riq integrations catalog` names
    #[arg(long, value_name = "KIND")]
    auth: Option<AuthKind>,
    /// Wait until it is installed, at most this long: 90s, 30m or 1h
    ///
    /// Without a value it waits 30m, which is how long the URL works. The exit status is 0 once the integration is
    /// active.
    #[arg(
        long,
        value_name = "DURATION",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "30m",
        value_parser = duration
    )]
    wait: Option<Duration>,
}

/// Starts an installation, and with `--wait` waits until it is finished.
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let provider = arguments.provider.as_str();
    let Some(limit) = arguments.wait else {
        return print_and_open(arguments, context).await;
    };
    // A reconnection may leave the status as it was, so only the version shows that it is finished.
    let before = find::integration(provider, context).await?;
    print_and_open(arguments, context).await?;
    let installed = wait(provider, before.as_ref(), limit, context).await?;
    let name = match &installed.display_name {
        Some(name) => format!("{} ({})", cell(Some(name)), cell(Some(provider))),
        None => cell(Some(provider)),
    };
    let health = match &installed.health_status {
        Open::Known(Health::Unknown) => String::new(),
        health => format!(" and {}", word(health)),
    };
    context.output.notice(&format!("{name} is active{health}."));
    Ok(())
}

/// Prints the URL, and opens it in the browser if that is allowed and possible.
async fn print_and_open(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let asked = CreateInstallUrl { auth: arguments.auth.map(Into::into), ..CreateInstallUrl::default() };
    let install = install_url::print(arguments.provider.as_str(), &asked, context).await?;
    let opened = if !arguments.no_browser && context.may_ask() {
        browser::open(&install.install_url).await
    } else {
        Err(String::new())
    };
    if context.output.mode != Mode::Table {
        return Ok(());
    }
    context.output.notice(&match opened {
        Ok(()) => "The URL above is open in the browser.".to_owned(),
        Err(why) if why.is_empty() => "Open the URL above in a browser.".to_owned(),
        Err(why) => format!("Open the URL above in a browser. riq could not open one: {why}."),
    });
    Ok(())
}

/// Polls the API until the provider is installed. Keeps polling while the API cannot answer for a time.
async fn wait(
    provider: &str,
    before: Option<&Integration>,
    limit: Duration,
    context: &Context,
) -> Result<Integration, Failure> {
    let (started, mut polling, mut announced) = (Instant::now(), Polling::new(), false);
    loop {
        let now = polling.tolerate(find::integration(provider, context).await, &context.output)?;
        if let Some(end) = now.and_then(|now| end_of_installation(before, now)) {
            return end.map_err(Failure::from);
        }
        if started.elapsed() + polling.pause() > limit {
            return Err(polling.into_last_failure().unwrap_or_else(|| not_installed(provider).into()));
        }
        if !announced {
            announced = true;
            context.output.notice(&format!(
                "Waiting until {} is installed, {} min at most. Ctrl-C stops the waiting, not the installation.",
                cell(Some(provider)),
                limit.as_secs().div_ceil(60)
            ));
        }
        sleep(polling.pause()).await;
    }
}

/// How the installation ended, if it has: with an active integration, or with one that does not work.
fn end_of_installation(
    before: Option<&Integration>,
    now: Option<Integration>,
) -> Option<Result<Integration, Report>> {
    let now = now?;
    let state = |of: &Integration| (of.status.clone(), of.etag.clone());
    if before.is_some_and(|before| state(before) == state(&now)) {
        return None;
    }
    match now.status.known()? {
        Status::Active => Some(Ok(now)),
        Status::Error => {
            let why = now.error_message.as_deref().unwrap_or("the server gives no reason");
            let message = format!("{} is installed but does not work: {why}", now.provider);
            Some(Err(Report::local(code::INSTALL_FAILED, Exit::Refused, message)))
        }
        Status::Paused | Status::Disconnected => None,
    }
}

fn not_installed(provider: &str) -> Report {
    Report::local(code::NOT_INSTALLED, Exit::Refused, format!("{provider} was not installed in time"))
}

/// Reads a span of time, a day at most.
fn duration(text: &str) -> Result<Duration, String> {
    match span(text)? {
        span if span <= LONGEST_WAIT => Ok(span),
        _ => Err("is more than a day".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn integration(status: &str, etag: &str) -> Integration {
        let integration = json!({
            "id": "int_1", "provider": "slack", "status": status, "setup_type": "oauth", "health_status": "healthy",
            "sidebar_enabled": true, "created_at": "2026-03-01T10:00:00Z", "updated_at": "2026-03-01T10:00:00Z",
            "settings": {}, "action_permissions": {}, "etag": etag,
        });
        serde_json::from_value(integration).unwrap()
    }

    fn outcome(before: Option<(&str, &str)>, now: Option<(&str, &str)>) -> Option<bool> {
        let before = before.map(|(status, etag)| integration(status, etag));
        end_of_installation(before.as_ref(), now.map(|(status, etag)| integration(status, etag)))
            .map(|end| end.is_ok())
    }

    #[test]
    fn an_installation_ends_in_a_new_active_integration() {
        assert_eq!(outcome(None, None), None);
        assert_eq!(outcome(None, Some(("active", "1"))), Some(true));
        assert_eq!(outcome(None, Some(("paused", "2"))), None);
        assert_eq!(outcome(None, Some(("error", "2"))), Some(false));
        assert_eq!(outcome(None, Some(("hibernating", "2"))), None, "a newer server may say so");
    }

    #[test]
    fn a_reconnection_ends_in_a_new_version() {
        for status in ["active", "paused", "error", "disconnected"] {
            assert_eq!(outcome(Some((status, "1")), Some((status, "1"))), None, "{status}");
            assert_eq!(outcome(Some((status, "1")), Some(("active", "2"))), Some(true), "{status}");
            assert_eq!(outcome(Some((status, "1")), Some(("error", "2"))), Some(false), "{status}");
        }
    }

    #[test]
    fn a_wait_is_a_day_at_most() {
        for (text, seconds) in [("0s", 0), ("30m", 1800), ("24h", 86_400)] {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "30", "25h", "2d"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
