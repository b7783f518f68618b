//! Reads what was taken.

use integrations_core::ids::{IntegrationId, ProjectId, ProviderEventId};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, FromQueryResult, QueryFilter as _, QuerySelect as _, Select,
};
use time::OffsetDateTime;

use crate::store::{ReadError, Store, StoreError, Tenant, entity::provider_event, pages::newest};

/// An event, as it is shown.
#[derive(Clone, Debug, FromQueryResult)]
pub struct ProviderEventRow {
    /// Its id here.
    pub id: String,
    /// The provider's id of it.
    pub provider_event_id: Option<String>,
    /// Its type.
    pub kind: Option<String>,
    /// The account that it happened in.
    pub account: Option<String>,
    /// When it happened, if that is signed.
    pub occurred_at: Option<OffsetDateTime>,
    /// The number of the provider's attempt.
    pub attempt: Option<i64>,
    /// Whether the provider says that it sent it before.
    pub is_repeat: bool,
    /// JSON object: the headers that matter.
    pub headers: String,
    /// Whether the signature covers the body.
    pub is_body_signed: bool,
    /// The SHA-256 of the body.
    pub body_sha256: String,
    /// How many bytes the body has.
    pub body_size: i64,
    /// When it arrived.
    pub received_at: OffsetDateTime,
}

/// The sealed body of an event, with what it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedProviderEvent {
    /// The event.
    pub id: ProviderEventId,
    /// The project.
    pub project: ProjectId,
    /// The integration.
    pub integration: IntegrationId,
    /// Sealed by the vault; empty once it is not kept any more.
    pub sealed: Vec<u8>,
}

impl TryFrom<provider_event::Model> for SealedProviderEvent {
    type Error = StoreError;

    fn try_from(row: provider_event::Model) -> Result<Self, StoreError> {
        let damaged = |what: &str| StoreError::Damaged(format!("provider event {}: {what}", row.id));
        Ok(Self {
            id: row.id.parse().map_err(|_| damaged("id"))?,
            project: row.project_id.parse().map_err(|_| damaged("project"))?,
            integration: row.integration_id.parse().map_err(|_| damaged("integration"))?,
            sealed: row.sealed,
        })
    }
}

impl Store {
    /// A page of up to `limit` of the events of a tenant's integration, newest first: those before `before`, of one
    /// type if that is named.
    pub async fn provider_events(
        &self,
        tenant: &Tenant,
        integration: IntegrationId,
        (before, kind): (Option<ProviderEventId>, Option<&str>),
        limit: u64,
    ) -> Result<Vec<ProviderEventRow>, ReadError> {
        use provider_event::Column;

        self.admit(tenant).await?;
        let before = before.unwrap_or(ProviderEventId::from_bits(u128::MAX)).to_string();
        let shown = shown().filter(Column::ProjectId.eq(tenant.project.to_string()));
        let of = (Column::IntegrationId, integration.to_string());
        let mut select = newest(shown, of, (Column::Id, before), limit);
        if let Some(kind) = kind {
            select = select.filter(Column::Kind.eq(kind));
        }
        Ok(select.into_model::<ProviderEventRow>().all(&self.reader).await?)
    }

    /// An event of a tenant's integration, with its body.
    pub async fn provider_event(
        &self,
        tenant: &Tenant,
        integration: IntegrationId,
        id: ProviderEventId,
    ) -> Result<Option<(ProviderEventRow, SealedProviderEvent)>, ReadError> {
        self.admit(tenant).await?;
        use provider_event::Column;

        let shown = shown()
            .filter(Column::ProjectId.eq(tenant.project.to_string()))
            .filter(Column::IntegrationId.eq(integration.to_string()))
            .filter(Column::Id.eq(id.to_string()));
        let shown = shown.into_model::<ProviderEventRow>().one(&self.reader).await?;
        let sealed = self.provider_event_body(id).await?;
        Ok(shown.zip(sealed))
    }

    /// The sealed body of an event, for an answer that was asked for by its tenant.
    async fn provider_event_body(
        &self,
        id: ProviderEventId,
    ) -> Result<Option<SealedProviderEvent>, StoreError> {
        let row = provider_event::Entity::find_by_id(id.to_string()).one(&self.reader).await?;
        row.map(TryInto::try_into).transpose()
    }
}

/// The columns of [`ProviderEventRow`].
fn shown() -> Select<provider_event::Entity> {
    use provider_event::Column;

    let columns = [
        Column::Id,
        Column::ProviderEventId,
        Column::Kind,
        Column::Account,
        Column::OccurredAt,
        Column::Attempt,
        Column::IsRepeat,
        Column::Headers,
        Column::IsBodySigned,
        Column::BodySha256,
        Column::BodySize,
        Column::ReceivedAt,
    ];
    provider_event::Entity::find().select_only().columns(columns)
}
