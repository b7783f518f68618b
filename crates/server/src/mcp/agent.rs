//! Who asks for what in which project.

use std::{sync::Arc, time::Duration};

use http::request::Parts;
use integrations_core::{error::ErrorCode, ids::ProjectId, scope::RequiredScope};
use tracing::Span;

use super::{seats::Seat, state::Mcp};
use crate::{
    edge::{failure::Failure, identity::Identity, path, request_id::CurrentRequest},
    services::api_keys::Caller,
    store::{Denied, Tenant},
};

/// The longest wait for the end of a call. Many clients give up after a minute, and their models would call again.
const LONGEST: Duration = Duration::from_secs(45);

/// The caller of one request, in the project of its path. What it may do is asked for by each tool.
#[derive(Clone, Debug)]
pub(super) struct Agent {
    pub(super) mcp: Mcp,
    pub(super) tenant: Tenant,
    pub(super) caller: Arc<Caller>,
    pub(super) request_id: Arc<str>,
    /// The request's. The crate answers in tasks of its own.
    pub(super) span: Span,
    /// A subscription's. It is only held: it is given back when the last clone is gone, at the end of the stream.
    pub(super) seat: Option<Arc<Seat>>,
}

impl Agent {
    /// The caller of a request, if it has a good key and may see the project.
    pub(super) async fn admitted(mcp: Mcp, parts: &Parts) -> Result<Self, Failure> {
        let caller = match parts.extensions.get::<Identity>() {
            Some(Identity::Caller(caller)) => Arc::clone(caller),
            Some(Identity::Refused(refusal)) => return Err((*refusal).into()),
            Some(Identity::Unverified(error)) => return Err(error.clone()),
            Some(Identity::Anonymous) | None => {
                let message = "An API key is required: send Authorization: Bearer or X-API-Key";
                return Err(Failure::new(ErrorCode::Unauthorized, message));
            }
        };
        let Some(CurrentRequest(request_id)) = parts.extensions.get().cloned() else {
            return Err(Failure::internal(&"a request without an id"));
        };
        let named = path::parameters(parts).find_map(|(_, value)| value);
        // A text that is not an id names no project.
        let project: Option<ProjectId> = named.and_then(|text| text.parse().ok());
        let project = project.ok_or(Denied::NoSuchProject)?;
        let tenant = Tenant { organization: caller.organization, project };
        mcp.services.organizations.admit(&tenant).await?;
        if !caller.rights.reach.includes(project) {
            return Err(Denied::OutOfReach.into());
        }
        Ok(Self { mcp, tenant, caller, request_id, span: Span::current(), seat: None })
    }

    /// Whether its key covers a scope.
    pub(super) fn covers(&self, scope: RequiredScope) -> bool {
        self.caller.rights.cover(scope)
    }

    /// How long a call may be waited for.
    pub(super) fn patience(&self) -> Duration {
        (self.mcp.settings.request_timeout * 9 / 10).min(LONGEST)
    }
}
