//! `riq webhooks listen`

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use clap::Args;
use integrations_core::ids::EventId;
use integrations_core::webhook::{Secret, WebhookStatus, receiver_url, signed};
use integrations_core::wire::{CreateWebhook, WebhookDelivery, WebhookDeliveryDetails};
use reqwest::header::CONTENT_TYPE;
use serde_json::Value;
use time::OffsetDateTime;
use tokio::time::sleep;
use url::Url;

use crate::client::{self, Request, read, text_field};
use crate::context::Context;
use crate::error::Failure;
use crate::output::Mode;
use crate::pages;
use crate::polling::Polling;
use crate::text::{cell, time, word};

const EXAMPLES: &str = "\
For developing: no public address is needed. While it runs the project has one webhook more, which is disabled and is \
deleted at the end. riq reads what waits there, and with --forward-to sends each event on, signed as the server signs \
it, once, in order. The signing secret is a new one each time, and is printed at the start.

Examples:
  riq webhooks listen
  riq webhooks listen --forward-to http://127.0.0.1:3000/hooks
  riq webhooks listen --events 'approval.*' --json | jq -r .type";

/// Where nothing is ever sent to: names that end with `.invalid` do not exist (RFC 6761, 6.4).
const NOWHERE: &str = "https://riq-webhooks-listen.invalid/";
/// How long a receiver on the developer's machine may take.
const TO_RECEIVE: Duration = Duration::from_secs(30);

/// The command's arguments.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Which events, separated by commas: names, prefixes such as integration.*, or * for all
    #[arg(long, value_delimiter = ',', default_value = "*")]
    events: Vec<String>,
    /// Send each event to this address too: https, or http on this machine
    #[arg(long, value_name = "URL", value_parser = receiver_url)]
    forward_to: Option<Url>,
}

/// A webhook of which this process reads what waits.
struct Listener<'a> {
    webhook: String,
    secret: Secret,
    receiver: Option<(reqwest::Client, &'a Url)>,
    context: &'a Context,
}

/// Prints each event as it happens, until interrupted.
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let listener = Listener::begin(arguments, context).await?;
    let ended = tokio::select! {
        ended = listener.follow() => ended,
        _ = tokio::signal::ctrl_c() => Ok(()),
    };
    let deleted = context.client.send(&Request::delete(["webhooks", &listener.webhook])).await;
    if deleted.is_err() {
        let delete = context.config.command(&format!("webhooks delete {}", cell(Some(&listener.webhook))));
        context
            .output
            .warning(&format!("the webhook that was listened to could not be deleted; {delete} does"));
    }
    ended
}

impl<'a> Listener<'a> {
    async fn begin(arguments: &'a Arguments, context: &'a Context) -> Result<Self, Failure> {
        let receiver = arguments.forward_to.as_ref();
        let receiver =
            receiver.map(|url| Ok::<_, Failure>((client::http(url, TO_RECEIVE)?, url))).transpose()?;
        let new = CreateWebhook {
            url: NOWHERE.to_owned(),
            events: arguments.events.clone(),
            status: Some(WebhookStatus::Disabled),
        };
        let data = context.client.send(&Request::post(["webhooks"]).json(&new)).await?.data;
        let webhook = text_field(&data, "id").unwrap_or_default().to_owned();
        let secret = text_field(&data, "secret").and_then(|text| Secret::stored(text.to_owned()));
        let secret =
            secret.ok_or_else(|| Failure::invalid_response("the server's answer lacks the secret"))?;
        context.output.notice(&format!("listening for {}, until interrupted", arguments.events.join(", ")));
        if receiver.is_some() {
            context.output.notice(&format!("signed with {}", secret.expose()));
        }
        Ok(Self { webhook, secret, receiver, context })
    }

    async fn follow(&self) -> Result<(), Failure> {
        let (mut seen, mut polling) = (BTreeSet::new(), Polling::new());
        loop {
            if let Some(new) = polling.tolerate(self.happened_since(&seen).await, &self.context.output)? {
                for event in new {
                    self.tell(&event).await?;
                    seen.insert(event.delivery.id);
                }
            }
            sleep(polling.pause()).await;
        }
    }

    /// What happened since, in the order in which the server would send it.
    async fn happened_since(&self, seen: &BTreeSet<String>) -> Result<Vec<WebhookDeliveryDetails>, Failure> {
        let deliveries = ["webhooks", &self.webhook, "deliveries"];
        let is_new = |value: &Value| text_field(value, "id").is_some_and(|id| !seen.contains(id));
        let listed = pages::read(&deliveries, &[], usize::MAX, is_new, self.context).await?;
        let mut new: Vec<WebhookDeliveryDetails> = Vec::new();
        for value in listed.values.iter().filter(|value| is_new(value)) {
            let delivery: WebhookDelivery = read(value)?;
            let path = ["webhooks", &self.webhook, "deliveries", &delivery.id];
            new.push(read(&self.context.client.send(&Request::get(path)).await?.data)?);
        }
        new.sort_by_key(|event| message(event)["sequence"].as_i64());
        Ok(new)
    }

    async fn tell(&self, event: &WebhookDeliveryDetails) -> Result<(), Failure> {
        let output = &self.context.output;
        let came = match &self.receiver {
            Some((http, url)) => Some(self.forward(http, url, event).await),
            None => None,
        };
        match output.mode {
            Mode::Json => output.json_line(&message(event))?,
            Mode::Quiet => output.ids([Some(event.delivery.event_id.as_str())])?,
            Mode::Table => output.raw(&format!("{}\n", line(event, came.as_deref())))?,
        }
        Ok(())
    }

    /// Sends an event to the receiver, once, and says what came of it.
    #[expect(clippy::disallowed_methods, reason = "a receiver compares the time with its own clock")]
    async fn forward(&self, http: &reqwest::Client, url: &Url, event: &WebhookDeliveryDetails) -> String {
        let WebhookDeliveryDetails { delivery, body, .. } = event;
        let Ok(id) = delivery.event_id.parse::<EventId>() else {
            return "not sent: its id is none".to_owned();
        };
        let headers = signed(id, body.as_bytes(), OffsetDateTime::now_utc(), &self.secret, None);
        let request = http
            .post(url.clone())
            .timeout(TO_RECEIVE)
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", headers.id)
            .header("webhook-timestamp", headers.timestamp)
            .header("webhook-signature", headers.standard)
            .header("x-rogeriq-signature", headers.contract)
            .header("x-rogeriq-event", delivery.event.to_string())
            .header("x-rogeriq-attempt", 1)
            .body(body.clone());
        let begun = Instant::now();
        match request.send().await {
            Ok(answer) => format!("{} in {} ms", answer.status().as_u16(), begun.elapsed().as_millis()),
            Err(error) => format!("not received: {}", client::innermost_cause(&error)),
        }
    }
}

/// The message, as it is sent.
fn message(event: &WebhookDeliveryDetails) -> Value {
    serde_json::from_str(&event.body).unwrap_or_default()
}

/// One line, never cut: what happened, to which integration, and what the receiver answered.
fn line(event: &WebhookDeliveryDetails, came: Option<&str>) -> String {
    let message = message(event);
    let provider = message["data"]["integration"]["provider"].as_str();
    let delivery = &event.delivery;
    let mut line = format!(
        "{}  {}  {}",
        time(Some(delivery.created_at)),
        cell(Some(&delivery.event_id)),
        word(&delivery.event)
    );
    for part in provider.into_iter().chain(came) {
        line.push_str(&format!("  {}", cell(Some(part))));
    }
    line
}
