//! The receiver's part of a move: takes all integrations of an export in, or none, once.

use std::sync::Arc;

use integrations_core::{
    audit::Acting,
    catalog::{AuthKind, Catalog, NoSuchProvider, ProviderAccount},
    ids::{ExportId, ProjectId},
    integration::{Configuration, Integration, check_settings},
    lifecycle::{Chosen, State, Status},
    moving::{Arriving, Belongings},
    oauth::AccountIdentity,
    permissions::Permission as Permitted,
    receipt::Receipt,
};
use serde::Serialize;
use serde_json::{Map, Value};

use super::contents::{self, Contents, FileError, Header, Item};
use crate::{
    environment::Environment,
    provider::oauth_apps::{FindAppError, OAuthApps},
    services::install::installation::{Decided, InstallationBuilder, Secrets},
    store::{
        Imported, Installation, Installed, Loaded, NewImport, Permission, ReadError, Store, StoreError,
        Tenant,
    },
    vault::{Identity, Vault},
};

/// How often an import is tried again because another request was first.
const ATTEMPTS: usize = 20;

/// Takes integrations in.
#[derive(Debug)]
pub struct Receiver {
    store: Store,
    catalog: Arc<Catalog>,
    apps: OAuthApps,
    builder: InstallationBuilder,
    environment: Environment,
}

/// What is to be imported, and how.
#[derive(Clone, Copy, Debug)]
pub struct Import<'a> {
    /// Where it arrives.
    pub project: ProjectId,
    /// The SHA-256 that the export must have, in hexadecimal.
    pub expected: Option<&'a str>,
    /// Everything is checked, and nothing stored.
    pub is_trial: bool,
}

/// What has arrived, or would.
#[derive(Clone, Debug, Serialize)]
pub struct Arrived {
    /// The export.
    pub export_id: ExportId,
    /// The project that has them.
    pub project_id: ProjectId,
    /// The integrations.
    pub imported: Vec<String>,
    /// Permissions that were given for actions that their providers do not have here.
    pub left_out: Vec<String>,
    /// For the source. `None`: nothing was stored, because it was only tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipt: Option<Receipt>,
}

/// What stands in the way of one integration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MoveIssue {
    /// Its provider, with the alias.
    pub provider: String,
    /// What is wrong, and what to do.
    pub message: String,
}

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    /// The file cannot be read.
    #[error("nothing was imported: {0}")]
    File(#[from] FileError),
    /// There is no such project.
    #[error("there is no project {0}, or it is archived; nothing was imported")]
    NoSuchProject(ProjectId),
    /// Some cannot be imported.
    #[error("{} of the export's integrations cannot be imported; nothing was", .0.len())]
    Issues(Vec<MoveIssue>),
    /// It was imported before.
    #[error("the export {export} was imported before, into {project}; nothing was changed")]
    Before {
        /// The export.
        export: ExportId,
        /// Where its integrations are.
        project: ProjectId,
        /// The receipt of that time.
        receipt: Box<Receipt>,
    },
    /// Other requests kept changing the same integrations.
    #[error("other requests keep changing the project's integrations; nothing was imported: try again")]
    Contended,
    /// The database did not do its part.
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl From<StoreError> for MoveError {
    fn from(error: StoreError) -> Self {
        Self::Read(error.into())
    }
}

/// Whether an integration can be stored, and what is left out of it.
type Checked = Result<(Installation, Vec<String>), Vec<String>>;

impl Receiver {
    /// Imports into `store`.
    pub fn new(
        store: Store,
        catalog: Arc<Catalog>,
        vault: Arc<Vault>,
        apps: OAuthApps,
        environment: Environment,
    ) -> Self {
        let builder = InstallationBuilder::new(vault, environment.clone());
        Self { store, catalog, apps, builder, environment }
    }

    /// Imports the text of an export into a project.
    pub async fn import(
        &self,
        Import { project, expected, is_trial }: Import<'_>,
        identity: &Identity,
        text: &str,
    ) -> Result<Arrived, MoveError> {
        let hash = contents::sha256(text);
        if expected.is_some_and(|expected| !expected.trim().eq_ignore_ascii_case(&hash)) {
            return Err(FileError::Unexpected(hash).into());
        }
        let (header, contents) = contents::read(text, identity)?;
        if let Some(before) = self.store.import_of(header.id).await? {
            return Err(before_error(before, &contents));
        }
        let tenant = self.store.tenant_of(project).await?.ok_or(MoveError::NoSuchProject(project))?;
        for _ in 0..ATTEMPTS {
            let (installations, left_out) = self.decide(&tenant, &header, &contents).await?;
            let at = self.environment.now();
            let imported = contents.integrations.iter().map(|item| item.provider.clone()).collect();
            let integrations = u64::try_from(installations.len()).unwrap_or(u64::MAX);
            let new = NewImport { export: header.id, project, integrations, at };
            let arrived =
                Arrived { export_id: header.id, project_id: project, imported, left_out, receipt: None };
            if is_trial {
                return Ok(arrived);
            }
            let permission = Permission { tenant, by: None, at };
            match self.store.import(&permission, installations, new).await? {
                Imported::Now(Installed::Stored) => {
                    return Ok(Arrived { receipt: Some(receipt(new, &contents)), ..arrived });
                }
                Imported::Now(Installed::Lapsed(_)) => return Err(MoveError::NoSuchProject(project)),
                Imported::Now(Installed::Changed | Installed::LinkUsed) => {}
                Imported::Before(before) => return Err(before_error(before, &contents)),
            }
        }
        Err(MoveError::Contended)
    }

    async fn decide(
        &self,
        tenant: &Tenant,
        header: &Header,
        contents: &Contents,
    ) -> Result<(Vec<Installation>, Vec<String>), MoveError> {
        let (mut installations, mut left_out, mut issues) = (Vec::new(), Vec::new(), Vec::new());
        for item in &contents.integrations {
            match self.check(tenant, header.id, item).await? {
                Ok((installation, without)) => {
                    installations.push(installation);
                    left_out.extend(without);
                }
                Err(messages) => issues.extend(
                    messages
                        .into_iter()
                        .map(|message| MoveIssue { provider: item.provider.clone(), message }),
                ),
            }
        }
        if issues.is_empty() { Ok((installations, left_out)) } else { Err(MoveError::Issues(issues)) }
    }

    async fn check(&self, tenant: &Tenant, export: ExportId, item: &Item) -> Result<Checked, MoveError> {
        let account = match self.account(item) {
            Ok(account) => account,
            Err(message) => return Ok(Err(vec![message])),
        };
        let before = self.store.load(tenant, account.as_str()).await?;
        let mut messages = Vec::new();
        if before.as_ref().is_some_and(|before| before.integration.state != State::Disconnected) {
            messages.push(
                "it is installed in this project already: disconnect it first, or import into another project"
                    .to_owned(),
            );
        }
        if let Err(issues) = account.provider.read_connection(&item.connection) {
            messages.extend(issues.iter().map(ToString::to_string));
        }
        messages.extend(self.missing_app(tenant, &account, item).await?);
        let settings = Value::Object(item.settings.clone());
        let (settings, secret_settings) = check_settings(Map::new(), &settings, &account.provider)
            .unwrap_or_else(|issues| {
                messages.extend(issues.iter().map(ToString::to_string));
                Default::default()
            });
        if !messages.is_empty() {
            return Ok(Err(messages));
        }
        let configuration =
            Configuration { display_name: item.display_name.clone(), settings, secret_settings };
        Ok(Ok(self.installation(tenant, export, item, (&account, before.as_ref(), configuration))?))
    }

    fn account(&self, item: &Item) -> Result<ProviderAccount, String> {
        let account = self.catalog.account(&item.provider).map_err(|error| match error {
            NoSuchProvider::Key => {
                "this server has no such provider: put its file into RIQ_PROVIDERS_DIR, or upgrade this server"
                    .to_owned()
            }
            NoSuchProvider::Alias => error.to_string(),
        })?;
        let kind: Option<AuthKind> = item.auth.parse().ok();
        kind.and_then(|kind| account.by(kind)).ok_or_else(|| {
            let ways: Vec<&str> = account.ways.iter().map(|way| way.auth.as_str()).collect();
            let (name, has) = (&account.provider.name, ways.join(", "));
            format!("it was connected by {}, and {name} has no such way here: it has {has}", item.auth)
        })
    }

    /// What is wrong with the OAuth app that would renew its tokens: they belong to the app that got them.
    async fn missing_app(
        &self,
        tenant: &Tenant,
        account: &ProviderAccount,
        item: &Item,
    ) -> Result<Option<String>, MoveError> {
        let (Some(_), Some(wanted)) = (account.provider.oauth_by_app(), &item.client_id) else {
            return Ok(None);
        };
        let found = match self.apps.find(tenant, &account.provider).await {
            Ok(found) => found.map(|app| app.client_id),
            Err(FindAppError::Store(error)) => return Err(error.into()),
            Err(FindAppError::Vault(error)) => return Ok(Some(error.to_string())),
        };
        let has = match &found {
            Some(found) if found == wanted => return Ok(None),
            Some(found) => format!("the one here has the client id {found}"),
            None => "there is none here".to_owned(),
        };
        Ok(Some(format!(
            "its tokens belong to the OAuth app with the client id {wanted}, and {has}: set that app first, with \
             `admin oauth-app set`"
        )))
    }

    fn installation(
        &self,
        tenant: &Tenant,
        export: ExportId,
        item: &Item,
        (account, before, configuration): (&ProviderAccount, Option<&Loaded>, Configuration),
    ) -> Result<(Installation, Vec<String>), MoveError> {
        let identity = |account: &contents::Account| AccountIdentity {
            id: account.id.clone(),
            name: account.name.clone(),
        };
        let belongings = Belongings {
            configuration,
            sidebar_enabled: item.sidebar_enabled,
            action_permissions: item.action_permissions.clone(),
            account: item.account.as_ref().map(identity),
            chosen: if item.status == Status::Paused { Chosen::Paused } else { Chosen::Active },
        };
        let at = Arriving {
            id: self.environment.id(),
            project: tenant.project,
            account,
            before: before.map(|before| &before.integration),
        };
        let revision = Integration::arrive(at, belongings, export, self.environment.now())
            .map_err(|refusal| StoreError::Damaged(format!("{}: {refusal}", item.provider)))?;
        let is_known = |key: &String| revision.integration.action_permissions.contains_key(key);
        let left_out = item
            .action_permissions
            .iter()
            .filter(|(key, permission)| **permission != Permitted::Off && !is_known(key))
            .map(|(key, _)| format!("{}: {key}", item.provider))
            .collect();
        let secrets = Secrets {
            connection: &item.connection,
            credential: &item.credential,
            expires_at: item.expires_at,
            granted_scopes: item.granted_scopes.as_ref(),
            not_before: None,
        };
        let decided = Decided { revision, replaces: before };
        Ok((self.builder.build(*tenant, &Acting::OPERATOR, &account.provider, decided, secrets), left_out))
    }
}

fn receipt(import: NewImport, contents: &Contents) -> Receipt {
    let NewImport { export, project, integrations, at } = import;
    Receipt::sign(&contents.receipt_key, export, project, integrations, at)
}

fn before_error(before: NewImport, contents: &Contents) -> MoveError {
    let receipt = Box::new(receipt(before, contents));
    MoveError::Before { export: before.export, project: before.project, receipt }
}
