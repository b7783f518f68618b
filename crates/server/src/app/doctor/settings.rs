//! The settings, and what they name beside the database and the provider that people sign in with.

use std::sync::Arc;

use integrations_core::catalog::Catalog;

use super::{
    super::{
        config::{Options, toml_files},
        log,
    },
    report::Report,
};
use crate::{
    edge::settings::HttpSettings,
    provider::{openid::is_on_this_machine, outbound::Outbound},
};

/// Whether the settings fit each other. Each by itself was read before.
pub(super) fn check(options: &Options, report: &mut Report) {
    let checked = || {
        log::filter(options)?;
        options.http(options.bind())?;
        Outbound::new(options.outbound()?)?;
        anyhow::Ok(())
    };
    match checked() {
        Ok(()) => report.ok("settings", "they can be read, and they fit each other"),
        Err(error) => report.failed("settings", format!("{error:#}. Until then the server does not start")),
    }
}

/// The providers, if their files can be read.
pub(super) fn check_providers(options: &Options, report: &mut Report) -> Option<Arc<Catalog>> {
    const CHECK: &str = "providers";

    let (catalog, left_out) = match options.catalog_and_left_out() {
        Ok(loaded) => loaded,
        Err(error) => {
            report.failed(CHECK, format!("{error:#}. Until then the server does not start"));
            return None;
        }
    };
    let all = catalog.iter().count();
    let files = options.providers_dir.as_deref().map(toml_files);
    match files.map(|files| files.map_or(0, |files| files.len())) {
        _ if !left_out.is_empty() => report.warning(
            CHECK,
            format!(
                "{all} providers. What is not valid in RIQ_PROVIDERS_DIR is left out, as RIQ_SKIP_BROKEN_PROVIDERS \
                 says: {}. Nobody can use these providers until it is mended",
                left_out.join("; ")
            ),
        ),
        None => report.ok(CHECK, format!("{all} providers, all built in")),
        Some(0) => report.warning(
            CHECK,
            format!(
                "{all} providers, all built in: the directory of RIQ_PROVIDERS_DIR has no file whose name ends in \
                 .toml. See whether it is the right one"
            ),
        ),
        Some(files) => {
            report.ok(CHECK, format!("{all} providers, and {files} of their files are in RIQ_PROVIDERS_DIR"));
        }
    }
    Some(Arc::new(catalog))
}

/// The address that people use.
pub(super) fn check_public_url(options: &Options, report: &mut Report) {
    const CHECK: &str = "public_url";

    let url = options.public_url(options.bind());
    let shown = format!("{:?}", url.as_str());
    if options.public_url.is_none() {
        let why = "links to install and to sign in lead there, which other machines do not reach. Set it to the \
                   address that people use";
        report.warning(CHECK, format!("RIQ_PUBLIC_URL is not set, so it is {shown}: {why}"));
    } else if url.scheme() != "https" && !is_on_this_machine(&url) {
        let why = "passwords, keys and cookies can be read on the way. Put a proxy with TLS before the server, and \
                   write the address with https://";
        report.warning(CHECK, format!("{shown} is not https: {why}"));
    } else {
        let host = url.host_str().unwrap_or_default();
        report.ok(CHECK, format!("{shown}: the pages answer at the host {host}, and at those of RIQ_HOSTS"));
    }
}

/// The Redis that counts requests, if there is one. The server works without it.
pub(super) async fn check_redis(options: &Options, report: &mut Report) {
    const CHECK: &str = "redis";

    let Some(url) = &options.redis_url else { return };
    let place = url.place();
    match url.look(HttpSettings::at(options.bind()).redis_patience).await {
        Ok(()) => report.ok(CHECK, format!("Redis at {place} answers: it counts requests for all replicas")),
        Err(error) => report.warning(
            CHECK,
            format!(
                "Redis at {place} cannot be used: {error}. Each replica counts requests by itself meanwhile. Check \
                 that it runs, and RIQ_REDIS_URL"
            ),
        ),
    }
}

/// Who reads the metrics, if the settings say.
pub(super) fn check_metrics(options: &Options, report: &mut Report) {
    if options.metrics_token.is_some() {
        report.ok("metrics", "/metrics answers this machine, and others with the token of RIQ_METRICS_TOKEN");
    }
}
