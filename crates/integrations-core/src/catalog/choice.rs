//! The call after consent with which a provider says what a token is good for, and one of which is chosen: a site, an
//! organisation, an account.

use super::action::Condition;
use super::names::Method;
use super::probe::{AuthRequest, Call};
use super::template::{JsonPointer, Template, UrlTemplate};

/// How one of several is chosen after consent. What is kept of it is among the kept fields of the tokens.
#[derive(Clone, Debug)]
pub struct ConsentChoice {
    /// What each is, in a word for people: "site".
    pub what: String,
    /// Where they are listed. Placeholders are fields of the connection, so the file's author chooses the host.
    pub url: UrlTemplate,
    /// Headers by name, in place of those that are sent with the credential. Placeholders: the access token, fields of
    /// the connection.
    pub headers: Option<Vec<(String, Template)>>,
    /// Where the list is in the answer. One object there is a list of one.
    pub list: JsonPointer,
    /// What holds for each item that can be chosen.
    pub when: Vec<Condition>,
    /// Where an item has its name for people; the first place that has one wins.
    pub label: Vec<JsonPointer>,
    /// Where it has what tells it from others of the same name.
    pub detail: Option<JsonPointer>,
    /// Where it says that it is the one that the person uses most.
    pub preferred: Option<JsonPointer>,
}

impl ConsentChoice {
    /// The request, for a provider whose credential is sent as `auth` says.
    pub fn call(&self, auth: &AuthRequest) -> Call {
        let (headers, basic_auth) = match &self.headers {
            Some(headers) => (headers.clone(), None),
            None => (auth.headers.clone(), auth.basic_auth.clone()),
        };
        Call {
            method: Method::Get,
            url: self.url.clone(),
            headers,
            basic_auth,
            signature: auth.signature.clone(),
            body: None,
            credential: Vec::new(),
        }
    }
}
