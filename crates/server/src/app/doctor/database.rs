//! The database, and what is only known with it: the encryption keys and the OAuth apps.

use std::{collections::HashSet, sync::Arc};

use integrations_core::catalog::{Catalog, Provider};

use super::{
    super::{
        config::{Options, PoolMode},
        dev::DataDirectory,
        schema,
    },
    report::Report,
};
use crate::{
    environment::Environment,
    program::{self, OperatorCommands},
    provider::openid::CLOCK_SKEW,
    store::{DatabaseUrl, Fit, Store, Whereabout},
    vault::{KeyCheckError, Vault},
};

/// What cannot be checked without the database.
const UNKNOWN: &str = "is not known, because the database cannot be read: put that right first";

/// The database, if it can be read and has the schema of this version.
pub(super) async fn check(
    directory: Option<&DataDirectory>,
    options: &Options,
    report: &mut Report,
) -> Option<Store> {
    const CHECK: &str = "database";

    let url = match directory {
        Some(directory) => directory.database_url(),
        None => options.database_url(),
    };
    let reached = async {
        let url = url?;
        let store = Store::look_at(&url).await?;
        let version = store.version().await?;
        anyhow::Ok((url, store, version))
    };
    match reached.await {
        Ok((url, store, version)) => {
            report.ok(CHECK, described(&url, &version, options));
            check_schema(directory, options, store, report).await
        }
        Err(error) => {
            report.failed(
                CHECK,
                format!(
                    "{error:#}. Without it the server does not start, and answers 503 if it runs. Check that it runs, \
                     that this machine reaches it, and DATABASE_URL. `{} migrate` makes a new one for SQLite",
                    program::name()
                ),
            );
            None
        }
    }
}

/// What is known of a database that was reached. PostgreSQL in another encoding is not.
fn described(url: &DatabaseUrl, version: &str, options: &Options) -> String {
    let sessions = match (url.product(), options.database_pool_mode) {
        ("SQLite", _) => String::new(),
        (_, Some(PoolMode::Transaction)) => {
            ", encoding UTF8, through a pooler in transaction mode (RIQ_DATABASE_POOL_MODE)".to_owned()
        }
        (_, _) => ", encoding UTF8, a session for each connection".to_owned(),
    };
    format!("{} {version} at {}{sessions}", url.product(), url.place())
}

/// Whether the address for notifications can be used, if there is one of its own. Nothing else can be read from the
/// store after it failed.
pub(super) async fn check_listening(options: &Options, store: &Store, report: &mut Report) {
    const CHECK: &str = "database_listen";

    if options.database_listen_url.is_none() {
        return;
    }
    match store.listen().await {
        Ok(None) => {}
        Ok(Some(_)) => report.ok(CHECK, "PostgreSQL can be listened to at the address of RIQ_DATABASE_LISTEN_URL"),
        Err(error) => report.failed(
            CHECK,
            format!(
                "PostgreSQL cannot be listened to: {error}. The server takes the database for away, or learns late \
                 which keys were revoked. Check RIQ_DATABASE_LISTEN_URL, which is PostgreSQL's own address"
            ),
        ),
    }
}

async fn check_schema(
    directory: Option<&DataDirectory>,
    options: &Options,
    store: Store,
    report: &mut Report,
) -> Option<Store> {
    const CHECK: &str = "schema";

    let pending = match store.schema().await {
        Err(error) => {
            report.failed(CHECK, format!("the database did not say which migrations ran: {error}"));
            return None;
        }
        Ok(Fit::Same) => {
            report.ok(CHECK, "it is that of this version");
            return Some(store);
        }
        Ok(Fit::Ahead(newer)) => {
            report.warning(CHECK, schema::ahead(&newer));
            return Some(store);
        }
        Ok(Fit::Strange(names)) => {
            report
                .failed(CHECK, format!("{}. Until then the server does not start", schema::strange(&names)));
            return None;
        }
        Ok(Fit::Behind(pending)) => pending,
    };
    let command = match directory {
        Some(directory) => {
            format!("{} dev --data-dir {}", program::name(), program::word(directory.path()))
        }
        None => options.migrate_command(),
    };
    report.failed(
        CHECK,
        format!(
            "it is not up to date ({}). Until then the server does not start: run `{command}`",
            pending.join(", ")
        ),
    );
    None
}

/// Whether this machine's clock and PostgreSQL's are the same. SQLite has none of its own.
pub(super) async fn check_clock(store: &Store, environment: &Environment, report: &mut Report) {
    const CHECK: &str = "database_clock";

    let found = store.clock().await;
    let now = environment.now();
    match found {
        Ok(None) => {}
        Ok(Some(theirs)) if (theirs - now).abs() <= CLOCK_SKEW => {
            let seconds = (theirs - now).whole_seconds().unsigned_abs();
            report.ok(CHECK, format!("it differs by {seconds} s from this machine's"));
        }
        Ok(Some(theirs)) => {
            let seconds = (theirs - now).whole_seconds();
            let side = if seconds > 0 { "ahead of" } else { "behind" };
            report.warning(
                CHECK,
                format!(
                    "the database's clock is {} s {side} this machine's. Leases, limits and the ends of keys are told by \
                     this machine's clock: let a time service set the clocks of both",
                    seconds.unsigned_abs()
                ),
            );
        }
        Err(error) => report.failed(CHECK, format!("the database did not say what time it is: {error}")),
    }
}

/// Whether the database is a copy of another one.
pub(super) async fn check_copy(store: &Store, operator: &OperatorCommands, report: &mut Report) {
    const CHECK: &str = "copy";

    let rests = "tokens that work once are not renewed, nothing is revoked, and webhooks are not sent";
    let resume = operator.admin("resume");
    match store.whereabouts().await {
        Ok(Whereabout::Here) => report.ok(CHECK, "the database is where a server last started on it"),
        Ok(Whereabout::Unknown) => report.ok(CHECK, "no server has started on this database yet"),
        Ok(Whereabout::Elsewhere) => report.warning(
            CHECK,
            format!(
                "the database was restored or copied since a server last started on it. From the next start on {rests}, \
                 because another server may use the same credentials. If this one goes on, run `{resume}`"
            ),
        ),
        Ok(Whereabout::Rests(since)) => report.warning(
            CHECK,
            format!(
                "the database was restored or copied, so since {since} {rests}. If the server that had it before has \
                 stopped for good, run `{resume}`"
            ),
        ),
        Err(error) => report.failed(CHECK, format!("the database did not say where it was: {error}")),
    }
}

/// Whether the encryption keys can be read, and are those of the database.
pub(super) async fn check_keys(
    directory: Option<&DataDirectory>,
    options: &Options,
    environment: &Environment,
    store: Option<&Store>,
    report: &mut Report,
) {
    const CHECK: &str = "encryption_keys";

    let keys = match directory {
        Some(directory) => directory.encryption_keys(),
        None => options.encryption_keys(),
    };
    let vault = match keys {
        Ok(keys) => Vault::new(keys, environment.clone()),
        Err(error) => {
            report.failed(CHECK, format!("{error:#}. Until then the server does not start"));
            return;
        }
    };
    let Some(store) = store else {
        report.warning(CHECK, format!("they can be read. Whether the database has the same {UNKNOWN}"));
        return;
    };
    match vault.look_at_keys(store).await {
        Ok(new) if new.is_empty() => report.ok(CHECK, "they can be read, and they are those of the database"),
        Ok(new) => report.ok(
            CHECK,
            format!(
                "they can be read. The database does not know \"{}\" yet, and keeps in mind what the next start of \
                 the server brings",
                new.join("\", \"")
            ),
        ),
        Err(error @ KeyCheckError::OtherBytes(_)) => {
            report.failed(CHECK, format!("{error}. Until then the server does not start"));
        }
        Err(error) => report.failed(CHECK, error.to_string()),
    }
}

/// How many providers that need an OAuth app have one.
pub(super) async fn check_oauth_apps(
    catalog: &Catalog,
    options: &Options,
    store: Option<&Store>,
    report: &mut Report,
) {
    const CHECK: &str = "oauth_apps";

    let mut known: HashSet<String> = match options.oauth_apps(catalog) {
        Ok(given) => given.into_keys().collect(),
        Err(error) => {
            report.failed(CHECK, format!("{error:#}. Until then the server does not start"));
            return;
        }
    };
    let is_provider = |one: &&Arc<Provider>| catalog.get(one.key.as_str()).is_some();
    let needed: Vec<&Arc<Provider>> = catalog.by_app().filter(is_provider).collect();
    let count = |known: &HashSet<String>| {
        let has_app = |one: &&&Arc<Provider>| one.app_keys().any(|key| known.contains(key));
        needed.iter().filter(has_app).count()
    };
    let Some(store) = store else {
        let given = count(&known);
        report.warning(
            CHECK,
            format!(
                "{given} of {} providers have an app in the environment. What is stored {UNKNOWN}",
                needed.len()
            ),
        );
        return;
    };
    match store.oauth_app_owners().await {
        Ok(stored) => {
            known.extend(stored.into_iter().map(|(provider, _)| provider));
            let with_app = count(&known);
            report.ok(
                CHECK,
                format!(
                    "{with_app} of the {} providers that are connected by OAuth have an app. The others can be \
                     connected once one is set: `admin oauth-app set`, the dashboard or RIQ_OAUTH_…",
                    needed.len()
                ),
            );
        }
        Err(error) => report.failed(CHECK, format!("the database did not say which there are: {error}")),
    }
}
