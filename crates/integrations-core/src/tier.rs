//! Rate-limit tiers: how often an API key may be used.

use std::{fmt, str::FromStr};

/// How many requests a key may make in a minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tier {
    /// 600 a minute.
    Starter,
    /// 3,000 a minute.
    Pro,
    /// 10,000 a minute.
    Scale,
    /// 30,000 a minute.
    Enterprise,
}

impl Tier {
    /// Every tier, from the lowest limit on.
    pub const ALL: [Self; 4] = [Self::Starter, Self::Pro, Self::Scale, Self::Enterprise];

    /// The tier's name on the wire and in storage.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Starter => "starter",
            Self::Pro => "pro",
            Self::Scale => "scale",
            Self::Enterprise => "enterprise",
        }
    }

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

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text is not the name of a tier.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown tier \"{0}\": expected one of starter, pro, scale, enterprise")]
pub struct UnknownTier(String);

impl FromStr for Tier {
    type Err = UnknownTier;

    fn from_str(text: &str) -> Result<Self, UnknownTier> {
        Self::ALL.into_iter().find(|tier| tier.as_str() == text).ok_or_else(|| UnknownTier(text.to_owned()))
    }
}
