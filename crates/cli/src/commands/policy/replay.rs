//! `riq policy replay`

use std::collections::BTreeMap;
use std::time::Duration;

use clap::Args;
use integrations_core::catalog::ProviderRef;
use integrations_core::permissions::Permission;
use integrations_core::wire::{PolicyReplay, ReplayPolicy, ReplayedRun};
use serde_json::{Map, Value};
use time::OffsetDateTime;

use crate::arguments::{action, named_once, setting, span};
use crate::client::{PROVIDER_TIME, Request, read, text_field};
use crate::context::Context;
use crate::error::Failure;
use crate::output::Mode;
use crate::text::{Column, cell, table, time, word};

const EXAMPLES: &str = "\
Each past call is decided on again with the settings and permissions of now and these changes. What would be sent now \
counts towards the limits of later calls. Nothing is called, and nothing is stored.

Examples:
  riq policy replay stripe --since 90d --set refund_limit_cents=2000
  riq policy replay stripe --set refunds_enabled=false --permit cancel_subscription=ask
  riq policy replay stripe --since 30d --permit issue_refund=off --json | jq '.otherwise | length'";

/// The command's arguments.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The provider's key, such as slack; a further account has its alias behind it: shopify~eu
    pub(crate) provider: ProviderRef,
    /// Only calls of this time: 30m, 24h, 90d. All that are kept, if left out
    #[arg(long, value_name = "SPAN", value_parser = span)]
    since: Option<Duration>,
    /// A setting as it would be, its value as JSON; can be given several times
    #[arg(long, value_name = "KEY=JSON", value_parser = setting)]
    set: Vec<(String, Value)>,
    /// A permission as it would be: off, ask or on; can be given several times
    #[arg(long, value_name = "ACTION=off|ask|on", value_parser = permission)]
    permit: Vec<(String, Permission)>,
}

/// Asks what would have been decided otherwise.
#[expect(clippy::disallowed_methods, reason = "a span counts from now by the clock of this machine")]
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let body = question(arguments, OffsetDateTime::now_utc())?;
    let path = ["integrations", arguments.provider.as_str(), "policy", "replay"];
    let request = Request::post(path).json(&body).patience(PROVIDER_TIME);
    let data = context.client.send(&request).await?.data;
    match context.output.mode {
        Mode::Json => context.output.json(&data),
        Mode::Quiet => {
            let runs = data.get("otherwise").and_then(Value::as_array).into_iter().flatten();
            context.output.ids(runs.map(|run| text_field(run, "run_id")))
        }
        Mode::Table => show(&read(&data)?, context),
    }
}

fn question(arguments: &Arguments, now: OffsetDateTime) -> Result<ReplayPolicy, Failure> {
    let since = arguments
        .since
        .map(|span| now.checked_sub(span.try_into().ok()?))
        .map(|since| since.ok_or_else(|| Failure::usage("--since is longer ago than there are dates")));
    let settings: Map<String, Value> = named_once("--set", &arguments.set)?;
    let permissions: BTreeMap<String, Permission> = named_once("--permit", &arguments.permit)?;
    Ok(ReplayPolicy {
        since: since.transpose()?,
        settings: (!settings.is_empty()).then_some(settings),
        action_permissions: (!permissions.is_empty()).then_some(permissions),
    })
}

/// Reads `action=off|ask|on`.
fn permission(text: &str) -> Result<(String, Permission), String> {
    let expected = "must be ACTION=off, ACTION=ask or ACTION=on";
    let (name, word) = text.split_once('=').ok_or(expected)?;
    let permission = match word {
        "off" => Permission::Off,
        "ask" => Permission::Ask,
        "on" => Permission::Allowed,
        _ => return Err(expected.to_owned()),
    };
    Ok((action(name)?, permission))
}

fn show(replay: &PolicyReplay, context: &Context) -> Result<(), Failure> {
    let output = &context.output;
    let columns = [
        Column::fixed("RUN"),
        Column::fixed("CALLED").expendable(0),
        Column::fixed("ACTION"),
        Column::fixed("WAS"),
        Column::fixed("WOULD BE"),
        Column::flexible("WHY", 12).expendable(1),
    ];
    if !replay.otherwise.is_empty() {
        let rows: Vec<Vec<String>> = replay.otherwise.iter().map(row).collect();
        output.raw(&table(&columns, &rows, output.width, output.paint))?;
    }
    let of = replay.decided;
    let otherwise = match replay.otherwise.len() {
        0 => format!("none of {of} calls would be decided otherwise"),
        some => format!("{some} of {of} calls would be decided otherwise"),
    };
    output.notice(&otherwise);
    if replay.left_out > 0 {
        let left_out = replay.left_out;
        output.notice(&format!("{left_out} more cannot be decided on again: what decides them is not kept"));
    }
    if replay.has_more {
        output.notice("there are older calls, which were not looked at");
    }
    Ok(())
}

fn row(run: &ReplayedRun) -> Vec<String> {
    vec![
        cell(Some(&run.run_id)),
        time(Some(run.created_at)),
        cell(Some(&run.action)),
        word(&run.was),
        word(&run.would_be),
        cell(Some(&run.reasons.join("; "))),
    ]
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use time::macros::datetime;

    use super::*;

    fn arguments(since: Option<&str>, set: &[&str], permit: &[&str]) -> Arguments {
        Arguments {
            provider: "stripe".parse().unwrap(),
            since: since.map(|text| span(text).unwrap()),
            set: set.iter().map(|text| setting(text).unwrap()).collect(),
            permit: permit.iter().map(|text| permission(text).unwrap()).collect(),
        }
    }

    #[test]
    fn a_question_has_what_is_named() {
        let now = datetime!(2026-05-17 17:55:00 UTC);
        let asked = |arguments: &Arguments| serde_json::to_value(question(arguments, now).unwrap()).unwrap();
        assert_eq!(asked(&arguments(None, &[], &[])), json!({}));
        let all = arguments(Some("90d"), &["limit=2000", "on=false"], &["issue_refund=off", "a=ask", "b=on"]);
        assert_eq!(
            asked(&all),
            json!({
                "since": "2026-02-16T17:55:00Z", "settings": {"limit": 2000, "on": false},
                "action_permissions": {"issue_refund": false, "a": "ask", "b": true}
            })
        );
        assert!(question(&arguments(None, &["a=1", "a=2"], &[]), now).is_err());
        assert!(question(&arguments(None, &[], &["a=on", "a=on"]), now).is_err());
        assert!(question(&arguments(Some("106751991167d"), &[], &[]), now).is_err());
    }

    #[test]
    fn a_permission_is_an_action_and_a_word() {
        for text in ["issue_refund", "=on", "issue_refund=true", "issue_refund=", "Issue refunds=on"] {
            assert!(permission(text).is_err(), "{text}");
        }
    }
}
