//! The filters of the audit log.

use integrations_core::{
    audit::{ActorKind, AuditAction},
    issue::Issue,
};

use crate::{
    http::filters::{moment, one},
    store::{ActorFilter, AuditFilter},
};

/// The names of the filters, in the order in which [`read`] takes their values.
pub(super) const NAMES: [&str; 5] = ["action", "provider", "actor", "since", "until"];

/// Reads the filters. What is wrong with them is added to `issues`.
pub(super) fn read(issues: &mut Vec<Issue>, texts: [Option<String>; 5]) -> AuditFilter {
    let [action, provider, actor, since, until] = texts;
    AuditFilter {
        before: None,
        action: one(issues, "action", action, |text| {
            text.parse::<AuditAction>().map_err(|error| error.to_string())
        }),
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
