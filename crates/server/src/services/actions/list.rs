//! Lists the actions of an integration.

use std::collections::BTreeMap;

use integrations_core::{
    action::{Context, Decision, Facts, Totals, decide},
    catalog::{
        ProviderAccount,
        action::{Action, Subject},
    },
    integration::Integration,
    lifecycle::Status,
    permissions::Permission,
};
use serde_json::Map;

use super::{Actions, CallError};
use crate::store::Tenant;

/// Whether an action of an integration can be called now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its permission.
    pub permission: Permission,
    /// Why no call can succeed, whatever its input is. `None`: one can.
    pub not_callable_reason: Option<String>,
}

impl Actions {
    /// How the actions of an integration can be called now, in the order of the provider's.
    pub async fn list(&self, tenant: &Tenant, account: &ProviderAccount) -> Result<Vec<Listed>, CallError> {
        let loaded = self.installed(tenant, account).await?;
        Ok(account.provider.actions.iter().map(|action| listed(action, &loaded.integration)).collect())
    }
}

fn listed(action: &Action, integration: &Integration) -> Listed {
    let permission = integration.action_permissions.get(&action.key).copied().unwrap_or_default();
    let not_callable_reason = match integration.status() {
        Status::Paused => Some("The integration is paused".to_owned()),
        Status::Disconnected => Some("The integration is disconnected".to_owned()),
        Status::Error => Some("The provider does not accept the integration's credential".to_owned()),
        Status::Active => denial(action, permission, integration),
    };
    Listed { permission, not_callable_reason }
}

/// Why a call would be denied by its permission, or by a guard that asks for a setting alone.
fn denial(action: &Action, permission: Permission, integration: &Integration) -> Option<String> {
    let by_setting = action.guards.iter().filter(|guard| matches!(guard.subject, Subject::Setting(_)));
    let action = Action { guards: by_setting.cloned().collect(), ..action.clone() };
    let empty = Map::new();
    let facts = Facts {
        permission,
        is_active: true,
        settings: &integration.settings,
        input: &empty,
        money: &BTreeMap::new(),
        evidence: &empty,
        context: &Context::default(),
        totals: &Totals::default(),
    };
    let Decision::Deny(reasons) = decide(&action, &facts) else { return None };
    let words: Vec<String> = reasons.into_iter().map(|reason| reason.words).collect();
    Some(words.join("; "))
}
