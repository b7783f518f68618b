//! All sealed secrets, in whichever table, with what each belongs to: to be sealed again, under another key or in
//! another form.

use integrations_core::{
    ids::{IntegrationId, ProjectId, RevocationId, RunId},
    words::words,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, FromQueryResult, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, Select,
    sea_query::{DynIden, Expr, ExprTrait as _, Func, IntoIden as _, Query, TableRef},
};

use super::{
    EventSecretRow, OAuthAppRecord, PendingInstall, RememberedAnswer, SealedPath, SealedProviderEvent,
    SealedSecret, Store, StoreError,
    entity::{
        action_run, credential, event_secret, event_source, idempotency_key, integration, oauth_app,
        pending_install, provider_event, revocation, webhook_secret,
    },
};

/// The first byte of a secret in the form of earlier versions. The vault describes the forms.
pub const OLD_FORM: u8 = 1;

/// The most bodies of events that are read at once.
const MOST_BODIES: u64 = 8;

words! {
    /// A column of sealed secrets, as it is called for people.
    pub enum Sealed {
        /// Credentials, by their integration's id.
        Credentials = "credentials",
        /// Secret settings, by their integration's id.
        Settings = "secret settings",
        /// Client secrets, by their app's id.
        OAuthApps = "OAuth apps",
        /// The state of installations in progress, by their id.
        PendingInstalls = "installations in progress",
        /// What requests with an `Idempotency-Key` were answered, by the key's id.
        Answers = "remembered answers",
        /// Requests of actions, by their run's id.
        Requests = "requests of actions",
        /// What messages to webhooks are signed with, by the secret's id.
        WebhookSecrets = "webhook secrets",
        /// Credentials that are being revoked, by their revocation's id.
        Revocations = "credentials to revoke",
        /// The secrets of the addresses that providers send events to, by the address's id.
        EventPaths = "addresses for events",
        /// What events of providers are verified with, by the secret's id.
        EventSecrets = "secrets of events",
        /// The bodies of events of providers, by the event's id.
        ProviderEvents = "events of providers",
    }
}

impl Sealed {
    /// Those that are older than the canaries and today's form: where `migrate` finds the form before.
    pub const OLD: [Self; 4] = [Self::Credentials, Self::Settings, Self::OAuthApps, Self::PendingInstalls];
}

/// The sealed secrets that a statement is about, by their first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beginning<'a> {
    /// Those that begin with these bytes.
    With(&'a [u8]),
    /// Those that do not.
    Otherwise(&'a [u8]),
}

/// A sealed secret, with what it belongs to.
#[derive(Clone, Debug, PartialEq)]
pub enum SealedRow {
    /// An integration's credential.
    Credential(SealedConnection),
    /// An integration's secret settings.
    Settings(SealedConnection),
    /// An OAuth app's client secret.
    OAuthApp(OAuthAppRecord),
    /// The state of an installation in progress.
    PendingInstall(PendingInstall),
    /// What a request with an `Idempotency-Key` was answered.
    Answer(RememberedAnswer),
    /// The request of an action.
    Request(SealedRequest),
    /// What messages to a webhook are signed with.
    WebhookSecret(SealedSecret),
    /// A credential that is being revoked.
    Revocation(SealedRevocation),
    /// The secret of an address that a provider sends events to.
    EventPath(SealedPath),
    /// What events of a provider are verified with.
    EventSecret(EventSecretRow),
    /// The body of an event of a provider.
    ProviderEvent(SealedProviderEvent),
}

/// A sealed secret of an integration, with what decides where it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedConnection {
    /// The integration.
    pub integration: IntegrationId,
    /// The project that it is in.
    pub project: ProjectId,
    /// Its provider, as it is stored.
    pub provider: String,
    /// Its connection, as it is stored.
    pub connection: String,
    /// The sealed secret.
    pub sealed: Vec<u8>,
}

/// The sealed request of an action, with what it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedRequest {
    /// The run.
    pub run: RunId,
    /// The project that it is in.
    pub project: ProjectId,
    /// The integration that it calls.
    pub integration: IntegrationId,
    /// The integration's provider, as it is stored.
    pub provider: String,
    /// The action's key.
    pub action: String,
    /// The sealed request.
    pub sealed: Vec<u8>,
}

impl TryFrom<action_run::Model> for SealedRequest {
    type Error = StoreError;

    fn try_from(row: action_run::Model) -> Result<Self, StoreError> {
        let damaged = |what: &str| StoreError::Damaged(format!("run {}: {what}", row.id));
        Ok(Self {
            run: row.id.parse().map_err(|_| damaged("id"))?,
            project: row.project_id.parse().map_err(|_| damaged("project"))?,
            integration: row.integration_id.parse().map_err(|_| damaged("integration"))?,
            sealed: row.request.clone().ok_or_else(|| damaged("request"))?,
            provider: row.provider,
            action: row.action,
        })
    }
}

/// The credential of an integration that was disconnected, while it is being revoked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedRevocation {
    /// The revocation.
    pub revocation: RevocationId,
    /// The credential, with the integration that it was of.
    pub of: SealedConnection,
}

impl TryFrom<revocation::Model> for SealedRevocation {
    type Error = StoreError;

    fn try_from(row: revocation::Model) -> Result<Self, StoreError> {
        let damaged = |what: &str| StoreError::Damaged(format!("revocation {}: {what}", row.id));
        Ok(Self {
            revocation: row.id.parse().map_err(|_| damaged("id"))?,
            of: SealedConnection {
                integration: row.integration_id.parse().map_err(|_| damaged("integration"))?,
                project: row.project_id.parse().map_err(|_| damaged("project"))?,
                provider: row.provider,
                connection: row.connection,
                sealed: row.sealed,
            },
        })
    }
}

#[derive(FromQueryResult)]
struct ConnectionRow {
    id: String,
    project_id: String,
    provider: String,
    connection: String,
    sealed: Vec<u8>,
}

impl TryFrom<ConnectionRow> for SealedConnection {
    type Error = StoreError;

    fn try_from(row: ConnectionRow) -> Result<Self, StoreError> {
        let damaged = |what: &str| StoreError::Damaged(format!("integration {}: {what}", row.id));
        Ok(Self {
            integration: row.id.parse().map_err(|_| damaged("id"))?,
            project: row.project_id.parse().map_err(|_| damaged("project"))?,
            provider: row.provider,
            connection: row.connection,
            sealed: row.sealed,
        })
    }
}

impl SealedRow {
    /// The id of what it belongs to.
    pub fn id(&self) -> String {
        match self {
            Self::Credential(row) | Self::Settings(row) => row.integration.to_string(),
            Self::OAuthApp(app) => app.id.to_string(),
            Self::PendingInstall(install) => install.id.to_string(),
            Self::Answer(answer) => answer.request.id.clone(),
            Self::Request(request) => request.run.to_string(),
            Self::WebhookSecret(secret) => secret.id.to_string(),
            Self::Revocation(row) => row.revocation.to_string(),
            Self::EventPath(path) => path.source.to_string(),
            Self::EventSecret(secret) => secret.id.to_string(),
            Self::ProviderEvent(event) => event.id.to_string(),
        }
    }

    /// The sealed secret.
    pub fn sealed(&self) -> &[u8] {
        match self {
            Self::Credential(row) | Self::Settings(row) => &row.sealed,
            Self::OAuthApp(app) => &app.sealed_secret,
            Self::PendingInstall(install) => &install.sealed,
            Self::Answer(answer) => &answer.sealed,
            Self::Request(request) => &request.sealed,
            Self::WebhookSecret(secret) => &secret.sealed,
            Self::Revocation(row) => &row.of.sealed,
            Self::EventPath(path) => &path.sealed,
            Self::EventSecret(secret) => &secret.sealed,
            Self::ProviderEvent(event) => &event.sealed,
        }
    }
}

impl Sealed {
    /// Table, id column and sealed column.
    fn place(self) -> (TableRef, DynIden, DynIden) {
        fn of<E: EntityTrait>(id: E::Column, sealed: E::Column) -> (TableRef, DynIden, DynIden) {
            (E::default().table_ref(), id.into_iden(), sealed.into_iden())
        }

        match self {
            Self::Credentials => {
                of::<credential::Entity>(credential::Column::IntegrationId, credential::Column::Sealed)
            }
            Self::Settings => {
                of::<integration::Entity>(integration::Column::Id, integration::Column::SealedSettings)
            }
            Self::OAuthApps => {
                of::<oauth_app::Entity>(oauth_app::Column::Id, oauth_app::Column::SealedSecret)
            }
            Self::PendingInstalls => {
                of::<pending_install::Entity>(pending_install::Column::Id, pending_install::Column::Sealed)
            }
            Self::Answers => of::<idempotency_key::Entity>(
                idempotency_key::Column::Id,
                idempotency_key::Column::SealedAnswer,
            ),
            Self::Requests => of::<action_run::Entity>(action_run::Column::Id, action_run::Column::Request),
            Self::WebhookSecrets => {
                of::<webhook_secret::Entity>(webhook_secret::Column::Id, webhook_secret::Column::Sealed)
            }
            Self::Revocations => of::<revocation::Entity>(revocation::Column::Id, revocation::Column::Sealed),
            Self::EventPaths => {
                of::<event_source::Entity>(event_source::Column::Id, event_source::Column::SealedPath)
            }
            Self::EventSecrets => {
                of::<event_secret::Entity>(event_secret::Column::Id, event_secret::Column::Sealed)
            }
            Self::ProviderEvents => {
                of::<provider_event::Entity>(provider_event::Column::Id, provider_event::Column::Sealed)
            }
        }
    }
}

impl Store {
    /// How many secrets of a kind there are that begin so.
    pub async fn count_sealed(&self, kind: Sealed, beginning: Beginning<'_>) -> Result<u64, StoreError> {
        count(&self.reader, kind, beginning).await
    }

    /// The next secrets of a kind that begin so, by id after `after`; at most `limit`.
    pub async fn sealed(
        &self,
        kind: Sealed,
        beginning: Beginning<'_>,
        after: &str,
        limit: u64,
    ) -> Result<Vec<SealedRow>, StoreError> {
        use {
            action_run::Column as Run, idempotency_key::Column as Key, oauth_app::Column as App,
            pending_install::Column as Pending, revocation::Column as Revocation,
            webhook_secret::Column as Secret,
        };

        let page = Page { beginning, after, limit };
        match kind {
            Sealed::Credentials => {
                let connected = integration::Entity::find().reverse_join(credential::Entity);
                let rows = self.connections(connected, credential::Column::Sealed, page).await?;
                Ok(rows.into_iter().map(SealedRow::Credential).collect())
            }
            Sealed::Settings => {
                let all = integration::Entity::find();
                let rows = self.connections(all, integration::Column::SealedSettings, page).await?;
                Ok(rows.into_iter().map(SealedRow::Settings).collect())
            }
            Sealed::OAuthApps => {
                let rows = page.of(oauth_app::Entity::find(), App::Id, App::SealedSecret);
                let rows = rows.all(&self.reader).await?.into_iter();
                rows.map(|row| Ok(SealedRow::OAuthApp(row.try_into()?))).collect()
            }
            Sealed::PendingInstalls => {
                let rows = page.of(pending_install::Entity::find(), Pending::Id, Pending::Sealed);
                let rows = rows.all(&self.reader).await?.into_iter();
                rows.map(|row| Ok(SealedRow::PendingInstall(row.try_into()?))).collect()
            }
            Sealed::Answers => {
                let rows = page.of(idempotency_key::Entity::find(), Key::Id, Key::SealedAnswer);
                let rows = rows.all(&self.reader).await?.into_iter();
                rows.map(|row| Ok(SealedRow::Answer(row.try_into()?))).collect()
            }
            Sealed::Requests => {
                let rows = page.of(action_run::Entity::find(), Run::Id, Run::Request);
                let rows = rows.all(&self.reader).await?.into_iter();
                rows.map(|row| Ok(SealedRow::Request(row.try_into()?))).collect()
            }
            Sealed::WebhookSecrets => {
                let rows = page.of(webhook_secret::Entity::find(), Secret::Id, Secret::Sealed);
                let rows = rows.all(&self.reader).await?.into_iter();
                rows.map(|row| Ok(SealedRow::WebhookSecret(row.try_into()?))).collect()
            }
            Sealed::Revocations => {
                let rows = page.of(revocation::Entity::find(), Revocation::Id, Revocation::Sealed);
                let rows = rows.all(&self.reader).await?.into_iter();
                rows.map(|row| Ok(SealedRow::Revocation(row.try_into()?))).collect()
            }
            Sealed::EventPaths | Sealed::EventSecrets | Sealed::ProviderEvents => {
                self.sealed_of_events(kind, page).await
            }
        }
    }

    async fn sealed_of_events(&self, kind: Sealed, page: Page<'_>) -> Result<Vec<SealedRow>, StoreError> {
        use {
            event_secret::Column as Secret, event_source::Column as Source, provider_event::Column as Event,
        };

        match kind {
            Sealed::EventPaths => {
                let rows = page.of(event_source::Entity::find(), Source::Id, Source::SealedPath);
                let rows = rows.all(&self.reader).await?.into_iter();
                rows.map(|row| Ok(SealedRow::EventPath(row.try_into()?))).collect()
            }
            Sealed::EventSecrets => {
                let rows = page.of(event_secret::Entity::find(), Secret::Id, Secret::Sealed);
                let rows = rows.all(&self.reader).await?.into_iter();
                rows.map(|row| Ok(SealedRow::EventSecret(row.try_into()?))).collect()
            }
            _ => {
                // A body may have 25 MiB.
                let page = Page { limit: Ord::min(page.limit, MOST_BODIES), ..page };
                let rows = page.of(provider_event::Entity::find(), Event::Id, Event::Sealed);
                let rows = rows.all(&self.reader).await?.into_iter();
                rows.map(|row| Ok(SealedRow::ProviderEvent(row.try_into()?))).collect()
            }
        }
    }

    /// Replaces each secret `before` by `after`, in one transaction. If a stored secret is no longer `before`, somebody
    /// has stored another one in the meantime, and that one stays. Returns how many were replaced.
    pub async fn replace_sealed(
        &self,
        kind: Sealed,
        pairs: Vec<(SealedRow, Vec<u8>)>,
    ) -> Result<u64, StoreError> {
        let (table, id, column) = kind.place();
        let transaction = self.begin().await?;
        let mut replaced = 0;
        for (before, after) in pairs {
            let mut replace = Query::update();
            replace
                .table(table.clone())
                .value(column.clone(), after)
                .and_where(Expr::col(id.clone()).eq(before.id()))
                .and_where(Expr::col(column.clone()).eq(before.sealed().to_vec()));
            replaced += transaction.execute(&replace).await?.rows_affected();
        }
        transaction.commit().await?;
        Ok(replaced)
    }

    async fn connections(
        &self,
        from: Select<integration::Entity>,
        sealed: impl ColumnTrait,
        page: Page<'_>,
    ) -> Result<Vec<SealedConnection>, StoreError> {
        use integration::Column;

        let columns = [Column::Id, Column::ProjectId, Column::Provider, Column::Connection];
        let rows = page.of(from.select_only().columns(columns), Column::Id, sealed);
        let rows = rows.column_as(sealed, "sealed").into_model::<ConnectionRow>().all(&self.reader).await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }
}

/// Whether a secret of any kind is still sealed in the form of earlier versions.
pub(super) async fn has_old_form(on: &DatabaseTransaction) -> Result<bool, StoreError> {
    for kind in Sealed::OLD {
        if count(on, kind, Beginning::With(&[OLD_FORM])).await? > 0 {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn count(on: &impl ConnectionTrait, kind: Sealed, beginning: Beginning<'_>) -> Result<u64, StoreError> {
    let (table, id, column) = kind.place();
    let mut count = Query::select();
    count.expr_as(Expr::col(id).count(), "count").from(table).and_where(begins(Expr::col(column), beginning));
    let row = on.query_one(&count).await?;
    let count: Option<i64> = row.map(|row| row.try_get("", "count")).transpose()?;
    Ok(u64::try_from(count.unwrap_or_default()).unwrap_or_default())
}

/// Which of a kind's secrets are read.
#[derive(Clone, Copy)]
struct Page<'a> {
    beginning: Beginning<'a>,
    after: &'a str,
    limit: u64,
}

impl Page<'_> {
    fn of<E: EntityTrait>(
        self,
        from: Select<E>,
        id: impl ColumnTrait,
        sealed: impl ColumnTrait,
    ) -> Select<E> {
        from.filter(id.gt(self.after))
            .filter(begins(Expr::col(sealed.as_column_ref()), self.beginning))
            .order_by_asc(id)
            .limit(self.limit)
    }
}

/// Whether a secret begins so. What was erased is empty, and is no secret.
fn begins(column: Expr, beginning: Beginning<'_>) -> Expr {
    let (Beginning::With(bytes) | Beginning::Otherwise(bytes)) = beginning;
    let length = i32::try_from(bytes.len()).unwrap_or(i32::MAX);
    let first = Expr::expr(Func::cust("substr").arg(column.clone()).arg(1).arg(length));
    let is_there = Expr::expr(Func::cust("length").arg(column)).gt(0);
    match beginning {
        Beginning::With(bytes) => first.eq(bytes.to_vec()),
        Beginning::Otherwise(bytes) => first.ne(bytes.to_vec()).and(is_there),
    }
}
