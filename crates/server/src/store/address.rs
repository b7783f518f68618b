//! The address of the database. It is read once, into the options of the driver, so that no path and no password is
//! ever written into a URL again.

use std::{
    fmt, io,
    path::{self, Path},
    str::FromStr,
};

use sea_orm::DbBackend;
use sqlx::{ConnectOptions as _, postgres::PgConnectOptions, sqlite::SqliteConnectOptions};
use url::Url;

use crate::program;

/// The name of our connections in PostgreSQL's `pg_stat_activity`.
const APPLICATION: &str = "riq-server";

/// The parameters of an address that have a meaning here (sqlx, `PgConnectOptions`). Others of libpq's are left out:
/// the driver would log their values.
const PARAMETERS: [&str; 18] = [
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "statement-cache-capacity",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
    "options",
];

/// The address of the database. Its `Debug` shows only the place, because it may hold a password.
#[derive(Clone)]
pub struct DatabaseUrl {
    pub(super) target: Target,
    pub(super) pooling: Pooling,
    /// Where to listen, if it is not the same address.
    pub(super) listen: Option<Box<PgConnectOptions>>,
}

/// The database as the driver knows it.
#[derive(Clone)]
pub(super) enum Target {
    Postgres(Box<PgConnectOptions>),
    Sqlite(Box<SqliteConnectOptions>),
}

/// For how long a connection has a session of PostgreSQL to itself. The words are those of PgBouncer's `pool_mode`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pooling {
    /// As long as it lasts: directly, or through a pooler that keeps a session for each of its clients.
    #[default]
    Session,
    /// For one transaction. Then the pooler gives the session to another client.
    Transaction,
}

/// The text is not the address of a database that this server can use. The message shows no part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDatabaseUrl {
    /// It has another form.
    #[error("expected postgres://USER:PASSWORD@HOST:PORT/DATABASE or sqlite://PATH")]
    Form,
    /// A character in it could end the user, the password or the host, and so something else would be read.
    #[error(
        "expected postgres://USER:PASSWORD@HOST:PORT/DATABASE, and in its parts # written as %23, / as %2F, ? as %3F, \
         @ as %40 and % as %25"
    )]
    Ambiguous,
    /// A parameter has a value that it cannot have.
    #[error(
        "one of its parameters is not valid (such as sslmode, port, hostaddr), or a part of it is not UTF-8"
    )]
    Parameter,
}

/// The database cannot be reached in the way that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unpoolable {
    /// It is a file.
    #[error("RIQ_DATABASE_POOL_MODE and RIQ_DATABASE_LISTEN_URL are for PostgreSQL alone")]
    NotPostgres,
    /// It asks for options, which such a pooler does not pass on.
    #[error(
        "a pooler in transaction mode takes no options: remove them from DATABASE_URL and PGOPTIONS, and give them to \
         the database's user with ALTER ROLE … SET …"
    )]
    Options,
}

impl FromStr for DatabaseUrl {
    type Err = InvalidDatabaseUrl;

    fn from_str(text: &str) -> Result<Self, InvalidDatabaseUrl> {
        let text = text.trim();
        let target = match text.split_once(':').map(|(scheme, _)| scheme) {
            Some("postgres" | "postgresql") => Target::Postgres(Box::new(postgres(text)?)),
            Some("sqlite") => Target::Sqlite(Box::new(sqlite(text)?)),
            _ => return Err(InvalidDatabaseUrl::Form),
        };
        Ok(Self { target, pooling: Pooling::default(), listen: None })
    }
}

impl DatabaseUrl {
    /// The SQLite database in a file. The file is created if it does not exist.
    ///
    /// # Errors
    /// When the path is not UTF-8, which the driver needs.
    pub fn sqlite_file(path: &Path) -> io::Result<Self> {
        // SQLite would take the beginning `file:` of a relative path for a URI.
        let path = path::absolute(path)?;
        if path.to_str().is_none() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the path is not UTF-8"));
        }
        let options = SqliteConnectOptions::new().filename(path).disable_statement_logging();
        Ok(Self { target: Target::Sqlite(Box::new(options)), pooling: Pooling::default(), listen: None })
    }

    /// The same database, by connections of this kind. Notifications are received at `listen`, if one is given.
    ///
    /// # Errors
    /// When `listen` or a pooler is given, and this or that is not PostgreSQL; or when the pooler would not pass on
    /// what the address asks for.
    pub fn pooled(mut self, pooling: Pooling, listen: Option<Self>) -> Result<Self, Unpoolable> {
        let is_plain = pooling == Pooling::Session && listen.is_none();
        match &mut self.target {
            Target::Sqlite(_) if is_plain => return Ok(self),
            Target::Sqlite(_) => return Err(Unpoolable::NotPostgres),
            Target::Postgres(options) if pooling == Pooling::Transaction => {
                if options.get_options().is_some() {
                    return Err(Unpoolable::Options);
                }
                // Migrations prepare by name, in a transaction that forgets the names at its end.
                **options = options.clone().statement_cache_capacity(0);
            }
            Target::Postgres(_) => {}
        }
        self.pooling = pooling;
        self.listen = match listen.map(|listen| listen.target) {
            None => None,
            Some(Target::Postgres(options)) => Some(options),
            Some(Target::Sqlite(_)) => return Err(Unpoolable::NotPostgres),
        };
        Ok(self)
    }

    /// The part of the address that is not secret: host and port, the directory of the socket, or the file.
    pub fn place(&self) -> String {
        let options = match &self.target {
            Target::Sqlite(options) => return options.get_filename().display().to_string(),
            Target::Postgres(options) => options,
        };
        let (host, port) = (options.get_host(), options.get_port());
        match options.get_socket() {
            Some(directory) => directory.display().to_string(),
            None if host.starts_with('/') => host.to_owned(),
            None if host.contains(':') => format!("[{host}]:{port}"),
            None => format!("{host}:{port}"),
        }
    }

    /// `PostgreSQL` or `SQLite`.
    pub fn product(&self) -> &'static str {
        if self.backend() == DbBackend::Postgres { "PostgreSQL" } else { "SQLite" }
    }

    /// The command that writes a PostgreSQL database into a file. It holds no password: `pg_dump` asks for it, or reads
    /// it where PostgreSQL's programs do. `None` for SQLite.
    pub fn dump_command(&self, file: &Path) -> Option<String> {
        let Target::Postgres(options) = &self.target else { return None };
        let host = options.get_socket().map(|socket| socket.display().to_string());
        let host = host.unwrap_or_else(|| options.get_host().to_owned());
        let database = options.get_database().unwrap_or(options.get_username());
        let word = program::quoted;
        Some(format!(
            "pg_dump --format=custom --file={} --host={} --port={} --username={} {}",
            program::word(file),
            word(&host),
            options.get_port(),
            word(options.get_username()),
            word(database)
        ))
    }

    /// Whether it is PostgreSQL, or SQLite.
    pub(super) fn backend(&self) -> DbBackend {
        match self.target {
            Target::Postgres(_) => DbBackend::Postgres,
            Target::Sqlite(_) => DbBackend::Sqlite,
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({} at {})", self.product(), self.place())
    }
}

fn postgres(text: &str) -> Result<PgConnectOptions, InvalidDatabaseUrl> {
    let (scheme, rest) = text.split_once("://").ok_or(InvalidDatabaseUrl::Form)?;
    let (authority, after) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    // `postgres://riq:12#34@db/riq` would be a database at the host riq, and the password a part of what is shown.
    if after.contains(['@', '#']) {
        return Err(InvalidDatabaseUrl::Ambiguous);
    }
    let mut url = Url::parse(&format!("{scheme}://{}{after}", with_host(authority)))
        .map_err(|_| InvalidDatabaseUrl::Form)?;
    let is_known = |name: &str| PARAMETERS.contains(&name) || name.starts_with("options[");
    let known: Vec<(String, String)> =
        url.query_pairs().into_owned().filter(|(name, _)| is_known(name)).collect();
    url.set_query(None);
    if !known.is_empty() {
        url.query_pairs_mut().extend_pairs(known);
    }
    let options = PgConnectOptions::from_url(&url).map_err(|_| InvalidDatabaseUrl::Parameter)?;
    // The driver takes the brackets around an IPv6 address for a part of a name.
    let address =
        options.get_host().strip_prefix('[').and_then(|host| host.strip_suffix(']')).map(str::to_owned);
    let options = match address {
        Some(address) => options.host(&address),
        None => options,
    };
    // Poolers refuse the parameter, and PostgreSQL sends no number as text here.
    Ok(options.application_name(APPLICATION).extra_float_digits(None).disable_statement_logging())
}

/// The authority of an address with a host. libpq takes one without if a parameter names it, as in
/// `postgres://riq@/riq?host=/run/postgresql`; URLs cannot be without one after a user.
fn with_host(authority: &str) -> String {
    let (user, place) = authority.rsplit_once('@').map_or(("", authority), |(user, place)| (user, place));
    match (user, place) {
        ("", "") => String::new(),
        ("", place) if place.starts_with(':') => format!("localhost{place}"),
        (user, place) if place.is_empty() || place.starts_with(':') => format!("{user}@localhost{place}"),
        _ => authority.to_owned(),
    }
}

fn sqlite(text: &str) -> Result<SqliteConnectOptions, InvalidDatabaseUrl> {
    let options = SqliteConnectOptions::from_str(text).map_err(|_| InvalidDatabaseUrl::Parameter)?;
    // Each connection would have a database in memory of its own.
    let is_in_memory = text.contains(":memory:") || text.contains("mode=memory");
    if is_in_memory || options.get_filename().as_os_str().is_empty() {
        return Err(InvalidDatabaseUrl::Form);
    }
    Ok(options.disable_statement_logging())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<DatabaseUrl, InvalidDatabaseUrl> {
        text.parse()
    }

    #[test]
    fn a_host_is_a_name_an_address_or_the_directory_of_a_socket() {
        for (text, place) in [
            ("postgres://riq:x@db.internal/riq", "db.internal:5432"),
            ("postgresql://riq:x@10.0.0.1:6432/riq", "10.0.0.1:6432"),
            ("postgres://riq:x@[::1]/riq", "[::1]:5432"),
            ("postgres://riq:x@[2001:db8::7]:6432/riq?sslmode=disable", "[2001:db8::7]:6432"),
            ("postgres://riq:x@/riq?host=/run/postgresql", "/run/postgresql"),
            ("postgres://riq@:6432/riq?host=/run/postgresql", "/run/postgresql"),
            ("postgres:///riq?host=/run/postgresql&user=riq", "/run/postgresql"),
            ("postgres://riq:x@%2Frun%2Fpostgresql/riq", "/run/postgresql"),
            ("postgres://riq:x@/riq?host=::1", "[::1]:5432"),
            ("sqlite:///var/lib/riq/riq.db", "/var/lib/riq/riq.db"),
            ("sqlite://riq.db\n", "riq.db"),
        ] {
            assert_eq!(read(text).unwrap().place(), place, "{text}");
        }
    }

    #[test]
    fn a_password_is_read_as_it_was_meant_or_not_at_all() {
        for text in [
            "postgres://riq:hunter2#x@db/riq",
            "postgres://riq:12#hunter2@db/riq",
            "postgres://riq:12/hunter2@db/riq",
            "postgres://riq:12?hunter2@db/riq",
            "postgres://riq:12?hunter2=1@db/riq",
            "postgres://riq:hunter2/@db",
        ] {
            assert_eq!(read(text).unwrap_err(), InvalidDatabaseUrl::Ambiguous, "{text}");
        }
        for text in
            ["postgres://riq:hunter2", "mysql://riq:hunter2@db", "postgres:riq", "hunter2", "", "sqlite:"]
        {
            assert_eq!(read(text).unwrap_err(), InvalidDatabaseUrl::Form, "{text}");
        }
        for text in [
            "postgres://riq:x@db/riq?sslmode=hunter2",
            "postgres://riq:x%ff@db/riq",
            "sqlite://x?mode=hunter2",
        ] {
            assert_eq!(read(text).unwrap_err(), InvalidDatabaseUrl::Parameter, "{text}");
        }
        for (text, password) in [
            ("p%23%2F%3F%40%25", "p#/?@%"),
            ("p@ss", "p@ss"),
            ("p%zz", "p%zz"),
            ("p:ss", "p:ss"),
            ("p%20s", "p s"),
        ] {
            let url = read(&format!("postgres://riq:{text}@db/riq?unknown=hunter2")).unwrap();
            let Target::Postgres(options) = &url.target else { panic!("{url:?}") };
            let expected = PgConnectOptions::new_without_pgpass().password(password);
            assert_eq!(options.to_url_lossy().password(), expected.to_url_lossy().password(), "{text}");
            assert!(!format!("{url:?}").contains(password));
        }
    }

    #[test]
    fn a_path_is_taken_as_it_is() {
        for name in ["a%20b", "a b", "a?mode=ro", "a#b", "file:a", "100%"] {
            let path = Path::new("/var/lib").join(name);
            let url = DatabaseUrl::sqlite_file(&path).unwrap();
            assert_eq!(url.place(), path.display().to_string());
        }
        use std::os::unix::ffi::OsStrExt as _;
        let foreign = Path::new(std::ffi::OsStr::from_bytes(b"/var/lib/\xff"));
        assert!(DatabaseUrl::sqlite_file(foreign).is_err());
    }
}
