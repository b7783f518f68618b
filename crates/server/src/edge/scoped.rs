//! Scopes as types: a handler of the API or of the pages names the scope that it needs, and is not called without it.

use integrations_core::scope::RequiredScope;

/// A scope, as a type.
pub trait Scoped: Send + Sync + 'static {
    /// The scope.
    const REQUIRED: RequiredScope;
}

/// `integrations:read`
#[derive(Debug)]
pub enum IntegrationsRead {}
/// `integrations:write`
#[derive(Debug)]
pub enum IntegrationsWrite {}

/// `audit:read`
#[derive(Debug)]
pub enum AuditRead {}

impl Scoped for AuditRead {
    const REQUIRED: RequiredScope = RequiredScope::AUDIT_READ;
}
impl Scoped for IntegrationsRead {
    const REQUIRED: RequiredScope = RequiredScope::INTEGRATIONS_READ;
}
impl Scoped for IntegrationsWrite {
    const REQUIRED: RequiredScope = RequiredScope::INTEGRATIONS_WRITE;
}

/// `projects:read`
#[derive(Debug)]
pub enum ProjectsRead {}
/// `projects:write`
#[derive(Debug)]
pub enum ProjectsWrite {}
/// `keys:read`
#[derive(Debug)]
pub enum KeysRead {}
/// `keys:admin`
#[derive(Debug)]
pub enum KeysAdmin {}

impl Scoped for ProjectsRead {
    const REQUIRED: RequiredScope = RequiredScope::PROJECTS_READ;
}
impl Scoped for ProjectsWrite {
    const REQUIRED: RequiredScope = RequiredScope::PROJECTS_WRITE;
}
impl Scoped for KeysRead {
    const REQUIRED: RequiredScope = RequiredScope::KEYS_READ;
}
impl Scoped for KeysAdmin {
    const REQUIRED: RequiredScope = RequiredScope::KEYS_ADMIN;
}

/// `oauth_apps:read`
#[derive(Debug)]
pub enum OauthAppsRead {}
/// `oauth_apps:admin`
#[derive(Debug)]
pub enum OauthAppsAdmin {}

impl Scoped for OauthAppsRead {
    const REQUIRED: RequiredScope = RequiredScope::OAUTH_APPS_READ;
}
impl Scoped for OauthAppsAdmin {
    const REQUIRED: RequiredScope = RequiredScope::OAUTH_APPS_ADMIN;
}
