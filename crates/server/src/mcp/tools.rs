//! The tools of a project: one for each action of its integrations that is permitted, and this server's own.

use std::{collections::BTreeMap, sync::Arc};

use integrations_core::{
    action::input_schema,
    catalog::{ActionKind, ProviderAccount, action::Action, tool_name},
    error::ErrorCode,
    lifecycle::Status,
    permissions::Permission,
    scope::RequiredScope,
};
use rmcp::model::{CallToolResponse, JsonObject, Tool, ToolAnnotations};
use serde_json::{Value, json};

use super::{
    agent::Agent,
    answer,
    arguments::{self, Arguments},
    own_tools::{OwnTool, object},
    tasks,
};
use crate::{edge::failure::Failure, services::actions::Call};

/// The longest name of a tool (MCP 2025-11-25 and 2026-07-28, "Tools", section "Tool Names"; models' interfaces take no
/// longer ones).
const MAX_NAME: usize = 64;
/// How long a write that may have been done stands for the same call. Agents run a turn again after a later failure.
const REPEATS: time::Duration = time::Duration::minutes(10);

/// An action of an account that is installed, permitted or not.
#[derive(Clone, Debug)]
pub(super) struct ActionTool {
    account: ProviderAccount,
    /// The account's integration is active.
    is_active: bool,
    /// The place of the action among those of the provider.
    place: usize,
}

impl Agent {
    /// Every action of the project's integrations, by its tool's name. A name that would stand for two is left out.
    pub(super) async fn action_tools(&self) -> Result<BTreeMap<String, ActionTool>, Failure> {
        let services = &self.mcp.services;
        let mut named: BTreeMap<String, Vec<ActionTool>> = BTreeMap::new();
        for row in services.integrations.list(&self.tenant).await? {
            // The catalog may have lost a provider since it was installed.
            let Ok(account) = services.account(Some(&row.provider)) else { continue };
            let is_active = row.status == Status::Active.as_str();
            for (place, action) in account.provider.actions.iter().enumerate() {
                let tool = ActionTool { account: account.clone(), is_active, place };
                named.entry(tool_name(account.as_str(), &action.key)).or_default().push(tool);
            }
        }
        let mut tools = BTreeMap::new();
        for (name, mut found) in named {
            match found.pop() {
                Some(tool)
                    if found.is_empty() && name.len() <= MAX_NAME && OwnTool::named(&name).is_none() =>
                {
                    tools.insert(name, tool);
                }
                _ => tracing::warn!(
                    project = %self.tenant.project, %name,
                    "an action is no tool, because its name is too long or stands for two: choose another alias"
                ),
            }
        }
        Ok(tools)
    }

    /// The tools that the key may use now: this server's own, then the others by their names.
    pub(super) async fn tools(&self) -> Result<Vec<Tool>, Failure> {
        let own = OwnTool::ALL.into_iter().filter(|tool| self.covers(tool.scope()));
        let mut tools: Vec<Tool> = own.map(OwnTool::describe).collect();
        if !self.covers(RequiredScope::ACTIONS_WRITE) {
            return Ok(tools);
        }
        let mut callable = BTreeMap::new();
        for (name, tool) in self.action_tools().await? {
            if !tool.is_active {
                continue;
            }
            let account = tool.account.as_str().to_owned();
            if !callable.contains_key(&account) {
                let listed = self.mcp.services.actions.list(&self.tenant, &tool.account).await?;
                callable.insert(account.clone(), listed);
            }
            let listed = callable.get(&account).and_then(|listed| listed.get(tool.place));
            let action = tool.account.provider.actions.get(tool.place);
            if let (Some(action), Some(listed)) = (action, listed)
                && listed.permission != Permission::Off
                && listed.not_callable_reason.is_none()
            {
                tools.push(describe(name, &tool.account, action, listed.permission));
            }
        }
        Ok(tools)
    }

    /// Calls the action that a tool stands for. A call that goes on is a task for a client that knows tasks.
    pub(super) async fn use_action(
        &self,
        tool: &ActionTool,
        arguments: JsonObject,
        knows_tasks: bool,
    ) -> Result<CallToolResponse, Failure> {
        if !self.covers(RequiredScope::ACTIONS_WRITE) {
            return Err(Failure::insufficient_scope(RequiredScope::ACTIONS_WRITE));
        }
        let Some(action) = tool.account.provider.actions.get(tool.place) else {
            return Err(Failure::new(ErrorCode::ActionNotFound, "The provider has no such action any more"));
        };
        let Arguments { body, again } = arguments::read(action, arguments)?;
        let services = &self.mcp.services;
        let run = services.environment.id();
        let call = Call {
            run,
            tenant: self.tenant,
            account: tool.account.clone(),
            action: action.key.clone(),
            body,
            by: self.caller.key.into(),
            request_id: Some(self.request_id.to_string()),
            remembered: None,
            repeats_within: (!again).then_some(REPEATS),
        };
        let row = services.actions.call(call, self.patience()).await?;
        if knows_tasks && let Some(task) = tasks::begun(&row) {
            return Ok(task.into());
        }
        let is_repeat = row.id != run.to_string();
        Ok(answer::called(&row, is_repeat, services.actions.wait_left(&row)).into())
    }
}

fn describe(name: String, account: &ProviderAccount, action: &Action, permission: Permission) -> Tool {
    let reads = action.kind == ActionKind::ReadOnly;
    let description = match permission {
        Permission::Ask => format!("{} A person approves each call.", action.description),
        Permission::Allowed | Permission::Off => action.description.clone(),
    };
    let hints = ToolAnnotations::new()
        .read_only(reads)
        .destructive(action.kind == ActionKind::Destructive)
        .idempotent(reads)
        .open_world(true);
    Tool::new(name, description, object(arguments::schema(action, input_schema(action))))
        .with_title(format!("{}: {}", account.label(), action.label))
        .with_annotations(hints)
        .with_raw_output_schema(Arc::new(object(output())))
}

/// What a call gives, whatever came of it. Clients check answers against it.
fn output() -> Value {
    let text = json!({"type": "string"});
    json!({
        "type": "object",
        "properties": {
            "note": {"type": "string", "description": "What to know and do. Read it first."},
            "id": {"type": "string", "description": "The run, for get_run."},
            "status": {"type": "string", "description": "succeeded, accepted, sending or pending_approval."},
            "provider_status": {"type": "integer"},
            "result": {"description": "What the action gave."},
            "approval_id": text,
        },
        "required": ["id", "status"],
    })
}
