//! The tools of this server itself.

use std::time::Duration;

use integrations_core::{
    action::RunStatus,
    error::ErrorCode,
    fields::{Fields, text},
    install_link::LinkRequest,
    scope::RequiredScope,
};
use rmcp::model::{CallToolResult, JsonObject, Tool, ToolAnnotations};
use serde_json::{Map, Value, json};

use super::{agent::Agent, answer};
use crate::{
    edge::failure::Failure,
    services::{install::NewLink, integrations::accounts_of},
    store::IntegrationRow,
    token::Token,
};

/// A tool of this server itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OwnTool {
    ListIntegrations,
    ListProviders,
    GetInstallUrl,
    GetRun,
}

impl OwnTool {
    pub(super) const ALL: [Self; 4] =
        [Self::ListIntegrations, Self::ListProviders, Self::GetInstallUrl, Self::GetRun];

    const fn name(self) -> &'static str {
        match self {
            Self::ListIntegrations => "list_integrations",
            Self::ListProviders => "list_providers",
            Self::GetInstallUrl => "get_install_url",
            Self::GetRun => "get_run",
        }
    }

    /// The tool with this name.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tool| tool.name() == name)
    }

    /// What a key needs for it.
    pub(super) const fn scope(self) -> RequiredScope {
        match self {
            Self::ListIntegrations | Self::ListProviders => RequiredScope::INTEGRATIONS_READ,
            Self::GetInstallUrl => RequiredScope::INTEGRATIONS_WRITE,
            Self::GetRun => RequiredScope::ACTIONS_READ,
        }
    }

    /// The tool as it is listed.
    pub(super) fn describe(self) -> Tool {
        let input = |name: &str, required: bool, description: &str| {
            let properties = json!({name: {"type": "string", "description": description}});
            let mut schema = json!({"type": "object", "properties": properties});
            if required {
                schema["required"] = json!([name]);
            }
            schema
        };
        let (title, description, schema) = match self {
            Self::ListIntegrations => (
                "List integrations",
                "Lists what is connected to this project, and whether it works.",
                json!({"type": "object", "properties": {}}),
            ),
            Self::ListProviders => (
                "List providers",
                "Lists the providers that can be connected to this project.",
                input(
                    "query",
                    false,
                    "Words to look for in a provider's names, category and description. The best match comes first.",
                ),
            ),
            Self::GetInstallUrl => (
                "Get an install URL",
                "Makes an address at which a person connects a provider. It is for the person who asked alone.",
                input("provider", true, "The provider, as list_providers names it."),
            ),
            Self::GetRun => (
                "Get a run",
                "Tells what came of a call. It waits for the end of one that is still being sent.",
                input("run_id", true, "The id of the run, as a call gave it."),
            ),
        };
        let hints = ToolAnnotations::new()
            .read_only(self != Self::GetInstallUrl)
            .destructive(false)
            .idempotent(self != Self::GetInstallUrl)
            .open_world(false);
        Tool::new(self.name(), description, object(schema)).with_title(title).with_annotations(hints)
    }
}

impl Agent {
    /// Uses a tool of this server itself.
    pub(super) async fn use_own(
        &self,
        tool: OwnTool,
        arguments: JsonObject,
    ) -> Result<CallToolResult, Failure> {
        if !self.covers(tool.scope()) {
            return Err(Failure::insufficient_scope(tool.scope()));
        }
        let mut fields = Fields::read(Value::Object(arguments).to_string().as_bytes())?;
        match tool {
            OwnTool::ListIntegrations => {
                fields.finish(Some(()))?;
                self.integrations().await
            }
            OwnTool::ListProviders => {
                let query = fields.optional("query", text);
                fields.finish(Some(()))?;
                self.providers(query.as_deref()).await
            }
            OwnTool::GetInstallUrl => {
                let provider = fields.required("provider", text);
                self.install_url(&fields.finish(provider)?).await
            }
            OwnTool::GetRun => {
                let run = fields.required("run_id", text);
                self.run(&fields.finish(run)?).await
            }
        }
    }

    async fn integrations(&self) -> Result<CallToolResult, Failure> {
        let rows = self.mcp.services.integrations.list(&self.tenant).await?;
        let shown: Vec<Value> = rows.iter().map(integration).collect();
        Ok(answer::told(object(json!({"integrations": shown}))))
    }

    async fn providers(&self, query: Option<&str>) -> Result<CallToolResult, Failure> {
        let services = &self.mcp.services;
        let rows = services.integrations.list(&self.tenant).await?;
        let providers = services.catalog.search(query, None).into_iter().map(|provider| {
            json!({
                "provider": provider.key.as_str(),
                "name": provider.name,
                "description": provider.description,
                "category": provider.category.as_str(),
                "installed": !accounts_of(&rows, provider.key.as_str()).is_empty(),
            })
        });
        Ok(answer::told(object(json!({"providers": providers.collect::<Vec<_>>()}))))
    }

    async fn install_url(&self, provider: &str) -> Result<CallToolResult, Failure> {
        let services = &self.mcp.services;
        let account = services.account(Some(provider))?;
        let token = Token::generate(&services.environment);
        let (made, request) = (services.installer.next_link(), LinkRequest::default());
        let (tenant, by) = (&self.tenant, self.caller.key.into());
        let link = NewLink { made, tenant, account: &account, by, token: &token, request };
        services.installer.create_link(link, None).await?;
        let base = self.mcp.settings.public_url.as_str().trim_end_matches('/');
        let (project, provider) = (self.tenant.project, account.as_str());
        let page = format!("{base}/dashboard/projects/{project}/integrations/{provider}");
        Ok(answer::told(object(json!({
            "note": "Give the address only to the person who installs. It works without a key, for a short time.",
            "provider": provider,
            "install_url": format!("{page}?session={}", token.expose()),
        }))))
    }

    async fn run(&self, id: &str) -> Result<CallToolResult, Failure> {
        let none = || Failure::new(ErrorCode::ResourceNotFound, "There is no such run");
        let id = id.parse().map_err(|_| none())?;
        // What waits for a person is not waited for.
        let actions = &self.mcp.services.actions;
        let mut found = actions.run(&self.tenant, id, Duration::ZERO).await?.ok_or_else(none)?;
        if found.status == RunStatus::Sending.as_str() {
            found = actions.run(&self.tenant, id, self.patience()).await?.ok_or_else(none)?;
        }
        Ok(answer::shown(&found))
    }
}

/// An integration in brief.
fn integration(row: &IntegrationRow) -> Value {
    let members = [
        ("provider", Some(&row.provider)),
        ("status", Some(&row.status)),
        ("health", Some(&row.health_status)),
        ("display_name", row.display_name.as_ref()),
        ("account", row.account_name.as_ref().or(row.account_id.as_ref())),
        ("error", row.error_message.as_ref()),
    ];
    let known =
        members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.as_str().into())));
    Value::Object(known.collect::<Map<_, _>>())
}

/// The members of a JSON object.
pub(super) fn object(value: Value) -> JsonObject {
    match value {
        Value::Object(members) => members,
        _ => JsonObject::new(),
    }
}
