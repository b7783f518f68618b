//! Plays the whole catalog: each provider is installed by each of its ways to log in, refuses a wrong credential, does
//! each of its actions as its documentation says, is refreshed where it grants refresh tokens, and is revoked where its
//! file says how.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt as _;
use integrations_core::{
    approved_hosts::ApprovedHost,
    catalog::{AccountPart, Catalog, Provider, ProviderFileErrors, Revoke},
};
use reqwest::Url;
use riq_testing::{
    provider_files,
    providers::simulator::{Decision, Simulator},
    signing_keys,
};
use serde_json::{Map, Value};
use time::Duration;

use super::{actions::Callers, leads_away, play};
use crate::{
    dashboard::visitor::{Page, Visitor},
    support::{Backend, Server, eventually},
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
    let files = keys.iter().map(|key| provider_files::named(key)).collect();
    let wrong = wrong_of(&keys, files).await.unwrap_or_else(|errors| panic!("{errors}"));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Plays providers by these files. Returns what went wrong.
pub(super) async fn wrong_of(
    keys: &[String],
    files: Vec<(String, String)>,
) -> Result<Vec<String>, ProviderFileErrors> {
    let simulator = Simulator::start_with(keys.to_vec()).await;
    let hosts = simulator.hosts();
    let approved = hosts.iter().map(|host| ApprovedHost::read(host).unwrap()).collect();
    let catalog = Catalog::default().with_files(files)?.approving(&approved);
    let mut wrong = Vec::new();
    play(Backend::Sqlite, catalog, simulator, async |server, simulator| {
        let callers = Callers::new(server).await;
        for key in keys {
            simulator.play(key);
            for way in server.app.services.catalog.ways(key).unwrap().iter() {
                let player = Player { server, simulator, callers: &callers, key, way };
                wrong.extend(player.play().await);
            }
        }
    })
    .await;
    Ok(wrong)
}

fn told(panic: &(dyn std::any::Any + Send)) -> String {
    panic.downcast_ref::<String>().cloned().unwrap_or_else(|| "panics".to_owned())
}

/// Long enough for anything on any machine.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);

/// Nothing, or what went wrong.
type Played = Result<(), Vec<String>>;

fn fail(what: String) -> Played {
    Err(vec![what])
}

/// A secret that is wrong, in the same form. A key that signs becomes another. What is no secret stays.
fn wrong(value: &Value) -> Value {
    match value.as_str().unwrap() {
        key if key == signing_keys::P256.trim() => signing_keys::P256_OTHER.into(),
        key if key.starts_with("-----BEGIN") => signing_keys::RSA_OTHER.into(),
        text => text.replace("SECRET", "BADBAD").replace("5ec4e7", "badbad").into(),
    }
}

/// Plays one way to log in at one provider.
struct Player<'a> {
    server: &'a Server,
    simulator: &'a Simulator,
    callers: &'a Callers<'a>,
    key: &'a str,
    way: &'a Provider,
}

impl Player<'_> {
    /// Installs, calls each action, refreshes, and disconnects. Returns what went wrong.
    async fn play(&self) -> Vec<String> {
        let complaints = self.simulator.complaints().len();
        let played = AssertUnwindSafe(self.try_play()).catch_unwind().await;
        let played = played.unwrap_or_else(|panic| fail(told(panic.as_ref())));
        let said = self.simulator.complaints().split_off(complaints);
        // The next way is another installation.
        self.server.delete(self.key).await;
        self.simulator.forgive(complaints);
        let named = |what: String| format!("{} by {}: {what}", self.key, self.way.auth.as_str());
        played.err().into_iter().flatten().map(named).chain(said).collect()
    }

    async fn try_play(&self) -> Played {
        let visitor = Visitor::signed_in(self.server).await;
        if self.way.oauth().is_some() {
            self.install_by_oauth(&visitor).await?;
        } else {
            self.install_by_form(&visitor).await?;
        }
        let integration = self.server.integration(self.key).await;
        let health = if self.way.probe.request().is_some() { "healthy" } else { "unknown" };
        if integration["health_status"] != health {
            return fail(format!("it is not connected: {integration}"));
        }
        if !self.is_account_known(&integration["account"]) {
            return fail(format!("its account is not known: {integration}"));
        }
        let wrong = self.callers.call_all(self.key).await;
        if !wrong.is_empty() {
            return Err(wrong);
        }
        if self.way.oauth().is_some() {
            self.refresh().await?;
        }
        self.revoke().await
    }

    /// Disconnects so that the access ends, as far as the file says that it can be ended.
    async fn revoke(&self) -> Played {
        let (expected, lives) = match &self.way.revoke {
            Some(Revoke::Calls(calls)) => match calls.access_token_lives_seconds {
                Some(lives) => ("pending", Some(lives)),
                None => ("revoked", None),
            },
            Some(Revoke::Unsupported(_)) | None => ("unsupported", None),
        };
        let complaints = self.simulator.complaints().len();
        self.server.call("DELETE", &self.server.at(&format!("/{}?revoke=true", self.key))).send().await;
        let integration = self.server.integration(self.key).await;
        if integration["revocation"] != expected {
            return fail(format!("its access is not {expected}: {integration}"));
        }
        if let Some(lives) = lives {
            self.simulator.end_access(self.key);
            self.server.clock.advance(Duration::seconds(lives.into()));
            eventually("revoked", PATIENCE, async || {
                self.server.integration(self.key).await["revocation"] == "revoked"
            })
            .await;
        }
        // The proof is that what has ended is refused.
        self.simulator.forgive(complaints);
        Ok(())
    }

    /// Whether the account is known, as far as the file says where answers have its id and name.
    fn is_account_known(&self, known: &Value) -> bool {
        let Some(account) = &self.way.account else { return true };
        let is_known = |places: &[AccountPart], value: &Value| {
            value.is_string() || !places.iter().any(|place| matches!(place, AccountPart::Answer(_)))
        };
        is_known(&account.id, &known["id"]) && is_known(&account.name, &known["name"])
    }

    async fn install_by_oauth(&self, visitor: &Visitor<'_>) -> Played {
        if !self.simulator.oauth_providers().contains(&self.key) {
            return fail("the simulator has no expectations of this way".to_owned());
        }
        let back = self.consent(visitor).await?;
        let forged: Url = back.as_str().replace("code=SECRET-code-", "code=SECRET-wrong-").parse().unwrap();
        let complaints = self.simulator.complaints().len();
        let refused = visitor.come_back(&forged).await;
        if self.is_connected().await {
            return fail(format!("a wrong code gets {}: {}", refused.status, refused.words()));
        }
        self.simulator.forgive(complaints);
        let back = self.consent(visitor).await?;
        let mut page = visitor.come_back(&back).await;
        // Where the consent is good for several, the first is the account that the simulator knows.
        if page.has_form("/installs/choose") {
            page = visitor.submit(&page.form("/installs/choose").with("item", "0")).await;
        }
        // By the way before, the account may have gone by another id.
        if page.has_form("/installs/confirm") {
            visitor.submit(&page.form("/installs/confirm")).await;
        }
        Ok(())
    }

    /// Leaves for the provider, and allows what it asks. Returns the address that the provider leads back to.
    async fn consent(&self, visitor: &Visitor<'_>) -> Result<Url, Vec<String>> {
        // What a client of one's own is asked for. Other forms have no such fields.
        let (id, secret) = self.simulator.app(self.key);
        let client = [("client_id", id), ("client_secret", secret)];
        let client = client.map(|(name, value)| (name.to_owned(), value.into()));
        let leaving = self.send(visitor, &Map::from_iter(client)).await;
        if !leaving.text.contains("id=\"continue\"") {
            let what = format!("it does not lead to the provider: {} {}", leaving.status, leaving.words());
            return Err(vec![what]);
        }
        Ok(self.simulator.decide(&leads_away(&leaving), Decision::Allow).await)
    }

    async fn install_by_form(&self, visitor: &Visitor<'_>) -> Played {
        let Some(right) = self.simulator.typed(self.key, self.way.auth.as_str()) else {
            return fail("the simulator has no expectations of this way".to_owned());
        };
        if self.way.probe.request().is_some() {
            self.refuse_wrong(visitor, &right).await?;
        }
        let mut page = self.send(visitor, &right).await;
        // By the way before, the account may have gone by another id.
        if page.has_form("/installs/confirm") {
            page = visitor.submit(&page.form("/installs/confirm")).await;
        }
        if page.status != 303 {
            return fail(format!("the right credential gets {}: {}", page.status, page.words()));
        }
        Ok(())
    }

    /// Types a wrong credential, which the provider refuses.
    async fn refuse_wrong(&self, visitor: &Visitor<'_>, right: &Map<String, Value>) -> Played {
        let wrong = right.iter().map(|(name, value)| (name.clone(), wrong(value))).collect();
        let complaints = self.simulator.complaints().len();
        let refused = self.send(visitor, &wrong).await;
        let is_shown = self.simulator.complaints().len() > complaints;
        self.simulator.forgive(complaints);
        if !is_shown || refused.status != 422 || self.is_connected().await {
            return fail(format!("a wrong credential gets {}: {}", refused.status, refused.words()));
        }
        Ok(())
    }

    /// Whether it is installed, in whatever state.
    async fn is_connected(&self) -> bool {
        let status = &self.server.integration(self.key).await["status"];
        !status.is_null() && status != "disconnected"
    }

    /// Lets its access tokens end, three times. Each time it is connected still, by a refresh.
    async fn refresh(&self) -> Played {
        if !self.simulator.refreshes(self.key) {
            return Ok(());
        }
        for time in ["first", "second", "third"] {
            self.server.clock.advance(Duration::minutes(2));
            if !self.simulator.end_access(self.key) {
                return fail(format!("there is no refresh token the {time} time"));
            }
            let checked = self.server.check(self.key).await;
            if checked.data()["health_status"] != "healthy" {
                return fail(format!("it is not refreshed the {time} time: {}", checked.text));
            }
        }
        Ok(())
    }

    /// Sends the form of the way with this credential and the connection, as far as it has fields for them. A part of a
    /// credential may be no secret, and then stands with the connection.
    async fn send(&self, visitor: &Visitor<'_>, credential: &Map<String, Value>) -> Page {
        let address = format!("{}?auth={}", self.server.page(self.key), self.way.auth.as_str());
        let mut form = visitor.get(&address).await.form("/connect");
        let connection = &self.simulator.connections(self.key)[0];
        let all = [("connection", credential), ("credential", credential), ("connection", connection)];
        for (part, values) in all {
            for (name, value) in values {
                let name = format!("{part}.{name}");
                if form.value(&name).is_some() {
                    form = form.with(&name, value.as_str().unwrap());
                }
            }
        }
        visitor.submit(&form).await
    }
}
