//! Import: integrations that were installed in another system, with their credentials, as JSON lines.
//!
//! Every line is checked before any is stored. If some are wrong, nothing is stored, and the error names all of them.

use std::{collections::HashMap, sync::Arc};

use integrations_core::{
    audit::Acting,
    catalog::{AuthKind, Catalog, NoSuchProvider, ProviderAccount},
    ids::ProjectId,
    integration::{Configuration, Connected, Integration, check_settings},
    issue::Issue,
    json::{self, JsonError},
    lifecycle::State,
    name::read_display_name,
};
use serde::Serialize;
use serde_json::{Map, Value};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::installation::{Decided, InstallationBuilder, Secrets};
use crate::{
    environment::Environment,
    store::{Installation, Installed, Loaded, Permission, ReadError, Store, StoreError, Tenant},
    vault::Vault,
};

/// How often an import is tried again because another request was first.
const ATTEMPTS: usize = 20;

/// Something wrong with one line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LineIssue {
    /// The line's number, from 1.
    pub line: usize,
    /// The place in the line.
    pub path: String,
    /// What is wrong there.
    pub message: String,
}

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// There is no such project.
    #[error("there is no project {0}")]
    NoSuchProject(ProjectId),
    /// Some lines cannot be imported.
    #[error("{} of the file's lines cannot be imported; nothing was", bad_lines(.0))]
    BadLines(Vec<LineIssue>),
    /// Other requests kept changing the same integrations.
    #[error("other requests keep changing the project's integrations; nothing was imported: try again")]
    Contended,
    /// The database did not store them.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn bad_lines(issues: &[LineIssue]) -> usize {
    issues.iter().map(|issue| issue.line).collect::<std::collections::BTreeSet<_>>().len()
}

impl From<ReadError> for ImportError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Store(error) => Self::Store(error),
            ReadError::Denied(denied) => Self::Store(StoreError::Damaged(denied.to_string())),
        }
    }
}

/// Imports into one project.
#[derive(Debug)]
pub struct Importer {
    store: Store,
    catalog: Arc<Catalog>,
    builder: InstallationBuilder,
    environment: Environment,
}

/// A line that can be imported: an account, and how it is connected.
pub struct Given {
    /// The account, by the way that the line names.
    pub account: ProviderAccount,
    /// What the user supplied in addition to the credential, checked.
    pub connection: Map<String, Value>,
    /// The credential, checked.
    pub credential: Map<String, Value>,
    /// What was set, checked.
    pub configuration: Configuration,
}

impl Given {
    /// When its access token expires, if it says so.
    pub fn expires_at(&self) -> Option<OffsetDateTime> {
        let expires_at = self.credential.get("expires_at").and_then(Value::as_str);
        expires_at.and_then(|text| OffsetDateTime::parse(text, &Rfc3339).ok())
    }
}

impl Importer {
    /// An importer into `store`.
    pub fn new(store: Store, catalog: Arc<Catalog>, vault: Arc<Vault>, environment: Environment) -> Self {
        Self { store, catalog, builder: InstallationBuilder::new(vault, environment.clone()), environment }
    }

    /// Checks every line of `text` as [`Importer::import`] does, and stores nothing.
    pub async fn check(&self, project: ProjectId, text: &str) -> Result<Vec<String>, ImportError> {
        let tenant = self.tenant(project).await?;
        Ok(providers(&self.decide(&tenant, text).await?))
    }

    /// Imports every line of `text`. Returns the providers that were installed, in the order of the lines.
    pub async fn import(&self, project: ProjectId, text: &str) -> Result<Vec<String>, ImportError> {
        let tenant = self.tenant(project).await?;
        for _ in 0..ATTEMPTS {
            let installations = self.decide(&tenant, text).await?;
            let providers = providers(&installations);
            let permission = Permission { tenant, by: None, at: self.environment.now() };
            match self.store.install(&permission, installations).await? {
                Installed::Stored => return Ok(providers),
                Installed::Lapsed(_) => return Err(ImportError::NoSuchProject(project)),
                Installed::Changed | Installed::LinkUsed => {}
            }
        }
        Err(ImportError::Contended)
    }

    async fn tenant(&self, project: ProjectId) -> Result<Tenant, ImportError> {
        self.store.tenant_of(project).await?.ok_or(ImportError::NoSuchProject(project))
    }

    /// The installations to be stored, given what is stored now.
    async fn decide(&self, tenant: &Tenant, text: &str) -> Result<Vec<Installation>, ImportError> {
        let (lines, mut issues) = self.read(text);
        let mut installations = Vec::new();
        for (number, line) in lines {
            let before = self.store.load(tenant, line.account.as_str()).await?;
            if before.as_ref().is_some_and(|before| before.integration.state != State::Disconnected) {
                let message = format!("{} is already installed in this project", line.account.reference);
                issues.push(LineIssue { line: number, path: "provider".into(), message });
            } else {
                installations.push(self.installation(tenant, line, before)?);
            }
        }
        issues.sort_by_key(|issue| issue.line);
        if issues.is_empty() { Ok(installations) } else { Err(ImportError::BadLines(issues)) }
    }

    /// Reads the lines. Returns those that can be imported, with their numbers, and everything that is wrong.
    fn read(&self, text: &str) -> (Vec<(usize, Given)>, Vec<LineIssue>) {
        let (mut lines, mut issues) = (Vec::new(), Vec::new());
        let mut first_lines: HashMap<String, usize> = HashMap::new();
        for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !is_blank(line)) {
            match read_given(line, &self.catalog) {
                Ok(line) => match first_lines.insert(line.account.as_str().to_owned(), number) {
                    None => lines.push((number, line)),
                    Some(first) => issues.push(LineIssue {
                        line: number,
                        path: "provider".into(),
                        message: format!("{} is already on line {first}", line.account.reference),
                    }),
                },
                Err(found) => issues.extend(found.into_iter().map(|issue| LineIssue {
                    line: number,
                    path: issue.path,
                    message: issue.message,
                })),
            }
        }
        if lines.is_empty() && issues.is_empty() {
            issues.push(LineIssue {
                line: 1,
                path: String::new(),
                message: "The file holds nothing to import".into(),
            });
        }
        (lines, issues)
    }

    fn installation(
        &self,
        tenant: &Tenant,
        line: Given,
        before: Option<Loaded>,
    ) -> Result<Installation, ImportError> {
        let (now, account) = (self.environment.now(), &line.account);
        let expires_at = line.expires_at();
        let connected = Connected::unprobed(line.configuration);
        let revision = match &before {
            None => Integration::install(self.environment.id(), tenant.project, account, connected, now),
            Some(before) => before
                .integration
                .reinstall(&account.provider, connected, now)
                .map_err(|refusal| StoreError::Damaged(format!("{}: {refusal}", account.reference)))?,
        };
        let decided = Decided { revision, replaces: before.as_ref() };
        let secrets = Secrets {
            connection: &line.connection,
            credential: &line.credential,
            expires_at,
            granted_scopes: None,
            not_before: None,
        };
        Ok(self.builder.build(*tenant, &Acting::OPERATOR, &account.provider, decided, secrets))
    }
}

fn providers(installations: &[Installation]) -> Vec<String> {
    installations.iter().map(|one| one.integration.provider.to_string()).collect()
}

fn is_blank(line: &str) -> bool {
    line.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}').is_empty()
}

/// Reads a line. The error is everything that is wrong, and has nothing of a credential.
pub fn read_given(line: &str, catalog: &Catalog) -> Result<Given, Vec<Issue>> {
    // Windows begins files with a byte order mark, and joined files have one in the middle.
    let line = line.trim_start_matches('\u{feff}');
    let one = |path: &str, message: &str| vec![Issue::new(path, message)];
    let mut fields = match json::parse(line.as_bytes()) {
        Ok(Value::Object(fields)) => fields,
        Ok(_) => return Err(one("", "Expected object")),
        Err(JsonError::Syntax(message)) => {
            return Err(one("", &format!("Not JSON: {}", without_line(&message))));
        }
        Err(JsonError::Issues(issues)) => return Err(issues),
    };
    let account = match fields.shift_remove("provider") {
        Some(Value::String(text)) => catalog.account(&text).map_err(|error| match error {
            NoSuchProvider::Key => {
                one("provider", &format!("There is no provider \"{text}\" in the catalog"))
            }
            NoSuchProvider::Alias => one("provider", &error.to_string()),
        })?,
        Some(_) => return Err(one("provider", "Expected string")),
        None => return Err(one("provider", "Required")),
    };
    let account = by_way(account, fields.shift_remove("auth")).map_err(|issue| vec![issue])?;
    let provider = &account.provider;
    let mut issues = Vec::new();
    let name = fields.shift_remove("display_name").unwrap_or(Value::Null);
    let display_name = read_display_name(name).unwrap_or_else(|message| {
        issues.push(Issue::new("display_name", message));
        None
    });
    let patch = Value::Object(object(&mut fields, "settings", &mut issues).unwrap_or_default());
    let (settings, secret_settings) = check_settings(Map::new(), &patch, provider).unwrap_or_else(|found| {
        issues.extend(found);
        Default::default()
    });
    let connection = object(&mut fields, "connection", &mut issues).unwrap_or_default();
    let read = match object(&mut fields, "credential", &mut issues) {
        Some(credential) => provider.read_input(connection, credential),
        None => {
            let missing = (!issues.iter().any(|issue| issue.path == "credential"))
                .then(|| Issue::new("credential", "Required"));
            Err(provider.read_connection(&connection).err().into_iter().flatten().chain(missing).collect())
        }
    };
    let (connection, credential) = read.unwrap_or_else(|found| {
        issues.extend(found);
        Default::default()
    });
    issues.extend(fields.keys().map(|field| Issue::new(field, "Unknown field")));
    if !issues.is_empty() {
        return Err(issues);
    }
    let configuration = Configuration { display_name, settings, secret_settings };
    Ok(Given { account, configuration, connection, credential })
}

/// The account by the way that a line names: the recommended one, if it names none.
fn by_way(account: ProviderAccount, auth: Option<Value>) -> Result<ProviderAccount, Issue> {
    let word = match auth {
        None => return Ok(account),
        Some(Value::String(word)) => word,
        Some(_) => return Err(Issue::new("auth", "Expected string")),
    };
    let kind: Option<AuthKind> = word.parse().ok();
    kind.and_then(|kind| account.by(kind)).ok_or_else(|| {
        let ways: Vec<&str> = account.ways.iter().map(|way| way.auth.as_str()).collect();
        let name = &account.provider.name;
        Issue::new("auth", format!("{name} has no such way to log in: it has {}", ways.join(", ")))
    })
}

/// Takes a field that must be an object. Anything else is an issue.
fn object(
    fields: &mut Map<String, Value>,
    name: &str,
    issues: &mut Vec<Issue>,
) -> Option<Map<String, Value>> {
    match fields.shift_remove(name) {
        None => None,
        Some(Value::Object(object)) => Some(object),
        Some(_) => {
            issues.push(Issue::new(name, "Expected object"));
            None
        }
    }
}

/// Removes the line number from a message about one line, because it is always 1.
fn without_line(message: &str) -> String {
    message.replace("line 1 ", "")
}
