//! Integrations: reads them to show or to change them, and writes them together with their audit event.

use integrations_core::{
    catalog::{AuthKind, ProviderRef, StoredWay},
    ids::{IntegrationId, ProjectId},
    integration::{Integration, SecretSettings},
    lifecycle::{Credential, Health, State, Status},
    oauth::AccountIdentity,
};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::NotSet, ColumnTrait as _, ConnectionTrait as _, DbBackend,
    EntityTrait as _, FromQueryResult as _, QueryFilter as _, QueryResult, QuerySelect as _, Statement,
};
use serde::Serialize;
use time::OffsetDateTime;

use super::{
    Denied, Lapsed, NewAuditEvent, Permission, ReadError, RevocationFacts, RevocationOrder, Store,
    StoreError, Tenant, UsableCredential, audit,
    entity::{credential, integration},
    health_changes,
    in_order::lock_in_order,
    install_links::{self, LinkUse},
    monitors::{self, Schedule},
    pending_installs, provider_events, revocations,
    rows::{HiddenColumns, IntegrationRow},
    statements,
    tenant::{TenantCheck, joined},
    transaction::Transaction,
};

/// An integration to be changed.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The integration. If it has secret settings, they are still sealed.
    pub integration: Integration,
    /// How it was installed.
    pub setup_type: String,
    /// The kind of the way by which it was, if that is known.
    pub auth: Option<String>,
    /// JSON object: what the user supplied in addition to the credential.
    pub connection: String,
    /// Its secret settings, sealed, if it has any.
    pub sealed_settings: Option<Vec<u8>>,
    /// Whether a usable credential is stored.
    pub credential: Credential,
    /// Whether it was exported to another server, and the move has not ended.
    pub is_moving: bool,
    /// What is shown of the usable credential.
    pub credential_facts: Option<CredentialFacts>,
    /// When the provider is asked next; `None` while there is no credential to check.
    pub next_check_at: Option<OffsetDateTime>,
    /// Whether this change destroyed the stored credential.
    pub disconnected_now: bool,
    /// What is known about the revocation that the last disconnection asked for.
    pub revocation: Option<RevocationFacts>,
}

impl Loaded {
    /// By which way of its provider it is connected.
    pub fn way(&self) -> StoredWay<'_> {
        StoredWay { setup_type: &self.setup_type, auth: self.auth.as_deref() }
    }

    /// Why it is not used while it is exported. `None`: it is not.
    pub fn notice_of_move(&self) -> Option<&str> {
        self.integration.error_message.as_deref().filter(|_| self.is_moving)
    }

    /// Whether this and another are one integration, with the same account and connection, by the same way.
    pub fn is_connected_as(&self, other: &Self) -> bool {
        let account = |loaded: &Self| loaded.integration.account.as_ref().map(|account| account.id.clone());
        self.integration.id == other.integration.id
            && account(self) == account(other)
            && self.connection == other.connection
            && self.way() == other.way()
    }
}

/// What is shown of a stored credential.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CredentialFacts {
    /// Whether it has a refresh token.
    pub renewable: bool,
    /// When it expires by itself.
    pub expires_at: Option<OffsetDateTime>,
    /// JSON array: the scopes that the provider granted, if it says.
    pub granted_scopes: Option<String>,
}

/// The change to a loaded integration: the next revision, with its secret settings sealed again.
#[derive(Clone, Debug)]
pub struct Decision {
    /// The integration to be stored.
    pub integration: Integration,
    /// Its new secret settings, sealed. The outer `None` keeps the stored ones; the inner `None` removes them.
    pub sealed_settings: Option<Option<Vec<u8>>>,
    /// Whether its credential is destroyed.
    pub destroys_credential: bool,
    /// How the credential is moved before that, so that the provider is asked to revoke it.
    pub revocation: Option<RevocationOrder>,
    /// The event that is recorded with it.
    pub event: NewAuditEvent,
}

/// A credential to be stored with an installation.
#[derive(Clone, Debug)]
pub struct StoredCredential {
    /// Sealed by the vault.
    pub sealed: Vec<u8>,
    /// What is shown of it.
    pub facts: CredentialFacts,
    /// When the integration is probed and the credential is refreshed.
    pub schedule: Schedule,
}

/// A finished installation to be stored.
#[derive(Clone, Debug)]
pub struct Installation {
    /// The integration. A new one has version 1.
    pub integration: Integration,
    /// The stored version that it replaces, unless it is new.
    pub replaces: Option<i64>,
    /// The way by which it was installed.
    pub auth: AuthKind,
    /// JSON object: what the user supplied in addition to the credential.
    pub connection: String,
    /// Its secret settings, sealed. The outer `None` keeps the stored ones; the inner `None` removes them.
    pub sealed_settings: Option<Option<Vec<u8>>>,
    /// The credential.
    pub credential: StoredCredential,
    /// The install link that it uses.
    pub link: Option<LinkUse>,
    /// The event that is recorded with it.
    pub event: NewAuditEvent,
}

/// The result of storing installations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Installed {
    /// All of them are stored.
    Stored,
    /// Another request changed or installed one of them in the meantime. Nothing is stored.
    Changed,
    /// The link was used before. Nothing is stored.
    LinkUsed,
    /// What they act under has ended. Nothing is stored.
    Lapsed(Lapsed),
}

/// A revision was not stored.
#[derive(Debug, thiserror::Error)]
pub enum ReviseError<E> {
    /// The integration could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It is not installed.
    #[error("not installed")]
    NotInstalled,
    /// `decide` refused the change.
    #[error("refused")]
    Refused(E),
    /// The database did not store it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Store {
    /// A tenant's integrations, by provider and alias.
    pub async fn integrations(&self, tenant: &Tenant) -> Result<Vec<IntegrationRow>, ReadError> {
        let rows = self.lists.ask(tenant.project).await?;
        self.tenant_check.admit(tenant, rows.first())?;
        let list: Result<Vec<IntegrationRow>, _> =
            rows.iter().filter_map(|row| joined(row).transpose()).collect();
        let mut list = list?;
        list.sort_unstable_by(|one, other| {
            ProviderRef::parts(&one.provider).cmp(&ProviderRef::parts(&other.provider))
        });
        Ok(list)
    }

    /// A tenant's integration, to be shown. `provider` is as the path names it.
    pub async fn integration(
        &self,
        tenant: &Tenant,
        provider: &str,
    ) -> Result<Option<IntegrationRow>, ReadError> {
        let rows = self.read_pool.query(&statements::ONE, &[&tenant.project.to_string(), provider]).await?;
        self.tenant_check.admit(tenant, rows.first())?;
        rows.first().map_or(Ok(None), joined)
    }

    /// Returns the error if the tenant was refused this project a moment ago. `Ok` does not mean that it may see it.
    pub fn recall_denied(&self, tenant: &Tenant) -> Result<(), Denied> {
        self.tenant_check.recall(tenant)
    }

    /// Returns an error if the tenant may not see its project.
    pub async fn admit(&self, tenant: &Tenant) -> Result<(), ReadError> {
        self.integration(tenant, "").await.map(drop)
    }

    /// Loads a tenant's integration, calls `decide` for the change to make, and stores it with its audit event.
    ///
    /// The revision is stored if the stored version is still the loaded one. If another request was first, the
    /// integration is locked and loaded again, and `decide` is called again: no change is lost, and the client need not
    /// retry. If `decide` returns `None`, nothing is stored, and the result is the integration as loaded.
    pub async fn revise<E, F>(
        &self,
        tenant: &Tenant,
        provider: &str,
        decide: F,
    ) -> Result<Loaded, ReviseError<E>>
    where
        F: Fn(&Loaded) -> Result<Option<Decision>, E> + Send + Sync,
        E: Send,
    {
        let loaded = self.load(tenant, provider).await?.ok_or(ReviseError::NotInstalled)?;
        let Some(decision) = decide(&loaded).map_err(ReviseError::Refused)? else { return Ok(loaded) };
        let transaction = self.begin().await?;
        if store_revision(&transaction, &loaded, &decision).await? {
            return finish(transaction, loaded, decision).await;
        }
        lock(&transaction, loaded.integration.id).await?;
        let rows = reload(&transaction, tenant, provider).await?;
        let loaded = read_loaded(&self.tenant_check, tenant, &rows)?.ok_or(ReviseError::NotInstalled)?;
        let Some(decision) = decide(&loaded).map_err(ReviseError::Refused)? else { return Ok(loaded) };
        store_locked(&transaction, &loaded, &decision).await?;
        finish(transaction, loaded, decision).await
    }

    /// Loads a tenant's integration to be changed.
    pub async fn load(&self, tenant: &Tenant, provider: &str) -> Result<Option<Loaded>, ReadError> {
        let rows = self.read_pool.query(&statements::LOAD, &[&tenant.project.to_string(), provider]).await?;
        read_loaded(&self.tenant_check, tenant, &rows)
    }

    /// Loads a tenant's integration to use it, with its credential if that is usable.
    pub async fn load_to_use(
        &self,
        tenant: &Tenant,
        provider: &str,
    ) -> Result<Option<(Loaded, Option<UsableCredential>)>, ReadError> {
        let values: [&str; 2] = [&tenant.project.to_string(), provider];
        let rows = self.read_pool.query(&statements::LOAD_TO_USE, &values).await?;
        let Some(loaded) = read_loaded(&self.tenant_check, tenant, &rows)? else { return Ok(None) };
        let row = rows.first().filter(|_| loaded.credential == Credential::Usable);
        let usable = row.map(|row| UsableCredential::from_query_result(row, "")).transpose()?;
        Ok(Some((loaded, usable)))
    }

    /// Stores installations with their credentials and events, and marks their links as used, in one transaction, if
    /// what they act under still holds.
    pub async fn install(
        &self,
        permission: &Permission,
        installations: Vec<Installation>,
    ) -> Result<Installed, StoreError> {
        let transaction = self.begin().await?;
        let installed = install_all(&transaction, permission, installations).await?;
        if installed == Installed::Stored {
            transaction.commit().await?;
        }
        Ok(installed)
    }
}

/// Stores installations, if what they act under still holds. The transaction must not be committed unless all are
/// stored.
pub(super) async fn install_all(
    on: &Transaction,
    permission: &Permission,
    mut installations: Vec<Installation>,
) -> Result<Installed, StoreError> {
    if let Err(lapsed) = permission.hold(on).await? {
        return Ok(Installed::Lapsed(lapsed));
    }
    let stored = installations.iter().map(|installation| installation.integration.id.to_string());
    let stored = integration::Column::Id.is_in(stored);
    lock_in_order::<integration::Entity>(on, integration::Column::Id, stored).await?;
    // New ones have ids that nobody else knows: two that make the same ones meet at the providers' names.
    installations
        .sort_by(|one, other| one.integration.provider.as_str().cmp(other.integration.provider.as_str()));
    for installation in installations {
        match install(on, installation).await {
            Ok(Installed::Stored) => {}
            Ok(otherwise) => return Ok(otherwise),
            Err(StoreError::Taken(_)) => return Ok(Installed::Changed),
            Err(error) => return Err(error),
        }
    }
    Ok(Installed::Stored)
}

impl TryFrom<&Loaded> for IntegrationRow {
    type Error = StoreError;

    fn try_from(loaded: &Loaded) -> Result<Self, StoreError> {
        let (integration, revocation) = (&loaded.integration, loaded.revocation.as_ref());
        Ok(Self {
            id: integration.id.to_string(),
            provider: integration.provider.to_string(),
            setup_type: loaded.setup_type.clone(),
            auth: loaded.auth.clone(),
            status: integration.status().as_str().to_owned(),
            health_status: integration.health.as_str().to_owned(),
            display_name: integration.display_name.clone(),
            sidebar_enabled: integration.sidebar_enabled,
            last_synced_at: integration.last_synced_at,
            error_message: integration.error_message.clone(),
            next_check_at: loaded.next_check_at,
            settings: json(&integration.settings)?,
            action_permissions: json(&integration.action_permissions)?,
            account_id: integration.account.as_ref().map(|account| account.id.clone()),
            account_name: integration.account.as_ref().and_then(|account| account.name.clone()),
            credential_renewable: loaded.credential_facts.as_ref().map(|facts| facts.renewable),
            credential_expires_at: loaded.credential_facts.as_ref().and_then(|facts| facts.expires_at),
            granted_scopes: loaded.credential_facts.as_ref().and_then(|facts| facts.granted_scopes.clone()),
            revocation_id: revocation.map(|facts| facts.id.clone()),
            revocation_status: revocation.map(|facts| facts.status.clone()),
            revocation_reaches: revocation.and_then(|facts| facts.reaches.clone()),
            revocation_message: revocation.and_then(|facts| facts.message.clone()),
            revocation_until: revocation.and_then(|facts| facts.until),
            revocation_created_at: revocation.map(|facts| facts.created_at),
            revocation_ended_at: revocation.and_then(|facts| facts.ended_at),
            version: integration.version,
            created_at: integration.created_at,
            updated_at: integration.updated_at,
        })
    }
}

/// Runs [`statements::LOAD`] in a transaction.
pub(super) async fn reload(
    on: &Transaction,
    tenant: &Tenant,
    provider: &str,
) -> Result<Vec<QueryResult>, StoreError> {
    let values = [tenant.project.to_string().into(), provider.into()];
    let statement =
        Statement::from_sql_and_values(on.get_database_backend(), statements::LOAD.as_str(), values);
    Ok(on.query_all_raw(statement).await?)
}

/// Reads the rows of [`statements::LOAD`].
pub(super) fn read_loaded(
    check: &TenantCheck,
    tenant: &Tenant,
    rows: &[QueryResult],
) -> Result<Option<Loaded>, ReadError> {
    check.admit(tenant, rows.first())?;
    let Some(row) = rows.first() else { return Ok(None) };
    let Some(shown) = joined::<IntegrationRow>(row)? else { return Ok(None) };
    let hidden = HiddenColumns::from_query_result(row, "")?;
    let is_usable = hidden.credential_version.is_some() && hidden.credential_dead_at.is_none();
    let credential_facts = shown.credential_renewable.map(|renewable| CredentialFacts {
        renewable,
        expires_at: shown.credential_expires_at,
        granted_scopes: shown.granted_scopes.clone(),
    });
    let before = hidden.status_before_error.as_deref();
    let secret_settings =
        hidden.sealed_settings.as_ref().map_or_else(SecretSettings::default, |_| SecretSettings::Sealed);
    Ok(Some(Loaded {
        setup_type: shown.setup_type.clone(),
        auth: shown.auth.clone(),
        connection: hidden.connection,
        sealed_settings: hidden.sealed_settings,
        credential: if is_usable { Credential::Usable } else { Credential::Missing },
        is_moving: hidden.moves_by.is_some(),
        credential_facts,
        next_check_at: shown.next_check_at,
        disconnected_now: false,
        revocation: shown.revocation(),
        integration: Integration { secret_settings, ..revive(shown, before, tenant.project)? },
    }))
}

/// Makes an integration from a row. The secret settings are left empty.
fn revive(row: IntegrationRow, before: Option<&str>, project: ProjectId) -> Result<Integration, StoreError> {
    let damaged = |what: &str| StoreError::Damaged(format!("integration {}: {what}", row.id));
    let status = row.status.parse().map_err(|_| damaged("status"))?;
    let before = before.map(str::parse).transpose().map_err(|_| damaged("status before error"))?;
    let state = State::of(status, before).ok_or_else(|| damaged("status before error"))?;
    Ok(Integration {
        id: row.id.parse().map_err(|_| damaged("id"))?,
        project,
        state,
        health: row.health_status.parse::<Health>().map_err(|_| damaged("health"))?,
        settings: serde_json::from_str(&row.settings).map_err(|_| damaged("settings"))?,
        secret_settings: SecretSettings::default(),
        action_permissions: serde_json::from_str(&row.action_permissions)
            .map_err(|_| damaged("permissions"))?,
        provider: row.provider.parse().map_err(|_| damaged("provider"))?,
        account: row.account_id.map(|id| AccountIdentity { id, name: row.account_name }),
        display_name: row.display_name,
        sidebar_enabled: row.sidebar_enabled,
        last_synced_at: row.last_synced_at,
        error_message: row.error_message,
        version: row.version,
        created_at: row.created_at,
        updated_at: row.updated_at,
    })
}

/// Waits for the lock of an integration's row. On SQLite the transaction already holds the only write lock.
pub(super) async fn lock(on: &Transaction, id: IntegrationId) -> Result<(), StoreError> {
    if on.get_database_backend() == DbBackend::Postgres {
        let id =
            integration::Entity::find_by_id(id.to_string()).select_only().column(integration::Column::Id);
        id.lock_exclusive().into_tuple::<String>().one(on).await?;
    }
    Ok(())
}

/// Stores a revision if the stored version is still that of `from`. `false`: it is not.
async fn store_revision(on: &Transaction, from: &Loaded, to: &Decision) -> Result<bool, StoreError> {
    let next = &to.integration;
    let values = [
        next.id.to_string().into(),
        from.integration.version.into(),
        next.version.into(),
        next.status().as_str().into(),
        next.state.status_before_error().map(Status::as_str).into(),
        next.health.as_str().into(),
        next.display_name.clone().into(),
        next.sidebar_enabled.into(),
        next.last_synced_at.into(),
        next.error_message.clone().into(),
        json(&next.settings)?.into(),
        to.sealed_settings.clone().flatten().into(),
        json(&next.action_permissions)?.into(),
        next.updated_at.into(),
        to.sealed_settings.is_some().into(),
    ];
    let statement = Statement::from_sql_and_values(on.get_database_backend(), statements::REVISE, values);
    if on.execute_raw(statement).await?.rows_affected() != 1 {
        return Ok(false);
    }
    if next.health != from.integration.health {
        health_changes::record(on, next).await?;
    }
    Ok(true)
}

/// Stores a revision of an integration whose row this transaction has locked.
pub(super) async fn store_locked(on: &Transaction, from: &Loaded, to: &Decision) -> Result<(), StoreError> {
    if store_revision(on, from, to).await? {
        return Ok(());
    }
    Err(StoreError::Damaged(format!("integration {} changed under its lock", to.integration.id)))
}

/// Makes the other changes that a stored revision requires, and commits.
async fn finish<E>(
    transaction: Transaction,
    loaded: Loaded,
    decision: Decision,
) -> Result<Loaded, ReviseError<E>> {
    let changed = complete(&transaction, loaded, decision).await?;
    transaction.commit().await?;
    Ok(changed)
}

/// Makes the other changes that a stored revision requires.
pub(super) async fn complete(
    on: &Transaction,
    loaded: Loaded,
    decision: Decision,
) -> Result<Loaded, StoreError> {
    let (mut credential, mut next_check_at) = (loaded.credential, loaded.next_check_at);
    let (mut credential_facts, mut revocation) = (loaded.credential_facts.clone(), loaded.revocation.clone());
    let next = &decision.integration;
    if decision.destroys_credential {
        let refreshing = monitors::refreshing(on, next.id).await?;
        monitors::end(on, next.id).await?;
        match decision.revocation {
            Some(order) => {
                let of = (next, loaded.connection.as_str(), loaded.is_moving);
                revocation = revocations::begin(on, of, order, refreshing).await?;
            }
            None if revocation.is_some() => {
                revocations::forget(on, next.id).await?;
                revocation = None;
            }
            None => {}
        }
        destroy_credential(on, next.id).await?;
        provider_events::end(on, next.id).await?;
        pending_installs::end_questions(on, next.project, next.provider.as_str()).await?;
        (credential, credential_facts, next_check_at) = (Credential::Missing, None, None);
    } else if next.state == State::Active && loaded.integration.state != State::Active {
        next_check_at = monitors::bring_probe_forward(on, next.id, next.updated_at).await?;
    }
    audit::record(on, decision.event).await?;
    Ok(Loaded {
        integration: decision.integration,
        sealed_settings: decision.sealed_settings.unwrap_or(loaded.sealed_settings),
        credential,
        credential_facts,
        next_check_at,
        revocation,
        disconnected_now: decision.destroys_credential,
        ..loaded
    })
}

async fn destroy_credential(on: &Transaction, id: IntegrationId) -> Result<(), StoreError> {
    credential::Entity::delete_by_id(id.to_string()).exec(on).await?;
    Ok(())
}

/// Stores one installation if the stored version is still the one that it replaces.
async fn install(on: &Transaction, installation: Installation) -> Result<Installed, StoreError> {
    let id = installation.integration.id;
    let at = installation.integration.updated_at;
    if let Some(link) = installation.link
        && !install_links::use_up(on, link, at).await?
    {
        return Ok(Installed::LinkUsed);
    }
    let row = integration::ActiveModel::from(integration_model(&installation)?);
    let mut version = 1;
    if let Some(replaced_version) = installation.replaces {
        let mut row = row.reset_all();
        if installation.sealed_settings.is_none() {
            row.sealed_settings = NotSet;
        }
        row.revocation_id = NotSet;
        let replaced = integration::Entity::update_many()
            .set(row)
            .filter(integration::Column::Id.eq(id.to_string()))
            .filter(integration::Column::Version.eq(replaced_version))
            .exec(on)
            .await?;
        if replaced.rows_affected != 1 {
            return Ok(Installed::Changed);
        }
        let before = credential::Entity::find_by_id(id.to_string()).one(on).await?;
        version += before.map_or(0, |before| before.version);
        destroy_credential(on, id).await?;
    } else {
        integration::Entity::insert(row).exec_without_returning(on).await?;
    }
    let sealed = credential::Model {
        integration_id: id.to_string(),
        sealed: installation.credential.sealed,
        expires_at: installation.credential.facts.expires_at,
        renewable: installation.credential.facts.renewable,
        granted_scopes: installation.credential.facts.granted_scopes,
        version,
        created_at: at,
        updated_at: at,
        dead_at: None,
    };
    credential::Entity::insert(credential::ActiveModel::from(sealed)).exec_without_returning(on).await?;
    health_changes::record(on, &installation.integration).await?;
    monitors::begin(on, id, &installation.integration.provider, &installation.credential.schedule).await?;
    if installation.replaces.is_some() {
        provider_events::close(on, id).await?;
    }
    audit::record(on, installation.event).await?;
    Ok(Installed::Stored)
}

fn integration_model(installation: &Installation) -> Result<integration::Model, StoreError> {
    let integration = &installation.integration;
    Ok(integration::Model {
        id: integration.id.to_string(),
        project_id: integration.project.to_string(),
        provider: integration.provider.to_string(),
        setup_type: installation.auth.setup_type().as_str().to_owned(),
        auth: Some(installation.auth.as_str().to_owned()),
        status: integration.status().as_str().to_owned(),
        status_before_error: integration.state.status_before_error().map(|status| status.as_str().to_owned()),
        health_status: integration.health.as_str().to_owned(),
        display_name: integration.display_name.clone(),
        sidebar_enabled: integration.sidebar_enabled,
        last_synced_at: integration.last_synced_at,
        error_message: integration.error_message.clone(),
        settings: json(&integration.settings)?,
        sealed_settings: installation.sealed_settings.clone().flatten(),
        action_permissions: json(&integration.action_permissions)?,
        connection: installation.connection.clone(),
        account_id: integration.account.as_ref().map(|account| account.id.clone()),
        account_name: integration.account.as_ref().and_then(|account| account.name.clone()),
        revocation_id: None,
        version: integration.version,
        created_at: integration.created_at,
        updated_at: integration.updated_at,
    })
}

pub(super) fn json(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Damaged(error.to_string()))
}
