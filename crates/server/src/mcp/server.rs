//! The answers to the messages of the protocol.

use std::borrow::Cow;

use rmcp::{
    ErrorData, RoleServer, ServerHandler,
    model::{
        CacheScope, CallToolRequestParams, CallToolResponse, CancelTaskParams, GetTaskParams, GetTaskResult,
        Implementation, JsonObject, ListToolsResult, PaginatedRequestParams, ProtocolVersion,
        ServerCapabilities, ServerConfig, SubscriptionFilter, UpdateTaskParams,
    },
    service::{RequestContext, SubscriptionContext},
};
use tracing::Instrument as _;

use super::{agent::Agent, answer, own_tools::OwnTool, state::VERSIONS, tasks};

/// How long a client may keep the list of tools, in milliseconds. Permissions may change at any time.
const LIST_LIFE: u64 = 15_000;
const INSTRUCTIONS: &str = "\
    Each tool does something at a provider that is connected to this project, or tells something from there. What a \
    person must approve is answered with the status pending_approval: go on with something else, and ask get_run what \
    came of it. Never repeat a call whose outcome is unknown.";

impl Agent {
    /// Uses a tool. Only a name that is none is an error of the protocol: a model does not see those.
    async fn call(
        &self,
        name: &str,
        arguments: JsonObject,
        knows_tasks: bool,
    ) -> Result<CallToolResponse, ErrorData> {
        if let Some(tool) = OwnTool::named(name) {
            let used = self.use_own(tool, arguments).await;
            return Ok(used.unwrap_or_else(|failure| answer::failed(&failure)).into());
        }
        let tools = match self.action_tools().await {
            Ok(tools) => tools,
            Err(failure) => return Ok(answer::failed(&failure).into()),
        };
        let Some(tool) = tools.get(name) else {
            let message = format!("There is no tool {name} in this project; list the tools");
            return Err(ErrorData::invalid_params(message, None));
        };
        let called = self.use_action(tool, arguments, knows_tasks).await;
        Ok(called.unwrap_or_else(|failure| answer::failed(&failure).into()))
    }
}

impl ServerHandler for Agent {
    fn get_info(&self) -> ServerConfig {
        let server =
            Implementation::new("riq-server", env!("CARGO_PKG_VERSION")).with_title("Integrations API");
        let able = ServerCapabilities::builder().enable_tools().enable_tool_list_changed().enable_tasks();
        ServerConfig::new(able.build()).with_server_info(server).with_instructions(INSTRUCTIONS)
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
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let arguments = call.arguments.unwrap_or_default();
        let called = self.call(&call.name, arguments, tasks::are_known(&context));
        called.instrument(self.span.clone()).await
    }

    async fn get_task(
        &self,
        asked: GetTaskParams,
        _: RequestContext<RoleServer>,
    ) -> Result<GetTaskResult, ErrorData> {
        Ok(GetTaskResult::new(self.task(&asked.task_id).instrument(self.span.clone()).await?))
    }

    async fn update_task(
        &self,
        update: UpdateTaskParams,
        _: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.find_task(&update.task_id).instrument(self.span.clone()).await
    }

    async fn cancel_task(
        &self,
        cancel: CancelTaskParams,
        _: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.cancel(&cancel.task_id).instrument(self.span.clone()).await
    }

    fn accepted_subscription_filter(&self, _: &SubscriptionFilter) -> Option<SubscriptionFilter> {
        Some(SubscriptionFilter::builder().tools_list_changed().build())
    }

    async fn listen(&self, subscription: SubscriptionContext) -> Result<(), ErrorData> {
        self.tell_changes(&subscription).instrument(self.span.clone()).await;
        Ok(())
    }
}
