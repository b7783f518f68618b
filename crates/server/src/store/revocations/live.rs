//! The connections that live by the same account at a provider.

use integrations_core::ids::{IntegrationId, ProjectId};
use sea_orm::{
    ColumnTrait as _, Condition, EntityTrait as _, FromQueryResult, JoinType, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, RelationTrait as _, sea_query::ExprTrait as _,
};

use crate::store::{
    SealedConnection, Store, StoreError, Tenant,
    entity::{credential, integration, project},
};

/// The most that are read: enough to know that there are some, and to ask their provider.
const MOST: u64 = 500;

/// An integration with a usable credential, in whatever project.
#[derive(Clone, Debug)]
pub struct LiveAccount {
    /// Its project, with the organization.
    pub tenant: Tenant,
    /// The project's name.
    pub project_name: String,
    /// Whether it is known to have the account.
    pub is_known: bool,
    /// Its name, if it has one of its own.
    pub display_name: Option<String>,
    /// The setup type and the kind of the way by which it was connected, as they are stored.
    pub way: (String, Option<String>),
    /// Its credential, with what it is bound to.
    pub credential: SealedConnection,
}

impl LiveAccount {
    /// Its id.
    pub fn id(&self) -> IntegrationId {
        self.credential.integration
    }
}

#[derive(FromQueryResult)]
struct Row {
    id: String,
    project_id: String,
    provider: String,
    connection: String,
    display_name: Option<String>,
    setup_type: String,
    auth: Option<String>,
    sealed: Vec<u8>,
    organization_id: String,
    project_name: String,
    account_id: Option<String>,
}

impl Store {
    /// The integrations of any project that have a usable credential for this account of a provider (`key`), by the
    /// order of their ids. If the account is not known, or theirs is not, they may have the same and are among these.
    pub async fn live_accounts(
        &self,
        key: &str,
        account: Option<&str>,
    ) -> Result<Vec<LiveAccount>, StoreError> {
        use integration::Column;

        let of_account = account.map(|account| Column::AccountId.eq(account).or(Column::AccountId.is_null()));
        self.live(key, of_account.map_or_else(Condition::all, |of| Condition::all().add(of))).await
    }

    /// The same of one project, whatever their accounts are.
    pub async fn live_accounts_in(
        &self,
        project: ProjectId,
        key: &str,
    ) -> Result<Vec<LiveAccount>, StoreError> {
        let of_project = integration::Column::ProjectId.eq(project.to_string());
        self.live(key, Condition::all().add(of_project)).await
    }

    async fn live(&self, key: &str, which: Condition) -> Result<Vec<LiveAccount>, StoreError> {
        use integration::Column;

        let of_provider = Condition::any()
            .add(Column::Provider.eq(key))
            .add(Column::Provider.starts_with(format!("{key}~")));
        let found = integration::Entity::find()
            .select_only()
            .columns([
                Column::Id,
                Column::ProjectId,
                Column::Provider,
                Column::Connection,
                Column::DisplayName,
                Column::AccountId,
                Column::SetupType,
                Column::Auth,
            ])
            .column_as(credential::Column::Sealed, "sealed")
            .column_as(project::Column::OrganizationId, "organization_id")
            .column_as(project::Column::Name, "project_name")
            .join_rev(JoinType::InnerJoin, credential::Relation::Integration.def())
            .join(JoinType::InnerJoin, project_of())
            .filter(of_provider)
            .filter(which)
            .filter(credential::Column::DeadAt.is_null())
            .order_by_asc(Column::Id)
            .limit(MOST);
        let rows = found.into_model::<Row>().all(&self.reader).await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }
}

/// An integration's project.
pub(in crate::store) fn project_of() -> sea_orm::RelationDef {
    integration::Entity::belongs_to(project::Entity)
        .from(integration::Column::ProjectId)
        .to(project::Column::Id)
        .into()
}

impl TryFrom<Row> for LiveAccount {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let damaged = |what: &str| StoreError::Damaged(format!("integration {}: {what}", row.id));
        let project = row.project_id.parse().map_err(|_| damaged("project"))?;
        let organization = row.organization_id.parse().map_err(|_| damaged("organization"))?;
        Ok(Self {
            tenant: Tenant { organization, project },
            project_name: row.project_name,
            is_known: row.account_id.is_some(),
            display_name: row.display_name,
            way: (row.setup_type, row.auth),
            credential: SealedConnection {
                integration: row.id.parse().map_err(|_| damaged("id"))?,
                project,
                provider: row.provider,
                connection: row.connection,
                sealed: row.sealed,
            },
        })
    }
}
