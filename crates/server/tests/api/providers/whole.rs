//! Plays the whole catalog: each provider is installed, refuses a wrong credential, and does each of its actions as its
//! documentation says.

use std::{panic::AssertUnwindSafe, sync::Arc};

use futures_util::FutureExt as _;
use integrations_core::catalog::{Catalog, Provider};
use riq_testing::{
    provider_files,
    providers::simulator::{Decision, Simulator},
    signing_keys,
};
use serde_json::{Map, Value};

use super::{actions::Callers, leads_away, play};
use crate::{
    dashboard::visitor::{Page, Visitor},
    support::{Backend, Server},
};

/// Several tests share the providers, so that they run beside each other.
macro_rules! shares {
    ($($name:ident $share:literal),+ $(,)?) => {
        const SHARES: usize = [$($share),+].len();
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                share($share).await;
            }
        )+
    };
}

shares!(first 0, second 1, third 2, fourth 3, fifth 4, sixth 5);

/// Plays every sixth provider; of those that `RIQ_TEST_PROVIDERS` names, if it is set. The database makes no difference
/// here.
async fn share(share: usize) {
    let chosen = std::env::var("RIQ_TEST_PROVIDERS").ok();
    let chosen = |key: &String| chosen.as_ref().is_none_or(|keys| keys.split(',').any(|one| one == key));
    let keys: Vec<String> =
        Simulator::known().into_iter().filter(chosen).skip(share).step_by(SHARES).collect();
    // Read from the folder, so that a file can be changed and played again without a build.
    let files = keys.iter().map(|key| provider_files::named(key));
    let catalog = Catalog::default().with_files(files).unwrap();
    let simulator = Simulator::start_with(keys.clone()).await;
    play(Backend::Sqlite, catalog, simulator, async |server, simulator| {
        let callers = Callers::new(server).await;
        let mut wrong = Vec::new();
        for key in &keys {
            simulator.play(key);
            let complaints = simulator.complaints().len();
            let played = AssertUnwindSafe(play_one(server, simulator, &callers, key)).catch_unwind().await;
            wrong.extend(
                played
                    .unwrap_or_else(|panic| vec![told(panic.as_ref())])
                    .into_iter()
                    .map(|what| format!("{key}: {what}")),
            );
            wrong.extend(simulator.complaints().split_off(complaints));
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    })
    .await;
}

fn told(panic: &(dyn std::any::Any + Send)) -> String {
    panic.downcast_ref::<String>().cloned().unwrap_or_else(|| "panics".to_owned())
}

/// Installs a provider, by OAuth where the simulator has it, and calls each of its actions. Returns what went wrong.
async fn play_one(server: &Server, simulator: &Simulator, callers: &Callers<'_>, key: &str) -> Vec<String> {
    let ways = server.app.services.catalog.ways(key).unwrap();
    let by_oauth = simulator.oauth_providers().contains(&key);
    if by_oauth && ways.by_oauth().is_none() {
        return vec!["the simulator plays OAuth, and the file has none".to_owned()];
    }
    let visitor = Visitor::signed_in(server).await;
    let connection = &simulator.connections(key)[0];
    if by_oauth {
        let page = offer(&visitor, server, key, ways.by_oauth()).await;
        let leaving = send(&visitor, &page, &[("connection", connection)]).await;
        if !leaving.text.contains("id=\"continue\"") {
            return vec![format!("it does not lead to the provider: {} {}", leaving.status, leaving.words())];
        }
        let back = simulator.decide(&leads_away(&leaving), Decision::Allow).await;
        visitor.come_back(&back).await;
    } else {
        let page = offer(&visitor, server, key, ways.iter().find(|way| way.oauth().is_none())).await;
        let right = simulator.credential(key, 0);
        let Some(wrong) = spoiled(&right) else { return vec!["no credential".to_owned()] };
        let complaints = simulator.complaints().len();
        let refused = send(&visitor, &page, &typed(connection, &wrong)).await;
        simulator.forgive(complaints);
        if refused.status != 422 || server.integration(key).await != Value::Null {
            return vec![format!("a wrong credential gets {}: {}", refused.status, refused.words())];
        }
        let page = send(&visitor, &page, &typed(connection, &right)).await;
        if page.status != 303 {
            return vec![format!("the right credential gets {}: {}", page.status, page.words())];
        }
    }
    let integration = server.integration(key).await;
    if integration["health_status"] != "healthy" {
        return vec![format!("it is not connected: {integration}")];
    }
    let mut wrong = callers.call_all(key).await;
    for (kind, right) in simulator.ways(key) {
        wrong.extend(play_way(server, simulator, &visitor, (key, &kind), &right).await);
    }
    wrong
}

/// Connects a provider anew by another way, in which a form gets or signs tokens. Returns what went wrong.
async fn play_way(
    server: &Server,
    simulator: &Simulator,
    visitor: &Visitor<'_>,
    (key, kind): (&str, &str),
    right: &Map<String, Value>,
) -> Option<String> {
    let before = server.integration(key).await["updated_at"].clone();
    let page = visitor.get(&format!("{}?auth={kind}", server.page(key))).await;
    let connection = &simulator.connections(key)[0];
    let complaints = simulator.complaints().len();
    let wrong = spoiled(right)?;
    let refused = send(visitor, &page, &typed(connection, &wrong)).await;
    simulator.forgive(complaints);
    if refused.status != 422 || server.integration(key).await["updated_at"] != before {
        return Some(format!("{kind}: a wrong credential gets {}: {}", refused.status, refused.words()));
    }
    let page = send(visitor, &page, &typed(connection, right)).await;
    let integration = server.integration(key).await;
    if page.status != 303 || integration["health_status"] != "healthy" {
        return Some(format!("{kind}: the right credential gets {}: {}", page.status, page.words()));
    }
    let event =
        server.call("GET", &format!("/api/v1/projects/{}/audit?provider={key}", server.project)).send().await;
    let is_shown = [&integration, event.data()].iter().any(|shown| shown.to_string().contains("SECRET-"));
    is_shown.then(|| format!("{kind}: a token is shown"))
}

/// A credential that differs in its last secret. A key that signs becomes another.
fn spoiled(right: &Map<String, Value>) -> Option<Map<String, Value>> {
    let mut wrong = right.clone();
    let (_, last) = wrong.iter_mut().next_back()?;
    let text = last.as_str()?;
    *last = match text {
        key if key == signing_keys::P256.trim() => signing_keys::P256_OTHER.into(),
        key if key.starts_with("-----BEGIN") => signing_keys::RSA_OTHER.into(),
        _ => format!("{text}0").into(),
    };
    Some(wrong)
}

/// What a person types. A part of the credential may be shown, and then stands with the connection.
fn typed<'v>(
    connection: &'v Map<String, Value>,
    credential: &'v Map<String, Value>,
) -> [(&'static str, &'v Map<String, Value>); 3] {
    [("connection", connection), ("connection", credential), ("credential", credential)]
}

/// The page of a provider with the form of one of its ways.
async fn offer(visitor: &Visitor<'_>, server: &Server, key: &str, way: Option<&Arc<Provider>>) -> Page {
    let way = way.expect("the file has the way that the simulator plays");
    visitor.get(&format!("{}?auth={}", server.page(key), way.auth.as_str())).await
}

/// Sends the form of a page with these values, as far as it has fields for them.
async fn send(visitor: &Visitor<'_>, page: &Page, values: &[(&str, &Map<String, Value>)]) -> Page {
    let mut form = page.form("/connect");
    for (part, values) in values {
        for (name, value) in *values {
            let name = format!("{part}.{name}");
            if form.value(&name).is_some() {
                form = form.with(&name, value.as_str().unwrap());
            }
        }
    }
    visitor.submit(&form).await
}
