//! `riq-server admin oauth-app events`

use std::{path::PathBuf, sync::Arc};

use anyhow::{Context as _, bail};
use clap::Args;
use integrations_core::audit::Acting;
use serde::Serialize;

use super::context::{Context, moment};
use crate::{
    app::config::Options,
    app::text_file::read,
    metrics::Metrics,
    monitor::MonitorParts,
    provider::{oauth_apps::OAuthApps, outbound::Outbound},
    services::provider_events::{AddressFor, EventsError, ProviderEvents, SecretState},
    vault::Vault,
};

#[derive(Args, Debug)]
pub(super) struct Command {
    /// The provider's key, such as slack
    provider: String,
    /// A file that contains only the secret to verify events with; - reads standard input
    #[arg(long, value_name = "FILE", group = "change")]
    secret_file: Option<PathBuf>,
    /// How long the secret before counts too, such as 1d
    #[arg(long, value_name = "TIME", requires = "secret_file", value_parser = humantime::parse_duration)]
    overlap: Option<std::time::Duration>,
    /// Wait for the provider's first request, which brings the secret
    #[arg(long, group = "change")]
    wait: bool,
    /// Show the secret that it brought, once
    #[arg(long, group = "change")]
    show_secret: bool,
}

/// The address, and what verifies its events.
#[derive(Serialize)]
struct Shown {
    provider: String,
    /// It is secret.
    url: Option<String>,
    enter: String,
    secret: &'static str,
    #[serde(with = "time::serde::rfc3339::option")]
    awaited_until: Option<time::OffsetDateTime>,
    /// The secret that the provider brought.
    #[serde(skip_serializing_if = "Option::is_none")]
    brought: Option<String>,
}

pub(super) async fn run(
    command: Command,
    context: &Context,
    options: &Options,
    vault: Arc<Vault>,
) -> anyhow::Result<()> {
    let public_url = options.public_url.as_ref();
    let public_url = public_url.context("RIQ_PUBLIC_URL is needed: addresses begin with it")?;
    let catalog = options.catalog()?;
    let Some(provider) = catalog.with_app(&command.provider).map(Arc::clone) else {
        bail!("there is no provider {}", command.provider);
    };
    let given = options.oauth_apps(&catalog)?;
    let parts = MonitorParts {
        store: context.store.clone(),
        apps: Arc::new(OAuthApps::new(context.store.clone(), Arc::clone(&vault), given)),
        catalog,
        vault,
        outbound: Outbound::new(options.outbound()?)?,
        environment: context.environment.clone(),
        metrics: Metrics::default(),
    };
    let events = ProviderEvents::new(&parts, public_url);
    let of = AddressFor::OperatorsApp(&provider);
    if let Some(file) = &command.secret_file {
        let overlap = command.overlap.unwrap_or_default();
        events.set_secret(of, &read(file)?, overlap, Acting::OPERATOR).await.map_err(in_words)?;
    }
    if command.wait {
        events.await_secret(of, Acting::OPERATOR).await.map_err(in_words)?;
    }
    let brought = match command.show_secret {
        true => events.show_secret(of, Acting::OPERATOR).await.map_err(in_words)?,
        false => None,
    };
    let address = events.address(of, true).await.map_err(in_words)?;
    let shown = Shown {
        provider: provider.key.to_string(),
        url: address.url,
        enter: provider.events().map(|events| events.enter.clone()).unwrap_or_default(),
        secret: match address.secret {
            SecretState::Missing => "missing",
            SecretState::Set => "set",
            SecretState::Replaced(_) => "replaced",
        },
        awaited_until: address.awaited_until,
        brought,
    };
    context.answer(&shown, || shown.in_words())
}

impl Shown {
    fn in_words(&self) -> Vec<String> {
        let url = self.url.as_ref().map(|url| format!("Address: {url}"));
        let secret = match self.secret {
            "missing" => "There is no secret, so nothing is taken".to_owned(),
            _ => "There is a secret".to_owned(),
        };
        let awaited = self
            .awaited_until
            .map(|until| format!("The first request is waited for until {}", moment(Some(until))));
        let brought = self.brought.as_ref().map(|brought| format!("Secret: {brought}"));
        [url, Some(self.enter.clone()), Some(secret), awaited, brought].into_iter().flatten().collect()
    }
}

fn in_words(error: EventsError) -> anyhow::Error {
    match error {
        EventsError::NoApp => {
            anyhow::anyhow!("its events come to the address of each integration, and not of an app")
        }
        EventsError::SendsNone(Some(why)) => anyhow::anyhow!("no events are taken: {why}"),
        error => error.into(),
    }
}
