//! Which integrations an event is of.

use integrations_core::{ids::IntegrationId, lifecycle::Status};
use sea_orm::{
    ColumnTrait as _, Condition, EntityTrait as _, FromQueryResult, JoinType, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, QueryTrait as _, RelationTrait as _, sea_query::SelectStatement,
};
use time::OffsetDateTime;

use crate::store::{
    AppOwner, Store, StoreError, Tenant,
    entity::{credential, integration, oauth_app, project},
    revocations::project_of,
};

/// The most integrations that one event is stored for.
const MOST: u64 = 200;

/// An integration that an event is of.
#[derive(Clone, Debug)]
pub struct EventTarget {
    /// Its id.
    pub integration: IntegrationId,
    /// Its project, with the organization.
    pub tenant: Tenant,
    /// Since when its credential is stored. `None`: it has none.
    pub connected_since: Option<OffsetDateTime>,
}

/// An [`EventTarget`] as it is read.
#[derive(FromQueryResult)]
pub(super) struct TargetRow {
    id: String,
    project_id: String,
    organization_id: String,
    connected_since: Option<OffsetDateTime>,
}

impl TryFrom<TargetRow> for EventTarget {
    type Error = StoreError;

    fn try_from(row: TargetRow) -> Result<Self, StoreError> {
        let damaged = |what: &str| StoreError::Damaged(format!("integration {}: {what}", row.id));
        let project = row.project_id.parse().map_err(|_| damaged("project"))?;
        let organization = row.organization_id.parse().map_err(|_| damaged("organization"))?;
        Ok(Self {
            integration: row.id.parse().map_err(|_| damaged("id"))?,
            tenant: Tenant { organization, project },
            connected_since: row.connected_since,
        })
    }
}

impl Store {
    /// The integrations of an app that are connected to this account of its provider, in whatever project, by the order
    /// of their ids; or were connected to it.
    pub async fn event_targets(
        &self,
        (provider, owner): (&str, AppOwner),
        account: &str,
        also_disconnected: bool,
    ) -> Result<Vec<EventTarget>, StoreError> {
        use integration::Column;

        let of_provider = Condition::any()
            .add(Column::Provider.eq(provider))
            .add(Column::Provider.starts_with(format!("{provider}~")));
        let mut of =
            Condition::all().add(of_provider).add(Column::AccountId.eq(account)).add(uses(provider, owner));
        if !also_disconnected {
            of = of.add(is_connected());
        }
        self.targets(of).await
    }

    async fn targets(&self, of: Condition) -> Result<Vec<EventTarget>, StoreError> {
        use integration::Column;

        let rows = integration::Entity::find()
            .select_only()
            .columns([Column::Id, Column::ProjectId])
            .column_as(project::Column::OrganizationId, "organization_id")
            .column_as(credential::Column::CreatedAt, "connected_since")
            .join(JoinType::InnerJoin, project_of())
            .join_rev(JoinType::LeftJoin, credential::Relation::Integration.def())
            .filter(project::Column::RevokedAt.is_null())
            .filter(of)
            .order_by_asc(Column::Id)
            .limit(MOST)
            .into_model::<TargetRow>()
            .all(&self.reader)
            .await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }
}

fn is_connected() -> sea_orm::sea_query::Expr {
    integration::Column::Status.ne(Status::Disconnected.as_str())
}

/// Whether an integration's project uses the app of this owner: its own, else its organization's, else that for all.
fn uses(provider: &str, owner: AppOwner) -> Condition {
    let owners = || -> SelectStatement {
        oauth_app::Entity::find()
            .select_only()
            .column(oauth_app::Column::Owner)
            .filter(oauth_app::Column::Provider.eq(provider))
            .into_query()
    };
    let without_own = Condition::all().add(project::Column::Id.not_in_subquery(owners()));
    match owner {
        AppOwner::Project(id) => Condition::all().add(project::Column::Id.eq(id.to_string())),
        AppOwner::Organization(id) => without_own.add(project::Column::OrganizationId.eq(id.to_string())),
        AppOwner::All => without_own.add(project::Column::OrganizationId.not_in_subquery(owners())),
    }
}
