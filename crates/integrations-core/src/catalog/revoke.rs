//! How access is revoked at a provider: what differs between providers, as data.

use super::names::{ClientAuth, Method, TokenKind};
use super::template::{Template, UrlTemplate};
use crate::revocation::Reaches;

/// What a provider's file says of revoking access.
#[derive(Clone, Debug)]
pub enum Revoke {
    /// No request of ours does it. The text says why, in words for people, without a full stop.
    Unsupported(String),
    /// These requests do it.
    Calls(Box<RevokeCalls>),
}

impl Revoke {
    /// The URLs of the requests.
    pub(super) fn urls(&self) -> impl Iterator<Item = &UrlTemplate> {
        let calls = match self {
            Self::Calls(calls) => Some(calls),
            Self::Unsupported(_) => None,
        };
        calls.into_iter().flat_map(|calls| calls.all()).map(|call| &call.url)
    }

    /// The same, to be changed.
    pub(super) fn urls_mut(&mut self) -> impl Iterator<Item = &mut UrlTemplate> {
        let calls = match self {
            Self::Calls(calls) => Some(calls),
            Self::Unsupported(_) => None,
        };
        let calls = calls.into_iter().flat_map(|calls| [&mut calls.token, &mut calls.grant]);
        calls.flatten().map(|call| &mut call.url)
    }
}

/// The requests that revoke. There is at least one.
#[derive(Clone, Debug)]
pub struct RevokeCalls {
    /// The one that ends the tokens of one connection, and nothing else.
    pub token: Option<RevokeCall>,
    /// The one that ends everything that the app may do for the account: the tokens of other connections too.
    pub grant: Option<RevokeCall>,
    /// For how long an access token works on at most, in seconds, where only the refresh token is ended.
    pub access_token_lives_seconds: Option<u32>,
}

impl RevokeCalls {
    /// The request to make. That for the whole grant is made only where nothing else lives by it (`is_shared`). `None`:
    /// there is none that would harm nobody.
    pub fn choose(&self, is_shared: bool) -> Option<(Reaches, &RevokeCall)> {
        let grant = self.grant.as_ref().filter(|_| !is_shared).map(|call| (Reaches::Grant, call));
        grant.or_else(|| self.token.as_ref().map(|call| (Reaches::Token, call)))
    }

    /// Every request.
    pub(super) fn all(&self) -> impl Iterator<Item = &RevokeCall> {
        [&self.token, &self.grant].into_iter().flatten()
    }
}

/// A request that revokes. Placeholders: connection and kept fields, `client_id`, and in the body `token`.
#[derive(Clone, Debug)]
pub struct RevokeCall {
    /// The method.
    pub method: Method,
    /// The URL.
    pub url: UrlTemplate,
    /// Headers by name, in addition to those that are sent with the credential.
    pub headers: Vec<(String, Template)>,
    /// The body.
    pub body: RevokeBody,
    /// How the app authenticates, if it does.
    pub client_auth: Option<ClientAuth>,
    /// Whether the credential is sent as with each request to the API.
    pub sends_credential: bool,
    /// The tokens that `{token}` stands for: one request for each that the credential has, in this order. Empty if
    /// nothing stands for a token; then there is one request.
    pub tokens: Vec<TokenKind>,
}

/// The body of a request that revokes.
#[derive(Clone, Debug)]
pub enum RevokeBody {
    /// None.
    None,
    /// `application/x-www-form-urlencoded`.
    Form(Vec<(String, Template)>),
    /// A flat JSON object of strings.
    Json(Vec<(String, Template)>),
}
