//! What a caller with an API key may use.

use std::future::Future;

use axum::extract::FromRequestParts;
use integrations_core::ids::ApiKeyId;

use super::{answer::Answer, state::Api};
use crate::edge::failure::Failure;

/// What a caller with an API key may use: an extractor that checks the key's rights.
pub(super) trait KeyAccess: FromRequestParts<Api, Rejection = Failure> + Send + Sync {
    /// The caller's key.
    fn caller(&self) -> ApiKeyId;

    /// Fails if the caller may not see what the path names, or what an earlier request got as its `answer`: rights may
    /// have been taken since. The handler finds out by itself; this is for a repeat, which reaches no handler.
    fn admit(&self, api: &Api, answer: Option<&Answer>) -> impl Future<Output = Result<(), Failure>> + Send;
}
