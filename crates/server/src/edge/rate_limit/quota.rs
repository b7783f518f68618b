//! What a caller may still send.

/// What a caller may still send, as the limiter says on a request. The words are those of the `RateLimit` header fields
/// (draft-ietf-httpapi-ratelimit-headers).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// Whether the request may go on.
    pub allowed: bool,
    /// The limit of requests in 60 seconds.
    pub limit: u32,
    /// The number of requests that are still allowed now.
    pub remaining: u32,
    /// When the oldest counted request leaves the window, in seconds of the Unix epoch.
    pub reset: i64,
}
