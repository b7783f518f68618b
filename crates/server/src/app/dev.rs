//! `riq-server dev`: a server for development, without set-up.
//!
//! One directory holds everything: the SQLite database, the encryption keys, and the API key that is made at the first
//! start. Only the owner can read the files with secrets, and files that others can read or have put there are refused.

use std::{
    collections::BTreeMap,
    fs::{self, DirBuilder, OpenOptions, Permissions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use clap::Args;
use integrations_core::{
    api_key::{ApiKey, KeyHash},
    audit::{Acting, Actor, AuditAction, Change, change},
    ids::{ApiKeyId, OrganizationId, ProjectId},
    rights::Rights,
    role::Role,
    tier::Tier,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    environment::Environment,
    program,
    services::people::SignedIn,
    store::{Arrival, Arrived, DatabaseUrl, NewApiKey, NewAuditEvent, NewProjectRow, Store},
    vault::{EncryptionKeys, Vault},
};

const DATABASE: &str = "riq.db";
const KEYS: &str = "encryption-keys";
const ACCESS: &str = "access.json";
/// Every file that a data directory may have, except those that are being written.
const FILES: [&str; 5] = [DATABASE, "riq.db-wal", "riq.db-shm", KEYS, ACCESS];

/// `riq-server dev`
#[derive(Args, Clone, Debug)]
pub struct DevCommand {
    /// Directory for the database, the keys and all other data
    #[arg(long, value_name = "DIR", default_value = ".riq")]
    pub data_dir: PathBuf,
    /// Serve a made-up shop beside the server, to try everything with: it is the provider sandbox-shop
    #[arg(long)]
    pub sandbox: bool,
    /// Print one line of JSON to stdout when the server is ready, and nothing else
    #[arg(long)]
    pub json: bool,
}

/// What a client needs to call the server. `dev` prints it and keeps it for the next start.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Access {
    /// The organization.
    pub org_id: OrganizationId,
    /// The project.
    pub project_id: ProjectId,
    /// A key with the scope `admin`.
    pub api_key: String,
}

/// The data directory of `dev`.
#[derive(Clone, Debug)]
pub struct DataDirectory(PathBuf);

impl DataDirectory {
    /// Creates the directory at `path` and an encryption key, if they do not exist.
    pub fn prepare(path: PathBuf, environment: &Environment) -> anyhow::Result<Self> {
        if path.is_file() {
            bail!("{} is a file, not a directory", path.display());
        }
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&path);
        made.with_context(|| format!("cannot make the directory {}", path.display()))?;
        let directory = Self(path);
        directory.check_privacy()?;
        let keys = directory.0.join(KEYS);
        if !keys.exists() {
            write_private(&keys, &Vault::generate_key(environment))?;
        }
        Ok(directory)
    }

    /// The existing data directory at `path`. Fails if `dev` has not made one there.
    pub fn existing(path: PathBuf) -> anyhow::Result<Self> {
        if !path.join(DATABASE).is_file() {
            let (program, directory) = (program::name(), program::word(&path));
            bail!(
                "{} is not a data directory: start `{program} dev --data-dir {directory}` first",
                path.display()
            );
        }
        Ok(Self(path))
    }

    /// Fails if the directory or a file of it belongs to another user, or is open to others. An empty directory that
    /// others can only read is closed: it was made for this a moment ago.
    fn check_privacy(&self) -> anyhow::Result<()> {
        let unreadable = || format!("cannot read the directory {}", self.0.display());
        let is_empty = fs::read_dir(&self.0).with_context(unreadable)?.next().is_none();
        let found = fs::metadata(&self.0).with_context(unreadable)?;
        if is_empty && is_ours(&found) && found.mode() & 0o022 == 0 {
            fs::set_permissions(&self.0, Permissions::from_mode(0o700)).with_context(unreadable)?;
        }
        check_private(&self.0)?;
        FILES.iter().try_for_each(|file| check_private(&self.0.join(file)))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Its database.
    pub fn database_url(&self) -> anyhow::Result<DatabaseUrl> {
        let path = self.0.join(DATABASE);
        DatabaseUrl::sqlite_file(&path).with_context(|| format!("cannot use {}", path.display()))
    }

    /// Its encryption keys.
    pub fn encryption_keys(&self) -> anyhow::Result<EncryptionKeys> {
        let path = self.0.join(KEYS);
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        text.parse().with_context(|| format!("{} is not valid", path.display()))
    }

    /// What a client needs to call the server: the kept values if they still work, else new ones.
    pub async fn access(&self, store: &Store, environment: &Environment) -> anyhow::Result<Access> {
        let path = self.0.join(ACCESS);
        if let Some(access) = read_access(&path)?
            && still_works(&access, store).await?
        {
            return Ok(access);
        }
        let access = seed(store, environment).await?;
        write_private(&path, &serde_json::to_string(&access)?)?;
        Ok(access)
    }
}

/// The person whom `dev` signs in, an admin of its organization: it is who sits at this machine. `None`: the
/// operator has revoked them.
pub(super) async fn person(
    store: &Store,
    environment: &Environment,
    organization: OrganizationId,
) -> anyhow::Result<Option<SignedIn>> {
    let arrival = Arrival {
        new_id: environment.id(),
        issuer: "urn:riq:dev",
        subject: "you",
        name: Some("You".to_owned()),
        email: None,
        roles: &BTreeMap::from([(organization, Role::Admin)]),
        at: environment.now(),
    };
    let event = |organization, action, changes| NewAuditEvent {
        changes,
        ..NewAuditEvent::new(environment, organization, action, Acting::OPERATOR)
    };
    Ok(match store.arrive(arrival, &event).await? {
        Arrived::Revoked(_) => None,
        Arrived::Person(user, memberships) => Some(SignedIn {
            user,
            memberships,
            provider_session: None,
            authenticated_at: None,
            page: String::new(),
        }),
    })
}

fn read_access(path: &Path) -> anyhow::Result<Option<Access>> {
    match fs::read_to_string(path) {
        Ok(text) => {
            serde_json::from_str(&text).map(Some).with_context(|| format!("{} is not valid", path.display()))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

async fn still_works(access: &Access, store: &Store) -> anyhow::Result<bool> {
    let Ok(key) = ApiKey::parse(&access.api_key) else { return Ok(false) };
    let key = store.api_key_by_hash(&KeyHash::of(&key)).await?;
    let project = store.project(access.project_id).await?;
    Ok(key.is_some_and(|key| key.revoked_at.is_none())
        && project.is_some_and(|project| project.revoked_at.is_none()))
}

/// Creates an organization, a project and an API key.
async fn seed(store: &Store, environment: &Environment) -> anyhow::Result<Access> {
    let (org_id, project_id): (OrganizationId, ProjectId) = (environment.id(), environment.id());
    let event = |project, action, changes: Option<Change>| NewAuditEvent {
        id: environment.id(),
        organization: org_id,
        project,
        integration: None,
        action,
        actor: Actor::Operator,
        request_id: None,
        changes: changes.into_iter().collect(),
        at: environment.now(),
    };
    let named = |name: &str| change("name", Value::Null, name);
    let created = event(None, AuditAction::OrganizationCreated, named("Development"));
    store.create_organization(org_id, "Development", created).await?;
    let created = event(Some(project_id), AuditAction::ProjectCreated, named("Development"));
    let project = NewProjectRow {
        id: project_id,
        name: "Development".into(),
        slug: "development".into(),
        domain: None,
    };
    store.create_project(project, created, |_| Ok(None)).await?;

    let (key, id): (ApiKey, ApiKeyId) = (ApiKey::from_entropy(environment.bytes()), environment.id());
    let new = NewApiKey {
        id,
        name: "Development".into(),
        hint: key.hint().to_owned(),
        hash: KeyHash::of(&key),
        rights: Rights::everything(),
        tier: Tier::Enterprise,
        expires_at: None,
        user: None,
    };
    let created = event(None, AuditAction::ApiKeyCreated, change("id", Value::Null, id.to_string()));
    store.create_api_key(new, created, |_| Ok(None)).await?;
    Ok(Access { org_id, project_id, api_key: key.expose().to_owned() })
}

/// Fails if a file or directory belongs to another user, or is open to others.
fn check_private(path: &Path) -> anyhow::Result<()> {
    let found = match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        found => found.with_context(|| format!("cannot read {}", path.display()))?,
    };
    if !is_ours(&found) {
        bail!(
            "{} belongs to another user, who could read or change what is kept there: use another --data-dir",
            path.display()
        );
    }
    let (mode, private) = (found.mode() & 0o777, if found.is_dir() { "700" } else { "600" });
    if mode & 0o077 != 0 {
        bail!(
            "{0} is open to other users (mode {mode:o}), who could read or change what is kept there: close it with \
             `chmod {private} {0}`, or use another --data-dir",
            path.display()
        );
    }
    Ok(())
}

fn is_ours(found: &fs::Metadata) -> bool {
    found.uid() == rustix::process::geteuid().as_raw()
}

/// Writes a file that only its owner can read. It is written under another name first, so that it is never incomplete.
fn write_private(path: &Path, text: &str) -> anyhow::Result<()> {
    let beside = path.with_extension("new");
    let write = || {
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
        writeln!(file, "{text}")?;
        file.sync_all()?;
        fs::rename(&beside, path)
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}
