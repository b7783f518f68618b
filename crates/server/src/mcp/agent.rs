//! Who asks for what in which project, and the answers to the messages of the protocol.

use std::{borrow::Cow, sync::Arc};

use http::request::Parts;
use integrations_core::{error::ErrorCode, ids::ProjectId, scope::RequiredScope};
use rmcp::{
    ErrorData, RoleServer, ServerHandler,
    model::{
        CacheScope, CallToolRequestParams, CallToolResponse, CallToolResult, Implementation, JsonObject,
        ListToolsResult, PaginatedRequestParams, ProtocolVersion, ServerCapabilities, ServerConfig,
        SubscriptionFilter,
    },
    service::{RequestContext, SubscriptionContext},
};
use tracing::{Instrument as _, Span};

use super::{Mcp, VERSIONS, answer, own_tools::OwnTool};
use crate::{
    edge::{failure::Failure, identity::Identity, path, request_id::CurrentRequest},
    services::api_keys::Caller,
    store::{Denied, Tenant},
};

/// How long a client may keep the list of tools, in milliseconds. Permissions may change at any time.
const LIST_LIFE: u64 = 15_000;
const INSTRUCTIONS: &str = "\
    Each tool does something at a provider that is connected to this project, or tells something from there. What a \
    person must approve is answered with the status pending_approval: go on with something else, and ask get_run what \
    came of it. Never repeat a call whose outcome is unknown.";

/// The caller of one request, in the project of its path. What it may do is asked for by each tool.
#[derive(Clone, Debug)]
pub(super) struct Agent {
    pub(super) mcp: Mcp,
    pub(super) tenant: Tenant,
    pub(super) caller: Arc<Caller>,
    pub(super) request_id: Arc<str>,
    /// The request's. The crate answers in tasks of its own.
    span: Span,
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
        Ok(Self { mcp, tenant, caller, request_id, span: Span::current() })
    }

    /// Whether its key covers a scope.
    pub(super) fn covers(&self, scope: RequiredScope) -> bool {
        self.caller.rights.cover(scope)
    }

    async fn call(&self, name: &str, arguments: JsonObject) -> Result<CallToolResult, ErrorData> {
        if let Some(tool) = OwnTool::named(name) {
            return Ok(self
                .use_own(tool, arguments)
                .await
                .unwrap_or_else(|failure| answer::failed(&failure)));
        }
        let tools = match self.action_tools().await {
            Ok(tools) => tools,
            Err(failure) => return Ok(answer::failed(&failure)),
        };
        let Some(tool) = tools.get(name) else {
            let message = format!("There is no tool {name} in this project; list the tools");
            return Err(ErrorData::invalid_params(message, None));
        };
        Ok(self.use_action(tool, arguments).await.unwrap_or_else(|failure| answer::failed(&failure)))
    }
}

impl ServerHandler for Agent {
    fn get_info(&self) -> ServerConfig {
        let server =
            Implementation::new("riq-server", env!("CARGO_PKG_VERSION")).with_title("Integrations API");
        ServerConfig::new(ServerCapabilities::builder().enable_tools().enable_tool_list_changed().build())
            .with_server_info(server)
            .with_instructions(INSTRUCTIONS)
    }

    fn supported_protocol_versions(&self) -> Cow<'static, [ProtocolVersion]> {
        Cow::Borrowed(VERSIONS)
    }

    /// All tools that the key may use now, in one page. They differ from key to key.
    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let listed = self.tools().instrument(self.span.clone()).await;
        let tools = listed.map_err(|failure| ErrorData::internal_error(failure.message, None))?;
        let mut list = ListToolsResult::with_all_items(tools);
        if context.protocol_version().is_some_and(|version| !version.has_initialize()) {
            (list.ttl_ms, list.cache_scope) = (Some(LIST_LIFE), Some(CacheScope::Private));
        }
        Ok(list)
    }

    async fn call_tool(
        &self,
        call: CallToolRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let called = self.call(&call.name, call.arguments.unwrap_or_default());
        Ok(called.instrument(self.span.clone()).await?.into())
    }

    fn accepted_subscription_filter(&self, _: &SubscriptionFilter) -> Option<SubscriptionFilter> {
        Some(SubscriptionFilter::builder().tools_list_changed().build())
    }

    async fn listen(&self, subscription: SubscriptionContext) -> Result<(), ErrorData> {
        self.tell_changes(&subscription).instrument(self.span.clone()).await;
        Ok(())
    }
}
