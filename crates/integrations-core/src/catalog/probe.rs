//! How to ask a provider whether a credential works and whose account it is, and how to read its rate limits.

use serde_json::Value;

use super::aws_signature::AwsSignature;
use super::names::{AccountSource, AnswerShape, Method, ResetUnit};
use super::template::{JsonPointer, Template, UrlTemplate};

/// A request to a provider, with all that [`AuthRequest`] sends. Placeholders: `access_token`, fields of connection and
/// credential, kept fields.
#[derive(Clone, Debug)]
pub struct Call {
    /// The method.
    pub method: Method,
    /// The URL.
    pub url: UrlTemplate,
    /// Headers by name. A header is not sent if its placeholder is an optional field that was left out.
    pub headers: Vec<(String, Template)>,
    /// User name and password (RFC 7617), if the provider takes the credential this way.
    pub basic_auth: Option<BasicAuth>,
    /// How it is signed, if the credential is not sent but signs.
    pub signature: Option<AwsSignature>,
    /// The JSON body. It is sent unchanged: braces in it are not placeholders.
    pub body: Option<Value>,
    /// The members of the JSON body that carry the credential, beside those of `body`.
    pub credential: Vec<(String, Template)>,
}

/// The placeholder of a UUID (RFC 9562) that no other request has, in headers of requests with the credential, and of
/// requests for tokens.
pub const UNIQUE_ID: &str = "unique_id";

/// How the credential is sent, in each request to the provider's API. Placeholders as in [`Call`], and [`UNIQUE_ID`].
#[derive(Clone, Debug, Default)]
pub struct AuthRequest {
    /// Headers by name. A header is not sent if its placeholder is an optional field that was left out.
    pub headers: Vec<(String, Template)>,
    /// User name and password (RFC 7617), if the provider takes the credential this way.
    pub basic_auth: Option<BasicAuth>,
    /// How each request is signed, if the credential is not sent but signs.
    pub signature: Option<AwsSignature>,
    /// Members of each JSON body, if the provider takes the credential this way. Then every request has such a body.
    pub members: Vec<(String, Template)>,
}

/// HTTP basic authentication.
#[derive(Clone, Debug)]
pub struct BasicAuth {
    /// The user name.
    pub username: Template,
    /// The password; may be empty.
    pub password: Template,
}

/// How to find out whether a credential works.
#[derive(Clone, Debug)]
pub enum Probe {
    /// By a request.
    Request(Box<HealthProbe>),
    /// Not at all: nobody is asked, and the health stays unknown. Says why, in a sentence for people.
    None(String),
}

impl Probe {
    /// The request, if there is one.
    pub fn request(&self) -> Option<&HealthProbe> {
        match self {
            Self::Request(probe) => Some(probe),
            Self::None(_) => None,
        }
    }

    /// Why there is none.
    pub fn why_none(&self) -> Option<&str> {
        match self {
            Self::Request(_) => None,
            Self::None(why) => Some(why),
        }
    }
}

/// The health check: a read-only request, and how to read its answer.
///
/// A result that is neither good nor refused (a timeout, 429, 5xx) says nothing about the credential.
#[derive(Clone, Debug)]
pub struct HealthProbe {
    /// The request.
    pub call: Call,
    /// Statuses that mean the credential works.
    pub good_statuses: Vec<u16>,
    /// Statuses that mean the credential is dead.
    pub refused_statuses: Vec<u16>,
    /// What the body must be and say besides.
    pub answer: AnswerCheck,
    /// Seconds between two checks, if the provider asks for a longer interval than the server's default.
    pub interval_seconds: Option<u32>,
}

/// How to read the body of an answer. A status alone proves nothing: web pages are sent with status 200 too.
#[derive(Clone, Debug, PartialEq)]
pub struct AnswerCheck {
    /// What the body is if all is well.
    pub shape: AnswerShape,
    /// The place in the body that says whether all is well. `None`: the shape is enough.
    pub pointer: Option<JsonPointer>,
    /// The value there if all is well. `None`: any value but null.
    pub equals: Option<Value>,
    /// The place of the error's code in an answer that is not good, whatever its status.
    pub error: Option<JsonPointer>,
    /// The codes that mean a dead credential.
    pub refused_errors: Vec<String>,
    /// How to judge an answer with a good status that has another value at the place of `pointer` and none of these
    /// codes. `true`: the credential is dead. `false`: the provider has trouble.
    pub refused_otherwise: bool,
}

/// How to find out which account at the provider an integration is connected to. The account gives the display name,
/// and tells a reconnection from a change of account.
#[derive(Clone, Debug)]
pub struct Account {
    /// Which request's answer is read.
    pub source: AccountSource,
    /// The request, if the source is [`AccountSource::Profile`].
    pub profile: Option<Call>,
    /// Where to look for the id; the first place that has one wins. A number is read as its decimal digits.
    pub id: Vec<AccountPart>,
    /// Where to look for the name; the first place that has one wins.
    pub name: Vec<AccountPart>,
}

/// A place to find an account's id or name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountPart {
    /// A place in the answer of the source.
    Answer(JsonPointer),
    /// A field of the connection, such as the subdomain, or a kept field, or several: `{host}/{account_id}`.
    Stored(Template),
}

/// How a provider says "too many requests", and when to ask again. Names of headers are in lower case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RateLimit {
    /// Statuses that mean "too many requests", in addition to 429.
    pub statuses: Vec<u16>,
    /// The place of the error's code in the body.
    pub error: Option<JsonPointer>,
    /// The codes that mean "too many requests", whatever the status.
    pub errors: Vec<String>,
    /// The header with seconds or an HTTP date (RFC 9110, section 10.2.3).
    pub retry_after: Option<String>,
    /// The header with the number of requests left in the window.
    pub remaining: Option<String>,
    /// The header with the time at which the window ends.
    pub reset: Option<ResetHeader>,
}

/// A header that says when a window ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResetHeader {
    /// Its name, in lower case.
    pub header: String,
    /// What its number counts.
    pub unit: ResetUnit,
}
