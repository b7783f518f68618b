//! Requests for tokens that a provider's file describes whole, as data.

use super::names::Method;
use super::probe::BasicAuth;
use super::template::{Template, UrlTemplate};

/// A request for a token. Placeholders are fields of the connection, and what whoever has it says. A header or a field
/// of the body whose placeholder has no value is left out.
#[derive(Clone, Debug)]
pub struct TokenCall {
    /// The method.
    pub method: Method,
    /// The URL.
    pub url: UrlTemplate,
    /// Headers by name.
    pub headers: Vec<(String, Template)>,
    /// What stands in `Authorization: Basic`, if anything does.
    pub basic: Option<CallBasic>,
    /// The body.
    pub body: TokenBody,
}

/// What stands in `Authorization: Basic`.
#[derive(Clone, Debug)]
pub enum CallBasic {
    /// `client_id` and `client_secret`, each form-encoded first (RFC 6749, section 2.3.1).
    Client,
    /// A user name and a password (RFC 7617).
    Plain(BasicAuth),
}

/// The body of a request for a token.
#[derive(Clone, Debug)]
pub enum TokenBody {
    /// None.
    None,
    /// `application/x-www-form-urlencoded`.
    Form(Vec<(String, TokenValue)>),
    /// A flat JSON object.
    Json(Vec<(String, TokenValue)>),
}

/// The value of a field of such a body.
#[derive(Clone, Debug)]
pub enum TokenValue {
    /// A text.
    Text(Template),
    /// A whole number.
    Number(i64),
}
