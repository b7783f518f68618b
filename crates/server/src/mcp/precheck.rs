//! Refuses messages that the crate `rmcp` would let through, or would refuse in words that no client understands.

use axum::{
    Json,
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderName, StatusCode, header, request::Parts};
use integrations_core::{
    issue::Issue,
    json::{self, JsonError},
};
use rmcp::model::{ErrorData, JsonRpcError, ProtocolVersion, RequestId};
use serde_json::{Map, Value};

use super::{seats, state::VERSIONS};
use crate::edge::{host, settings::HttpSettings};

const VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");
const METHOD: HeaderName = HeaderName::from_static("mcp-method");
const NAME: HeaderName = HeaderName::from_static("mcp-name");

/// Refuses a request for a host that is not known, or from a page of an origin that may not call (MCP 2026-07-28,
/// "Streamable HTTP", section "Security & Endpoint"). A web site could otherwise reach this server through a browser.
pub(super) fn sender(parts: &Parts, settings: &HttpSettings) -> Option<Response> {
    let message = if !host::is_known(parts, &settings.known_hosts) {
        "This server is not known by the host name that was asked for: use its public URL, or add the name to RIQ_HOSTS"
    } else if !is_origin_known(&parts.headers, settings) {
        "Pages of this Origin may not call: the operator can add it to RIQ_CORS_ORIGINS"
    } else {
        return None;
    };
    Some(refusal(StatusCode::FORBIDDEN, None, ErrorData::invalid_request(message, None)))
}

/// Whether a request comes from no page, or from one of this server or of an origin that the operator names.
fn is_origin_known(headers: &HeaderMap, settings: &HttpSettings) -> bool {
    let own = settings.public_url.origin().ascii_serialization();
    let mut origins = headers.get_all(header::ORIGIN).iter();
    match (origins.next(), origins.next()) {
        (None, _) => true,
        (Some(origin), None) => {
            let mut known = settings.cors_origins.iter().chain([&own]);
            known.any(|one| one.as_bytes() == origin.as_bytes())
        }
        (Some(_), Some(_)) => false,
    }
}

/// Refuses a message that is ambiguous, of an unknown revision of the protocol, or another than its headers say.
pub(super) fn message(headers: &HeaderMap, body: &[u8]) -> Option<Response> {
    let bad = |id, error| Some(refusal(StatusCode::BAD_REQUEST, id, error));
    let message = match json::parse(body) {
        Ok(Value::Object(message)) => message,
        Ok(_) => return bad(None, ErrorData::invalid_request("Send one message, not several", None)),
        Err(JsonError::Issues(issues)) => {
            return bad(None, ErrorData::invalid_request(in_words(&issues), None));
        }
        Err(JsonError::Syntax(why)) => {
            return bad(None, ErrorData::parse_error(format!("The body is not JSON: {why}"), None));
        }
    };
    let id = message.get("id").and_then(|id| serde_json::from_value(id.clone()).ok());
    if let Some(mismatch) = mismatch(headers, &message) {
        return bad(id, ErrorData::header_mismatch(mismatch, None));
    }
    let version = headers.get(&VERSION)?.to_str().unwrap_or_default();
    if VERSIONS.iter().any(|known| known.as_str() == version) {
        return None;
    }
    let version: ProtocolVersion = serde_json::from_value(version.into()).unwrap_or_default();
    bad(id, ErrorData::unsupported_protocol_version(version, VERSIONS))
}

/// Whether a message that [`message`] let through asks to be told of changes. A request for that must say so in its
/// header.
pub(super) fn is_listening(headers: &HeaderMap) -> bool {
    let method = headers.get(&METHOD).and_then(|field| field.to_str().ok()).and_then(decoded);
    method.is_some_and(|method| method == "subscriptions/listen")
}

/// Refuses one more subscription of a key.
pub(super) fn too_many() -> Response {
    let message = format!(
        "This key has {} subscriptions at this server, and more are not possible: end one first, or use another key",
        seats::MOST
    );
    refusal(StatusCode::TOO_MANY_REQUESTS, None, ErrorData::invalid_request(message, None))
}

fn in_words(issues: &[Issue]) -> String {
    let words: Vec<String> =
        issues.iter().map(|issue| format!("{}: {}", issue.path, issue.message)).collect();
    words.join("; ")
}

/// What is wrong with a header that repeats a part of the message. What stands between client and server may act on the
/// header, so it must be true in every revision, where it is there.
fn mismatch(headers: &HeaderMap, message: &Map<String, Value>) -> Option<String> {
    let (method, params) = (message.get("method"), message.get("params"));
    // SEP-2663, "Streamable HTTP: Routing Headers".
    let is_of_tasks = method.and_then(Value::as_str).is_some_and(|method| method.starts_with("tasks/"));
    let name = params.and_then(|params| {
        if is_of_tasks { params.get("taskId") } else { params.get("name").or_else(|| params.get("uri")) }
    });
    for (header, value) in [(METHOD, method), (NAME, name), (VERSION, None)] {
        let mut fields = headers.get_all(&header).iter();
        let Some(field) = fields.next() else { continue };
        if fields.next().is_some() {
            return Some(format!("The header {header} is there more than once"));
        }
        let Some(text) = field.to_str().ok().and_then(decoded) else {
            return Some(format!("The header {header} is not text, or not in the form =?base64?…?="));
        };
        if header != VERSION && value.and_then(Value::as_str) != Some(text.as_str()) {
            return Some(format!("The header {header} says something else than the message"));
        }
    }
    None
}

/// The value of a header (MCP 2026-07-28, "Streamable HTTP", section "Value Encoding").
fn decoded(field: &str) -> Option<String> {
    let field = field.trim();
    match field.strip_prefix("=?base64?").and_then(|rest| rest.strip_suffix("?=")) {
        Some(encoded) => String::from_utf8(STANDARD.decode(encoded).ok()?).ok(),
        None => Some(field.to_owned()),
    }
}

fn refusal(status: StatusCode, id: Option<RequestId>, error: ErrorData) -> Response {
    (status, Json(JsonRpcError::new(id, error))).into_response()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn mismatched(fields: &[(&HeaderName, &str)]) -> bool {
        differs(&json!({"method": "tools/call", "params": {"name": "desk_café"}}), fields)
    }

    fn differs(message: &Value, fields: &[(&HeaderName, &str)]) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(*name, value.parse().unwrap());
        }
        mismatch(&headers, message.as_object().unwrap()).is_some()
    }

    #[test]
    fn headers_say_what_the_message_says() {
        let name = format!("=?base64?{}?=", STANDARD.encode("desk_café"));
        let right = [(&METHOD, "tools/call"), (&NAME, name.as_str())];
        assert!(!mismatched(&[]));
        assert!(!mismatched(&right));
        for wrong in [
            [(&METHOD, "tools/list"), (&NAME, &name)],
            [(&METHOD, "tools/call"), (&NAME, "desk_other")],
            [(&METHOD, "tools/call"), (&NAME, "=?base64?%?=")],
            [(&METHOD, "tools/call"), (&METHOD, "tools/call")],
        ] {
            assert!(mismatched(&wrong), "{wrong:?}");
        }
    }

    #[test]
    fn the_name_of_a_task_is_its_id() {
        let get = json!({"method": "tasks/get", "params": {"taskId": "run_1", "name": "run_2"}});
        assert!(!differs(&get, &[(&NAME, "run_1")]));
        assert!(differs(&get, &[(&NAME, "run_2")]));
    }
}
