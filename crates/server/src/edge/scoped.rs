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
