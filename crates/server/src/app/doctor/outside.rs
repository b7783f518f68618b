//! The ways out and in: whether providers can be reached, and whether the public address leads to this server.

use std::{collections::BTreeSet, env};

use http::StatusCode;
use integrations_core::{
    catalog::{Catalog, ProviderRef},
    health::NoAnswer,
};
use url::Url;

use super::{super::config::Options, report::Report};
use crate::{
    environment::Environment,
    provider::{
        openid::{CLOCK_SKEW, is_on_this_machine},
        outbound::{Answer, Outbound},
    },
    store::{DATABASE_MARK, Store},
};

/// How many providers are asked, unless they are named.
const ASKED: usize = 3;

/// What is known of providers.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) catalog: &'a Catalog,
    pub(super) store: Option<&'a Store>,
}

impl Place<'_> {
    /// The address of a provider's API, if it is the same for everybody.
    fn address(&self, key: &str) -> Option<(String, Url)> {
        let provider = self.catalog.get(key)?;
        let url = provider.api_base_url.render(|_| None).ok()?;
        Some((provider.name.clone(), url))
    }

    /// Those that are connected here, as far as their addresses are known.
    async fn connected(&self) -> Vec<String> {
        let Some(store) = self.store else { return Vec::new() };
        let names = store.connected_providers().await.unwrap_or_default();
        let keys: BTreeSet<&str> = names.iter().map(|name| ProviderRef::parts(name).0).collect();
        keys.into_iter().filter(|key| self.address(key).is_some()).take(ASKED).map(str::to_owned).collect()
    }
}

/// Whether providers can be reached from here, as requests reach them, and whether the clocks agree.
pub(super) async fn check_providers(
    options: &Options,
    place: Place<'_>,
    named: &[String],
    environment: &Environment,
    report: &mut Report,
) {
    const CHECK: &str = "providers_asked";

    let keys = if named.is_empty() { place.connected().await } else { named.to_vec() };
    if keys.is_empty() {
        report.ok(CHECK, "no provider is connected, so none was asked: --provider KEY asks one");
        return;
    }
    // What is wrong with the settings is said elsewhere.
    let Some(outbound) = options.outbound().ok().and_then(|settings| Outbound::new(settings).ok()) else {
        return;
    };
    let (mut reached, mut troubles, mut ahead) = (Vec::new(), Vec::new(), None);
    for key in &keys {
        let Some((name, url)) = place.address(key) else {
            troubles.push(format!("{key} is no provider with one address for everybody: name another one"));
            continue;
        };
        match ask(&outbound, &url).await {
            // It sends on to its own pages.
            Err(NoAnswer::Redirected) => reached.push(name),
            Ok(answer) => {
                ahead = ahead.or(answer.told_time().map(|told| told - environment.now()));
                reached.push(name);
            }
            Err(why) => {
                let host = url.host_str().unwrap_or_default();
                troubles.push(format!("{name} at {host} {why}: {}", what_to_do(why)));
            }
        }
    }
    if troubles.is_empty() {
        report.ok(CHECK, format!("{} answered: DNS, TLS and the way out work", reached.join(", ")));
    } else {
        report.failed(CHECK, troubles.join(". "));
    }
    if let Some(ahead) = ahead.filter(|ahead| ahead.abs() > CLOCK_SKEW) {
        let seconds = ahead.whole_seconds();
        let side = if seconds > 0 { "behind" } else { "ahead of" };
        report.warning(
            "providers_clock",
            format!(
                "this machine's clock is {} s {side} a provider's: signed requests and the ends of tokens are judged \
                 wrongly. Let a time service set it",
                seconds.unsigned_abs()
            ),
        );
    }
}

/// Whether the public address leads to a server on this database.
pub(super) async fn check_public_url(
    options: &Options,
    store: Option<&Store>,
    is_offline: bool,
    report: &mut Report,
) {
    const CHECK: &str = "public_url_asked";

    let Some(url) = options.public_url.as_ref().filter(|url| !is_offline || is_on_this_machine(url)) else {
        return;
    };
    let outbound = options.outbound().ok().and_then(|settings| Outbound::new(settings).ok());
    let outbound = outbound.and_then(|one| one.to_operators_host(url.scheme() == "https").ok());
    let (Some(outbound), Ok(ready)) =
        (outbound, format!("{}/readyz", url.as_str().trim_end_matches('/')).parse::<Url>())
    else {
        return;
    };
    let ours = match store {
        Some(store) => store.mark().await.ok().flatten(),
        None => None,
    };
    let shown = ready.as_str();
    let proxy = "see whether the proxy before the server sends what comes to it there on to the server";
    match ask(&outbound, &ready).await {
        Err(why) => report.warning(
            CHECK,
            format!(
                "{shown} {why}. Start the server, if it does not run; {proxy}. If only this machine does not reach it \
                 from inside, all is well"
            ),
        ),
        Ok(answer) if answer.status == StatusCode::OK.as_u16() => {
            match (answer.header(DATABASE_MARK), ours.as_deref()) {
                (Some(theirs), Some(ours)) if theirs == ours => {
                    report.ok(CHECK, format!("{shown} leads to a server on this database"));
                }
                (Some(_), Some(_)) => report.failed(
                    CHECK,
                    format!(
                        "{shown} leads to a server on another database, so links lead people there: set RIQ_PUBLIC_URL \
                         to this server's own address, or {proxy}"
                    ),
                ),
                _ => report.warning(
                    CHECK,
                    format!("{shown} answers, and does not say which database it is on: {proxy}"),
                ),
            }
        }
        Ok(answer) => report
            .warning(CHECK, format!("{shown} answers with status {}, and not that it is ready: {proxy}", answer.status)),
    }
}

/// Whether the environment names a proxy, which this server does not use.
pub(super) fn check_proxy(report: &mut Report) {
    let names = ["HTTPS_PROXY", "https_proxy"];
    if let Some(name) =
        names.into_iter().find(|name| env::var_os(name).is_some_and(|value| !value.is_empty()))
    {
        report.warning(
            "proxy",
            format!(
                "{name} is set, and this server does not use it: it checks the addresses that it connects to, so it \
                 connects to providers directly. Let the network let it through"
            ),
        );
    }
}

async fn ask(outbound: &Outbound, url: &Url) -> Result<Answer, NoAnswer> {
    let request = http::Request::get(url.as_str()).body(Vec::new()).map_err(|_| NoAnswer::Unreachable)?;
    outbound.send_once(request).await
}

/// What to do where a provider cannot be reached.
const fn what_to_do(why: NoAnswer) -> &'static str {
    match why {
        NoAnswer::Unreachable | NoAnswer::TimedOut => {
            "check the DNS of this machine, and that no firewall stops connections to port 443"
        }
        NoAnswer::Tls => {
            "check this machine's clock; if an inspecting proxy is between, name its authority's file in \
             RIQ_OUTBOUND_CA_FILE"
        }
        NoAnswer::ForbiddenAddress => {
            "the DNS of this machine names a private address for it. If that is meant, allow the network with \
             RIQ_OUTBOUND_ALLOW"
        }
        _ => "something between this machine and the provider changes what is sent",
    }
}
