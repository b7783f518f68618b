//! Gets access tokens for what was typed into a form: asks the provider, with a signed assertion where its file says
//! so, or signs the token itself.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::Request;
use integrations_core::{
    catalog::{FetchedToken, Provider, RenderError, TokenCall},
    health::NoAnswer,
    issue::Issue,
    oauth::{Grant, TokenProblem},
};
use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::{
    signer::{self, NotSigned},
    token_call,
};
use crate::{
    environment::Environment,
    provider::outbound::{Answer, CallError, Moment, Outbound},
};

/// The bytes of an assertion's `jti`.
const UNIQUE_BYTES: usize = 16;

/// Where the tokens of one credential come from.
pub(crate) struct TokenIssuer<'a> {
    provider: &'a Provider,
    fetched: &'a FetchedToken,
    connection: &'a Map<String, Value>,
    credential: &'a Map<String, Value>,
}

/// What came of getting a token.
pub(crate) enum Issued {
    /// The provider's answer to what was typed.
    Answer(Answer),
    /// The provider's answer to a refresh token.
    Refreshed(Answer),
    /// A token that was signed here. It has no `Debug`.
    Signed(String, OffsetDateTime),
}

/// Why no token was got.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotIssued {
    /// The key of the form cannot sign.
    #[error("{0}")]
    Key(Issue),
    /// The request cannot be made from the provider's file and the stored values.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The provider gave no answer.
    #[error(transparent)]
    NoAnswer(#[from] NoAnswer),
}

impl From<RenderError> for NotIssued {
    fn from(error: RenderError) -> Self {
        Self::Call(error.into())
    }
}

impl Issued {
    /// The provider's answer, if it was asked.
    pub(crate) fn answer(&self) -> Option<&Answer> {
        match self {
            Self::Answer(answer) | Self::Refreshed(answer) => Some(answer),
            Self::Signed(..) => None,
        }
    }
}

impl<'a> TokenIssuer<'a> {
    /// The issuer for a connection and a credential, which have been checked. `None`: no token is got for a form.
    pub(crate) fn of(
        provider: &'a Provider,
        connection: &'a Map<String, Value>,
        credential: &'a Map<String, Value>,
    ) -> Option<Self> {
        Some(Self { provider, fetched: provider.fetched()?, connection, credential })
    }

    /// Gets a token with what was typed. Nothing is sent twice.
    pub(crate) async fn fetch(
        &self,
        outbound: &Outbound,
        environment: &Environment,
    ) -> Result<Issued, NotIssued> {
        let signed = self.sign(environment)?;
        match (self.fetched.calls(), signed) {
            (Some(calls), signed) => {
                let assertion = signed.as_ref().map(|(token, _)| token.as_str());
                Ok(Issued::Answer(
                    outbound.send_once(self.request(&calls.first, assertion, environment)?).await?,
                ))
            }
            (None, Some((token, expires_at))) => Ok(Issued::Signed(token, expires_at)),
            (None, None) => Err(NotIssued::NoAnswer(NoAnswer::Unreachable)),
        }
    }

    /// Gets a token with a refresh token. `None`: there is none, or the file does not say how it is sent.
    pub(crate) async fn refresh(
        &self,
        outbound: &Outbound,
        environment: &Environment,
    ) -> Option<Result<Issued, NotIssued>> {
        let refresh = self.fetched.calls()?.refresh.as_ref()?;
        self.credential.get("refresh_token").filter(|token| token.is_string())?;
        let sent = async {
            let signed = self.sign(environment)?;
            let assertion = signed.as_ref().map(|(token, _)| token.as_str());
            Ok(Issued::Refreshed(outbound.send_once(self.request(refresh, assertion, environment)?).await?))
        };
        Some(sent.await)
    }

    /// Reads what came of it.
    pub(crate) fn read(&self, issued: &Issued, now: OffsetDateTime) -> Result<Grant, TokenProblem> {
        let (fetched, credential) = (self.fetched, self.credential);
        match issued {
            Issued::Answer(answer) => Grant::fetched(fetched, credential, answer.status, &answer.body(), now),
            Issued::Refreshed(answer) => {
                Grant::refreshed(fetched, credential, answer.status, &answer.body(), now)
            }
            Issued::Signed(token, expires_at) => {
                Ok(Grant::signed(fetched, credential, token.clone(), *expires_at))
            }
        }
    }

    /// The signed assertion, if there is one, and when it expires.
    fn sign(&self, environment: &Environment) -> Result<Option<(String, OffsetDateTime)>, NotIssued> {
        let Some(assertion) = self.fetched.assertion() else { return Ok(None) };
        let unique = URL_SAFE_NO_PAD.encode(environment.bytes::<UNIQUE_BYTES>());
        let value = |name: &str| match name {
            "jti" => Some(unique.as_str()),
            _ => self.provider.placeholder(self.connection, self.credential, name),
        };
        let claimed = assertion.claim(value, environment.now());
        let key = self.credential.get(&assertion.key).and_then(Value::as_str).unwrap_or_default();
        let signed = signer::sign(assertion.algorithm, key, &claimed);
        let told = |problem: NotSigned| {
            NotIssued::Key(Issue::new(format!("credential.{}", assertion.key), problem.to_string()))
        };
        Ok(Some((signed.map_err(told)?, claimed.expires_at)))
    }

    fn request(
        &self,
        call: &TokenCall,
        assertion: Option<&str>,
        environment: &Environment,
    ) -> Result<Request<Vec<u8>>, CallError> {
        let moment = Moment::from(environment);
        let value = moment.and(|name: &str| match name {
            "assertion" => assertion,
            _ => self.provider.placeholder(self.connection, self.credential, name),
        });
        token_call::written(call, value)
    }
}
