//! `riq integrations update`

use std::collections::BTreeMap;
use std::path::Path;

use clap::Args;
use integrations_core::integration::RequestedStatus;
use integrations_core::permissions::Permission;
use integrations_core::wire::LifecycleUpdate;
use serde_json::{Map, Value};

use super::{change, disconnect};
use crate::arguments::{action, named_once, object, one_of, setting};
use crate::context::Context;
use crate::error::Failure;

const EXAMPLES: &str = "\
Settings are merged into the stored ones: a key that is left out does not change, and null removes a key.

Examples:
  riq integrations update slack --display-name 'Acme Workspace' --sidebar
  riq integrations update shopify --setting refunds_enabled=true --setting 'default_location_id=\"L1\"'
  riq integrations update shopify --settings @settings.json
  riq integrations update stripe --ask issue_refund --deny cancel_subscription
  riq integrations update stripe --status paused --if-match '\"v3\"'";

/// The command's arguments.
#[derive(Args)]
#[command(
    after_long_help = EXAMPLES,
    override_usage = "riq integrations update [OPTIONS] <PROVIDER>"
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) target: change::Target,
    /// The new status
    ///
    /// `disconnected` does the same as the command `disconnect`, and asks or needs --yes as that does.
    #[arg(long, value_parser = one_of::<RequestedStatus>(RequestedStatus::ALL.map(RequestedStatus::as_str)))]
    status: Option<RequestedStatus>,
    /// The name shown instead of the catalog's
    #[arg(long, value_name = "NAME", conflicts_with = "clear_display_name")]
    display_name: Option<String>,
    /// Show the catalog's name again
    #[arg(long)]
    clear_display_name: bool,
    /// Whether to show its panel in the inbox sidebar
    #[arg(
        long,
        value_name = "true|false",
        num_args = 0..=1,
        default_missing_value = "true",
        conflicts_with = "no_sidebar"
    )]
    sidebar: Option<bool>,
    /// The same as --sidebar false
    #[arg(long)]
    no_sidebar: bool,
    /// One setting, its value as JSON; can be given several times
    #[arg(long, value_name = "KEY=JSON", value_parser = setting)]
    setting: Vec<(String, Value)>,
    /// Settings as a JSON object: the text itself, @FILE, or - for standard input
    ///
    /// If --setting names the same key, --setting wins.
    #[arg(long, value_name = "JSON")]
    settings: Option<String>,
    /// An action that agents may perform; can be given several times
    #[arg(long, value_name = "ACTION", value_parser = action)]
    allow: Vec<String>,
    /// An action for which agents ask a person each time; can be given several times
    #[arg(long, value_name = "ACTION", value_parser = action)]
    ask: Vec<String>,
    /// An action that agents may not perform; can be given several times
    #[arg(long, value_name = "ACTION", value_parser = action)]
    deny: Vec<String>,
    /// Do not ask before disconnecting
    #[arg(long, short = 'y', requires = "status")]
    yes: bool,
}

/// Changes an integration. `--status disconnected` destroys the credential, so it is confirmed like a disconnection.
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let update = update(arguments, context).await?;
    if arguments.status == Some(RequestedStatus::Disconnected) && !arguments.yes {
        disconnect::confirm(arguments.target.provider.as_str(), context).await?;
    }
    change::send(&arguments.target, update, context).await
}

async fn update(arguments: &Arguments, context: &Context) -> Result<LifecycleUpdate, Failure> {
    let settings_named = arguments.settings.is_some() || !arguments.setting.is_empty();
    let permissions = permissions(&arguments.allow, &arguments.ask, &arguments.deny)?;
    let update = LifecycleUpdate {
        status: arguments.status,
        display_name: if arguments.clear_display_name {
            Some(None)
        } else {
            arguments.display_name.clone().map(Some)
        },
        sidebar_enabled: arguments.sidebar.or(arguments.no_sidebar.then_some(false)),
        settings: if settings_named { Some(settings(arguments, context).await?) } else { None },
        action_permissions: (!permissions.is_empty()).then_some(permissions),
    };
    if update == LifecycleUpdate::default() {
        return Err(Failure::usage("no change is named; see `riq integrations update --help`"));
    }
    Ok(update)
}

async fn settings(arguments: &Arguments, context: &Context) -> Result<Map<String, Value>, Failure> {
    let mut settings = match arguments.settings.as_deref() {
        None => Map::new(),
        Some("-") => object(&context.output.read_input().await?, "--settings - (standard input)")?,
        Some(text) => match text.strip_prefix('@') {
            Some(file) => {
                let place = format!("--settings @{file}");
                let read = std::fs::read_to_string(Path::new(file));
                let text = read.map_err(|error| Failure::usage(format!("{place}: {error}")))?;
                object(&text, &place)?
            }
            None => object(text, "--settings")?,
        },
    };
    settings.extend(named_once::<_, Map<_, _>>("--setting", &arguments.setting)?);
    Ok(settings)
}

fn permissions(
    allow: &[String],
    ask: &[String],
    deny: &[String],
) -> Result<BTreeMap<String, Permission>, Failure> {
    let mut named: BTreeMap<String, (Permission, &str)> = BTreeMap::new();
    for (flag, permission, actions) in [
        ("--allow", Permission::Allowed, allow),
        ("--ask", Permission::Ask, ask),
        ("--deny", Permission::Off, deny),
    ] {
        for action in actions {
            match named.insert(action.clone(), (permission, flag)) {
                Some((_, other)) if other != flag => {
                    return Err(Failure::usage(format!("{action} is named by {other} and by {flag}")));
                }
                _ => {}
            }
        }
    }
    Ok(named.into_iter().map(|(action, (permission, _))| (action, permission)).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_action_has_one_permission() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let read = permissions(&names(&["a", "b"]), &names(&["d"]), &names(&["c", "c"])).unwrap();
        assert_eq!(json!(read), json!({"a": true, "b": true, "c": false, "d": "ask"}));
        assert!(permissions(&names(&["a"]), &[], &names(&["a"])).is_err());
        assert!(permissions(&names(&["a"]), &names(&["a"]), &[]).is_err());
    }
}
