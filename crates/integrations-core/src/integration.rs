//! The integration, and how a request changes it.
//!
//! [`Update::read`] checks a request against the integration and reports everything that is wrong at once.
//! [`Integration::apply`] applies it, unless the lifecycle refuses. The result is a [`Revision`]: the integration to
//! store, and the content of the audit event.

use std::fmt;

use serde_json::{Map, Value};
use time::OffsetDateTime;

use crate::{
    audit::{self, AuditAction, Change},
    catalog::{ActionKind, Provider, ProviderAccount, ProviderRef},
    ids::{IntegrationId, ProjectId},
    issue::Issue,
    json::{self, JsonError},
    lifecycle::{self, Command, Credential, Health, Refusal, State, Status, Transition},
    name::read_display_name,
    oauth::AccountIdentity,
    permissions::{self, ActionPermissions, OTHER_READS, Permission},
    proxy::other_permissions,
    settings::merge_patch,
    words::{UnknownWord, words},
};

/// An installed integration of one project with one provider.
#[derive(Clone, Debug, PartialEq)]
pub struct Integration {
    /// Its id.
    pub id: IntegrationId,
    /// The project that it belongs to.
    pub project: ProjectId,
    /// The provider, with the alias of a further account.
    pub provider: ProviderRef,
    /// Its state in the lifecycle. Never [`State::Available`].
    pub state: State,
    /// Overrides the catalog's name.
    pub display_name: Option<String>,
    /// The account at the provider that it is connected to, if known. A disconnection keeps it.
    pub account: Option<AccountIdentity>,
    /// Its health, from the last probes.
    pub health: Health,
    /// Whether its panel is shown in the inbox's sidebar.
    pub sidebar_enabled: bool,
    /// When the provider last accepted the credential.
    pub last_synced_at: Option<OffsetDateTime>,
    /// What is wrong, in words for a person.
    pub error_message: Option<String>,
    /// The settings that may be shown.
    pub settings: Map<String, Value>,
    /// The settings that may not be shown.
    pub secret_settings: SecretSettings,
    /// What the agent may do.
    pub action_permissions: ActionPermissions,
    /// The number of the stored revision, from 1.
    pub version: i64,
    /// When it was first installed.
    pub created_at: OffsetDateTime,
    /// When it was last changed.
    pub updated_at: OffsetDateTime,
}

/// Settings that are marked `writeOnly`. `Debug` shows none of them.
#[derive(Clone, PartialEq)]
pub enum SecretSettings {
    /// All of them. Empty if none are set.
    Opened(Map<String, Value>),
    /// Some are stored, and they have not been opened. They can be kept or destroyed as they are.
    Sealed,
}

impl SecretSettings {
    /// The settings, if they have been opened.
    pub const fn opened(&self) -> Option<&Map<String, Value>> {
        match self {
            Self::Opened(settings) => Some(settings),
            Self::Sealed => None,
        }
    }
}

impl Default for SecretSettings {
    fn default() -> Self {
        Self::Opened(Map::new())
    }
}

impl fmt::Debug for SecretSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Opened(settings) => write!(f, "SecretSettings({} redacted)", settings.len()),
            Self::Sealed => f.write_str("SecretSettings(sealed)"),
        }
    }
}

/// What a person chooses when they install an integration.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Configuration {
    /// Overrides the catalog's name.
    pub display_name: Option<String>,
    /// The settings that may be shown.
    pub settings: Map<String, Value>,
    /// The settings that may not be shown.
    pub secret_settings: SecretSettings,
}

/// The result of an installation, apart from the credential.
#[derive(Clone, Debug, PartialEq)]
pub struct Connected {
    /// What the person chose.
    pub configuration: Configuration,
    /// The account that it is connected to, if the provider says.
    pub account: Option<AccountIdentity>,
    /// What the probe of the new credential found.
    pub health: Health,
    /// What is wrong, in words for a person.
    pub error_message: Option<String>,
    /// When the provider accepted the credential; `None` if it was not asked or did not accept it.
    pub synced_at: Option<OffsetDateTime>,
}

impl Connected {
    /// An installation whose credential was not probed.
    pub const fn unprobed(configuration: Configuration) -> Self {
        Self { configuration, account: None, health: Health::Unknown, error_message: None, synced_at: None }
    }
}

/// What a client asks to change. It is checked: every value can be stored unchanged.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Update {
    status: Option<RequestedStatus>,
    /// The override of the catalog's name. `Some(None)` removes it.
    display_name: Option<Option<String>>,
    sidebar_enabled: Option<bool>,
    /// The complete settings after the merge: those that may be shown, and the secret ones.
    settings: Option<(Map<String, Value>, SecretSettings)>,
    /// The permissions to merge by key.
    action_permissions: ActionPermissions,
}

words! {
    /// The statuses that a client may ask for.
    pub enum RequestedStatus {
        /// In use.
        Active = "active",
        /// On hold.
        Paused = "paused",
        /// Disconnected; the stored credential is destroyed.
        Disconnected = "disconnected",
    }
}

/// Why a request to change an integration cannot be read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum UpdateError {
    /// The body is not JSON. The text says what is wrong and where.
    #[error("{0}")]
    BadJson(String),
    /// The body is JSON, but not valid.
    #[error("invalid body")]
    Invalid(Vec<Issue>),
    /// The body has no field to change.
    #[error("the body has no field to change")]
    NoUpdates,
    /// The change concerns the settings, and the secret ones among them must be opened before.
    #[error("the secret settings must be opened before")]
    SettingsSealed,
}

impl From<Vec<Issue>> for UpdateError {
    fn from(issues: Vec<Issue>) -> Self {
        Self::Invalid(issues)
    }
}

impl From<JsonError> for UpdateError {
    fn from(error: JsonError) -> Self {
        match error {
            JsonError::Syntax(message) => Self::BadJson(message),
            JsonError::Issues(issues) => Self::Invalid(issues),
        }
    }
}

impl Update {
    /// Reads the body of a lifecycle PATCH and checks it against the integration and its provider.
    pub fn read(body: &[u8], current: &Integration, provider: &Provider) -> Result<Self, UpdateError> {
        let Value::Object(fields) = json::parse(body)? else {
            return Err(UpdateError::Invalid(vec![Issue::new("", "Expected object")]));
        };
        if fields.is_empty() {
            return Err(UpdateError::NoUpdates);
        }
        let mut update = Self::default();
        let mut issues = Vec::new();
        for (field, value) in fields {
            match update.read_field(&field, value, current, provider) {
                Err(UpdateError::Invalid(found)) => issues.extend(found),
                other => other?,
            }
        }
        if update.status == Some(RequestedStatus::Disconnected) && update.sidebar_enabled == Some(true) {
            issues.push(Issue::new("sidebar_enabled", "Cannot be true while disconnecting"));
        }
        if issues.is_empty() { Ok(update) } else { Err(UpdateError::Invalid(issues)) }
    }

    /// Asks for a status and nothing else.
    pub fn to_status(status: RequestedStatus) -> Self {
        Self { status: Some(status), ..Self::default() }
    }

    /// Asks for a display name; `null` takes the override away.
    pub fn set_display_name(&mut self, name: Value) -> Result<(), Vec<Issue>> {
        let name = read_display_name(name).map_err(|message| vec![Issue::new("display_name", message)])?;
        self.display_name = Some(name);
        Ok(())
    }

    /// Asks for the sidebar panel to be shown or hidden.
    pub fn set_sidebar_enabled(&mut self, enabled: bool) {
        self.sidebar_enabled = Some(enabled);
    }

    /// Asks for settings: `patch` is merged into the current ones (RFC 7396), of which the secret ones must be opened
    /// before, and the whole is checked against the provider's schema.
    pub fn set_settings(
        &mut self,
        patch: &Value,
        current: &Integration,
        provider: &Provider,
    ) -> Result<(), UpdateError> {
        let secret = current.secret_settings.opened().ok_or(UpdateError::SettingsSealed)?;
        let stored = current.settings.iter().chain(secret);
        let stored = stored.map(|(key, value)| (key.clone(), value.clone())).collect();
        self.settings = Some(check_settings(stored, patch, provider)?);
        Ok(())
    }

    /// Asks for another permission of one of the provider's actions.
    ///
    /// `key` is that of the action, or one of [`other_permissions`] that can be given.
    pub fn set_permission(&mut self, key: &str, permission: Permission) {
        self.action_permissions.insert(key.to_owned(), permission);
    }

    fn read_field(
        &mut self,
        field: &str,
        value: Value,
        current: &Integration,
        provider: &Provider,
    ) -> Result<(), UpdateError> {
        let issue = |message: &str| vec![Issue::new(field, message)];
        match field {
            "status" => self.status = Some(read_status(&value).map_err(|m| issue(&m))?),
            "display_name" => self.set_display_name(value)?,
            "sidebar_enabled" => {
                self.set_sidebar_enabled(value.as_bool().ok_or_else(|| issue("Expected boolean"))?);
            }
            "settings" => self.set_settings(&value, current, provider)?,
            "action_permissions" => {
                let actions = provider.actions.iter().map(|action| action.key.as_str());
                self.action_permissions = permissions::read(&value, actions, &other_permissions(provider))?;
            }
            _ => return Err(issue("Unknown field").into()),
        }
        Ok(())
    }
}

fn read_status(value: &Value) -> Result<RequestedStatus, String> {
    let word = value.as_str().unwrap_or_default();
    word.parse().map_err(|unknown: UnknownWord| match word {
        "error" => format!(
            "Cannot be set to error, which only the system sets; expected one of {}",
            unknown.expected.join(", ")
        ),
        _ => unknown.to_string(),
    })
}

/// A change to an integration: what to store, and what to record with it.
#[derive(Clone, Debug, PartialEq)]
pub struct Revision {
    /// The integration to store, with the next version number.
    pub integration: Integration,
    /// The action of the audit event.
    pub action: AuditAction,
    /// The changes of the audit event.
    pub changes: Vec<Change>,
    /// Whether the secret settings change. If they do not, the stored ones stay as they are.
    pub changes_secret_settings: bool,
    /// Whether the stored credential must be destroyed in the same transaction.
    pub destroys_credential: bool,
}

impl Integration {
    /// Its status.
    pub fn status(&self) -> Status {
        self.state.status().unwrap_or(Status::Disconnected)
    }

    /// Applies an update. `None` if it changes nothing: then there is nothing to store or record.
    pub fn apply(
        &self,
        update: Update,
        credential: Credential,
        now: OffsetDateTime,
    ) -> Result<Option<Revision>, Refusal> {
        let mut next = self.clone();
        if let Some(name) = update.display_name {
            next.display_name = name;
        }
        if let Some((shown, secret)) = update.settings {
            next.settings = shown;
            next.secret_settings = secret;
        }
        next.action_permissions.extend(update.action_permissions);
        if let Some(enabled) = update.sidebar_enabled {
            next.sidebar_enabled = enabled;
        }
        if let Some(status) = update.status {
            let command = match status {
                RequestedStatus::Active => Command::Activate { credential },
                RequestedStatus::Paused => Command::Pause,
                RequestedStatus::Disconnected => Command::Disconnect,
            };
            next.transition(command)?;
        }
        if next.state == State::Disconnected && next.sidebar_enabled {
            return Err(Refusal::ReinstallRequired);
        }
        let count = |integration: &Self| integration.secret_settings.opened().map_or(0, Map::len);
        if next.state == State::Disconnected && count(&next) > count(self) {
            // A disconnection deletes secret settings together with the credential, so no new ones are taken after it.
            return Err(Refusal::ReinstallRequired);
        }
        Ok(self.revised(next, AuditAction::IntegrationLifecycleUpdated, now))
    }

    /// Disconnects the integration. `None` if it is disconnected already.
    pub fn disconnect(&self, now: OffsetDateTime) -> Result<Option<Revision>, Refusal> {
        let mut next = self.clone();
        next.transition(Command::Disconnect)?;
        Ok(self.revised(next, AuditAction::IntegrationDisconnected, now))
    }

    /// Installs for the first time. Actions get the provider's default permissions. The account's name becomes the
    /// display name, unless another is given.
    pub fn install(
        id: IntegrationId,
        project: ProjectId,
        account: &ProviderAccount,
        connected: Connected,
        now: OffsetDateTime,
    ) -> Revision {
        let bare = Self {
            id,
            project,
            provider: account.reference.clone(),
            state: State::Active,
            display_name: None,
            account: None,
            health: Health::Unknown,
            sidebar_enabled: false,
            last_synced_at: None,
            error_message: None,
            settings: Map::new(),
            secret_settings: SecretSettings::default(),
            action_permissions: ActionPermissions::new(),
            version: 1,
            created_at: now,
            updated_at: now,
        };
        let actions = account.provider.actions.iter();
        let permitted =
            actions.map(|action| (action.key.clone(), Permission::from(action.allowed_by_default)));
        let Connected { configuration, account, health, error_message, synced_at } = connected;
        let name_of_account = account.as_ref().and_then(|account| account.name.clone());
        let integration = Self {
            display_name: configuration.display_name.or(name_of_account),
            settings: configuration.settings,
            secret_settings: configuration.secret_settings,
            account,
            health,
            error_message,
            last_synced_at: synced_at,
            action_permissions: permitted.collect(),
            ..bare.clone()
        };
        let status = audit::change("status", Value::Null, integration.status().as_str());
        let changes = status.into_iter().chain(bare.diff(&integration)).collect();
        Revision {
            changes_secret_settings: integration.secret_settings != bare.secret_settings,
            integration,
            action: AuditAction::IntegrationInstalled,
            changes,
            destroys_credential: false,
        }
    }

    /// Installs again, after a disconnection or in place of the present connection. A display name that a person chose
    /// stays, unless another is given.
    /// If the account is not known, the last known one stays, so that the next one is compared with it.
    ///
    /// Permissions were given for an account. They stay if it is known to be the same. Otherwise every action that does
    /// more than read is turned off.
    pub fn reinstall(
        &self,
        provider: &Provider,
        connected: Connected,
        now: OffsetDateTime,
    ) -> Result<Revision, Refusal> {
        let mut next = self.clone();
        next.transition(Command::Install)?;
        let Connected { configuration, account, health, error_message, synced_at } = connected;
        let name_of_account = account.as_ref().and_then(|account| account.name.clone());
        let given = configuration.display_name.or_else(|| self.chosen_name().cloned());
        next.display_name = given.or(name_of_account).or(next.display_name);
        next.settings = configuration.settings;
        next.secret_settings = configuration.secret_settings;
        let is_same = matches!((&account, &self.account), (Some(new), Some(last)) if new.id == last.id);
        if !is_same {
            next.turn_writes_off(provider);
        }
        next.account = match (account, next.account.take()) {
            (None, last) => last,
            (Some(same), Some(last)) if is_same && same.name.is_none() => Some(last),
            (other, _) => other,
        };
        next.health = health;
        next.error_message = error_message;
        next.last_synced_at = synced_at.or(next.last_synced_at);
        Ok(self.revision(next, AuditAction::IntegrationInstalled, now))
    }

    /// Turns off every permission but those of actions that are known to only read.
    fn turn_writes_off(&mut self, provider: &Provider) {
        let only_reads = |key: &str| {
            key == OTHER_READS || provider.action(key).is_some_and(|one| one.kind == ActionKind::ReadOnly)
        };
        for (key, permission) in &mut self.action_permissions {
            if !only_reads(key) {
                *permission = Permission::Off;
            }
        }
    }

    /// The configuration with which a reconnection keeps everything that people have set: the settings, and the display
    /// name unless it is the account's name. Secret settings stay sealed if they are.
    pub fn reconnect_configuration(&self) -> Configuration {
        Configuration {
            display_name: self.chosen_name().cloned(),
            settings: self.settings.clone(),
            secret_settings: self.secret_settings.clone(),
        }
    }

    /// The display name, unless it is the account's name.
    fn chosen_name(&self) -> Option<&String> {
        let name_of_account = self.account.as_ref().and_then(|account| account.name.as_ref());
        self.display_name.as_ref().filter(|name| Some(*name) != name_of_account)
    }

    pub(crate) fn transition(&mut self, command: Command) -> Result<(), Refusal> {
        let Transition::Becomes(state) = lifecycle::decide(self.state, command)? else { return Ok(()) };
        match state {
            State::Disconnected => {
                self.sidebar_enabled = false;
                self.health = Health::Unknown;
                self.error_message = None;
                self.secret_settings = SecretSettings::default();
            }
            // There is a new credential, so what is known about the old one no longer holds.
            State::Active if self.state != State::Paused => {
                self.health = Health::Unknown;
                self.error_message = None;
            }
            _ => {}
        }
        self.state = state;
        Ok(())
    }

    /// The revision to `next`; `None` if nothing changes.
    pub(crate) fn revised(&self, next: Self, action: AuditAction, now: OffsetDateTime) -> Option<Revision> {
        let revision = self.revision(next, action, now);
        (!revision.changes.is_empty()).then_some(revision)
    }

    pub(crate) fn revision(&self, mut next: Self, action: AuditAction, now: OffsetDateTime) -> Revision {
        let changes = self.diff(&next);
        let disconnects = next.state == State::Disconnected && self.state != State::Disconnected;
        next.version += 1;
        next.updated_at = now;
        Revision {
            changes_secret_settings: next.secret_settings != self.secret_settings,
            integration: next,
            action: if disconnects { AuditAction::IntegrationDisconnected } else { action },
            changes,
            destroys_credential: disconnects,
        }
    }

    /// What changed between two revisions, field by field, with secrets redacted.
    pub(crate) fn diff(&self, next: &Self) -> Vec<Change> {
        let name = |integration: &Self| integration.display_name.clone();
        let error = |integration: &Self| integration.error_message.clone();
        let account =
            |integration: &Self| integration.account.as_ref().map(|account| account.label().to_owned());
        let mut changes: Vec<Change> = [
            audit::change("status", self.status().as_str(), next.status().as_str()),
            audit::change("display_name", name(self), name(next)),
            audit::change("account", account(self), account(next)),
            audit::change("sidebar_enabled", self.sidebar_enabled, next.sidebar_enabled),
            audit::change("health_status", self.health.as_str(), next.health.as_str()),
            audit::change("error_message", error(self), error(next)),
        ]
        .into_iter()
        .flatten()
        .collect();
        changes.extend(audit::diff_settings(&self.settings, &next.settings));
        match (self.secret_settings.opened(), next.secret_settings.opened()) {
            (Some(from), Some(to)) => changes.extend(audit::diff_secret_settings(from, to)),
            // Which ones they were is not known, because they were not opened.
            (None, Some(to)) if to.is_empty() => {
                changes.extend(audit::change("secret_settings", audit::REDACTED, Value::Null));
            }
            _ => {}
        }
        for (key, permission) in &next.action_permissions {
            let before = self.action_permissions.get(key).copied();
            changes.extend(audit::change(format!("action_permissions.{key}"), before, *permission));
        }
        changes
    }
}

/// Merges `patch`, as it was pasted, into the `stored` settings and checks the result against the provider's schema.
///
/// Returns the settings that may be shown, and the secret ones.
pub fn check_settings(
    stored: Map<String, Value>,
    patch: &Value,
    provider: &Provider,
) -> Result<(Map<String, Value>, SecretSettings), Vec<Issue>> {
    let mut patch = patch.clone();
    if let Value::Object(fields) = &mut patch {
        provider.settings.normalise(fields);
    }
    let mut merged = Value::Object(stored);
    merge_patch(&mut merged, &patch);
    let Value::Object(mut merged) = merged else {
        return Err(vec![Issue::new("settings", "Expected object")]);
    };
    provider.settings.drop_retired(&mut merged);
    let issues = provider.settings.check(&merged);
    if !issues.is_empty() {
        return Err(issues);
    }
    let (shown, secret) = provider.settings.split(merged);
    Ok((shown, SecretSettings::Opened(secret)))
}
