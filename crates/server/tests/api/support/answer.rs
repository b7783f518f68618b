//! An answer that was checked against the rules for every answer before a test sees it.

use reqwest::header::HeaderMap;
use serde_json::Value;

use super::hidden;

/// An answer that keeps the contract's rules for every response.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    /// Null if the body is not JSON.
    pub(crate) body: Value,
}

impl Answer {
    /// Reads a response and checks it.
    pub(crate) async fn read(response: reqwest::Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap();
        Self::check(status, headers, text, true)
    }

    /// Checks an answer: headers, and the envelope. An answer to HEAD has no body.
    pub(crate) fn check(status: u16, headers: HeaderMap, text: String, has_body: bool) -> Self {
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        let answer = Self { status, headers, text, body };
        answer.check_headers();
        hidden::assert_not_in(&answer.text, "an answer");
        let is_refusal = status >= 400 || answer.code() == "AUTHORIZATION_PENDING";
        if has_body && is_refusal {
            answer.check_envelope();
        } else if has_body
            && answer.header("content-type") == Some("application/json")
            && answer.header("content-encoding").is_none()
        {
            answer.check_data();
        }
        answer
    }

    fn check_headers(&self) {
        assert!(self.header("x-request-id").is_some_and(|id| !id.is_empty()), "{self:?}");
        for name in ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"] {
            let value = self.header(name).unwrap_or_else(|| panic!("{name} is missing: {self:?}"));
            assert!(value.parse::<u64>().is_ok(), "{name}: {value}");
        }
        if self.status == 429 || self.status == 503 {
            assert!(self.header("retry-after").is_some_and(|v| v.parse::<u32>().is_ok()), "{self:?}");
        }
        if self.status == 405 {
            assert!(self.header("allow").is_some(), "{self:?}");
        }
    }

    fn check_envelope(&self) {
        assert_eq!(self.header("content-type"), Some("application/json"), "{self:?}");
        let fields = self.body.as_object().unwrap_or_else(|| panic!("not an object: {self:?}"));
        for (field, value) in fields {
            let is_right = match field.as_str() {
                "error" | "code" => value.as_str().is_some_and(|text| !text.is_empty()),
                "request_id" => value.as_str() == self.header("x-request-id"),
                "issues" => value.as_array().is_some_and(|issues| issues.iter().all(is_issue)),
                "retry_after" => self.status == 429 && value.is_u64(),
                "run_id" => value.as_str().is_some_and(|id| id.starts_with("run_")),
                "provider_status" => self.code() == "PROVIDER_REFUSED" && value.is_u64(),
                _ => false,
            };
            assert!(is_right, "{field}: {self:?}");
        }
        for field in ["error", "code", "request_id"] {
            assert!(fields.contains_key(field), "{field} is missing: {self:?}");
        }
        assert_eq!(self.status == 429, fields.contains_key("retry_after"), "{self:?}");
        let inside = ["sqlx", "sea_orm", "SELECT", "panicked", "src/", "postgres://", "sqlite"];
        let told = inside.iter().find(|word| self.text.contains(*word));
        assert_eq!(told, None, "the answer shows internal details: {self:?}");
    }

    fn check_data(&self) {
        let fields = self.body.as_object().unwrap_or_else(|| panic!("not an object: {self:?}"));
        // Device login answers without an envelope.
        if ["openapi", "device_code", "access_token"].iter().any(|name| fields.contains_key(*name)) {
            return;
        }
        if fields.contains_key("cursor") {
            assert_eq!(fields.keys().collect::<Vec<_>>(), ["data", "cursor", "has_more"], "{self:?}");
            assert_eq!(fields["has_more"], fields["cursor"].is_string(), "{self:?}");
            return;
        }
        assert_eq!(fields.keys().collect::<Vec<_>>(), ["data"], "{self:?}");
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The `data` of a successful answer.
    #[track_caller]
    pub(crate) fn data(&self) -> &Value {
        assert!(matches!(self.status, 200..=202), "{self:?}");
        &self.body["data"]
    }

    /// Asserts the status and code of a refusal.
    #[track_caller]
    pub(crate) fn refused(&self, status: u16, code: &str) -> &Self {
        assert_eq!((self.status, self.code()), (status, code), "{self:?}");
        self
    }

    pub(crate) fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    pub(crate) fn message(&self) -> &str {
        self.body["error"].as_str().unwrap_or_default()
    }

    /// The issues as `path: message`.
    pub(crate) fn issues(&self) -> Vec<String> {
        let issues = self.body["issues"].as_array().into_iter().flatten();
        issues
            .map(|issue| {
                format!("{}: {}", issue["path"].as_str().unwrap(), issue["message"].as_str().unwrap())
            })
            .collect()
    }
}

fn is_issue(issue: &Value) -> bool {
    let fields = issue.as_object();
    fields.is_some_and(|fields| {
        fields.len() == 2
            && fields["path"].is_string()
            && fields["message"].as_str().is_some_and(|m| !m.is_empty())
    })
}
