//! JSON-RPC messages of MCP: what a client sends, and the errors that riq answers by itself.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};

use crate::client::text_field;
use crate::error::Report;

/// The member of `_meta` with the revision that a request is written in, since 2026-07-28.
const VERSION_MEMBER: &str = "io.modelcontextprotocol/protocolVersion";
/// JSON-RPC's codes for errors.
const PARSE_ERROR: i32 = -32700;
const INVALID_REQUEST: i32 = -32600;
const INTERNAL_ERROR: i32 = -32603;

/// A request or notification of the client.
pub(super) struct Message {
    text: String,
    value: Value,
}

impl Message {
    /// Reads a line. `None`: it is empty. The error is the answer to a line that is no message.
    pub(super) fn read(line: &[u8]) -> Result<Option<Self>, String> {
        let line = line.trim_ascii();
        if line.is_empty() {
            return Ok(None);
        }
        let refused = |code, message: &str| error_frame(None, code, message, None);
        let text = std::str::from_utf8(line).map_err(|_| refused(PARSE_ERROR, "The line is not UTF-8"))?;
        let value: Value = serde_json::from_str(text)
            .map_err(|error| refused(PARSE_ERROR, &format!("The line is not JSON: {error}")))?;
        if value.get("jsonrpc").is_none_or(|version| version != "2.0") {
            return Err(refused(INVALID_REQUEST, "The line is not one JSON-RPC 2.0 message"));
        }
        if value.get("id").is_some_and(|id| !id.is_string() && !id.is_i64() && !id.is_u64()) {
            return Err(refused(INVALID_REQUEST, "The id must be a string or an integer"));
        }
        Ok(Some(Self { text: text.to_owned(), value }))
    }

    /// The message as it came.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The id of a request. A notification has none, and a response is answered by nobody.
    pub(super) fn id(&self) -> Option<&Value> {
        self.value.get("id").filter(|_| self.method().is_some())
    }

    /// Whether it begins the handshake of revisions before 2026-07-28.
    pub(super) fn is_initialize(&self) -> bool {
        self.method() == Some("initialize")
    }

    /// Whether its answer goes on for as long as the client listens.
    pub(super) fn is_listening(&self) -> bool {
        self.method() == Some("subscriptions/listen")
    }

    /// The id of the request that it cancels.
    pub(super) fn cancels(&self) -> Option<&Value> {
        self.value.pointer("/params/requestId").filter(|_| self.method() == Some("notifications/cancelled"))
    }

    /// The headers that repeat what the message says (revision 2026-07-28, Streamable HTTP, "Request Metadata"). The
    /// server of this API marks no parameters with `x-mcp-header`, so there are no others. `negotiated` is the version
    /// of a client that began with the handshake.
    pub(super) fn headers(&self, negotiated: Option<&str>) -> HeaderMap {
        let own = self.value.pointer("/params/_meta").and_then(|meta| text_field(meta, VERSION_MEMBER));
        let version = own.or_else(|| negotiated.filter(|_| !self.is_initialize()));
        let name = match self.method() {
            Some("tools/call" | "prompts/get") => self.value.pointer("/params/name"),
            Some("resources/read") => self.value.pointer("/params/uri"),
            // SEP-2663, "Streamable HTTP: Routing Headers".
            Some("tasks/get" | "tasks/update" | "tasks/cancel") => self.value.pointer("/params/taskId"),
            _ => None,
        };
        let name = name.and_then(Value::as_str).map(encoded);
        let headers = [
            ("mcp-protocol-version", version.map(str::to_owned)),
            ("mcp-method", self.method().map(str::to_owned)),
            ("mcp-name", name),
        ];
        // What cannot stand in a header is left out, and the server says what is wrong with it.
        let headers = headers.into_iter().filter_map(|(header, value)| {
            Some((HeaderName::from_static(header), HeaderValue::from_str(&value?).ok()?))
        });
        headers.collect()
    }

    /// Whether `answer` is the response to this request.
    pub(super) fn is_answered_by(&self, answer: &Value) -> bool {
        let is_response = answer.get("result").is_some() || answer.get("error").is_some();
        is_response && self.id().is_some_and(|id| answer.get("id") == Some(id))
    }

    /// The answer to a request that did not get one from the server.
    pub(super) fn failed(&self, report: &Report) -> Option<String> {
        let data = json!({
            "source": "riq", "code": report.code.to_string(), "status": report.status,
            "request_id": report.request_id,
        });
        Some(error_frame(Some(self.id()?), INTERNAL_ERROR, &report.full_message(), Some(data)))
    }

    fn method(&self) -> Option<&str> {
        text_field(&self.value, "method")
    }
}

/// One line for the client: the document with its line ends as blanks. JSON has them only between its parts.
pub(super) fn frame(document: &str) -> String {
    format!("{}\n", document.replace(['\r', '\n'], " "))
}

fn error_frame(id: Option<&Value>, code: i32, message: &str, data: Option<Value>) -> String {
    let mut answer = json!({"jsonrpc": "2.0", "error": {"code": code, "message": message}});
    if let Some(id) = id {
        answer["id"] = id.clone();
    }
    if let Some(data) = data {
        answer["error"]["data"] = data;
    }
    frame(&answer.to_string())
}

/// A name as a header has it (revision 2026-07-28, "Value Encoding").
fn encoded(name: &str) -> String {
    let is_plain = name.bytes().all(|byte| (b' '..=b'~').contains(&byte)) && name.trim() == name;
    if is_plain && !(name.starts_with("=?base64?") && name.ends_with("?=")) {
        name.to_owned()
    } else {
        format!("=?base64?{}?=", BASE64_STANDARD.encode(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(value: &Value) -> Message {
        Message::read(value.to_string().as_bytes()).unwrap().unwrap()
    }

    fn headers(value: &Value, negotiated: Option<&str>) -> Vec<(String, String)> {
        let headers = message(value).headers(negotiated);
        headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect()
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn what_is_no_message_is_answered_at_once() {
        assert!(Message::read(b" \r\n").unwrap().is_none());
        for (line, code) in [
            (&b"{"[..], -32700),
            (b"\xff", -32700),
            (b"[]", -32600),
            (b"5", -32600),
            (b"{}", -32600),
            (br#"{"jsonrpc":"1.0","id":1,"method":"a"}"#, -32600),
            (br#"[{"jsonrpc":"2.0","id":1,"method":"a"}]"#, -32600),
            (br#"{"jsonrpc":"2.0","id":null,"method":"a"}"#, -32600),
            (br#"{"jsonrpc":"2.0","id":1.5,"method":"a"}"#, -32600),
        ] {
            let answer = Message::read(line).map(|_| ()).unwrap_err();
            let value: Value = serde_json::from_str(&answer).unwrap();
            assert_eq!(value["error"]["code"], code, "{answer}");
            assert!(answer.ends_with('\n') && answer.matches('\n').count() == 1 && value.get("id").is_none());
        }
    }

    #[test]
    fn headers_repeat_what_the_message_says() {
        let meta = json!({VERSION_MEMBER: "2026-07-28"});
        let call = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call",
            "params": {"name": "stripe_issue_refund", "arguments": {}, "_meta": meta}});
        let expected = [
            ("mcp-protocol-version", "2026-07-28"),
            ("mcp-method", "tools/call"),
            ("mcp-name", "stripe_issue_refund"),
        ];
        assert_eq!(headers(&call, None), pairs(&expected));
        assert_eq!(headers(&call, Some("2025-11-25")), pairs(&expected), "the message's own version counts");
        let list = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
        assert_eq!(
            headers(&list, Some("2025-11-25")),
            pairs(&[("mcp-protocol-version", "2025-11-25"), ("mcp-method", "tools/list")])
        );
        let initialize = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {}});
        assert_eq!(headers(&initialize, Some("2025-11-25")), pairs(&[("mcp-method", "initialize")]));
        let read = json!({"jsonrpc": "2.0", "id": 1, "method": "resources/read", "params": {"uri": "a:b"}});
        assert_eq!(headers(&read, None), pairs(&[("mcp-method", "resources/read"), ("mcp-name", "a:b")]));
        let get = json!({"jsonrpc": "2.0", "id": 1, "method": "tasks/get", "params": {"taskId": "run_1"}});
        assert_eq!(headers(&get, None), pairs(&[("mcp-method", "tasks/get"), ("mcp-name", "run_1")]));
        let odd = json!({"jsonrpc": "2.0", "id": 1, "method": "a\nb"});
        assert!(headers(&odd, None).is_empty());
    }

    #[test]
    fn names_are_encoded_as_the_revision_says() {
        // The specification's own examples.
        for (name, value) in [
            ("us-west1", "us-west1"),
            ("Hello, 世界", "=?base64?SGVsbG8sIOS4lueVjA==?="),
            (" padded ", "=?base64?IHBhZGRlZCA=?="),
            ("line1\nline2", "=?base64?bGluZTEKbGluZTI=?="),
            ("=?base64?literal?=", "=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?="),
        ] {
            assert_eq!(encoded(name), value);
        }
    }

    #[test]
    fn an_answer_belongs_to_its_request() {
        let call = message(&json!({"jsonrpc": "2.0", "id": "a", "method": "ping"}));
        assert!(call.is_answered_by(&json!({"jsonrpc": "2.0", "id": "a", "result": {}})));
        assert!(call.is_answered_by(&json!({"jsonrpc": "2.0", "id": "a", "error": {}})));
        assert!(!call.is_answered_by(&json!({"jsonrpc": "2.0", "id": "b", "result": {}})));
        assert!(!call.is_answered_by(&json!({"jsonrpc": "2.0", "method": "notifications/progress"})));
    }
}
