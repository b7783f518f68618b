//! Limits wrong tokens for the metrics. The metrics themselves are read at any rate.

use std::net::IpAddr;

use http::{HeaderMap, header};

use super::{
    audience::Audience,
    rate_limit::{PartitionKey, Quota, RateLimiter},
};

/// How many wrong tokens an address may send in a minute. Then it may send none, not even the right one.
const WRONG_TOKENS: u32 = 10;

/// Whether the request presents a token for the metrics.
pub(super) fn is_presented(audience: Audience, headers: &HeaderMap) -> bool {
    audience == Audience::Collector && headers.contains_key(header::AUTHORIZATION)
}

/// The refusal of any token at `now` (in seconds of the Unix epoch), if the address has sent too many wrong ones.
pub(super) fn refusal(limiter: &RateLimiter, address: IpAddr, now: i64) -> Option<Quota> {
    let quota = limiter.look_here(PartitionKey::metrics_tokens(address), WRONG_TOKENS, now);
    (!quota.allowed).then_some(quota)
}

/// Counts a wrong token.
pub(super) fn count_wrong(limiter: &RateLimiter, address: IpAddr, now: i64) {
    limiter.check_here(PartitionKey::metrics_tokens(address), WRONG_TOKENS, now);
}
