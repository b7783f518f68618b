//! POSTs, which a client may repeat with an `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header).
//!
//! Every handler of a POST with an API key takes a [`Post`] in place of its access and body. It answers repeats before
//! the handler is called, once the caller's rights are checked. What is left to the handler is to hand on the answer to
//! what makes the change, which stores both in one transaction:
//!
//! ```ignore
//! pub(super) async fn create(
//!     State(api): State<Api>,
//!     post: Post<Access<KeysAdmin>>,
//! ) -> Result<Response, Failure> {
//!     let new = NewKey::read(post.json()?)?;
//!     let (key, record) = api.keys.prepare(new);
//!     // What is remembered has no secret: a repeat shows the key's record, with `null` in place of the key itself.
//!     let repeated = Answer::ok(&KeyResponse::of(&record, None))?;
//!     let answer = Answer::ok(&KeyResponse::of(&record, Some(&key)))?;
//!     let stored = api.keys.create(&record, &post.access.acting(), post.remembered(&api, &repeated)?).await;
//!     post.settle(&api, stored.map(|()| answer)).await
//! }
//! ```
//!
//! The store's function takes the `Option<RememberedAnswer>` beside the audit event, and begins its transaction with
//! `idempotency_keys::remember`. A refusal is an error before the commit, so nothing is remembered of it.
//!
//! Where something is sent to somebody else before the answer is known, [`Post::send`] leases the key meanwhile. What
//! must not be sent twice even if the server dies has a record of its own that says how far it came. Store that record
//! first, with an answer that names it, by [`Post::remembered`]; then a repeat finds it, and tells its state.

use std::{future::Future, sync::Arc};

use axum::{
    body::Bytes,
    extract::{FromRef as _, FromRequest, Request},
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderMap, request::Parts};
use integrations_core::{error::ErrorCode, ids::ApiKeyId, issue::Issue};
use percent_encoding::percent_decode_str;
use sha2::{Digest as _, Sha256};
use tracing::Instrument as _;

use super::{action_runs, answer::Answer, key_access::KeyAccess, state::Api};
use crate::{
    edge::{
        body::{self, check_json},
        failure::Failure,
        settings::HttpSettings,
    },
    services::{
        actions::Remember,
        idempotency::{Leased, Repeat, RepeatError},
    },
    store::{KeyedRequest, RememberedAnswer, StoreError, Tenant},
};

/// The request header that names a request, so that it can be repeated.
pub(super) const IDEMPOTENCY_KEY: &str = "Idempotency-Key";
/// The longest key, in characters.
pub(super) const MAX_KEY_LENGTH: usize = 255;

/// A POST that is not a repeat: what it may use, and its body.
#[derive(Debug)]
pub(super) struct Post<A> {
    /// What it may use.
    pub(super) access: A,
    body: Bytes,
    /// Whether the body's header says that it is JSON.
    media: Result<(), Failure>,
    keyed: Option<KeyedRequest>,
}

/// What came of sending something.
#[derive(Debug)]
pub(super) enum Sent {
    /// It was sent. The answer says what came of it.
    Made(Answer),
    /// It was not sent; the answer says why. A repeat tries again.
    NotMade(Answer),
}

impl<A: KeyAccess> FromRequest<Api> for Post<A> {
    /// A refusal, or the answer to an earlier request.
    type Rejection = Response;

    async fn from_request(request: Request, api: &Api) -> Result<Self, Response> {
        let post = Self::read(request, api).await.map_err(Failure::into_response)?;
        match post.repeat(api).await {
            Ok(None) => Ok(post),
            Ok(Some(answer)) => Err(answer.replayed()),
            Err(failure) => Err(failure.into_response()),
        }
    }
}

impl<A: KeyAccess> Post<A> {
    async fn read(request: Request, api: &Api) -> Result<Self, Failure> {
        let (mut parts, body) = request.into_parts();
        let access = A::from_request_parts(&mut parts, api).await?;
        let key = idempotency_key(&parts.headers)?;
        let settings = Arc::<HttpSettings>::from_ref(api);
        let body = body::whole(&parts.headers, body, &settings, settings.body_limit).await?;
        let keyed = key.map(|key| recognize(key, access.caller(), &parts, &body));
        Ok(Self { access, media: check_json(&parts.headers, &body), body, keyed })
    }

    /// The body, if it says that it is JSON. Empty if none was sent.
    pub(super) fn json(&self) -> Result<&[u8], Failure> {
        self.media.clone().map(|()| &*self.body)
    }

    /// The answer to be stored in the transaction of the change, without secrets. `None`: the request has no
    /// `Idempotency-Key`.
    pub(super) fn remembered(&self, api: &Api, answer: &Answer) -> Result<Option<RememberedAnswer>, Failure> {
        let keyed = self.keyed.as_ref();
        let remembered = keyed.map(|request| api.idempotency.remembered(request, answer)).transpose();
        remembered.map_err(|error| Failure::internal(&error))
    }

    /// The same for an answer that is a run, as it will be then. Which run it is, is known only in the transaction.
    pub(super) fn remember_run(&self, api: &Api, tenant: Tenant) -> Option<Remember> {
        let (api, request) = (api.clone(), self.keyed.clone()?);
        Some(Remember::new(move |run| {
            let remembered = api.idempotency.remembered(&request, &Answer::of_run(tenant, run));
            remembered.map_err(|error| StoreError::Damaged(error.to_string()))
        }))
    }

    /// The same for an answer that is known only in the transaction of the change.
    pub(super) fn remember<R>(
        &self,
        api: &Api,
        answer: impl Fn(&R) -> Result<Answer, Failure>,
    ) -> impl Fn(&R) -> Result<Option<RememberedAnswer>, StoreError> {
        move |record| {
            let remembered = answer(record).and_then(|answer| self.remembered(api, &answer));
            remembered.map_err(|failure| StoreError::Damaged(failure.message))
        }
    }

    /// Answers after a change was stored or refused. If another request with the same key was first, its answer is
    /// given.
    pub(super) async fn settle(
        &self,
        api: &Api,
        stored: Result<Answer, impl Into<Failure>>,
    ) -> Result<Response, Failure> {
        let failure = match stored.map_err(Into::into) {
            Ok(answer) => return Ok(answer.into_response()),
            Err(failure) => failure,
        };
        if failure.code != ErrorCode::IdempotencyConflict {
            return Err(failure);
        }
        self.answer_of_other(api).await
    }

    /// Sends something, once for all repeats, and answers with what came of it. It is done to its end even if the
    /// client goes away.
    pub(super) async fn send(
        self,
        api: &Api,
        sending: impl Future<Output = Result<Sent, Failure>> + Send + 'static,
    ) -> Result<Response, Failure> {
        let Some(request) = self.keyed.clone() else { return sending.await.map(Sent::into_response) };
        let Some(leased) = api.idempotency.lease(request).await? else {
            return self.answer_of_other(api).await;
        };
        let api = api.clone();
        let to_the_end = async move {
            let sent = sending.await;
            if let Err(error) = note(&api, &leased, &sent).await {
                tracing::warn!(%error, "an answer was not remembered: a repeat within a minute is refused");
            }
            sent
        };
        let sent = tokio::spawn(to_the_end.in_current_span()).await;
        sent.map_err(|error| Failure::internal(&error))?.map(Sent::into_response)
    }

    /// The answer to another request that was first.
    async fn answer_of_other(&self, api: &Api) -> Result<Response, Failure> {
        self.repeat(api).await?.map(Answer::replayed).ok_or_else(Failure::under_way)
    }

    /// The answer that an earlier request got. `None`: there was none.
    async fn repeat(&self, api: &Api) -> Result<Option<Answer>, Failure> {
        let Some(request) = &self.keyed else { return Ok(None) };
        let earlier = api.idempotency.earlier(request).await?;
        match &earlier {
            Repeat::First => return Ok(None),
            Repeat::Answered(answer) => self.access.admit(api, Some(answer)).await?,
            Repeat::Other | Repeat::UnderWay => self.access.admit(api, None).await?,
        }
        match earlier {
            Repeat::First => Ok(None),
            Repeat::UnderWay => Err(Failure::under_way()),
            Repeat::Other => Err(Failure::new(
                ErrorCode::IdempotencyConflict,
                "This Idempotency-Key was sent with another body or query before; send a new key for a new request",
            )),
            Repeat::Answered(answer) => Ok(Some(match answer.run() {
                Some((tenant, run)) => action_runs::view::repeated(api, &tenant, run).await?,
                None => answer.for_a_repeat(&api.installer).await?,
            })),
        }
    }
}

impl Sent {
    fn into_response(self) -> Response {
        let (Self::Made(answer) | Self::NotMade(answer)) = self;
        answer.into_response()
    }
}

impl From<RepeatError> for Failure {
    fn from(error: RepeatError) -> Self {
        match error {
            RepeatError::Store(error) => error.into(),
            RepeatError::Vault(_) | RepeatError::Unreadable(_) => Self::internal(&error),
        }
    }
}

/// Notes what came of a leased request.
async fn note(api: &Api, leased: &Leased, sent: &Result<Sent, Failure>) -> Result<(), RepeatError> {
    match sent {
        Ok(Sent::Made(answer)) => api.idempotency.answer(leased, answer).await,
        Ok(Sent::NotMade(_)) | Err(_) => Ok(api.idempotency.free(leased).await?),
    }
}

/// The request's `Idempotency-Key`, if it has one. The value counts as it is, quotes included: the draft makes it a
/// string of RFC 8941, and most clients send it bare.
fn idempotency_key(headers: &HeaderMap) -> Result<Option<&[u8]>, Failure> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter().map(|value| value.as_bytes());
    let Some(key) = values.next() else { return Ok(None) };
    let is_printable = |byte: &u8| (b' '..=b'~').contains(byte);
    let problem = if values.next().is_some() {
        "Send one key, not several"
    } else if key.is_empty() || key.len() > MAX_KEY_LENGTH || !key.iter().all(is_printable) {
        "Expected 1 to 255 printable ASCII characters"
    } else {
        return Ok(Some(key));
    };
    Err(Failure::invalid("Invalid Idempotency-Key", vec![Issue::new(IDEMPOTENCY_KEY, problem)]))
}

/// What a request with a key is recognized by: who sends it, the method and the concrete path; and, to tell another
/// request from a repeat, its query and the bytes of its body. Neither the key nor the body can be told from it.
fn recognize(key: &[u8], caller: ApiKeyId, parts: &Parts, body: &[u8]) -> KeyedRequest {
    let caller = caller.to_string();
    let path = parts.uri.path().split('/').map(|segment| percent_decode_str(segment).collect::<Vec<u8>>());
    let mut id = Sha256::new();
    for part in [key, caller.as_bytes(), parts.method.as_str().as_bytes()] {
        add(&mut id, part);
    }
    path.for_each(|segment| add(&mut id, &segment));
    let mut fingerprint = Sha256::new();
    for part in [key, parts.uri.query().unwrap_or_default().as_bytes(), body] {
        add(&mut fingerprint, part);
    }
    KeyedRequest { id: URL_SAFE_NO_PAD.encode(id.finalize()), fingerprint: fingerprint.finalize().to_vec() }
}

/// Adds a part with its length before it, so that the end of one part is not the beginning of the next.
fn add(hash: &mut Sha256, part: &[u8]) {
    hash.update((part.len() as u64).to_be_bytes());
    hash.update(part);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key_of(values: &[&[u8]]) -> Result<Option<Vec<u8>>, Failure> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(IDEMPOTENCY_KEY, http::HeaderValue::from_bytes(value).unwrap());
        }
        idempotency_key(&headers).map(|key| key.map(<[u8]>::to_vec))
    }

    #[test]
    fn a_key_is_printable_ascii() {
        assert_eq!(key_of(&[]), Ok(None));
        let longest = [b'x'; MAX_KEY_LENGTH];
        for key in [&b"a"[..], b"\"8e03978e-40d5-43e8-bc93-6894a57f9324\"", b"a b~!", &longest] {
            assert_eq!(key_of(&[key]), Ok(Some(key.to_vec())));
        }
        for keys in [
            &[&b""[..]][..],
            &[&[b'x'; MAX_KEY_LENGTH + 1]],
            &[b"a\tb"],
            &["ä".as_bytes()],
            &[b"\xff"],
            &[b"a", b"a"],
            &[b"a", b""],
        ] {
            let refused = key_of(keys).unwrap_err();
            assert_eq!((refused.code, refused.issues.len()), (ErrorCode::BadRequest, 1), "{keys:?}");
        }
    }

    fn recognized(key: &str, caller: u128, target: &str, body: &str) -> KeyedRequest {
        let request = http::Request::post(target).body(()).unwrap();
        recognize(key.as_bytes(), ApiKeyId::from_bits(caller), &request.into_parts().0, body.as_bytes())
    }

    #[test]
    fn who_asks_and_where_makes_another_key_and_what_is_asked_another_request() {
        let first = recognized("k", 1, "/api/v1/a/shopify~eu/check", "{}");
        for other in [
            recognized("l", 1, "/api/v1/a/shopify~eu/check", "{}"),
            recognized("k", 2, "/api/v1/a/shopify~eu/check", "{}"),
            recognized("k", 1, "/api/v1/a/shopify~us/check", "{}"),
            recognized("k", 1, "/api/v1/a/shopify~eu/install-url", "{}"),
            // The end of one segment is not the beginning of the next.
            recognized("k", 1, "/api/v1/ashopify~eu/check", "{}"),
            recognized("k", 1, "/api/v1/a%2Fshopify~eu/check", "{}"),
        ] {
            assert_ne!(other.id, first.id);
        }
        for other in [
            recognized("k", 1, "/api/v1/a/shopify~eu/check", ""),
            recognized("k", 1, "/api/v1/a/shopify~eu/check", "{} "),
            recognized("k", 1, "/api/v1/a/shopify~eu/check?a=1", "{}"),
        ] {
            assert_eq!(other.id, first.id);
            assert_ne!(other.fingerprint, first.fingerprint);
        }
        assert_eq!(recognized("k", 1, "/api/v1/a/shopify%7Eeu/check", "{}"), first);
    }
}
