//! How to ask a provider whether a credential works, whose it is, and how fast one may ask.

use serde_json::Value;

use super::names::{AccountSource, Method, ResetUnit};
use super::template::{JsonPointer, Template, UrlTemplate};

/// A request to a provider. Placeholders: `access_token`, fields of connection and credential, kept fields.
#[derive(Clone, Debug)]
pub struct Call {
    /// The method.
    pub method: Method,
    /// The URL.
    pub url: UrlTemplate,
    /// Headers by name. One whose placeholder is an optional field that was left out is not sent.
    pub headers: Vec<(String, Template)>,
    /// User name and password (RFC 7617), where the provider takes the credential so.
    pub basic_auth: Option<BasicAuth>,
    /// The JSON body, sent as it is: braces in it are no placeholders.
    pub body: Option<Value>,
}

/// HTTP basic authentication.
#[derive(Clone, Debug)]
pub struct BasicAuth {
    /// The user name.
    pub username: Template,
    /// The password; may be empty.
    pub password: Template,
}

/// The health check: a read-only request, and how to read its answer.
///
/// An answer that is neither good nor refused (a timeout, 429, 5xx) says nothing about the credential.
#[derive(Clone, Debug)]
pub struct HealthProbe {
    /// The request.
    pub call: Call,
    /// Statuses of a working credential.
    pub good_statuses: Vec<u16>,
    /// Statuses of a dead one.
    pub refused_statuses: Vec<u16>,
    /// What the body must say beside, for providers that answer 200 to a refused credential.
    pub answer: Option<AnswerCheck>,
    /// Seconds between two checks, where the provider asks for more than the server's usual.
    pub interval_seconds: Option<u32>,
}

/// How to read the body of an answer whose status tells nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct AnswerCheck {
    /// Where the verdict is.
    pub pointer: JsonPointer,
    /// What stands there when all is well; none: anything but null will do.
    pub equals: Option<Value>,
    /// Where the error's code is in an answer that is not good, whatever its status.
    pub error: Option<JsonPointer>,
    /// The codes that mean a dead credential.
    pub refused_errors: Vec<String>,
    /// What an answer with a good status that is not good, and has none of these codes, means: a dead credential, or
    /// that the provider has trouble.
    pub refused_otherwise: bool,
}

/// Which account at the provider an integration is connected to: for its display name, and to tell a
/// reconnection from a change of account.
#[derive(Clone, Debug)]
pub struct Account {
    /// Whose answer is read.
    pub source: AccountSource,
    /// The request, if the source is [`AccountSource::Profile`].
    pub profile: Option<Call>,
    /// Where the id is; the first that is there wins. A number counts as its decimal digits.
    pub id: Vec<AccountPart>,
    /// Where the name is; the first that is there wins.
    pub name: Vec<AccountPart>,
}

/// A place to find an account's id or name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountPart {
    /// In the answer of the source.
    Answer(JsonPointer),
    /// A field of the connection, such as the subdomain, that is the account's name itself.
    Connection(String),
}

/// The headers that tell when to ask again. Names are lower-case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RateLimit {
    /// Statuses that mean "too fast", beside 429.
    pub statuses: Vec<u16>,
    /// Holds seconds or an HTTP date (RFC 9110, section 10.2.3).
    pub retry_after: Option<String>,
    /// Holds the requests left in the window.
    pub remaining: Option<String>,
    /// Holds the time at which the window ends.
    pub reset: Option<ResetHeader>,
}

/// A header that tells when a window ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResetHeader {
    /// Its name, lower-case.
    pub header: String,
    /// What its number counts.
    pub unit: ResetUnit,
}
