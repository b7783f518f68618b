//! A client of the Model Context Protocol that a test writes itself, message by message.

use integrations_core::ids::ProjectId;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use crate::support::Server;

pub(super) const MODERN: &str = "2026-07-28";
pub(super) const LEGACY: &str = "2025-11-25";

/// An answer over HTTP.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Value,
}

impl Told {
    #[track_caller]
    pub(super) fn result(&self) -> &Value {
        assert!(self.status == 200 && self.body["error"].is_null(), "{self:?}");
        &self.body["result"]
    }

    /// The code of an error of the protocol.
    pub(super) fn error(&self) -> (u16, i64) {
        (self.status, self.body["error"]["code"].as_i64().unwrap_or_default())
    }

    /// The text of a tool's failure.
    #[track_caller]
    pub(super) fn failure(&self) -> &str {
        let result = self.result();
        assert_eq!((&result["isError"], result.get("structuredContent")), (&json!(true), None), "{self:?}");
        result["content"][0]["text"].as_str().unwrap()
    }

    /// What a tool gave, which is its text too.
    #[track_caller]
    pub(super) fn content(&self) -> &Value {
        let result = self.result();
        assert_eq!(result["isError"], false, "{self:?}");
        let text = result["content"][0]["text"].as_str().unwrap();
        assert_eq!(serde_json::from_str::<Value>(text).unwrap(), result["structuredContent"]);
        assert!(text.len() <= 24 * 1024);
        &result["structuredContent"]
    }
}

/// A client with a key, in a project.
pub(super) struct Client<'a> {
    pub(super) server: &'a Server,
    pub(super) key: String,
    pub(super) project: ProjectId,
}

impl Client<'_> {
    pub(super) async fn post(&self, headers: &[(&str, &str)], body: String) -> Told {
        self.request("POST", headers, body).await
    }

    pub(super) async fn request(&self, method: &str, headers: &[(&str, &str)], body: String) -> Told {
        let url = format!("http://{}/mcp/projects/{}", self.server.address, self.project);
        let mut request = self.server.client().request(method.parse().unwrap(), url);
        if !self.key.is_empty() {
            request = request.header("authorization", format!("Bearer {}", self.key));
        }
        request = request.header("accept", "application/json, text/event-stream");
        request = request.header("content-type", "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.body(body).send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap();
        Told { status, headers, body: serde_json::from_str(&text).unwrap_or(Value::String(text)) }
    }

    /// A request of the revision without sessions.
    pub(super) async fn ask(&self, id: u32, method: &str, params: Value) -> Told {
        self.ask_able(&json!({}), id, method, params).await
    }

    /// A request of a client with these capabilities.
    pub(super) async fn ask_able(&self, able: &Value, id: u32, method: &str, mut params: Value) -> Told {
        params["_meta"] = meta(able);
        let name = params["name"].as_str().or(params["taskId"].as_str()).map(str::to_owned);
        let mut headers = vec![("mcp-protocol-version", MODERN), ("mcp-method", method)];
        headers.extend(name.as_deref().map(|name| ("mcp-name", name)));
        let body = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        let told = self.post(&headers, body.to_string()).await;
        if told.status == 200 {
            assert_eq!(told.body["id"], id);
        }
        told
    }

    pub(super) async fn tools(&self) -> Vec<Value> {
        self.ask(1, "tools/list", json!({})).await.result()["tools"].as_array().unwrap().clone()
    }

    pub(super) async fn names(&self) -> Vec<String> {
        self.tools().await.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
    }

    pub(super) async fn call(&self, id: u32, tool: &str, arguments: Value) -> Told {
        self.ask(id, "tools/call", json!({"name": tool, "arguments": arguments})).await
    }
}

/// What a request of the revision without sessions says of its client.
pub(super) fn meta(able: &Value) -> Value {
    json!({
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": able,
    })
}

/// A client with the server's key, in its project.
pub(super) fn client(server: &Server) -> Client<'_> {
    Client { server, key: server.key.text.clone(), project: server.project }
}
