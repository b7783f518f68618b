//! Conditional changes: entity tags and what is made of `If-Match` (RFC 9110, sections 8.8.3 and 13.1.1).

/// The entity tag of a stored version, quotes included: `"v3"`.
pub fn entity_tag(version: i64) -> String {
    format!("\"v{version}\"")
}

/// The `If-Match` of a request, if it has one.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct IfMatch(Option<String>);

impl IfMatch {
    /// The condition that a request states, if it states one.
    pub fn new(condition: Option<String>) -> Self {
        Self(condition)
    }

    /// The condition that this version is stored.
    pub fn version(version: i64) -> Self {
        Self(Some(entity_tag(version)))
    }

    /// Whether a request with this condition may go on where `version` is stored. Strong comparison: a weak tag
    /// (`W/…`) matches nothing.
    pub fn allows(&self, version: i64) -> bool {
        let Some(condition) = &self.0 else { return true };
        condition.split(',').map(str::trim).any(|tag| tag == "*" || tag == entity_tag(version))
    }
}
