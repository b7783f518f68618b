//! The limiter's verdict.

/// The limiter's verdict on a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether the request may go on.
    pub allowed: bool,
    /// The limit of requests in 60 seconds.
    pub limit: u32,
    /// The number of requests that are still allowed now.
    pub remaining: u32,
    /// When the oldest counted request leaves the window, in seconds of the Unix epoch.
    pub reset: i64,
}
