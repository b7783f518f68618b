//! A temporary PostgreSQL server on a free port of the loopback interface. It ends when its value is dropped.

use std::fs::OpenOptions;
use std::io::Read;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::process::Signal;
use tempfile::TempDir;

use crate::packages;
use crate::process::{self, Service};
use crate::programs::find_program;

/// What to type if PostgreSQL is missing and may not be installed automatically.
pub const HOW_TO_INSTALL: &str = "install PostgreSQL (Debian and Ubuntu: sudo apt-get install postgresql postgresql-contrib; macOS: brew install postgresql@17)";

/// The name of PostgreSQL's superuser, used in the URL of connections.
const SUPERUSER: &str = "postgres";

/// Whether a commit waits for the disk.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// It waits, as in production. For measurements.
    Durable,
    /// It does not wait, and the files are in memory where there is room: a crash loses everything, but tests are fast.
    /// Each has a database of its own, and the files of thousands of databases took a third of the processors' time.
    Volatile,
}

/// How to run PostgreSQL.
pub struct Settings {
    /// Whether a commit waits for the disk.
    pub durability: Durability,
    /// Further settings of PostgreSQL, by name. They override those of `durability`.
    pub extra: Vec<(&'static str, String)>,
}

/// PostgreSQL's programs.
pub struct Programs {
    directory: PathBuf,
}

impl Programs {
    /// Finds the newest of Debian's packages, else the programs on `PATH`.
    pub fn find() -> Option<Self> {
        let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
        let newest = newest_version(debian.map(|entry| entry.path()))
            .map(|version| version.join("bin"))
            .filter(|directory| directory.join("initdb").is_file());
        let on_path = || {
            let initdb = std::fs::canonicalize(find_program("initdb")?).ok()?;
            initdb.parent().map(Path::to_path_buf)
        };
        newest.or_else(on_path).map(|directory| Self { directory })
    }

    /// Finds them, or installs them if [`packages::can_install`] allows that; else returns `None`.
    ///
    /// # Errors
    /// When the installation fails.
    pub fn find_or_install() -> Result<Option<Self>> {
        if let Some(found) = Self::find() {
            return Ok(Some(found));
        }
        if !packages::can_install() {
            return Ok(None);
        }
        packages::install(&["postgresql", "postgresql-contrib"])?;
        Self::find()
            .context("PostgreSQL was installed, but /usr/lib/postgresql/*/bin/initdb is not there")
            .map(Some)
    }

    /// The full path of one of them.
    pub fn program(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }
}

/// The directory whose name is the highest version. Versions are compared as numbers, so 9.6 comes before 15.
fn newest_version(directories: impl Iterator<Item = PathBuf>) -> Option<PathBuf> {
    let version = |path: &PathBuf| -> Option<Vec<u32>> {
        path.file_name()?.to_str()?.split('.').map(|part| part.parse().ok()).collect()
    };
    directories.filter_map(|path| Some((version(&path)?, path))).max().map(|(_, path)| path)
}

/// Where Linux keeps files in memory.
const MEMORY: &str = "/dev/shm";
/// How much room the databases of tests need there, in bytes.
const ROOM: u64 = 4 << 30;

/// Whether files may be kept there.
fn has_room(directory: &Path) -> bool {
    let free = rustix::fs::statvfs(directory).map(|found| found.f_bavail.saturating_mul(found.f_frsize));
    free.is_ok_and(|free| free >= ROOM) && tempfile::tempfile_in(directory).is_ok()
}

/// A running server.
pub struct Postgres {
    programs: Programs,
    settings: Settings,
    owner: Option<&'static str>,
    port: u16,
    password: String,
    // Dropped in this order: the server first, then its files.
    service: Service,
    directory: TempDir,
}

impl Postgres {
    /// Starts a server on new, empty files and waits until it accepts connections.
    ///
    /// # Errors
    /// When it cannot be set up or does not start. The error contains the end of its log.
    pub fn start(programs: Programs, settings: Settings) -> Result<Self> {
        let directory = match settings.durability {
            Durability::Volatile if has_room(Path::new(MEMORY)) => PathBuf::from(MEMORY),
            _ => std::env::temp_dir(),
        };
        let directory = tempfile::Builder::new()
            .prefix("riq-postgres-")
            .tempdir_in(directory)
            .context("cannot make a temporary directory for PostgreSQL")?;
        let owner = unprivileged_owner(directory.path())?;
        let password = random_password()?;
        initialize(&programs, directory.path(), owner, &password)?;
        let port = free_port()?;
        let service = launch(&programs, directory.path(), owner, port, &settings)?;
        let mut server = Self { programs, settings, owner, port, password, service, directory };
        server.wait_until_it_answers()?;
        Ok(server)
    }

    /// Stops it at once, as `pg_ctl stop -m immediate` does: connections are cut, and the next start must recover.
    ///
    /// # Errors
    /// When the system cannot say how it ended.
    pub fn stop_at_once(&mut self) -> Result<()> {
        self.service.stop_with(Signal::QUIT)?;
        Ok(())
    }

    /// Starts it again on the same files and port, after it was stopped.
    ///
    /// # Errors
    /// As [`Postgres::start`].
    pub fn start_again(&mut self) -> Result<()> {
        let directory = self.directory.path();
        self.service = launch(&self.programs, directory, self.owner, self.port, &self.settings)?;
        self.wait_until_it_answers()
    }

    fn wait_until_it_answers(&mut self) -> Result<()> {
        let (is_ready, port) = (self.programs.program("pg_isready"), self.port);
        self.service
            .wait_until_ready(Duration::from_secs(60), Duration::from_millis(50), || {
                takes_connections(&is_ready, port)
            })
            .with_context(|| end_of_log(self.directory.path()))
    }

    /// The URL of one of its databases, as its superuser.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://{SUPERUSER}:{}@127.0.0.1:{}/{database}", self.password, self.port)
    }

    /// Its port of the loopback interface, and its superuser's password.
    pub fn access(&self) -> (u16, &str) {
        (self.port, &self.password)
    }

    /// The directory of its socket.
    pub fn socket_directory(&self) -> &Path {
        self.directory.path()
    }

    /// A call of one of its client programs (psql, pgbench), with the server, user and password set.
    pub fn client(&self, program: &str, database: &str) -> Command {
        let mut command = Command::new(self.programs.program(program));
        command
            .env("PGHOST", "127.0.0.1")
            .env("PGPORT", self.port.to_string())
            .env("PGUSER", SUPERUSER)
            .env("PGPASSWORD", &self.password)
            .env("PGDATABASE", database);
        command
    }
}

/// PostgreSQL refuses to run as root. If this process is root, gives the files to another user and returns its name.
pub(crate) fn unprivileged_owner(directory: &Path) -> Result<Option<&'static str>> {
    const CANDIDATES: [&str; 2] = [SUPERUSER, "nobody"];
    if !rustix::process::geteuid().is_root() {
        return Ok(None);
    }
    let accounts = std::fs::read_to_string("/etc/passwd").context("cannot read /etc/passwd")?;
    for candidate in CANDIDATES {
        if let Some((user, group)) = ids_of(&accounts, candidate) {
            std::os::unix::fs::chown(directory, Some(user), Some(group))
                .with_context(|| format!("cannot give {} to {candidate}", directory.display()))?;
            return Ok(Some(candidate));
        }
    }
    bail!("PostgreSQL refuses to run as root, and there is no user postgres: {HOW_TO_INSTALL}")
}

fn ids_of(accounts: &str, name: &str) -> Option<(u32, u32)> {
    let line = accounts.lines().find(|line| line.split(':').next() == Some(name))?;
    let mut fields = line.split(':').skip(2);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}

/// Makes a password, so that no other user of the machine can connect while the server runs.
fn random_password() -> Result<String> {
    let mut bytes = [0_u8; 16];
    std::fs::File::open("/dev/urandom")
        .and_then(|mut source| source.read_exact(&mut bytes))
        .context("cannot read /dev/urandom")?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn initialize(programs: &Programs, directory: &Path, owner: Option<&str>, password: &str) -> Result<()> {
    let password_file = directory.join("password");
    std::fs::write(&password_file, password).context("cannot write the new server's password")?;
    if owner.is_some() {
        let owner_of = std::fs::metadata(directory)?;
        use std::os::unix::fs::MetadataExt;
        std::os::unix::fs::chown(&password_file, Some(owner_of.uid()), Some(owner_of.gid()))?;
    }
    let mut initdb = process::bound_to_this_process(&programs.program("initdb"), owner);
    initdb
        .args(["--no-sync", "--encoding=UTF8", "--locale=C", "--auth=scram-sha-256", "--username", SUPERUSER])
        .arg("--pwfile")
        .arg(&password_file)
        .arg("--pgdata")
        .arg(directory.join("data"))
        .current_dir(directory);
    process::output(&mut initdb).context("cannot set up a temporary PostgreSQL")?;
    std::fs::remove_file(&password_file).context("cannot remove the password's file")
}

/// Ports below those that the system assigns by itself (from 32768 on Linux, from 49152 elsewhere), so that a test that
/// asks the system for any free port cannot get one of these.
const PORTS: std::ops::Range<u16> = 15_000..32_000;

/// Chooses at random a port of the loopback interface that is free.
///
/// # Errors
/// When none is found.
pub fn free_port() -> Result<u16> {
    const ATTEMPTS: usize = 100;

    let mut source = std::fs::File::open("/dev/urandom").context("cannot read /dev/urandom")?;
    for _ in 0..ATTEMPTS {
        let mut bytes = [0; 2];
        source.read_exact(&mut bytes).context("cannot read /dev/urandom")?;
        let port = PORTS.start + u16::from_ne_bytes(bytes) % (PORTS.end - PORTS.start);
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return Ok(port);
        }
    }
    bail!("no free port on the loopback interface")
}

fn launch(
    programs: &Programs,
    directory: &Path,
    owner: Option<&str>,
    port: u16,
    settings: &Settings,
) -> Result<Service> {
    let log = OpenOptions::new().create(true).append(true).open(directory.join("server.log"))?;
    let mut server = process::bound_to_this_process(&programs.program("postgres"), owner);
    server.arg("-D").arg(directory.join("data")).current_dir(directory);
    let fixed = [
        ("listen_addresses", "127.0.0.1,::1".to_owned()),
        ("port", port.to_string()),
        ("unix_socket_directories", directory.display().to_string()),
        ("max_connections", "200".to_owned()),
    ];
    let volatile = ["fsync", "synchronous_commit", "full_page_writes"].map(|name| (name, "off".to_owned()));
    let volatile = if settings.durability == Durability::Volatile { &volatile[..] } else { &[] };
    for (name, value) in fixed.iter().chain(volatile).chain(&settings.extra) {
        server.arg("-c").arg(format!("{name}={value}"));
    }
    server.stdout(Stdio::from(log.try_clone()?)).stderr(Stdio::from(log));
    // SIGINT is PostgreSQL's fast shutdown: it disconnects clients and does not wait for them.
    Service::start("PostgreSQL", &mut server, Signal::INT)
}

fn takes_connections(is_ready: &Path, port: u16) -> bool {
    Command::new(is_ready)
        .args(["--quiet", "--host", "127.0.0.1", "--port", &port.to_string()])
        .status()
        .is_ok_and(|status| status.success())
}

fn end_of_log(directory: &Path) -> String {
    let log = std::fs::read_to_string(directory.join("server.log")).unwrap_or_default();
    let lines: Vec<&str> = log.lines().collect();
    let end = lines[lines.len().saturating_sub(20)..].join("\n");
    format!("the temporary PostgreSQL did not start; the end of its log:\n{end}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        let directories = ["9.6", "15", "17", "common"].map(|name| Path::new("/pg").join(name));
        assert_eq!(newest_version(directories.into_iter()), Some(PathBuf::from("/pg/17")));
        assert_eq!(newest_version(std::iter::empty()), None);
    }

    #[test]
    fn a_user_s_ids_are_read_from_the_accounts() {
        let accounts = "root:x:0:0::/:/bin/sh\npostgres:x:101:104:PostgreSQL:/var/lib:/bin/bash\n";
        assert_eq!(ids_of(accounts, "postgres"), Some((101, 104)));
        assert_eq!(ids_of(accounts, "post"), None);
    }

    #[test]
    fn a_server_answers_with_its_password_and_leaves_nothing_behind() {
        let Some(programs) = Programs::find() else {
            #[expect(clippy::print_stderr, reason = "a skipped test says so")]
            {
                eprintln!("skipped: PostgreSQL is not installed");
            }
            return;
        };
        let settings = Settings { durability: Durability::Volatile, extra: Vec::new() };
        let server = Postgres::start(programs, settings).unwrap();
        let (directory, port) = (server.directory.path().to_owned(), server.port);
        let ask = |query: &str| process::output(server.client("psql", "postgres").args(["-Atc", query]));
        assert_eq!(ask("SELECT 6 * 7").unwrap(), "42\n");
        assert_eq!(ask("SHOW fsync").unwrap(), "off\n");
        let mut stranger = server.client("psql", "postgres");
        stranger.env("PGPASSWORD", "guess").args(["-Atc", "SELECT 1"]);
        assert!(
            process::output(&mut stranger)
                .unwrap_err()
                .to_string()
                .contains("password authentication failed")
        );
        drop(server);
        assert!(!directory.exists());
        assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err());
    }
}
