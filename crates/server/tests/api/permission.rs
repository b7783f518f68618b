//! What an installation acts under is checked when it is stored, and what was acquired is not kept for longer than it
//! may be used.

use std::time::Duration as StdDuration;

use integrations_core::{ids::ApiKeyId, tier::Tier};
use riq_server::{
    services::install::{Arrival, InstallOutcome, InstallProblem, Installing, ProblemKind, StateProblem},
    store::{Installed, Lapsed, Permission, Tenant},
};
use riq_testing::providers::{
    desk_and_keys::Says,
    simulator::{Decision, Simulator, TokenSwitch},
};
use serde_json::{Map, Value, json};
use time::Duration;

use crate::{
    handshake::{BROWSER, REQUEST, come_back, connect, make_link, who},
    monitor::on_both_stages,
    providers::{on_both_played, played},
    support::{
        Server, eventually,
        played::{Stage, on_stage},
        process::run,
    },
};

on_both_played!(
    a_key_that_is_revoked_during_the_exchange_installs_nothing,
    a_key_that_expires_during_the_exchange_installs_nothing,
    a_project_that_is_revoked_during_the_exchange_gets_nothing,
    what_ends_before_a_question_is_asked_stores_no_token,
    a_question_that_is_decided_leaves_no_token,
    a_question_that_nobody_answers_leaves_no_token,
    a_question_ends_with_the_integration_or_the_permission,
    an_account_that_cannot_be_read_is_asked_about,
    of_two_accounts_at_once_the_second_is_asked_about,
    who_confirmed_one_replacement_is_asked_about_another,
    what_cannot_be_opened_is_connected_over,
);
on_both_stages!(what_ends_during_the_probe_of_a_form_installs_nothing);
on_both!(an_installation_is_stored_under_a_permission_that_holds);

/// Ends a permission while somebody is at the provider. The key of `who` expires after five minutes.
async fn end(server: &Server, who: &Installing, way: &str) {
    let url = [("DATABASE_URL", server.database.url.as_str())];
    let id = match way {
        "expired" => return server.clock.advance(Duration::minutes(5)),
        "revoked" => ["key", "revoke", &who.by.to_string()].map(str::to_owned),
        "project" => ["project", "revoke", &who.tenant.project.to_string()].map(str::to_owned),
        _ => ["org", "revoke", &who.tenant.organization.to_string()].map(str::to_owned),
    };
    let id: Vec<&str> = id.iter().map(String::as_str).collect();
    assert!(run(&[&["admin", "--json"], id.as_slice(), &["--yes"]].concat(), &url).await.success);
}

/// Somebody who acts with a key that expires after five minutes.
async fn briefly(server: &Server) -> Installing {
    use riq_server::environment::Clock as _;

    let end = server.clock.now() + Duration::minutes(5);
    let key = server.key_with(&["integrations:write"], Tier::Starter, Some(end)).await;
    Installing { by: key.id.into(), ..who(server) }
}

/// Whether it failed because the permission has ended.
#[track_caller]
fn assert_lapsed(way: &str, outcome: Result<InstallOutcome, InstallProblem>) {
    let problem = outcome.unwrap_err().kind;
    match way {
        "revoked" | "expired" => assert!(matches!(problem, ProblemKind::RightsGone), "{way}: {problem:?}"),
        _ => {
            assert!(
                matches!(problem, ProblemKind::RightsGone | ProblemKind::ProjectGone),
                "{way}: {problem:?}"
            )
        }
    }
}

async fn nothing_is_stored(server: &Server) {
    for table in ["integrations", "credentials", "monitors"] {
        assert_eq!(server.sql.count(&format!("SELECT COUNT(*) FROM {table}"), []).await, 0, "{table}");
    }
    let installed = "SELECT COUNT(*) FROM audit_events WHERE action = 'integration.installed'";
    assert_eq!(server.sql.count(installed, []).await, 0);
}

/// Comes back from the provider. Once the token endpoint was asked, and before it answers, the permission ends.
async fn exchange(
    server: &Server,
    simulator: &Simulator,
    who: &Installing,
    way: &str,
) -> Result<InstallOutcome, InstallProblem> {
    let installer = &server.app.services.installer;
    let slack = &server.app.services.catalog.account("slack").unwrap();
    let url = installer.begin(who, slack, Map::new(), BROWSER).await?;
    let back = simulator.decide(url.as_str(), Decision::Allow).await;
    simulator.switch(|switches| switches.token = TokenSwitch::Hang);
    let exchanges = || {
        let requests = simulator.requests();
        requests.iter().filter(|request| request.path == "/api/oauth.v2.access").count()
    };
    let before = exchanges();
    let ending = async {
        let patience = StdDuration::from_secs(20);
        eventually("the token is asked for", patience, async || exchanges() > before).await;
        end(server, who, way).await;
        simulator.release();
    };
    let arrival = Arrival {
        query: back.query().unwrap().to_owned(),
        browser: Some(BROWSER.to_owned()),
        is_form: false,
        is_own: false,
        request_id: REQUEST.to_owned(),
    };
    let (arrived, ()) = tokio::join!(installer.callback(arrival), ending);
    arrived.map(|arrived| arrived.outcome)
}

async fn a_key_that_is_revoked_during_the_exchange_installs_nothing(server: &Server, simulator: &Simulator) {
    let installer = &server.app.services.installer;
    let slack = &server.app.services.catalog.account("slack").unwrap();
    // A link acts with the key that asked for it.
    let who = briefly(server).await;
    let link = make_link(server, &who, slack).await;
    let opened = installer.open_link(&link, server.project, "slack").await.unwrap();
    let who = Installing { link: Some(opened.id), ..who };
    assert_lapsed("revoked", exchange(server, simulator, &who, "revoked").await);
    nothing_is_stored(server).await;
    let unused = "SELECT COUNT(*) FROM install_links WHERE used_at IS NULL";
    assert_eq!(server.sql.count(unused, []).await, 1);
}

async fn a_key_that_expires_during_the_exchange_installs_nothing(server: &Server, simulator: &Simulator) {
    let who = briefly(server).await;
    assert_lapsed("expired", exchange(server, simulator, &who, "expired").await);
    nothing_is_stored(server).await;
}

async fn a_project_that_is_revoked_during_the_exchange_gets_nothing(server: &Server, simulator: &Simulator) {
    let who = briefly(server).await;
    assert_lapsed("project", exchange(server, simulator, &who, "project").await);
    nothing_is_stored(server).await;
}

async fn what_ends_during_the_probe_of_a_form_installs_nothing(stage: &Stage) {
    let server = &stage.server;
    let keys = &server.app.services.catalog.account("keys").unwrap();
    let credential: Map<String, Value> = [("api_key".to_owned(), json!("SECRET-key"))].into_iter().collect();
    for way in ["revoked", "expired", "project"] {
        let who = briefly(server).await;
        stage.provider.set("keys probe", Says::Nothing);
        let before = stage.provider.probes("keys");
        let installer = &server.app.services.installer;
        let submitting = installer.submit(&who, keys, Map::new(), credential.clone(), BROWSER);
        let ending = async {
            let patience = StdDuration::from_secs(20);
            eventually("it is probed", patience, async || stage.provider.probes("keys") > before).await;
            end(server, &who, way).await;
            stage.provider.set("keys probe", Says::Truth);
        };
        let (outcome, ()) = tokio::join!(submitting, ending);
        assert_lapsed(way, outcome);
        nothing_is_stored(server).await;
    }
}

async fn an_installation_is_stored_under_a_permission_that_holds(server: &Server) {
    use riq_server::environment::Clock as _;

    let at = server.clock.now();
    let tenant = Tenant { organization: server.organization, project: server.project };
    let expiring = server.key_with(&["write"], Tier::Starter, Some(at + Duration::hours(1))).await;
    let reader = server.key_for(&["read"]).await;
    let (other_organization, other_project, stranger) = server.other_organization().await;
    let permission = |key: Option<ApiKeyId>| Permission { tenant, by: key.map(Into::into), at };
    let stored = async |permission: Permission| server.store.install(&permission, Vec::new()).await.unwrap();
    for (permission, expected) in [
        (permission(Some(server.key.id)), Installed::Stored),
        (permission(None), Installed::Stored),
        (permission(Some(expiring.id)), Installed::Stored),
        (
            Permission { at: at + Duration::hours(1), ..permission(Some(expiring.id)) },
            Installed::Lapsed(Lapsed::Principal),
        ),
        (permission(Some(reader.id)), Installed::Lapsed(Lapsed::Principal)),
        (permission(Some(stranger.id)), Installed::Lapsed(Lapsed::Principal)),
        (
            Permission { tenant: Tenant { project: other_project, ..tenant }, ..permission(None) },
            Installed::Lapsed(Lapsed::Project),
        ),
        (
            Permission { tenant: Tenant { organization: other_organization, ..tenant }, ..permission(None) },
            Installed::Lapsed(Lapsed::Project),
        ),
    ] {
        assert_eq!(stored(permission).await, expected, "{permission:?}");
    }
    server.revoke(&server.key).await;
    assert_eq!(stored(permission(Some(server.key.id))).await, Installed::Lapsed(Lapsed::Principal));
    server.revoke_project().await;
    assert_eq!(stored(permission(None)).await, Installed::Lapsed(Lapsed::Project));
}

/// Connects Slack, and then another account of it. Returns the token of the question.
async fn question(server: &Server, simulator: &Simulator) -> String {
    simulator.switch(|switches| switches.account = 0);
    let at = ("slack", &Map::new());
    if server.integration("slack").await == Value::Null {
        connect(server, simulator, at, Decision::Allow).await.unwrap();
    }
    simulator.switch(|switches| switches.account = 1);
    match connect(server, simulator, at, Decision::Allow).await.unwrap() {
        InstallOutcome::Unconfirmed { pending, .. } => pending.expose().to_owned(),
        other => panic!("{other:?}"),
    }
}

/// How many installations in progress still have sealed what a step needs. In a finished one, it says how it ended.
async fn kept(server: &Server) -> i64 {
    let sql = "SELECT COUNT(*) FROM pending_installs WHERE length(sealed) > 0 AND status <> 'finished'";
    server.sql.count(sql, []).await
}

async fn a_question_that_is_decided_leaves_no_token(server: &Server, simulator: &Simulator) {
    let installer = &server.app.services.installer;
    let pending = question(server, simulator).await;
    assert_eq!(kept(server).await, 1, "the handshake's own state is used up");
    installer.abandon(&pending, Some(BROWSER), REQUEST).await.unwrap();
    assert_eq!(kept(server).await, 0);
    let pending = question(server, simulator).await;
    installer.confirm(&pending, Some(BROWSER), REQUEST).await.unwrap();
    assert_eq!(kept(server).await, 0);
}

async fn a_question_that_nobody_answers_leaves_no_token(server: &Server, simulator: &Simulator) {
    let installer = &server.app.services.installer;
    let late = question(server, simulator).await;
    server.clock.advance(Duration::minutes(10));
    let refused = installer.confirm(&late, Some(BROWSER), REQUEST).await.unwrap_err();
    assert!(matches!(refused.kind, ProblemKind::State(StateProblem::Expired)), "{refused:?}");
    assert_eq!(kept(server).await, 0);
    // If nobody comes at all, the job does it.
    question(server, simulator).await;
    use riq_server::environment::Clock as _;
    server.store.erase_expired_installs(server.clock.now()).await.unwrap();
    assert_eq!(kept(server).await, 1, "it has not expired yet");
    server.clock.advance(Duration::minutes(10));
    server.store.erase_expired_installs(server.clock.now()).await.unwrap();
    assert_eq!(kept(server).await, 0);
}

async fn a_question_ends_with_the_integration_or_the_permission(server: &Server, simulator: &Simulator) {
    let installer = &server.app.services.installer;
    for by_delete in [true, false] {
        let pending = question(server, simulator).await;
        if by_delete {
            server.delete("slack").await.data();
        } else {
            server.patch("slack", json!({"status": "disconnected"})).await.data();
        }
        assert_eq!(kept(server).await, 0);
        let refused = installer.confirm(&pending, Some(BROWSER), REQUEST).await.unwrap_err();
        assert!(matches!(refused.kind, ProblemKind::State(StateProblem::Used)), "{refused:?}");
        assert_eq!(server.integration("slack").await["status"], "disconnected");
        simulator.switch(|switches| switches.account = 0);
        connect(server, simulator, ("slack", &Map::new()), Decision::Allow).await.unwrap();
    }
    let pending = question(server, simulator).await;
    let key = who(server);
    end(server, &key, "revoked").await;
    assert_eq!(kept(server).await, 0);
    let refused = installer.confirm(&pending, Some(BROWSER), REQUEST).await.unwrap_err();
    assert!(matches!(refused.kind, ProblemKind::RightsGone), "{refused:?}");
}

async fn what_ends_before_a_question_is_asked_stores_no_token(server: &Server, simulator: &Simulator) {
    connect(server, simulator, ("slack", &Map::new()), Decision::Allow).await.unwrap();
    simulator.switch(|switches| switches.account = 1);
    let who = briefly(server).await;
    let before = server.sql.picture().await;
    let outcome = exchange(server, simulator, &who, "organization").await;
    assert_lapsed("organization", outcome);
    assert_eq!(kept(server).await, 0);
    let after = server.sql.picture().await;
    let others = |picture: Vec<Value>| -> Vec<Value> {
        let is_about_org = |row: &Value| row["action"] == "organization.revoked";
        picture.into_iter().filter(|row| !is_about_org(row)).collect()
    };
    assert_eq!(others(after), before);
}

/// The provider does not answer the probe, so nobody knows which account it is.
async fn an_account_that_cannot_be_read_is_asked_about(server: &Server, simulator: &Simulator) {
    let installer = &server.app.services.installer;
    let at = ("linear", &Map::new());
    connect(server, simulator, at, Decision::Allow).await.unwrap();
    let account = || async {
        let rows = server.sql.rows("SELECT account_id, account_name FROM integrations", []).await;
        (rows[0]["account_id"].clone(), rows[0]["account_name"].clone())
    };
    let known = account().await;
    assert_eq!(known.1, "Acme Engineering");
    for disconnects in [false, true] {
        simulator.switch(|switches| switches.break_calls = true);
        if disconnects {
            server.delete("linear").await.data();
        }
        let pending = match connect(server, simulator, at, Decision::Allow).await.unwrap() {
            InstallOutcome::Unconfirmed { pending, before, after, .. } => {
                assert_eq!((before.as_str(), after), ("Acme Engineering", None));
                pending
            }
            other => panic!("{other:?}"),
        };
        installer.confirm(pending.expose(), Some(BROWSER), REQUEST).await.unwrap();
        let integration = server.integration("linear").await;
        assert_eq!(
            (&integration["status"], &integration["health_status"]),
            (&json!("active"), &json!("degraded"))
        );
        // The last known account is kept, so another one is noticed later.
        assert_eq!(account().await, known);
        simulator.switch(|switches| switches.break_calls = false);
    }
    simulator.switch(|switches| switches.account = 1);
    let asked = connect(server, simulator, at, Decision::Allow).await.unwrap();
    assert!(matches!(asked, InstallOutcome::Unconfirmed { .. }), "{asked:?}");
    // Where the token's answer or the connection says the account, it is known without the probe.
    simulator.switch(|switches| switches.account = 0);
    for provider in ["slack", "shopify"] {
        let connection = simulator.connections(provider)[0].clone();
        for breaks in [false, true] {
            simulator.switch(|switches| switches.break_calls = breaks);
            let done = connect(server, simulator, (provider, &connection), Decision::Allow).await.unwrap();
            assert!(matches!(done, InstallOutcome::Installed { .. }), "{provider}: {done:?}");
        }
        simulator.switch(|switches| switches.break_calls = false);
    }
    assert_eq!(server.integration("shopify").await["display_name"], "Acme Goods");
}

/// Two people connect different accounts at once. When the second is stored, the first is connected.
async fn of_two_accounts_at_once_the_second_is_asked_about(server: &Server, simulator: &Simulator) {
    let installer = &server.app.services.installer;
    let linear = &server.app.services.catalog.account("linear").unwrap();
    let mut queries = Vec::new();
    for account in [0, 1] {
        simulator.switch(|switches| switches.account = account);
        let url = installer.begin(&who(server), linear, Map::new(), BROWSER).await.unwrap();
        let back = simulator.decide(url.as_str(), Decision::Allow).await;
        queries.push(back.query().unwrap().to_owned());
    }
    simulator.switch(|switches| switches.token = TokenSwitch::Hang);
    let patience = StdDuration::from_secs(20);
    let asked = |path: &str| simulator.requests().iter().filter(|request| request.path == path).count();
    let both_at_once = async {
        eventually("both ask for tokens", patience, async || asked("/oauth/token") == 2).await;
        let lock = server.database.lock_integrations().await;
        simulator.release();
        eventually("both are probed", patience, async || asked("/graphql") == 2).await;
        if server.database.url.starts_with("postgres") {
            eventually("both are to be stored", patience, async || server.sql.waiting().await == 2).await;
        }
        lock.release().await;
    };
    let (one, other, ()) = tokio::join!(
        come_back(server, &queries[0], Some(BROWSER)),
        come_back(server, &queries[1], Some(BROWSER)),
        both_at_once,
    );
    let connected = server.integration("linear").await["account"]["name"].clone();
    let (mut installed, mut questions) = (0, Vec::new());
    for outcome in [one.unwrap(), other.unwrap()] {
        match outcome {
            InstallOutcome::Installed { .. } => installed += 1,
            InstallOutcome::Unconfirmed { pending, before, after, .. } => {
                assert_eq!(
                    (json!(before), after.is_some_and(|after| after != before)),
                    (connected.clone(), true)
                );
                questions.push(pending);
            }
            asked @ InstallOutcome::Unchosen { .. } => panic!("{asked:?}"),
        }
    }
    assert_eq!((installed, questions.len()), (1, 1));
    let done = installer.confirm(questions[0].expose(), Some(BROWSER), REQUEST).await.unwrap();
    assert!(matches!(done, InstallOutcome::Installed { .. }), "{done:?}");
    assert_ne!(server.integration("linear").await["account"]["name"], connected);
}

/// Somebody answers for the account that they were shown, not for one that was connected in its place meanwhile.
async fn who_confirmed_one_replacement_is_asked_about_another(server: &Server, simulator: &Simulator) {
    let installer = &server.app.services.installer;
    let at = ("linear", &Map::new());
    connect(server, simulator, at, Decision::Allow).await.unwrap();
    let question = async || match connect(server, simulator, at, Decision::Allow).await.unwrap() {
        InstallOutcome::Unconfirmed { pending, before, .. } => (pending, before),
        other => panic!("{other:?}"),
    };
    simulator.switch(|switches| switches.break_calls = true);
    let (of_nobody_knows_whom, first) = question().await;
    simulator.switch(|switches| (switches.break_calls, switches.account) = (false, 1));
    let (of_the_other, _) = question().await;
    installer.confirm(of_the_other.expose(), Some(BROWSER), REQUEST).await.unwrap();
    let confirm = async |pending: &str| installer.confirm(pending, Some(BROWSER), REQUEST).await.unwrap();
    let InstallOutcome::Unconfirmed { pending, before, after, .. } =
        confirm(of_nobody_knows_whom.expose()).await
    else {
        panic!("the account that is connected now was not asked about");
    };
    let connected = server.integration("linear").await["account"]["name"].clone();
    assert_eq!((json!(before), after), (connected, None));
    assert_ne!(before, first);
    let done = confirm(pending.expose()).await;
    assert!(matches!(done, InstallOutcome::Installed { .. }), "{done:?}");
    assert_eq!(kept(server).await, 0);
}

/// A new credential takes the place of the old one, whether or not what is stored can be opened.
async fn what_cannot_be_opened_is_connected_over(server: &Server, simulator: &Simulator) {
    let secret = json!({"settings": {"signing_secret": "SECRET-signing"}});
    let at = ("slack", &Map::new());
    connect(server, simulator, at, Decision::Allow).await.unwrap();
    server.patch("slack", secret).await.data();
    let sealed = "SELECT sealed_settings FROM integrations WHERE provider = 'slack'";
    let good = server.sql.bytes(sealed, []).await.unwrap();
    connect(server, simulator, at, Decision::Allow).await.unwrap();
    assert_eq!(server.sql.bytes(sealed, []).await, Some(good), "they are kept as they are sealed");
    for spoil in ["UPDATE integrations SET sealed_settings = $1", "UPDATE credentials SET sealed = $1"] {
        server.sql.execute(spoil, [b"nonsense".to_vec().into()]).await;
    }
    connect(server, simulator, at, Decision::Allow).await.unwrap();
    assert_eq!(server.integration("slack").await["health_status"], "healthy");
    assert_eq!(server.sql.bytes(sealed, []).await, Some(b"nonsense".to_vec()));
    server.call("POST", &server.at("/slack/check")).send().await.data();
    assert_eq!(server.integration("slack").await["health_status"], "healthy");

    // Secret settings move to another connection, to which they are bound anew; if they cannot be opened, they go.
    let connections = simulator.connections("zendesk");
    let (one, other) = (connections[0].clone(), connections.last().unwrap().clone());
    assert_ne!(one, other);
    let confirmed = async |connection: &Map<String, Value>| {
        let at = ("zendesk", connection);
        match connect(server, simulator, at, Decision::Allow).await.unwrap() {
            InstallOutcome::Unconfirmed { pending, .. } => {
                let installer = &server.app.services.installer;
                installer.confirm(pending.expose(), Some(BROWSER), REQUEST).await.unwrap();
            }
            InstallOutcome::Installed { .. } => {}
            asked @ InstallOutcome::Unchosen { .. } => panic!("{asked:?}"),
        }
    };
    confirmed(&one).await;
    let zendesk = server.app.services.catalog.get("zendesk").unwrap();
    let properties = zendesk.settings.as_value()["properties"].as_object().unwrap();
    let (name, _) = properties.iter().find(|(_, schema)| schema["writeOnly"] == true).unwrap();
    let secret = json!({name: "SECRET-of-zendesk"});
    server.patch("zendesk", json!({"settings": secret})).await.data();
    confirmed(&other).await;
    let opened = server
        .open_secret(riq_server::store::Sealed::Settings, "zendesk", crate::support::server::ENCRYPTION_KEYS)
        .await;
    assert_eq!(opened, Some(secret));
    let spoil = "UPDATE integrations SET sealed_settings = $1 WHERE provider = 'zendesk'";
    server.sql.execute(spoil, [b"nonsense".to_vec().into()]).await;
    server.clock.advance(Duration::seconds(1));
    confirmed(&one).await;
    assert_eq!(server.integration("zendesk").await["status"], "active");
    let sealed = "SELECT sealed_settings FROM integrations WHERE provider = 'zendesk'";
    assert_eq!(server.sql.bytes(sealed, []).await, None);
    let event = server.audit("zendesk").await.pop().unwrap();
    let removed = json!({"path": "secret_settings", "from": "[redacted]", "to": null});
    assert!(event["changes"].as_array().unwrap().contains(&removed), "{event}");
}
