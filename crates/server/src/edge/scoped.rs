//! Scopes as types: a handler of the API or of the pages names the scope that it needs, and is not called without it.

use integrations_core::scope::RequiredScope;

/// A scope, as a type.
pub trait Scoped: Send + Sync + 'static {
    /// The scope.
    const REQUIRED: RequiredScope;
}

/// A type for each scope.
macro_rules! scoped {
    ($($(#[$doc:meta])+ $name:ident = $scope:ident;)+) => {$(
        $(#[$doc])+
        #[derive(Debug)]
        pub enum $name {}

        impl Scoped for $name {
            const REQUIRED: RequiredScope = RequiredScope::$scope;
        }
    )+};
}

scoped! {
    /// `integrations:read`
    IntegrationsRead = INTEGRATIONS_READ;
    /// `integrations:write`
    IntegrationsWrite = INTEGRATIONS_WRITE;
    /// `audit:read`
    AuditRead = AUDIT_READ;
    /// `actions:read`
    ActionsRead = ACTIONS_READ;
    /// `actions:write`
    ActionsWrite = ACTIONS_WRITE;
    /// `approvals:read`
    ApprovalsRead = APPROVALS_READ;
    /// `approvals:admin`
    ApprovalsAdmin = APPROVALS_ADMIN;
    /// `proxy:write`
    ProxyWrite = PROXY_WRITE;
    /// `webhooks:read`
    WebhooksRead = WEBHOOKS_READ;
    /// `webhooks:write`
    WebhooksWrite = WEBHOOKS_WRITE;
    /// `projects:read`
    ProjectsRead = PROJECTS_READ;
    /// `projects:write`
    ProjectsWrite = PROJECTS_WRITE;
    /// `keys:read`
    KeysRead = KEYS_READ;
    /// `keys:admin`
    KeysAdmin = KEYS_ADMIN;
    /// `oauth_apps:read`
    OauthAppsRead = OAUTH_APPS_READ;
    /// `oauth_apps:admin`
    OauthAppsAdmin = OAUTH_APPS_ADMIN;
}
