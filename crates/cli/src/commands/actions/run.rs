//! `riq actions run`

use clap::Args;

use super::called::Called;
use crate::client::{PROVIDER_TIME, Request};
use crate::commands::runs::outcome;
use crate::context::Context;
use crate::error::{Code, Failure, code};

const EXAMPLES: &str = "\
The values of --input are read by the type that the action's schema says: text as it stands, everything else as JSON. \
Inputs that are needed and missing are asked for at a terminal, unless the key comes from the environment.

Examples:
  riq actions run shopify lookup_order --input by=name --input 'value=#1001'
  riq actions run stripe issue_refund --input charge=ch_1 --input amount=500 --reason 'It came broken' --wait
  echo '{\"charge\": \"ch_1\"}' | riq actions run stripe issue_refund --input-file -";

/// The command's arguments.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) called: Called,
    /// Names this call, so that a repeat with the same key shows the same run and calls nothing
    #[arg(long, value_name = "KEY", value_parser = idempotency_key)]
    idempotency_key: Option<String>,
    /// Wait for the end if a person has to approve it, or if it takes long
    #[arg(long)]
    wait: bool,
}

/// Calls an action.
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let Called { provider, action, .. } = &arguments.called;
    let call = arguments.called.read(context).await?;
    let request = Request::post(["integrations", provider.as_str(), "actions", action])
        .json(&call)
        .named(arguments.idempotency_key.as_deref())
        .patience(PROVIDER_TIME);
    let sent = context.client.send(&request).await;
    let reply = sent.map_err(|failure| with_way_on(failure, request.idempotency_key.as_deref()))?;
    outcome::follow(reply.data, arguments.wait, context).await
}

/// If the answer was lost, the call may have been made. Its key repeats it safely.
fn with_way_on(failure: Failure, key: Option<&str>) -> Failure {
    match failure {
        Failure::Reported(report)
            if matches!(
                report.code,
                Code::Local(code::CONNECTION | code::TIMEOUT | code::INVALID_RESPONSE | code::REDIRECT)
            ) =>
        {
            let key = key.unwrap_or_default();
            report
                .with_hint(format!(
                    "the call may have been made; the same command with --idempotency-key {key} does not make it \
                     twice, and shows what became of it"
                ))
                .into()
        }
        other => other,
    }
}

/// Reads an `Idempotency-Key`.
fn idempotency_key(text: &str) -> Result<String, &'static str> {
    let is_printable = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    if (1..=255).contains(&text.len()) && is_printable && text.trim() == text {
        Ok(text.to_owned())
    } else {
        Err("must be 1 to 255 printable ASCII characters, without blanks at its ends")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idempotency_key_can_stand_in_a_header() {
        let longest = "k".repeat(255);
        for text in ["1", "order 1001", &longest] {
            assert_eq!(idempotency_key(text), Ok(text.to_owned()));
        }
        let longer = "k".repeat(256);
        for text in ["", " 1", "1 ", "é", "a\nb", &longer] {
            assert!(idempotency_key(text).is_err(), "{text:?}");
        }
    }
}
