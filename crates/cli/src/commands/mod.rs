//! The commands, one file each, and what they share.

pub(crate) mod audit;
pub(crate) mod catalog;
pub(crate) mod change;
pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod disconnect;
pub(crate) mod install;
pub(crate) mod install_url;
pub(crate) mod list;
pub(crate) mod show;
pub(crate) mod update;

use std::time::Duration;

use reqwest::header::HeaderValue;
use serde_json::{Map, Value, json};

use crate::cli::{Command, Integrations};
use crate::client::{Call, Client, Reply};
use crate::config::{Settings, Source};
use crate::error::{Exit, Failure, Report, code};
use crate::output::{Mode, Output};
use crate::text::{aligned, card, cell, json_block, time, yes_no};
use crate::wire::{CatalogEntry, Integration, read};

/// What a command works with.
pub(crate) struct Context {
    /// The API.
    pub(crate) client: Client,
    /// The terminal.
    pub(crate) output: Output,
    /// Where everything came from.
    pub(crate) settings: Settings,
}

/// How often a command that waits for something asks for it.
const POLLING_INTERVAL: Duration = Duration::from_secs(2);
/// Another interval, in milliseconds: tests are not to wait.
const INTERVAL_VARIABLE: &str = "RIQ_WAIT_INTERVAL_MS";

/// Runs the command.
pub(crate) async fn run(command: &Command, context: &Context) -> Result<(), Failure> {
    match command {
        Command::Integrations(command) => run_integrations(command, context).await,
        Command::Audit(command) => audit::run(command, context).await,
        Command::Completions(arguments) => completions::run(arguments, &context.output),
    }
}

async fn run_integrations(command: &Integrations, context: &Context) -> Result<(), Failure> {
    match command {
        Integrations::List => list::run(context).await,
        Integrations::Catalog(arguments) => catalog::run(arguments, context).await,
        Integrations::Show(arguments) => show::run(arguments, context).await,
        Integrations::Check(arguments) => check::run(arguments, context).await,
        Integrations::Install(arguments) => install::run(arguments, context).await,
        Integrations::InstallUrl(arguments) => install_url::run(arguments, context).await,
        Integrations::Update(arguments) => update::run(arguments, context).await,
        Integrations::Pause(target) => change::run(target, json!({"status": "paused"}), context).await,
        Integrations::Resume(target) => change::run(target, json!({"status": "active"}), context).await,
        Integrations::Disconnect(arguments) => disconnect::run(arguments, context).await,
    }
}

impl Context {
    /// Whether a person may be asked: not where the key comes from the environment, as in a script, and only where
    /// there is a terminal at both ends.
    pub(crate) fn may_ask(&self) -> bool {
        !matches!(self.settings.api_key.source, Source::Environment(_)) && self.output.can_ask()
    }

    /// Asks for a yes to disconnecting, naming what is at stake; anything else ends the command.
    pub(crate) async fn confirm_disconnect(&self, provider: &str) -> Result<(), Failure> {
        let list = self.client.send(&Call::get([])).await?;
        let Some(integration) = find(&list.data, provider)? else {
            // Nothing to ask about: the API will say why.
            return Ok(());
        };
        let name = match integration.display_name {
            Some(name) => Some(name),
            None => self.catalog_name(provider).await,
        };
        let provider = cell(Some(provider));
        let what = name.map_or(provider.clone(), |name| format!("{} ({provider})", cell(Some(&name))));
        let question = format!(
            "Disconnect {what} from project {}?\nIts stored credential is destroyed: coming back means installing \
             again.\nThe tokens are NOT revoked at the provider.\nType yes to go on: ",
            cell(Some(&self.settings.project.value)),
        );
        let answer = self.output.ask(question).await?;
        match answer.trim().to_lowercase().as_str() {
            "y" | "yes" => Ok(()),
            _ => Err(Report::local(code::NOT_CONFIRMED, Exit::Usage, "not disconnected").into()),
        }
    }

    /// The catalog's name for a provider, shown where an integration has none of its own. What it is wanted for can
    /// do without it.
    async fn catalog_name(&self, provider: &str) -> Option<String> {
        let reply = self.client.send(&Call::get(["catalog", provider])).await.ok()?;
        read::<CatalogEntry>(&reply.data).ok()?.name
    }

    /// Prints an integration that a change has answered with.
    pub(crate) async fn print_changed(&self, reply: &Reply) -> Result<(), Failure> {
        let data = &reply.data;
        match self.output.mode {
            Mode::Json => self.output.json(data),
            Mode::Quiet => self.output.ids([read::<Integration>(data)?.id.as_deref()]),
            Mode::Table => {
                let mut integration: Integration = read(data)?;
                integration.etag = integration.etag.or_else(|| reply.etag.clone());
                if let (None, Some(provider)) = (&integration.display_name, &integration.provider) {
                    integration.display_name = self.catalog_name(provider).await;
                }
                let facts = integration_facts(&integration, None);
                self.output.raw(&card(&facts, self.output.width, self.output.paint))
            }
        }
    }
}

/// How long to wait between two questions.
pub(crate) fn polling_interval() -> Duration {
    let variable = std::env::var(INTERVAL_VARIABLE).ok();
    variable.and_then(|text| text.parse().ok()).map_or(POLLING_INTERVAL, Duration::from_millis)
}

/// Finds a provider's integration in the list.
pub(crate) fn find(list: &Value, provider: &str) -> Result<Option<Integration>, Failure> {
    find_value(list, provider).map(read).transpose()
}

/// Finds a provider's integration in the list, as it came.
pub(crate) fn find_value<'a>(list: &'a Value, provider: &str) -> Option<&'a Value> {
    list.as_array()?
        .iter()
        .find(|integration| integration.get("provider").and_then(Value::as_str) == Some(provider))
}

/// The lines of an integration's card.
pub(crate) fn integration_facts(
    integration: &Integration,
    entry: Option<&CatalogEntry>,
) -> Vec<(&'static str, String)> {
    let name = integration.display_name.as_deref().or_else(|| entry.and_then(|entry| entry.name.as_deref()));
    let mut facts = vec![
        ("Integration", cell(integration.id.as_deref())),
        ("Provider", cell(integration.provider.as_deref())),
        ("Name", cell(name)),
        ("Status", cell(integration.status.as_deref())),
        ("Health", cell(integration.health_status.as_deref())),
    ];
    if integration.error_message.is_some() {
        facts.push(("Error", cell(integration.error_message.as_deref())));
    }
    facts.extend([
        ("Setup", cell(integration.setup_type.as_deref())),
        ("Sidebar", yes_no(integration.sidebar_enabled)),
        ("Last synced", time(integration.last_synced_at.as_deref())),
        ("Created", time(integration.created_at.as_deref())),
        ("Updated", time(integration.updated_at.as_deref())),
    ]);
    if integration.etag.is_some() {
        facts.push(("ETag", cell(integration.etag.as_deref())));
    }
    if let Some(settings) = &integration.settings {
        facts.push(("Settings", json_block(settings)));
    }
    if let Some(permissions) = &integration.action_permissions {
        facts.push(("Actions", permission_lines(permissions, entry)));
    }
    facts
}

/// Every action of the catalog and of the permissions, allowed or denied: one that is not named is not allowed.
fn permission_lines(permissions: &Map<String, Value>, entry: Option<&CatalogEntry>) -> String {
    let offered = entry.iter().flat_map(|entry| &entry.actions).filter_map(|action| action.key.as_deref());
    let mut keys: Vec<&str> = offered.collect();
    keys.extend(permissions.keys().map(String::as_str).filter(|key| !keys.contains(key)).collect::<Vec<_>>());
    let rows = keys.into_iter().map(|key| {
        let allowed = permissions.get(key) == Some(&Value::Bool(true));
        (cell(Some(key)), if allowed { "allowed" } else { "denied" }.to_owned())
    });
    aligned(rows.collect(), usize::MAX)
}

/// Reads an ETag for `If-Match`: as the API gives it, or without its quotes.
pub(crate) fn etag(text: &str) -> Result<HeaderValue, String> {
    let opaque = text.strip_prefix("W/").unwrap_or(text);
    let quoted = opaque.len() > 1 && opaque.starts_with('"') && opaque.ends_with('"');
    let text = if quoted || text == "*" { text.to_owned() } else { format!("\"{text}\"") };
    if text == "\"\"" || !text.bytes().all(|b| b.is_ascii_graphic()) {
        return Err("an ETag is visible ASCII, such as \"3\"".to_owned());
    }
    HeaderValue::from_str(&text).map_err(|_| "not a header's value".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_etag_is_taken_with_and_without_quotes() {
        for (given, sent) in [("\"3\"", "\"3\""), ("3", "\"3\""), ("W/\"3\"", "W/\"3\""), ("*", "*")] {
            assert_eq!(etag(given).unwrap(), sent, "{given}");
        }
        for text in ["", "a b", "\u{7}", "é"] {
            assert!(etag(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn permissions_are_listed_and_what_is_not_true_is_denied() {
        let integration: Integration =
            read(&json!({"action_permissions": {"refund": true, "cancel\u{1b}": false}})).unwrap();
        let entry: CatalogEntry = read(&json!({"actions": [{"key": "lookup"}, {"key": "refund"}]})).unwrap();
        let facts = integration_facts(&integration, Some(&entry));
        let actions = facts.iter().find(|(name, _)| *name == "Actions").map(|(_, value)| value.as_str());
        assert_eq!(actions, Some("lookup        denied\nrefund        allowed\ncancel\\u{1b}  denied\n"));
    }
}
