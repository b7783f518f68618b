//! Rate-limit tiers: how many requests an API key may make.

use crate::words::words;

words! {
    /// How many requests a key may make in a minute.
    pub enum Tier {
        /// 600 a minute.
        Starter = "starter",
        /// 3,000 a minute.
        Pro = "pro",
        /// 10,000 a minute.
        Scale = "scale",
        /// 30,000 a minute.
        Enterprise = "enterprise",
    }
}

impl Tier {
    /// Requests a minute.
    pub const fn limit(self) -> u32 {
        match self {
            Self::Starter => 600,
            Self::Pro => 3_000,
            Self::Scale => 10_000,
            Self::Enterprise => 30_000,
        }
    }
}
