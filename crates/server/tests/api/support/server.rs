//! The server in this process. Its parts are connected as in the program, but its clock is set by hand.

use std::{collections::HashMap, net::SocketAddr, sync::Arc, time::Duration};

use integrations_core::{
    api_key::{ApiKey, KeyHash},
    audit::{Actor, AuditAction},
    catalog::{Catalog, ProviderRef},
    ids::{ApiKeyId, IntegrationId, OrganizationId, ProjectId, UserId},
    principal::Principal,
    rights::{Reach, Rights},
    role::Role,
    tier::Tier,
};
use reqwest::Method;
use riq_server::{
    app::wiring::{App, Foundation},
    edge::{self, settings::HttpSettings},
    environment::Environment,
    jobs::StreamSettings,
    monitor::MonitorSettings,
    provider::{
        oauth_apps::OAuthApp,
        outbound::{Outbound, OutboundSettings},
    },
    services::install::import::{ImportError, Importer},
    shutdown::{self, Stopper},
    store::{
        Beginning, NewApiKey, NewAuditEvent, NewDashboardSession, NewProjectRow, PersonRef, Sealed,
        SealedRow, Store,
    },
    token::Token,
    vault::Vault,
};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use time::OffsetDateTime;
use tokio::{net::TcpListener, task::JoinHandle};

use super::{
    Answer, TestDatabase, catalog::of_the_contract, clock::SettableClock, database::Sql,
    described::assert_described, hidden, template,
};

/// The keys that seal the tests' credentials.
pub(crate) const ENCRYPTION_KEYS: &str = "test:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// How long what is under way may go on when the server stops.
const DRAIN: Duration = Duration::from_secs(5);

/// A key that a test may present.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub(crate) id: ApiKeyId,
    pub(crate) text: String,
}

/// The settings and parts of a server, except its database.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) outbound: OutboundSettings,
    /// An OAuth app for every provider that needs one, except GitHub.
    pub(crate) oauth_apps: HashMap<String, OAuthApp>,
    /// The server monitors nothing by itself, so only what the test does happens.
    pub(crate) monitor: MonitorSettings,
    /// Where the audit log is streamed.
    pub(crate) audit_stream: Option<StreamSettings>,
}

impl Default for Plan {
    fn default() -> Self {
        let catalog = of_the_contract();
        let mut oauth_apps = oauth_apps(&catalog);
        oauth_apps.remove("github");
        Self {
            catalog,
            outbound: OutboundSettings::default(),
            oauth_apps,
            monitor: idle(),
            audit_stream: None,
        }
    }
}

/// A monitor that checks only on request.
fn idle() -> MonitorSettings {
    MonitorSettings { in_flight: 0, ..MonitorSettings::default() }
}

/// An OAuth app for every provider of a catalog that needs one.
pub(crate) fn oauth_apps(catalog: &Catalog) -> HashMap<String, OAuthApp> {
    let providers = catalog.by_app();
    providers
        .map(|provider| {
            let key = provider.key.as_str();
            let client_secret = format!("SECRET-client-secret-of-{key}");
            (key.to_owned(), OAuthApp::new(format!("{key}-client"), client_secret))
        })
        .collect()
}

/// A running server with one organization, one project and one key with all scopes.
pub(crate) struct Server {
    pub(crate) database: Arc<TestDatabase>,
    pub(crate) sql: Sql,
    pub(crate) store: Store,
    pub(crate) clock: Arc<SettableClock>,
    pub(crate) address: SocketAddr,
    pub(crate) organization: OrganizationId,
    pub(crate) project: ProjectId,
    pub(crate) key: Key,
    /// The services of the server's handlers.
    pub(crate) app: App,
    plan: Plan,
    environment: Environment,
    client: reqwest::Client,
    stopper: Stopper,
    tasks: Vec<JoinHandle<()>>,
}

impl Server {
    /// Starts a server on an empty database.
    pub(crate) async fn start(database: TestDatabase) -> Self {
        Self::start_with(database, Plan::default(), |_| {}).await
    }

    /// Starts a server on an empty database, with these parts and settings.
    pub(crate) async fn start_with(
        database: TestDatabase,
        plan: Plan,
        set: impl FnOnce(&mut HttpSettings),
    ) -> Self {
        template::fill(&database).await;
        let store = Store::connect(&database.url.parse().unwrap(), 8).await.unwrap();
        let clock = Arc::new(SettableClock::default());
        let environment = Environment::system().with_clock(Arc::clone(&clock) as _);
        store.migrate(&environment).await.unwrap();
        let (organization, project) = found(&store, &environment, None).await;
        let maker = (&store, &environment);
        let key = issue(maker, organization, &["admin"], Tier::Enterprise, None, None).await;
        let tenancy = (organization, project, key);
        Self::serve(Arc::new(database), store, clock, tenancy, plan, set).await
    }

    /// How many requests this server counted itself although it has a Redis.
    pub(crate) fn fallbacks(&self) -> u64 {
        self.metric("riq_rate_limit_fallbacks_total")
    }

    /// Whether its limits hold across replicas at this moment.
    pub(crate) fn shares_limits(&self) -> bool {
        self.metric("riq_rate_limiter_shared") == 1
    }

    /// What a metric without labels says.
    fn metric(&self, name: &str) -> u64 {
        let text = self.app.metrics.render(&[]).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap().parse().unwrap()
    }

    /// Starts another server on the same database, with other settings.
    pub(crate) async fn replica(&self, set: impl FnOnce(&mut HttpSettings)) -> Self {
        let store = Store::connect(&self.database.url.parse().unwrap(), 8).await.unwrap();
        let tenancy = (self.organization, self.project, self.key.clone());
        let (database, clock) = (Arc::clone(&self.database), Arc::clone(&self.clock));
        Self::serve(database, store, clock, tenancy, self.plan.clone(), set).await
    }

    /// Starts another server on the same database, with another catalog.
    pub(crate) async fn with_catalog(&self, catalog: Catalog) -> Self {
        let store = Store::connect(&self.database.url.parse().unwrap(), 8).await.unwrap();
        let tenancy = (self.organization, self.project, self.key.clone());
        let (database, clock) = (Arc::clone(&self.database), Arc::clone(&self.clock));
        let plan = Plan { catalog: Arc::new(catalog), ..self.plan.clone() };
        Self::serve(database, store, clock, tenancy, plan, |_| {}).await
    }

    /// Starts another server on the same database, which monitors integrations.
    pub(crate) async fn worker(&self, monitor: MonitorSettings) -> Self {
        let store = Store::connect(&self.database.url.parse().unwrap(), 8).await.unwrap();
        let tenancy = (self.organization, self.project, self.key.clone());
        let (database, clock) = (Arc::clone(&self.database), Arc::clone(&self.clock));
        let plan = Plan { monitor, ..self.plan.clone() };
        Self::serve(database, store, clock, tenancy, plan, |_| {}).await
    }

    async fn serve(
        database: Arc<TestDatabase>,
        store: Store,
        clock: Arc<SettableClock>,
        (organization, project, key): (OrganizationId, ProjectId, Key),
        plan: Plan,
        set: impl FnOnce(&mut HttpSettings),
    ) -> Self {
        hidden::listen();
        let environment = Environment::system().with_clock(Arc::clone(&clock) as _);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut settings = HttpSettings::at(address);
        set(&mut settings);
        let foundation = Foundation {
            store: store.clone(),
            vault: vault(&environment),
            catalog: Arc::clone(&plan.catalog),
            environment: environment.clone(),
            outbound: Outbound::new(plan.outbound.clone()).unwrap(),
            oauth_apps: plan.oauth_apps.clone(),
            monitor: plan.monitor.clone(),
            webhook_retention: Duration::from_secs(30 * 24 * 60 * 60),
            provider_event_retention: Duration::from_secs(7 * 24 * 60 * 60),
            run_retention: None,
            audit_stream: plan.audit_stream.clone(),
        };
        let app = App::new(foundation, settings).unwrap();
        app.services.oauth_apps.refresh().await.unwrap();
        let (stopper, stop) = shutdown::channel();
        let (jobs_of, stop_jobs) = (app.clone(), stop.clone());
        let working = tokio::spawn(async move { jobs_of.run_jobs(stop_jobs).await });
        let answering = app.edge(app.routes());
        let serving = tokio::spawn(edge::serve::serve(listener, answering, stop, DRAIN));
        let sql = database.open().await;
        Self {
            database,
            sql,
            store,
            clock,
            address,
            organization,
            project,
            key,
            app,
            plan,
            environment,
            client: client(),
            stopper,
            tasks: vec![working, serving],
        }
    }

    /// Stops the server, waits for its end, and checks that it leaked no secret and stored no time that does not sort.
    pub(crate) async fn stop(self) {
        self.stopper.stop();
        drop(self.client);
        for task in self.tasks {
            task.await.unwrap();
        }
        self.app.finish_what_began(DRAIN).await;
        self.store.close().await;
        hidden::assert_kept(&self.database, &self.sql).await;
        assert_eq!(self.sql.times_that_do_not_sort().await, [""; 0]);
    }

    /// Another organization with a project and a key with all scopes.
    pub(crate) async fn other_organization(&self) -> (OrganizationId, ProjectId, Key) {
        let (organization, project) = found(&self.store, &self.environment, None).await;
        let maker = (&self.store, &self.environment);
        let key = issue(maker, organization, &["admin"], Tier::Enterprise, None, None).await;
        (organization, project, key)
    }

    /// Another project of the server's organization.
    pub(crate) async fn other_project(&self) -> ProjectId {
        found(&self.store, &self.environment, Some(self.organization)).await.1
    }

    /// A key of the server's organization with these scopes.
    pub(crate) async fn key_for(&self, scopes: &[&str]) -> Key {
        self.key_with(scopes, Tier::Enterprise, None).await
    }

    /// A key of the server's organization.
    pub(crate) async fn key_with(
        &self,
        scopes: &[&str],
        tier: Tier,
        expires_at: Option<OffsetDateTime>,
    ) -> Key {
        let maker = (&self.store, &self.environment);
        issue(maker, self.organization, scopes, tier, expires_at, None).await
    }

    /// A person who has a role in the server's organization, set by the operator. Each role has one person.
    pub(crate) async fn person(&self, role: Role) -> UserId {
        let who =
            PersonRef::Subject { issuer: "https://id.example".into(), subject: role.as_str().to_owned() };
        let event = event(&self.environment, self.organization, None, AuditAction::UserRoleSet);
        self.store.set_role(&who, self.environment.id(), Some(role), event).await.unwrap().user
    }

    /// The token of a new session of a person, on the server's organization.
    pub(crate) async fn session_of(&self, user: UserId) -> String {
        let (token, at) = (Token::generate(&self.environment), self.environment.now());
        let session = NewDashboardSession {
            id: self.environment.id(),
            token: token.hash(),
            organization: self.organization,
            principal: Principal::User(user),
            provider_session: None,
            authenticated_at: Some(at),
            at,
            expires_at: at + time::Duration::hours(12),
        };
        self.store.create_dashboard_session(session).await.unwrap();
        token.expose().to_owned()
    }

    /// A key of the server's organization with these scopes that acts for a person.
    pub(crate) async fn key_of(&self, user: UserId, scopes: &[&str]) -> Key {
        let maker = (&self.store, &self.environment);
        issue(maker, self.organization, scopes, Tier::Enterprise, None, Some(user)).await
    }

    /// Revokes a key in the database, as another process would.
    pub(crate) async fn revoke(&self, key: &Key) {
        let event = event(&self.environment, self.organization, None, AuditAction::ApiKeyRevoked);
        assert!(self.store.revoke_api_key(key.id, event).await.unwrap());
    }

    /// Gives a key another tier in the database, as another process would.
    pub(crate) async fn set_tier(&self, key: &Key, tier: Tier) {
        let event = event(&self.environment, self.organization, None, AuditAction::ApiKeyTierChanged);
        assert!(self.store.set_api_key_tier(key.id, tier, event).await.unwrap());
    }

    /// Revokes the server's project, as another process would.
    pub(crate) async fn revoke_project(&self) {
        let event =
            event(&self.environment, self.organization, Some(self.project), AuditAction::ProjectRevoked);
        assert!(self.store.revoke_project(self.project, event).await.unwrap());
    }

    /// Installs a provider in the server's project.
    pub(crate) async fn install(&self, provider: &str) {
        self.import(self.project, &installation(provider).to_string()).await;
    }

    /// Imports JSON lines, which must succeed.
    pub(crate) async fn import(&self, project: ProjectId, lines: &str) {
        self.importer().import(project, lines).await.unwrap();
    }

    /// Installs a provider in the server's project, if it can be.
    pub(crate) async fn try_install(&self, provider: &str) -> Result<Vec<String>, ImportError> {
        self.try_import(&installation(provider).to_string()).await
    }

    /// Imports JSON lines into the server's project, if they can be.
    pub(crate) async fn try_import(&self, lines: &str) -> Result<Vec<String>, ImportError> {
        self.importer().import(self.project, lines).await
    }

    fn importer(&self) -> Importer {
        let (catalog, environment) = (Arc::clone(&self.plan.catalog), self.environment.clone());
        Importer::new(self.store.clone(), catalog, vault(&environment), environment)
    }

    /// An event about one of the project's integrations.
    pub(crate) fn event(&self, integration: IntegrationId, provider: &str) -> NewAuditEvent {
        let action = AuditAction::IntegrationLifecycleUpdated;
        let event = event(&self.environment, self.organization, Some(self.project), action);
        NewAuditEvent { integration: Some((integration, provider.to_owned())), ..event }
    }

    /// The event of a change of roles by this actor.
    pub(crate) fn role_event(&self, actor: Actor) -> NewAuditEvent {
        let event = event(&self.environment, self.organization, None, AuditAction::UserRoleSet);
        NewAuditEvent { actor, ..event }
    }

    /// A request target below the project's integrations.
    pub(crate) fn at(&self, rest: &str) -> String {
        format!("/api/v1/projects/{}/integrations{rest}", self.project)
    }

    /// A request with the server's key.
    pub(crate) fn call(&self, method: &str, target: &str) -> Call {
        self.call_as(&self.key.text, method, target)
    }

    /// A request with this key.
    pub(crate) fn call_as(&self, key: &str, method: &str, target: &str) -> Call {
        self.call_without_key(method, target).header("x-api-key", key)
    }

    /// A client for requests that are none of the API.
    pub(crate) fn client(&self) -> &reqwest::Client {
        &self.client
    }

    /// A request without any key.
    pub(crate) fn call_without_key(&self, method: &str, target: &str) -> Call {
        let url = format!("http://{}{target}", self.address);
        Call(self.client.request(method.parse::<Method>().unwrap(), url))
    }

    pub(crate) async fn get(&self, rest: &str) -> Answer {
        self.call("GET", &self.at(rest)).send().await
    }

    /// A lifecycle PATCH.
    pub(crate) async fn patch(&self, provider: &str, update: Value) -> Answer {
        self.call("PATCH", &self.at(&format!("/{provider}/lifecycle"))).json(&update).send().await
    }

    pub(crate) async fn delete(&self, provider: &str) -> Answer {
        self.call("DELETE", &self.at(&format!("/{provider}"))).send().await
    }

    /// Checks an integration.
    pub(crate) async fn check(&self, provider: &str) -> Answer {
        self.call("POST", &self.at(&format!("/{provider}/check"))).send().await
    }

    /// One of the project's integrations, from the list.
    pub(crate) async fn integration(&self, provider: &str) -> Value {
        let list = self.get("").await;
        let list = list.data().as_array().unwrap();
        list.iter().find(|one| one["provider"] == provider).unwrap_or(&Value::Null).clone()
    }

    /// A secret of a provider's integration, opened with these keys. `None` if none is stored.
    pub(crate) async fn open_secret(&self, kind: Sealed, provider: &str, keys: &str) -> Option<Value> {
        let id = self.integration(provider).await["id"].as_str().unwrap().to_owned();
        let row = self.sealed(kind).await.into_iter().find(|row| row.id() == id)?;
        let opened = vault_of(keys, &self.environment).open(row.sealed(), (&row).into()).unwrap();
        Some(serde_json::from_slice(opened.expose_secret()).unwrap())
    }

    /// Every stored secret of a kind.
    pub(crate) async fn sealed(&self, kind: Sealed) -> Vec<SealedRow> {
        self.store.sealed(kind, Beginning::Otherwise(&[0xff]), "", 1_000).await.unwrap()
    }

    /// The recorded actions and changes of a provider's integration, oldest first.
    pub(crate) async fn audit(&self, provider: &str) -> Vec<Value> {
        let sql = "SELECT * FROM audit_events WHERE provider = $1 ORDER BY created_at, id";
        let mut rows = self.sql.rows(sql, [provider.into()]).await;
        for row in &mut rows {
            row["changes"] = serde_json::from_str(row["changes"].as_str().unwrap()).unwrap();
        }
        rows
    }
}

/// A request that is not sent yet.
pub(crate) struct Call(reqwest::RequestBuilder);

impl Call {
    pub(crate) fn header(self, name: &str, value: &str) -> Self {
        Self(self.0.header(name, value))
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.body("application/json", body.to_string())
    }

    pub(crate) fn body(self, content_type: &str, body: impl Into<reqwest::Body>) -> Self {
        Self(self.0.header("content-type", content_type).body(body))
    }

    pub(crate) fn untyped_body(self, body: impl Into<reqwest::Body>) -> Self {
        Self(self.0.body(body))
    }

    /// Sends the request, and checks the rules for every answer.
    pub(crate) async fn send(self) -> Answer {
        let (client, request) = self.0.build_split();
        let request = request.unwrap();
        let (method, target) = (request.method().clone(), request.url().path().to_owned());
        let answer = Answer::read(client.execute(request).await.unwrap()).await;
        assert_described(method.as_str(), &target, &answer);
        answer
    }
}

pub(crate) fn client() -> reqwest::Client {
    client_builder().build().unwrap()
}

pub(crate) fn client_builder() -> reqwest::ClientBuilder {
    // No test uses TLS, but the client needs a TLS provider.
    rustls::crypto::ring::default_provider().install_default().unwrap_or_default();
    reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(60))
}

/// The line that installs a provider, with a credential that is easy to search for.
pub(crate) fn installation(provider: &str) -> Value {
    match ProviderRef::parts(provider).0 {
        "slack" | "github" | "linear" => json!({
            "provider": provider,
            "credential": {"access_token": format!("SECRET-token-of-{provider}"), "refresh_token": null, "expires_at": null},
        }),
        "shopify" => json!({
            "provider": provider, "connection": {"subdomain": "acme"},
            "credential": {"access_token": "SECRET-token-of-shopify", "refresh_token": null, "expires_at": null},
        }),
        "postmark" => json!({"provider": provider, "credential": {"api_key": "SECRET-key-of-postmark"}}),
        "stripe" => json!({"provider": provider, "credential": {"api_key": "rk_live_SECRETkeyofstripe"}}),
        other => panic!("no test knows how to install {other}"),
    }
}

fn vault(environment: &Environment) -> Arc<Vault> {
    Arc::new(vault_of(ENCRYPTION_KEYS, environment))
}

fn vault_of(keys: &str, environment: &Environment) -> Vault {
    Vault::new(keys.parse().unwrap(), environment.clone())
}

fn event(
    environment: &Environment,
    organization: OrganizationId,
    project: Option<ProjectId>,
    action: AuditAction,
) -> NewAuditEvent {
    NewAuditEvent {
        id: environment.id(),
        organization,
        project,
        integration: None,
        action,
        actor: Actor::Operator,
        request_id: None,
        changes: Vec::new(),
        at: environment.now(),
    }
}

/// Makes a project, in this organization or a new one.
async fn found(
    store: &Store,
    environment: &Environment,
    organization: Option<OrganizationId>,
) -> (OrganizationId, ProjectId) {
    let id = organization.unwrap_or_else(|| environment.id());
    if organization.is_none() {
        let created = event(environment, id, None, AuditAction::OrganizationCreated);
        store.create_organization(id, "Acme", created).await.unwrap();
    }
    let project = environment.id();
    let created = event(environment, id, Some(project), AuditAction::ProjectCreated);
    let row = NewProjectRow {
        id: project,
        name: "Support".into(),
        slug: project.to_string().replace('_', "-"),
        domain: None,
    };
    store.create_project(row, created, |_| Ok(None)).await.unwrap();
    (id, project)
}

pub(crate) async fn issue(
    (store, environment): (&Store, &Environment),
    organization: OrganizationId,
    scopes: &[&str],
    tier: Tier,
    expires_at: Option<OffsetDateTime>,
    user: Option<UserId>,
) -> Key {
    let (key, id): (ApiKey, ApiKeyId) = (ApiKey::from_entropy(environment.bytes()), environment.id());
    let new = NewApiKey {
        id,
        name: "A test's".into(),
        hint: key.hint().to_owned(),
        hash: KeyHash::of(&key),
        rights: Rights {
            scopes: scopes.iter().map(|scope| scope.parse().unwrap()).collect(),
            reach: Reach::Organization,
        },
        tier,
        expires_at,
        user,
    };
    store
        .create_api_key(new, event(environment, organization, None, AuditAction::ApiKeyCreated), |_| Ok(None))
        .await
        .unwrap();
    Key { id, text: key.expose().to_owned() }
}

/// A well-formed key that does not exist.
pub(crate) fn unknown_key() -> String {
    ApiKey::from_entropy(Environment::system().bytes()).expose().to_owned()
}
