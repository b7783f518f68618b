//! The source's part of a move: takes the integrations of a project into a file, and stops using them.

use std::{collections::HashMap, io, sync::Arc, time::Duration};

use integrations_core::{
    audit::Acting,
    catalog::{Catalog, Provider, ProviderAccount},
    ids::{ExportId, ProjectId},
    integration::{Revision, SecretSettings},
    lifecycle::{Chosen, State, Status},
    receipt::Receipt,
};
use secrecy::ExposeSecret as _;
use serde::Serialize;
use serde_json::{Map, Value};

use super::contents::{self, Account, Contents, Header, Item, Written};
use crate::{
    environment::Environment,
    provider::oauth_apps::{FindAppError, OAuthApps},
    store::{
        Decision, Departing, DepartingCredential, Loaded, NewAuditEvent, NewExport, OpenExport, Permission,
        ReadError, Renewing, Store, StoreError, Tenant,
    },
    vault::{Purpose, Recipient, Vault, VaultError},
};

/// How long an export waits for renewals that are under way: a lease is shorter.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(500);

/// Exports integrations, and ends their moves.
#[derive(Debug)]
pub struct Exporter {
    pub(super) store: Store,
    pub(super) environment: Environment,
    catalog: Arc<Catalog>,
    vault: Arc<Vault>,
    apps: OAuthApps,
}

/// What was exported.
#[derive(Clone, Debug, Serialize)]
pub struct ExportReport {
    /// `exp_…`
    pub export_id: ExportId,
    /// The receiver's public key.
    pub recipient: String,
    /// The integrations in the file.
    pub exported: Vec<String>,
    /// The hash of the file, in hexadecimal, by which the receiver knows that it is from here.
    pub sha256: String,
    /// Those that stay as they are.
    pub stays: Vec<StaysHere>,
}

/// An export that is recorded.
#[derive(Clone, Debug)]
pub struct Exported {
    /// What was exported.
    pub report: ExportReport,
    /// The first line of the file, to be written over the blanks in its place.
    pub first_line: String,
}

/// An integration that is not exported.
#[derive(Clone, Debug, Serialize)]
pub struct StaysHere {
    /// Its provider, with the alias.
    pub provider: String,
    /// Why, and what to do.
    pub reason: String,
}

/// Why nothing was exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// There is no such project.
    #[error("there is no project {0}, or it is archived")]
    NoSuchProject(ProjectId),
    /// Nothing can be exported.
    #[error("nothing was exported: the project has no integration that can be{}", reasons(.0))]
    Nothing(Vec<StaysHere>),
    /// A renewal does not end.
    #[error("nothing was exported: the tokens of {0} are being renewed, and that did not end: try again")]
    Renewing(String),
    /// A secret cannot be opened.
    #[error("nothing was exported: a secret of {0} cannot be opened: {1}")]
    Unopened(String, VaultError),
    /// The lifecycle does not allow it, which is a bug.
    #[error("nothing was exported: {0} cannot be put on hold")]
    Refused(String),
    /// The file could not be written or sealed.
    #[error("nothing was exported: the file cannot be written")]
    File(#[source] io::Error),
    /// The database may be a copy, and the original may use the same credentials.
    #[error(
        "nothing was exported: this database was restored or copied, so another server may use the same credentials. \
         Export there, or go on here first, with `admin resume`"
    )]
    Copy,
    /// Whether it is stored is not known.
    #[error(
        "the database did not answer the last step, so it is not known whether the export {0} is recorded, and its \
         file was removed. Look with `admin export --list`: if it is there, take it back with `admin export --cancel {0}`"
    )]
    Unanswered(ExportId, #[source] StoreError),
    /// The database did not do its part.
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl From<StoreError> for ExportError {
    fn from(error: StoreError) -> Self {
        Self::Read(error.into())
    }
}

fn reasons(stays: &[StaysHere]) -> String {
    stays.iter().map(|one| format!("; {}: {}", one.provider, one.reason)).collect()
}

/// What becomes of one integration.
enum Packed {
    /// It goes along.
    Leaves(Box<Item>, DepartingCredential, Chosen),
    Stays(StaysHere),
    /// It is not known yet, because its tokens are being renewed.
    Renewing(String),
}

/// How one export went.
enum Attempt {
    Done(Exported),
    Renewing(String),
}

impl Exporter {
    /// Exports from `store`. It knows the OAuth apps of the environment by provider.
    pub fn new(
        store: Store,
        catalog: Arc<Catalog>,
        vault: Arc<Vault>,
        apps: OAuthApps,
        environment: Environment,
    ) -> Self {
        Self { store, environment, catalog, vault, apps }
    }

    /// Takes every integration of a project that has a usable credential. Before anything is stored, `keep` gets the
    /// file with blanks in place of its first line: that nobody can import. If `keep` fails, nothing is stored.
    pub async fn export(
        &self,
        project: ProjectId,
        recipient: &Recipient,
        mut keep: impl FnMut(&[u8]) -> io::Result<()> + Send,
    ) -> Result<Exported, ExportError> {
        if self.store.may_be_a_copy().await? {
            return Err(ExportError::Copy);
        }
        let tenant = self.store.tenant_of(project).await?.ok_or(ExportError::NoSuchProject(project))?;
        let client_ids = self.client_ids(&tenant).await?;
        let end = self.environment.uptime() + PATIENCE;
        loop {
            match self.attempt(&tenant, recipient, &client_ids, &mut keep).await? {
                Attempt::Done(exported) => return Ok(exported),
                Attempt::Renewing(provider) if self.environment.uptime() > end => {
                    return Err(ExportError::Renewing(provider));
                }
                Attempt::Renewing(_) => self.environment.pause(PAUSE).await,
            }
        }
    }

    /// The client ids of the OAuth apps that the project's integrations use, by the providers' keys.
    async fn client_ids(&self, tenant: &Tenant) -> Result<HashMap<String, String>, ExportError> {
        let mut found = HashMap::new();
        for row in self.store.integrations(tenant).await? {
            let Ok(account) = self.catalog.account(&row.provider) else { continue };
            let Some(provider) = account.ways.by_app() else { continue };
            if found.contains_key(provider.key.as_str()) {
                continue;
            }
            match self.apps.find(tenant, provider).await {
                Ok(Some(app)) => {
                    found.insert(provider.key.to_string(), app.client_id);
                }
                Ok(None) => {}
                Err(FindAppError::Store(error)) => return Err(error.into()),
                Err(FindAppError::Vault(error)) => {
                    return Err(ExportError::Unopened(format!("the OAuth app of {}", provider.name), error));
                }
            }
        }
        Ok(found)
    }

    async fn attempt(
        &self,
        tenant: &Tenant,
        recipient: &Recipient,
        client_ids: &HashMap<String, String>,
        keep: &mut (impl FnMut(&[u8]) -> io::Result<()> + Send),
    ) -> Result<Attempt, ExportError> {
        let (id, receipt_key, now) =
            (self.environment.id(), self.environment.bytes(), self.environment.now());
        let new = NewExport {
            id,
            recipient: recipient.to_string(),
            receipt_key: Receipt::verifying_key(&receipt_key),
        };
        let permission = Permission { tenant: *tenant, by: None, at: now };
        let begun = self.store.begin_export(permission, new).await?;
        let mut open = begun.map_err(|_| ExportError::NoSuchProject(tenant.project))?;
        let (mut integrations, mut stays) = (Vec::new(), Vec::new());
        while let Some(departing) = open.next().await? {
            match self.pack(&departing, client_ids)? {
                Packed::Leaves(item, credential, chosen) => {
                    self.hand_over(&open, tenant, id, (&departing.loaded, credential, chosen)).await?;
                    integrations.push(*item);
                }
                Packed::Stays(one) => stays.push(one),
                Packed::Renewing(provider) => return Ok(Attempt::Renewing(provider)),
            }
        }
        if integrations.is_empty() {
            return Err(ExportError::Nothing(stays));
        }
        let exported = integrations.iter().map(|item| item.provider.clone()).collect();
        let header = Header::new(id, recipient, tenant.project, integrations.len(), now);
        let contents = Contents { receipt_key, integrations };
        let written = contents::write(&header, &contents, recipient, &self.environment);
        let Written { file, first_line, sha256 } =
            written.map_err(|error| ExportError::File(io::Error::other(error)))?;
        keep(&file).map_err(ExportError::File)?;
        open.commit().await.map_err(|error| ExportError::Unanswered(id, error))?;
        let report = ExportReport { export_id: id, recipient: header.recipient, exported, sha256, stays };
        Ok(Attempt::Done(Exported { report, first_line }))
    }

    async fn hand_over(
        &self,
        open: &OpenExport,
        tenant: &Tenant,
        id: ExportId,
        (loaded, credential, chosen): (&Loaded, DepartingCredential, Chosen),
    ) -> Result<(), ExportError> {
        let revision = loaded.integration.hand_over(id, self.environment.now());
        let revision = revision.map_err(|_| ExportError::Refused(loaded.integration.provider.to_string()))?;
        let decision = decision(&self.environment, tenant, revision);
        Ok(open.hand_over(loaded, credential, chosen, decision).await?)
    }

    /// Opens an integration's secrets, or says why it stays.
    fn pack(
        &self,
        departing: &Departing,
        client_ids: &HashMap<String, String>,
    ) -> Result<Packed, ExportError> {
        let loaded = &departing.loaded;
        let integration = &loaded.integration;
        let provider = integration.provider.to_string();
        let stays = |reason: &str| {
            let reason = reason.to_owned();
            Ok(Packed::Stays(StaysHere { provider: provider.clone(), reason }))
        };
        if loaded.is_moving {
            return stays("it is on its way by an earlier export, which has to be ended or cancelled first");
        }
        let Some(credential) = &departing.credential else {
            return stays("it has no usable credential: connect it at the receiver");
        };
        let Ok(account) = self.catalog.account(integration.provider.as_str()) else {
            return stays("this server has no provider file for it any more");
        };
        let way = Arc::clone(&account.stored(loaded.way()).provider);
        match departing.renewing {
            Renewing::UnderWay if way.rotates() => return Ok(Packed::Renewing(provider)),
            Renewing::BrokenOff if way.rotates() => {
                return stays(
                    "its renewal was interrupted, so that its refresh token may be used up: connect it at the receiver",
                );
            }
            _ => {}
        }
        // Its client id tells the receiver which app can renew the tokens.
        if credential.renewable && way.oauth_by_app().is_some() && !client_ids.contains_key(way.key.as_str())
        {
            return stays(
                "its tokens are renewed by an OAuth app that this command does not know: give the command the settings \
                 of the server (RIQ_OAUTH_…), or connect it at the receiver",
            );
        }
        let Some(chosen) = integration.state.chosen() else { return stays("it is disconnected") };
        let unopened = |error| ExportError::Unopened(provider.clone(), error);
        let item = self.item(&account, &way, loaded, credential, client_ids).map_err(unopened)?;
        Ok(Packed::Leaves(Box::new(item), credential.clone(), chosen))
    }

    fn item(
        &self,
        account: &ProviderAccount,
        way: &Provider,
        loaded: &Loaded,
        credential: &DepartingCredential,
        client_ids: &HashMap<String, String>,
    ) -> Result<Item, VaultError> {
        let integration = self.vault.open_integration(loaded)?;
        let opened = self.vault.open(&credential.sealed, Purpose::Credential(loaded.into()))?;
        let read = |text: &[u8]| -> Result<Map<String, Value>, VaultError> {
            serde_json::from_slice(text).map_err(|_| VaultError::Damaged)
        };
        let secret = match integration.secret_settings {
            SecretSettings::Opened(secret) => secret,
            SecretSettings::Sealed => Map::new(),
        };
        let scopes = credential.granted_scopes.as_deref();
        let is_paused = integration.state.chosen() == Some(Chosen::Paused);
        Ok(Item {
            provider: account.as_str().to_owned(),
            auth: way.auth.as_str().to_owned(),
            status: if is_paused { Status::Paused } else { Status::Active },
            display_name: integration.display_name,
            sidebar_enabled: integration.sidebar_enabled,
            settings: integration.settings.into_iter().chain(secret).collect(),
            action_permissions: integration.action_permissions,
            account: integration.account.map(|account| Account { id: account.id, name: account.name }),
            connection: read(loaded.connection.as_bytes())?,
            credential: read(opened.expose_secret())?,
            expires_at: credential.expires_at,
            granted_scopes: scopes.and_then(|scopes| serde_json::from_str(scopes).ok()),
            client_id: way.oauth_by_app().and_then(|_| client_ids.get(way.key.as_str()).cloned()),
        })
    }
}

/// What is stored of a step of a move, with its event.
pub(super) fn decision(environment: &Environment, tenant: &Tenant, revision: Revision) -> Decision {
    let Revision { integration, action, changes, destroys_credential, .. } = revision;
    let event = NewAuditEvent::new(environment, tenant.organization, action, Acting::OPERATOR);
    let sealed_settings = (integration.state == State::Disconnected).then_some(None);
    Decision {
        event: NewAuditEvent {
            project: Some(tenant.project),
            integration: Some((integration.id, integration.provider.to_string())),
            changes,
            at: integration.updated_at,
            ..event
        },
        integration,
        sealed_settings,
        destroys_credential,
        revocation: None,
    }
}
