//! The filters of the audit log.

use integrations_core::{
    audit::{ActorKind, AuditAction},
    issue::Issue,
};
use utoipa::IntoParams;

use crate::{
    http::filters::{moment, one, word},
    store::{ActorFilter, AuditFilter},
};

/// Filters of the events.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters, which are read one by one")]
pub(super) struct Narrowing {
    /// Only events with this action.
    #[param(value_type = Option<AuditAction>, example = "integration.disconnected")]
    action: Option<String>,
    /// Only events about the integration with this provider; for a further account, with its alias: `shopify~eu`.
    #[param(pattern = r"^[^\x00]*$", example = "slack")]
    provider: Option<String>,
    /// Only events of this actor: an API key's id, `operator` or `system`.
    #[param(
        pattern = "^(operator|system|key_[0-7][0-9a-hjkmnp-tv-z]{25})$",
        example = "key_01jc3q5v6w7x8y9zabcdefghjk"
    )]
    actor: Option<String>,
    /// Only events at or after this time (RFC 3339).
    #[param(format = DateTime, example = "2026-05-01T00:00:00Z")]
    since: Option<String>,
    /// Only events before this time (RFC 3339).
    #[param(format = DateTime, example = "2026-06-01T00:00:00Z")]
    until: Option<String>,
}

/// The names of the filters, in the order in which [`read`] takes their values.
pub(super) const NAMES: [&str; 5] = ["action", "provider", "actor", "since", "until"];

/// Reads the filters. What is wrong with them is added to `issues`.
pub(super) fn read(issues: &mut Vec<Issue>, texts: [Option<String>; 5]) -> AuditFilter {
    let [action, provider, actor, since, until] = texts;
    AuditFilter {
        before: None,
        action: one(issues, "action", action, word::<AuditAction>),
        actor: one(issues, "actor", actor, read_actor),
        since: one(issues, "since", since, moment),
        until: one(issues, "until", until, moment),
        provider,
    }
}

fn read_actor(text: &str) -> Result<ActorFilter, String> {
    match text.parse() {
        Ok(kind @ (ActorKind::Operator | ActorKind::System)) => Ok(ActorFilter::Kind(kind)),
        _ => {
            let principal = text.parse().map(ActorFilter::Principal);
            principal.map_err(|_| "Expected the id of an API key or a person, operator or system".to_owned())
        }
    }
}
