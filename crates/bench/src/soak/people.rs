//! The people whose keys call and approve during the soak, in one organization.

use anyhow::{Result, anyhow};
use integrations_core::api_key::{ApiKey, KeyHash};
use integrations_core::audit::{Acting, AuditAction};
use integrations_core::ids::{OrganizationId, UserId};
use integrations_core::rights::{Reach, Rights};
use integrations_core::role::Role;
use integrations_core::tier::Tier;
use riq_server::environment::Environment;
use riq_server::store::{NewApiKey, NewAuditEvent, PersonRef, Store};

use crate::bench::fill::organization_of;

/// The keys, and the projects that they call in.
pub(super) struct Keys {
    /// Changes settings and permissions. It acts for nobody.
    pub(super) admin: String,
    /// Calls, for one person.
    pub(super) asker: String,
    /// Approves, for another.
    pub(super) approver: String,
    /// By number.
    pub(super) projects: Vec<usize>,
}

impl Keys {
    /// Makes the people and their keys in the first organization, which has every hundredth of so many projects.
    ///
    /// # Errors
    /// When they cannot be stored.
    pub(super) async fn make(url: &str, projects: usize) -> Result<Self> {
        let maker = Maker {
            environment: Environment::system(),
            store: Store::connect(&url.parse()?, 1).await?,
            organization: format!("org_{:026}", 0).parse()?,
        };
        let (operator, approver) = (maker.person(Role::Operator).await?, maker.person(Role::Approver).await?);
        let keys = Self {
            admin: maker.key("admin", None).await?,
            asker: maker.key("write", Some(operator)).await?,
            approver: maker.key("approvals:admin", Some(approver)).await?,
            projects: (0..projects).filter(|project| organization_of(*project) == 0).collect(),
        };
        maker.store.close().await;
        Ok(keys)
    }
}

struct Maker {
    environment: Environment,
    store: Store,
    organization: OrganizationId,
}

impl Maker {
    fn event(&self, action: AuditAction) -> NewAuditEvent {
        NewAuditEvent::new(&self.environment, self.organization, action, Acting::OPERATOR)
    }

    async fn person(&self, role: Role) -> Result<UserId> {
        let who =
            PersonRef::Subject { issuer: "https://id.example".into(), subject: role.as_str().to_owned() };
        let (id, event) = (self.environment.id(), self.event(AuditAction::UserRoleSet));
        let set = self.store.set_role(&who, id, Some(role), event).await;
        Ok(set.map_err(|error| anyhow!("no role: {error:?}"))?.user)
    }

    async fn key(&self, scope: &str, user: Option<UserId>) -> Result<String> {
        let key = ApiKey::from_entropy(self.environment.bytes());
        let new = NewApiKey {
            id: self.environment.id(),
            name: "soak".into(),
            hint: key.hint().to_owned(),
            hash: KeyHash::of(&key),
            rights: Rights { scopes: [scope.parse()?].into_iter().collect(), reach: Reach::Organization },
            tier: Tier::Enterprise,
            expires_at: None,
            user,
        };
        let event = self.event(AuditAction::ApiKeyCreated);
        let created = self.store.create_api_key(new, event, |_| Ok(None)).await;
        created.map_err(|error| anyhow!("no key: {error:?}"))?;
        Ok(key.expose().to_owned())
    }
}
