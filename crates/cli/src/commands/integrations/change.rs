//! What commands that change an integration share: their arguments, the request and the output.

use clap::Args;
use integrations_core::catalog::ProviderRef;
use integrations_core::wire::{Integration, LifecycleUpdate};
use reqwest::header::HeaderValue;

use super::card::integration_facts;
use super::find;
use crate::client::{Reply, Request, read, text_field};
use crate::context::Context;
use crate::error::Failure;
use crate::output::Mode;
use crate::text::card;

/// Which integration to change.
#[derive(Args)]
pub(crate) struct Target {
    /// The provider's key, such as slack; a further account has its alias behind it: shopify~eu
    pub(crate) provider: ProviderRef,
    /// Change it only if it still has this version: the ETag that `show` prints
    #[arg(long, value_name = "ETAG", value_parser = etag)]
    pub(crate) if_match: Option<HeaderValue>,
}

/// Sends a change and prints the changed integration.
pub(crate) async fn send(target: &Target, body: LifecycleUpdate, context: &Context) -> Result<(), Failure> {
    let request = Request::patch(["integrations", target.provider.as_str(), "lifecycle"])
        .json(&body)
        .if_match(target.if_match.clone());
    let reply = context.client.send(&request).await?;
    print(&reply, context).await
}

/// Prints the integration in the API's answer to a change.
pub(crate) async fn print(reply: &Reply, context: &Context) -> Result<(), Failure> {
    let (data, output) = (&reply.data, &context.output);
    match output.mode {
        Mode::Json => output.json(data),
        Mode::Quiet => output.ids([text_field(data, "id")]),
        Mode::Table => {
            let mut integration: Integration = read(data)?;
            if integration.display_name.is_none() {
                integration.display_name = find::catalog_name(&integration.provider, context).await;
            }
            output.raw(&card(&integration_facts(&integration, None), output.width, output.paint))
        }
    }
}

/// Reads an ETag for `If-Match`, with or without its quotes.
fn etag(text: &str) -> Result<HeaderValue, String> {
    let opaque = text.strip_prefix("W/").unwrap_or(text);
    let quoted = opaque.len() > 1 && opaque.starts_with('"') && opaque.ends_with('"');
    let text = if quoted || text == "*" { text.to_owned() } else { format!("\"{text}\"") };
    if text == "\"\"" || !text.bytes().all(|b| b.is_ascii_graphic()) {
        return Err("must be an ETag: ASCII without spaces, such as \"3\"".to_owned());
    }
    HeaderValue::from_str(&text).map_err(|_| "cannot be sent in a header".to_owned())
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
}
