//! Requests as they are sent.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::catalog::Method;

/// A request as it is sent, without host and credential.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RenderedRequest {
    /// The method.
    pub method: Method,
    /// The path under the provider's base URL, percent-encoded. It begins with `/`, or is empty.
    pub path: String,
    /// The parameters of the query, not encoded yet. A name may be repeated.
    pub query: Vec<(String, String)>,
    /// Headers beside those of the credential, the body and the idempotency key.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: RenderedBody,
    /// The name of the header that gets the run's key.
    pub idempotency_header: Option<String>,
}

/// The body of a request as it is sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RenderedBody {
    /// There is none.
    None,
    /// `application/json`. Members keep their order.
    Json(Value),
    /// `application/x-www-form-urlencoded`, not encoded yet. A name may be repeated.
    Form(Vec<(String, String)>),
}
