//! Plays the whole catalog: each provider is installed, refuses a wrong credential, and does each of its actions as its
//! documentation says.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt as _;
use integrations_core::catalog::Catalog;
use riq_testing::providers::simulator::{Decision, Simulator};
use serde_json::Value;

use super::{Person, actions::Callers, connect, play};
use crate::support::{Backend, Server, catalog::provider_file};

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
    let keys: Vec<String> = Simulator::known().into_iter().filter(chosen).skip(share).step_by(SHARES).collect();
    // Read from the folder, so that a file can be changed and played again without a build.
    let files = keys.iter().map(|key| (format!("{key}.toml"), provider_file(key)));
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

/// Installs a provider and calls each of its actions. Returns what went wrong.
async fn play_one(server: &Server, simulator: &Simulator, callers: &Callers<'_>, key: &str) -> Vec<String> {
    let connection = &simulator.connections(key)[0];
    if simulator.oauth_providers().contains(&key) {
        connect(server, simulator, (key, connection), Decision::Deny)
            .await
            .says(403, "Access was not granted");
        connect(server, simulator, (key, connection), Decision::Allow).await;
    } else {
        let person = Person::arrive(server, key).await;
        let right = simulator.credential(key, 0);
        let mut wrong = right.clone();
        let (_, last) = wrong.iter_mut().next_back().unwrap();
        *last = format!("{}0", last.as_str().unwrap()).into();
        let complaints = simulator.complaints();
        let page = person.connect([("connection", connection), ("credential", &wrong)]).await;
        simulator.forgive(complaints.len());
        if page.status != 422 || server.integration(key).await != Value::Null {
            return vec![format!("a wrong credential gets {}: {}", page.status, page.words())];
        }
        person.connect([("connection", connection), ("credential", &right)]).await;
    }
    let integration = server.integration(key).await;
    if integration["health_status"] != "healthy" {
        return vec![format!("it is not connected: {integration}")];
    }
    callers.call_all(key).await
}
