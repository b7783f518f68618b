//! Fills databases for the measurements. The rows are the same in each run, and the database generates them itself.

use anyhow::{Context, Result};
use integrations_core::api_key::ApiKey;
use integrations_core::catalog::{Catalog, SetupType};
use integrations_core::ids::ApiKeyId;
use sha2::{Digest as _, Sha256};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection};

/// The providers that every project has installed.
pub(crate) const INSTALLED: [&str; 6] = ["github", "linear", "postmark", "shopify", "slack", "stripe"];

const ORGANIZATIONS: usize = 100;
const KEYS_OF_EACH: usize = 4;
/// How many unknown keys there are. A client that has an unknown key keeps sending it.
const UNKNOWN_KEYS: usize = 1_000;
const AUDIT_EVENTS_OF_EACH_PROJECT: usize = 10;

/// The contents of a database.
pub(crate) struct Data {
    /// How many projects.
    pub(crate) projects: usize,
    /// Each organization's keys, with the scopes for integrations, their use and the audit log.
    pub(crate) keys: Vec<Vec<String>>,
    /// Keys that may not read integrations, one for each organization.
    pub(crate) keys_without_scope: Vec<String>,
    /// Keys of the right form that are not in the database.
    pub(crate) unknown_keys: Vec<String>,
}

impl Data {
    /// The given number of projects, and keys. The keys are generated here and valid only for this database.
    pub(crate) fn new(projects: usize) -> Self {
        let mut number = 0_u32;
        let mut key = || {
            number += 1;
            ApiKey::from_entropy(Sha256::digest(number.to_be_bytes()).into()).expose().to_owned()
        };
        Self {
            projects,
            keys: (0..ORGANIZATIONS).map(|_| (0..KEYS_OF_EACH).map(|_| key()).collect()).collect(),
            keys_without_scope: (0..ORGANIZATIONS).map(|_| key()).collect(),
            unknown_keys: (0..UNKNOWN_KEYS).map(|_| key()).collect(),
        }
    }

    /// One project, whose organization has all keys.
    pub(crate) fn of_one_project() -> Self {
        let data = Self::new(1);
        Self { keys: vec![data.keys.concat()], keys_without_scope: Vec::new(), ..data }
    }
}

/// The id of a project by its number. Decimal digits are also digits of base 32.
pub(crate) fn project_id(number: usize) -> String {
    format!("prj_{number:026}")
}

/// The organization of a project.
pub(crate) fn organization_of(project: usize) -> usize {
    project % ORGANIZATIONS
}

/// The provider of one of a project's integrations, by its index.
pub(crate) fn integration_provider(place: usize) -> &'static str {
    INSTALLED[place % INSTALLED.len()]
}

/// What a project has installed.
pub(crate) struct Installed {
    /// The provider, with the alias of a further account behind it.
    name: String,
    setup_type: SetupType,
}

impl Installed {
    fn new(catalog: &Catalog, key: &str, alias: Option<&str>) -> Result<Self> {
        let provider = catalog.get(key).with_context(|| format!("the catalog has no {key}"))?;
        let name = alias.map_or_else(|| key.to_owned(), |alias| format!("{key}~{alias}"));
        Ok(Self { name, setup_type: provider.setup_type() })
    }
}

/// Twelve providers.
///
/// # Errors
/// When the catalog does not load.
pub(crate) fn twelve_providers() -> Result<Vec<Installed>> {
    let catalog = catalog()?;
    catalog.iter().take(12).map(|provider| Installed::new(&catalog, provider.key.as_str(), None)).collect()
}

/// Twelve accounts of one provider.
///
/// # Errors
/// When the catalog does not load.
pub(crate) fn twelve_accounts() -> Result<Vec<Installed>> {
    let (catalog, aliases) = (catalog()?, (1..12).map(|number| format!("account-{number}")));
    std::iter::once(None)
        .chain(aliases.map(Some))
        .map(|alias| Installed::new(&catalog, INSTALLED[0], alias.as_deref()))
        .collect()
}

/// The database whose SQL to write.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Dialect {
    Postgres,
    Sqlite,
}

impl Dialect {
    /// An id made of a prefix and an expression for a number.
    fn id(self, prefix: &str, number: &str) -> String {
        match self {
            Self::Postgres => format!("'{prefix}_' || lpad(({number})::text, 26, '0')"),
            Self::Sqlite => format!("printf('{prefix}_%026d', {number})"),
        }
    }

    /// The beginning of a statement: a table `numbers` with the column `n` from 0 to `count - 1`.
    fn numbers(self, count: usize) -> String {
        match self {
            Self::Postgres => format!("WITH numbers AS (SELECT n FROM generate_series(0, {count} - 1) n) "),
            Self::Sqlite => format!(
                "WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < {count}) "
            ),
        }
    }
}

/// The time at which everything was created, in the format of both databases.
pub(crate) const CREATED: &str = "'2026-03-01T10:00:00Z'";
const SYNCED: &str = "'2026-05-17T17:55:00Z'";
const SETTINGS: &str = r#"'{"default_channel":"C0123456789","notify_on_assign":true}'"#;

/// The statements that insert organizations and projects.
fn tenants(dialect: Dialect, projects: usize) -> [String; 2] {
    [
        format!(
            "{} INSERT INTO organizations (id, name, created_at) SELECT {}, 'Organization ' || n, {CREATED} FROM numbers",
            dialect.numbers(ORGANIZATIONS),
            dialect.id("org", "n"),
        ),
        format!(
            "{} INSERT INTO projects (id, organization_id, name, created_at) \
             SELECT {}, {}, 'Project ' || n, {CREATED} FROM numbers",
            dialect.numbers(projects),
            dialect.id("prj", "n"),
            dialect.id("org", &format!("n % {ORGANIZATIONS}")),
        ),
    ]
}

/// The statements that insert the same integrations into each project.
fn integrations(dialect: Dialect, projects: usize, installed: &[Installed]) -> Vec<String> {
    let project = dialect.id("prj", "n");
    let statement = |(place, Installed { name, setup_type }): (usize, &Installed)| {
        let id = dialect.id("int", &format!("n * {} + {place}", installed.len()));
        format!(
            "{} INSERT INTO integrations (id, project_id, provider, setup_type, status, health_status, display_name, \
             sidebar_enabled, last_synced_at, settings, action_permissions, connection, version, created_at, updated_at) \
             SELECT {id}, {project}, '{name}', '{}', 'active', 'healthy', 'Acme ' || n, true, {SYNCED}, {SETTINGS}, \
             '{{}}', '{{}}', 1, {CREATED}, {CREATED} FROM numbers",
            dialect.numbers(projects),
            setup_type.as_str(),
        )
    };
    installed.iter().enumerate().map(statement).collect()
}

/// The statements that fill the tables.
fn statements(dialect: Dialect, projects: usize) -> Result<Vec<String>> {
    let catalog = catalog()?;
    let installed = INSTALLED.iter().map(|key| Installed::new(&catalog, key, None));
    let mut statements = Vec::from(tenants(dialect, projects));
    statements.extend(integrations(dialect, projects, &installed.collect::<Result<Vec<_>>>()?));
    statements.push(format!(
        "{} INSERT INTO audit_events (id, organization_id, project_id, integration_id, provider, action, actor_kind, \
         actor_key_id, request_id, changes, created_at) \
         SELECT {}, {}, {}, {}, '{}', 'integration.lifecycle.updated', 'api_key', {}, 'req_' || n, \
         '[{{\"path\":\"sidebar_enabled\",\"from\":false,\"to\":true}}]', {CREATED} FROM numbers",
        dialect.numbers(projects * AUDIT_EVENTS_OF_EACH_PROJECT),
        dialect.id("aud", "n"),
        dialect.id("org", &format!("(n % {projects}) % {ORGANIZATIONS}")),
        dialect.id("prj", &format!("n % {projects}")),
        dialect.id("int", &format!("(n % {projects}) * {}", INSTALLED.len())),
        INSTALLED[0],
        dialect.id("key", "0"),
    ));
    Ok(statements)
}

const INSERT_KEY: &str = "INSERT INTO api_keys (id, organization_id, name, hint, hash, scopes, tier, created_at) \
                          VALUES ($1, $2, 'bench', $3, $4, $5, 'enterprise', ";

/// The scopes of the keys.
const SCOPES: &str = "integrations:write,audit:read,actions:write,proxy:write,webhooks:write";

/// A row of `api_keys`: id, organization, hint, hash and scopes.
type KeyRow = (String, String, String, Vec<u8>, &'static str);

fn key_rows(data: &Data) -> Vec<KeyRow> {
    let with_scope = data
        .keys
        .iter()
        .enumerate()
        .flat_map(|(organization, keys)| keys.iter().map(move |key| (organization, key, SCOPES)));
    let without = data
        .keys_without_scope
        .iter()
        .enumerate()
        .map(|(organization, key)| (organization, key, "approvals:read"));
    with_scope
        .chain(without)
        .enumerate()
        .map(|(number, (organization, key, scopes))| {
            let id = ApiKeyId::from_bits(number as u128).to_string();
            let organization = organization_id(organization);
            (id, organization, key[..8].to_owned(), Sha256::digest(key.as_bytes()).to_vec(), scopes)
        })
        .collect()
}

/// The id of an organization by its number.
pub(crate) fn organization_id(number: usize) -> String {
    format!("org_{number:026}")
}

/// Fills a migrated PostgreSQL database and updates its statistics.
///
/// # Errors
/// When a statement fails.
pub(crate) fn postgres(url: &str, data: &Data) -> Result<()> {
    fill_postgres(url, data, statements(Dialect::Postgres, data.projects)?)
}

/// Inserts only organizations, projects and keys into a migrated PostgreSQL database.
///
/// # Errors
/// When a statement fails.
pub(crate) fn postgres_tenants(url: &str, data: &Data) -> Result<()> {
    fill_postgres(url, data, tenants(Dialect::Postgres, data.projects).into())
}

/// Inserts organizations, projects and keys into a migrated PostgreSQL database, and the same integrations into each
/// project.
///
/// # Errors
/// When a statement fails.
pub(crate) fn postgres_installed(url: &str, data: &Data, installed: &[Installed]) -> Result<()> {
    let mut statements = Vec::from(tenants(Dialect::Postgres, data.projects));
    statements.extend(integrations(Dialect::Postgres, data.projects, installed));
    fill_postgres(url, data, statements)
}

fn fill_postgres(url: &str, data: &Data, statements: Vec<String>) -> Result<()> {
    let insert_key = format!("{INSERT_KEY} {CREATED}::timestamptz)");
    block_on(async {
        let mut connection = PgConnection::connect(url).await?;
        for statement in statements {
            // PostgreSQL infers the types of literals from the columns only in a plain INSERT … SELECT of literals.
            let statement = statement.replace(CREATED, &format!("{CREATED}::timestamptz"));
            let statement = statement.replace(SYNCED, &format!("{SYNCED}::timestamptz"));
            sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await?;
        }
        for (id, organization, hint, hash, scopes) in key_rows(data) {
            let query = sqlx::query(AssertSqlSafe(insert_key.clone()));
            query
                .bind(id)
                .bind(organization)
                .bind(hint)
                .bind(hash)
                .bind(scopes)
                .execute(&mut connection)
                .await?;
        }
        for statement in ["VACUUM (ANALYZE)", "CHECKPOINT"] {
            sqlx::raw_sql(statement).execute(&mut connection).await?;
        }
        connection.close().await
    })
    .context("cannot fill the PostgreSQL database")
}

/// Fills a migrated SQLite database and updates its statistics.
///
/// # Errors
/// When a statement fails.
pub(crate) fn sqlite(file: &std::path::Path, data: &Data) -> Result<()> {
    let statements = statements(Dialect::Sqlite, data.projects)?;
    let insert_key = format!("{INSERT_KEY} {CREATED})");
    block_on(async {
        let mut connection = SqliteConnection::connect(&format!("sqlite://{}", file.display())).await?;
        for pragma in ["PRAGMA journal_mode = WAL", "PRAGMA synchronous = OFF", "BEGIN"] {
            sqlx::raw_sql(pragma).execute(&mut connection).await?;
        }
        for statement in statements {
            sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await?;
        }
        for (id, organization, hint, hash, scopes) in key_rows(data) {
            let query = sqlx::query(AssertSqlSafe(insert_key.clone()));
            query
                .bind(id)
                .bind(organization)
                .bind(hint)
                .bind(hash)
                .bind(scopes)
                .execute(&mut connection)
                .await?;
        }
        for statement in ["COMMIT", "ANALYZE", "PRAGMA wal_checkpoint(TRUNCATE)"] {
            sqlx::raw_sql(statement).execute(&mut connection).await?;
        }
        connection.close().await
    })
    .context("cannot fill the SQLite database")
}

fn catalog() -> Result<Catalog> {
    Catalog::embedded().context("the catalog does not load: cargo xtask tidy tells why")
}

fn block_on<T>(work: impl Future<Output = sqlx::Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    Ok(runtime.block_on(work)?)
}

#[cfg(test)]
mod tests {
    use integrations_core::ids::{OrganizationId, ProjectId};

    use super::*;
    use crate::bench::calls;
    use crate::bench::yardstick::{ACTOR, Length, Script};
    use riq_testing::postgres::{Durability, Postgres, Programs, Settings};
    use riq_testing::process;

    #[test]
    fn ids_are_ids() {
        assert_eq!(project_id(42).parse::<ProjectId>().unwrap().to_string(), project_id(42));
        assert_eq!(organization_id(99).parse::<OrganizationId>().unwrap().to_string(), organization_id(99));
    }

    /// Creates the schema as the server does.
    fn migrate(url: &str) {
        let url = url.parse().unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let store = riq_server::store::Store::connect(&url, 2).await.unwrap();
            store.migrate(&riq_server::environment::Environment::system()).await.unwrap();
            store.close().await;
        });
    }

    const COUNT: &str = "SELECT (SELECT count(*) FROM integrations i JOIN projects p ON p.id = i.project_id \
                         JOIN organizations o ON o.id = p.organization_id) || ' ' || \
                         (SELECT count(*) FROM audit_events e JOIN integrations i ON i.id = e.integration_id \
                         AND i.project_id = e.project_id) || ' ' || (SELECT count(*) FROM api_keys)";

    #[test]
    fn sqlite_takes_the_rows() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("filled.sqlite3");
        let url = format!("sqlite://{}", file.display());
        migrate(&url);
        sqlite(&file, &Data::new(150)).unwrap();
        let counts: String = block_on(async {
            let mut connection = SqliteConnection::connect(&url).await?;
            sqlx::query_scalar(COUNT).fetch_one(&mut connection).await
        })
        .unwrap();
        assert_eq!(counts, "900 1500 500");
    }

    #[test]
    fn postgres_takes_the_rows_and_the_yardsticks_run_on_them() {
        let Some(programs) = Programs::find() else {
            #[expect(clippy::print_stderr, reason = "a skipped test says so")]
            {
                eprintln!("skipped: PostgreSQL is not installed");
            }
            return;
        };
        let settings = Settings { durability: Durability::Volatile, extra: Vec::new() };
        let server = Postgres::start(programs, settings).unwrap();
        migrate(&server.url("postgres"));
        postgres(&server.url("postgres"), &Data::new(150)).unwrap();
        let ask =
            |query: &str| process::output(server.client("psql", "postgres").args(["-Atc", query])).unwrap();
        assert_eq!(ask(COUNT), "900 1500 500\n");

        let directory = tempfile::tempdir().unwrap();
        let list = Script::list(directory.path(), 150).unwrap();
        assert!(list.run(&server, "postgres", Length::Transactions(5)).unwrap().requests > 0.0);
        let patch = Script::patch(directory.path(), 150).unwrap();
        let transactions = patch.run(&server, "postgres", Length::Transactions(5)).unwrap().requests;
        assert!(transactions > 0.0);
        let recorded = format!("SELECT count(*) FROM audit_events WHERE actor_key_id = {ACTOR}");
        assert_eq!(ask(&recorded).trim().parse::<f64>().unwrap(), transactions);
        let changed =
            ask("SELECT count(*) FROM integrations WHERE version > 1 AND display_name LIKE 'Name %'");
        assert!(changed.trim().parse::<u32>().unwrap() > 0);

        let call = calls::write_script(directory.path(), 150, INSTALLED[0], 300).unwrap();
        let transactions = call.run(&server, "postgres", Length::Transactions(5)).unwrap().requests;
        let called = "SELECT count(*) FROM action_runs r JOIN audit_events e ON e.integration_id = r.integration_id \
                      AND e.request_id = r.request_id WHERE r.status = 'succeeded' AND r.finished_at >= r.sent_at";
        assert_eq!(ask(called).trim().parse::<f64>().unwrap(), transactions);
    }

    #[test]
    fn every_key_is_another() {
        let data = Data::new(1);
        let mut keys: Vec<&String> =
            data.keys.iter().flatten().chain(&data.keys_without_scope).chain(&data.unknown_keys).collect();
        let count = keys.len();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), count);
        assert!(keys.iter().all(|key| ApiKey::parse(key).is_ok()));
    }
}
