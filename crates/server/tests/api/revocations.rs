//! Disconnections that revoke: what the provider is asked, what counts as proof, and whom it must not harm.

use std::{sync::Arc, time::Duration as Std};

use riq_server::{
    provider::{oauth_apps::OAuthApp, outbound::OutboundSettings},
    store::Sealed,
};
use riq_testing::providers::gate::{self, Gate, LIFE, Manner, access_token, refresh_token};
use serde_json::{Value, json};
use time::{Duration, format_description::well_known::Rfc3339};

use crate::support::{
    Answer, Backend, Server, TestDatabase, catalog::few, clock::START, eventually, server::Plan,
};

/// Makes two tests of each named `async fn(&Scene)`, one for each database.
macro_rules! on_both_scenes {
    ($($name:ident),+ $(,)?) => {$(
        mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                crate::revocations::on_scene(crate::support::Backend::Sqlite, super::$name).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                crate::revocations::on_scene(crate::support::Backend::Postgres, super::$name).await;
            }
        }
    )+};
}

mod harm;
mod kills;
mod many;
mod operator;

on_both_scenes!(
    what_the_provider_refuses_afterwards_is_revoked,
    without_the_wish_nothing_is_revoked,
    a_lie_is_not_believed_and_failed_after_a_day,
    neither_400_nor_a_lost_answer_is_a_failure,
    what_fails_is_tried_again,
    a_request_waits_for_a_hanging_provider_only_some_seconds,
    an_access_token_that_lives_on_is_pending_until_it_expires,
    an_expired_access_token_proves_nothing,
    a_refresh_token_that_still_works_is_not_revoked,
    what_has_no_way_says_so,
    where_no_credential_is_left_nothing_can_be_asked,
    a_credential_that_is_being_revoked_is_sealed_anew_with_the_others,
    on_a_copy_it_waits_for_the_operator,
);

/// Long enough for anything on any machine.
const PATIENCE: Std = Std::from_secs(60);
/// The longest time of a request to the provider.
const TIMEOUT: Std = Std::from_secs(8);

/// A server and providers that revoke, or do not.
pub(crate) struct Scene {
    pub(crate) server: Server,
    pub(crate) gate: Gate,
}

pub(crate) async fn on_scene(backend: Backend, test: impl AsyncFnOnce(&Scene)) {
    let Some(database) = TestDatabase::create(backend).await else { return };
    let gate = Gate::start().await;
    let files = gate::files().map(|(name, file)| (name.to_owned(), file));
    let app = |key: &str| {
        let (client_id, client_secret) = gate::APP;
        let app = OAuthApp::new(client_id, client_secret);
        (key.to_owned(), app)
    };
    let plan = Plan {
        catalog: Arc::new(few(files)),
        outbound: OutboundSettings {
            ca_certificates: Some(gate.ca_pem().into_bytes()),
            resolve: gate::HOSTS.map(|host| (host.to_owned(), gate.address())).into(),
            timeout: TIMEOUT,
            ..OutboundSettings::default()
        },
        oauth_apps: gate::KEYS.map(app).into(),
        ..Plan::default()
    };
    let server = Server::start_with(database, plan, |_| {}).await;
    let scene = Scene { server, gate };
    test(&scene).await;
    scene.gate.release();
    scene.server.stop().await;
}

impl Scene {
    /// Connects an account of a provider, such as `gate~eu`, with the tokens of a connection, such as `acme.1`.
    pub(crate) async fn connect(&self, provider: &str, connection: &str) {
        self.connect_until(provider, connection, None).await;
    }

    /// The same, with an access token that expires.
    pub(crate) async fn connect_until(&self, provider: &str, connection: &str, life: Option<Duration>) {
        let expires_at = life.map(|life| (START + life).format(&Rfc3339).unwrap());
        let line = json!({"provider": provider, "credential": {
            "access_token": access_token(connection, 0),
            "refresh_token": refresh_token(connection, 0),
            "expires_at": expires_at,
        }});
        self.server.import(self.server.project, &line.to_string()).await;
        let account = connection.split('.').next().unwrap();
        let sql = "UPDATE integrations SET account_id = $1 WHERE provider = $2";
        assert_eq!(self.server.sql.execute(sql, [account.into(), provider.into()]).await, 1);
    }

    /// Disconnects so that the access is revoked.
    pub(crate) async fn revoke(&self, provider: &str) -> Answer {
        self.server.call("DELETE", &self.server.at(&format!("/{provider}?revoke=true"))).send().await
    }

    /// How far the revocation of an integration is.
    pub(crate) async fn status(&self, provider: &str) -> Value {
        self.server.integration(provider).await["revocation"].clone()
    }

    /// Waits until the revocation of an integration is so far.
    pub(crate) async fn becomes(&self, provider: &str, status: &str) {
        eventually(status, PATIENCE, async || self.status(provider).await == status).await;
    }

    /// What the event of the end of a revocation says of it. There is one, and with a clock that stands still its place
    /// among the others says nothing.
    async fn recorded_end(&self, provider: &str) -> Value {
        let events = self.server.audit(provider).await;
        let ends = events.iter().filter(|event| event["action"] == "integration.revocation.ended");
        let [end] = ends.collect::<Vec<_>>().try_into().unwrap();
        let changes = end["changes"].as_array().unwrap();
        changes.iter().find(|change| change["path"] == "revocation").unwrap()["to"].clone()
    }

    /// Asserts that no credential is kept any more, neither to be used nor to be revoked.
    async fn assert_nothing_kept(&self) {
        assert_eq!(self.server.sql.count("SELECT COUNT(*) FROM credentials", []).await, 0);
        let kept = "SELECT COUNT(*) FROM revocations WHERE length(sealed) > 0";
        assert_eq!(self.server.sql.count(kept, []).await, 0);
    }
}

async fn what_the_provider_refuses_afterwards_is_revoked(scene: &Scene) {
    scene.connect("gate", "acme.1").await;
    let answer = scene.revoke("gate").await;
    let data = answer.data();
    assert_eq!(
        (answer.status, &data["status"], &data["revocation"]),
        (200, &json!("disconnected"), &json!("revoked"))
    );
    assert_eq!(data["revocation_details"]["reaches"], "grant");
    assert!(data["message"].as_str().unwrap().contains("Gate has revoked everything"), "{data}");
    assert_eq!(scene.gate.asked("acme"), [("grant", access_token("acme.1", 0))]);
    assert!(!scene.gate.is_alive("acme.1"));
    assert_eq!(scene.gate.shown("acme.1"), 1);
    let shown = scene.server.integration("gate").await;
    assert_eq!(
        (&shown["revocation"], &shown["revocation_details"]),
        (&data["revocation"], &data["revocation_details"])
    );
    assert_eq!(scene.recorded_end("gate").await, "revoked");
    let events = scene.server.audit("gate").await;
    let disconnected = events.iter().find(|event| event["action"] == "integration.disconnected").unwrap();
    let wish = json!({"path": "revocation", "from": null, "to": "requested"});
    assert!(disconnected["changes"].as_array().unwrap().contains(&wish), "{disconnected}");
    scene.assert_nothing_kept().await;
    // Repeating it is no error, and asks nobody.
    let again = scene.revoke("gate").await;
    assert_eq!((again.status, &again.data()["revocation"]), (200, &json!("revoked")));
    assert_eq!(scene.gate.asked("acme").len(), 1);
    let counted = r#"riq_revocations_total{provider="gate",outcome="revoked"} 1"#;
    assert!(scene.server.app.metrics.render(&[]).unwrap().contains(counted));
}

async fn without_the_wish_nothing_is_revoked(scene: &Scene) {
    for (provider, connection) in [("gate", "acme.1"), ("gate~two", "acme.2"), ("gate~three", "acme.3")] {
        scene.connect(provider, connection).await;
    }
    let answers = [
        scene.server.delete("gate").await,
        scene.server.call("DELETE", &scene.server.at("/gate~two?revoke=false")).send().await,
        scene.server.patch("gate~three", json!({"status": "disconnected"})).await,
    ];
    for answer in answers {
        assert_eq!((answer.status, answer.data().get("revocation")), (200, None));
        assert!(answer.data()["message"].as_str().unwrap().contains("not revoked"));
    }
    assert!(scene.gate.asked("acme").is_empty() && scene.gate.is_alive("acme.1"));
    let wrong = scene.server.call("DELETE", &scene.server.at("/gate?revoke=yes")).send().await;
    assert_eq!((wrong.status, wrong.code()), (400, "BAD_REQUEST"));
    // What an earlier disconnection asked for is not said of a later one.
    scene.connect("gate", "globex.1").await;
    assert_eq!(scene.revoke("gate").await.data()["revocation"], "revoked");
    scene.connect("gate", "globex.2").await;
    assert_eq!(scene.status("gate").await, "revoked");
    assert_eq!(scene.server.delete("gate").await.data().get("revocation"), None);
}

async fn a_lie_is_not_believed_and_failed_after_a_day(scene: &Scene) {
    scene.gate.set("acme", Manner::Lies);
    scene.connect("gate", "acme.1").await;
    let answer = scene.revoke("gate").await;
    assert_eq!(answer.data()["revocation"], "pending");
    assert_eq!(answer.data()["revocation_details"]["message"], "Gate still takes the credential");
    for asked in 2..4 {
        let mut looks = 0;
        eventually("it asks again", PATIENCE, async || {
            // What came of the time before may be stored only now, and then counts from now.
            if looks % 200 == 0 {
                scene.server.clock.advance(Duration::hours(1));
            }
            looks += 1;
            scene.gate.asked("acme").len() >= asked
        })
        .await;
    }
    assert_eq!(scene.status("gate").await, "pending");
    eventually("a day is over", PATIENCE, async || {
        scene.server.clock.advance(Duration::hours(1));
        scene.status("gate").await == "failed"
    })
    .await;
    assert!(scene.gate.is_alive("acme.1"));
    assert_eq!(scene.recorded_end("gate").await, "failed");
    scene.assert_nothing_kept().await;
}

async fn neither_400_nor_a_lost_answer_is_a_failure(scene: &Scene) {
    for (account, manner) in [("acme", Manner::DoneThough400), ("globex", Manner::LosesAnswer)] {
        scene.gate.set(account, manner);
        scene.connect("gate", &format!("{account}.1")).await;
        assert_eq!(scene.revoke("gate").await.data()["revocation"], "revoked", "{account}");
    }
}

async fn what_fails_is_tried_again(scene: &Scene) {
    for status in [400, 401, 429, 500] {
        let account = format!("a{status}");
        scene.gate.set(&account, Manner::Refuses(status));
        scene.connect("gate", &format!("{account}.1")).await;
        assert_eq!(scene.revoke("gate").await.data()["revocation"], "pending");
        scene.gate.set(&account, Manner::Honest);
        scene.server.clock.advance(Duration::seconds(6));
        scene.becomes("gate", "revoked").await;
        assert!(!scene.gate.is_alive(&format!("{account}.1")));
    }
    scene.assert_nothing_kept().await;
}

async fn a_request_waits_for_a_hanging_provider_only_some_seconds(scene: &Scene) {
    scene.gate.set("acme", Manner::Hangs);
    scene.connect("gate", "acme.1").await;
    let answer = scene.revoke("gate").await;
    let data = answer.data();
    assert_eq!((&data["status"], &data["revocation"]), (&json!("disconnected"), &json!("pending")));
    scene.gate.release();
    scene.becomes("gate", "revoked").await;
}

async fn an_access_token_that_lives_on_is_pending_until_it_expires(scene: &Scene) {
    scene.connect_until("stub", "acme.1", Some(Duration::minutes(20))).await;
    let answer = scene.revoke("stub").await;
    assert_eq!(answer.data()["revocation"], "pending");
    let details = &answer.data()["revocation_details"];
    assert_eq!((&details["until"], &details["ended_at"]), (&json!("2026-03-01T10:20:00Z"), &Value::Null));
    assert!(details["message"].as_str().unwrap().contains("works on until it expires"));
    scene.gate.expire("acme.1");
    scene.server.clock.advance(Duration::minutes(20));
    scene.becomes("stub", "revoked").await;
    assert_eq!(scene.gate.asked("acme"), [("token", refresh_token("acme.1", 0))]);
    assert!(!scene.gate.is_alive("acme.1"));
    // Where it is not known when the access token expires, the file says how long it lives at most.
    scene.connect("stub", "globex.1").await;
    let details = scene.revoke("stub").await.data()["revocation_details"].clone();
    assert_eq!(details["until"], "2026-03-01T10:50:00Z", "20 minutes and {LIFE} seconds");
}

async fn an_expired_access_token_proves_nothing(scene: &Scene) {
    scene.gate.set("acme", Manner::Lies);
    scene.connect_until("gate", "acme.1", Some(Duration::minutes(20))).await;
    scene.server.clock.advance(Duration::minutes(30));
    scene.gate.expire("acme.1");
    // The refresh token is shown instead. It works, so there are new tokens, and these are to be revoked.
    assert_eq!(scene.revoke("gate").await.data()["revocation"], "pending");
    assert!(scene.gate.asked("acme").contains(&("grant", access_token("acme.1", 1))));
    scene.gate.set("acme", Manner::Honest);
    scene.server.clock.advance(Duration::seconds(10));
    scene.becomes("gate", "revoked").await;
    assert!(!scene.gate.is_alive("acme.1"));
}

async fn a_refresh_token_that_still_works_is_not_revoked(scene: &Scene) {
    scene.gate.set("acme", Manner::Lies);
    scene.connect_until("stub", "acme.1", Some(Duration::minutes(20))).await;
    assert_eq!(scene.revoke("stub").await.data()["revocation"], "pending");
    scene.gate.expire("acme.1");
    scene.server.clock.advance(Duration::minutes(20));
    eventually("it asks again", PATIENCE, async || scene.gate.asked("acme").len() > 1).await;
    assert_eq!(scene.gate.asked("acme")[1], ("token", refresh_token("acme.1", 1)));
    assert_eq!(scene.status("stub").await, "pending");
    // It is not tried for ever.
    eventually("a day is over", PATIENCE, async || {
        scene.server.clock.advance(Duration::hours(1));
        scene.gate.expire("acme.1");
        scene.status("stub").await == "failed"
    })
    .await;
    scene.assert_nothing_kept().await;
}

async fn what_has_no_way_says_so(scene: &Scene) {
    scene.server.install("postmark").await;
    let answer = scene.revoke("postmark").await;
    let data = answer.data();
    assert_eq!((&data["status"], &data["revocation"]), (&json!("disconnected"), &json!("unsupported")));
    let details = &data["revocation_details"];
    assert!(
        details["message"].as_str().unwrap().starts_with("Postmark ends a server's token only"),
        "{details}"
    );
    assert_eq!(details["reaches"], Value::Null);
    assert_eq!(scene.recorded_end("postmark").await, "unsupported");
    scene.assert_nothing_kept().await;
}

async fn where_no_credential_is_left_nothing_can_be_asked(scene: &Scene) {
    scene.connect("gate", "acme.1").await;
    assert_eq!(scene.server.delete("gate").await.status, 200);
    let answer = scene.revoke("gate").await;
    assert_eq!((answer.status, &answer.data()["revocation"]), (200, &json!("unsupported")));
    assert!(answer.data()["message"].as_str().unwrap().contains("No credential is stored any more"));
    assert!(scene.gate.asked("acme").is_empty());
    let missing = scene.revoke("stub").await;
    assert_eq!((missing.status, missing.code()), (404, "INTEGRATION_NOT_FOUND"));
}

async fn a_credential_that_is_being_revoked_is_sealed_anew_with_the_others(scene: &Scene) {
    scene.gate.set("acme", Manner::Lies);
    scene.connect("gate", "acme.1").await;
    scene.revoke("gate").await;
    let [row] = scene.server.sealed(Sealed::Revocations).await.try_into().unwrap();
    // It opens for its revocation alone.
    let moved = "UPDATE revocations SET connection = '{\"x\":1}'";
    scene.server.sql.execute(moved, []).await;
    scene.server.clock.advance(Duration::hours(1));
    let told = "the credential cannot be opened: check the encryption keys";
    eventually("it cannot be opened", PATIENCE, async || {
        scene.server.integration("gate").await["revocation_details"]["message"] == told
    })
    .await;
    scene.server.sql.execute("UPDATE revocations SET connection = '{}'", []).await;
    let sealed = row.sealed().to_vec();
    assert_eq!(scene.server.store.replace_sealed(Sealed::Revocations, vec![(row, sealed)]).await.unwrap(), 1);
    scene.gate.set("acme", Manner::Honest);
    scene.server.clock.advance(Duration::hours(2));
    scene.becomes("gate", "revoked").await;
    let erased = scene.server.sealed(Sealed::Revocations).await;
    assert!(erased.is_empty(), "{} are left", erased.len());
}

async fn on_a_copy_it_waits_for_the_operator(scene: &Scene) {
    scene.connect("gate", "acme.1").await;
    let store = &scene.server.store;
    assert!(store.set_quiet(Some(START)).await.unwrap());
    assert_eq!(scene.revoke("gate").await.data()["revocation"], "pending");
    assert!(scene.gate.asked("acme").is_empty() && scene.gate.is_alive("acme.1"));
    assert!(store.set_quiet(None).await.unwrap());
    scene.server.clock.advance(Duration::minutes(1));
    scene.becomes("gate", "revoked").await;
}
