//! What the simulated providers remember, and how a test changes their behaviour.

use std::{
    collections::HashSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde_json::Value;
use time::OffsetDateTime;
use tokio::sync::watch;

use super::{
    expectations::Expectations,
    message::{Request, Response},
};

/// Changes to the behaviour of the simulated providers.
#[derive(Clone, Debug, Default)]
pub struct Switches {
    /// What the token endpoints answer.
    pub token: TokenSwitch,
    /// What is answered to those who exchange an access token for another.
    pub long_lived: TokenSwitch,
    /// Scopes that are not granted although they are requested.
    pub withheld: Vec<String>,
    /// The index of the account that signs in, if the host does not determine it: 0 or 1.
    pub account: usize,
    /// Whether the authorize pages answer 204. A browser then stays on its current page.
    pub stay: bool,
    /// Whether every API call is refused as if its credential were dead.
    pub refuse_calls: bool,
    /// Whether every API call is answered with status 503: the provider says nothing about a credential or its account.
    pub break_calls: bool,
    /// How many of the next API calls are refused as if the credential were not valid yet.
    pub refuse_next_calls: usize,
    /// The status and the web page that every API call is answered with, as by somebody between us and the API.
    pub web_page: Option<(u16, &'static str)>,
    /// A word in the bodies of calls whose answers are lost: the provider does what they ask for, and breaks the
    /// connection in place of an answer.
    pub loses: Option<&'static str>,
    /// What time it is where signatures have one. `None`: that of each request.
    pub now: Option<OffsetDateTime>,
}

/// What a token endpoint answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum TokenSwitch {
    /// The normal answer.
    #[default]
    Usual,
    /// An error with this code, in the provider's shape.
    Error(String),
    /// Status 500 without a body.
    ServerError,
    /// A web page, with status 200.
    WebPage,
    /// No answer until [`release`](super::Simulator::release), then the normal one.
    Hang,
}

/// The state that all requests share.
pub(super) struct State {
    pub(super) providers: Vec<Expectations>,
    /// The one that answers. `None`: each.
    pub(super) playing: Mutex<Option<String>>,
    pub(super) switches: Mutex<Switches>,
    pub(super) redirect_uris: Mutex<Vec<String>>,
    pub(super) codes: Mutex<Vec<Code>>,
    pub(super) tokens: Mutex<Vec<Token>>,
    /// The providers whose key, typed by a person, is accepted no more.
    pub(super) ended_keys: Mutex<HashSet<String>>,
    /// The assertions that were exchanged. Each counts once.
    pub(super) assertions: Mutex<HashSet<String>>,
    pub(super) requests: Mutex<Vec<Request>>,
    pub(super) complaints: Mutex<Vec<String>>,
    pub(super) released: watch::Sender<bool>,
}

/// Tokens that were granted.
#[derive(Clone, Default)]
pub(super) struct Token {
    pub(super) provider: String,
    pub(super) account: usize,
    pub(super) access_token: String,
    /// Whether the access token is accepted no more.
    pub(super) has_ended: bool,
    /// The refresh token, until it has been used.
    pub(super) refresh_token: Option<String>,
    /// The requested scopes.
    pub(super) scopes: Vec<String>,
}

/// Locks a mutex, even if a thread panicked while it held the lock.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An authorization code.
pub(super) struct Code {
    pub(super) provider: String,
    pub(super) code: String,
    /// The account that signed in.
    pub(super) account: usize,
    pub(super) redirect_uri: Option<String>,
    /// The S256 code challenge, if one was sent.
    pub(super) challenge: Option<String>,
    /// The requested scopes, including the optional ones.
    pub(super) scopes: Vec<String>,
    /// All parameters of the request.
    pub(super) parameters: Vec<(String, String)>,
    pub(super) used: bool,
}

impl State {
    pub(super) fn provider(&self, key: &str) -> &Expectations {
        self.providers.iter().find(|provider| provider.provider == key).unwrap()
    }

    /// What a token endpoint answers as a test wishes, an error by `refusal`. `None`: the normal answer.
    pub(super) async fn wished(
        &self,
        wish: TokenSwitch,
        refusal: impl FnOnce(&str) -> Response,
    ) -> Option<Response> {
        match wish {
            TokenSwitch::Usual => None,
            TokenSwitch::Error(code) => Some(refusal(&code)),
            TokenSwitch::ServerError => Some(Response::json(500, &Value::Null)),
            TokenSwitch::WebPage => {
                Some(Response::page(200, "<!doctype html><title>Maintenance</title>".to_owned()))
            }
            TokenSwitch::Hang => {
                let mut released = self.released.subscribe();
                // The sender lives as long as the state.
                drop(released.wait_for(|released| *released).await);
                None
            }
        }
    }

    pub(super) fn complain(&self, provider: &str, what: &str) {
        lock(&self.complaints).push(format!("{provider}: {what}"));
    }
}
