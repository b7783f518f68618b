//! What the limiter says.

/// What the limiter says to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether the request may go on.
    pub allowed: bool,
    /// Requests in 60 seconds.
    pub limit: u32,
    /// Requests that would still be allowed at this moment.
    pub remaining: u32,
    /// When the oldest request that counts leaves the window, in seconds of the Unix epoch.
    pub reset: i64,
}
