//! The status of a provider in a project, installed or not.

use std::{fmt, str::FromStr};

use serde::{Serialize, Serializer};

use crate::{lifecycle::Status, words::UnknownWord};

/// `available` if a provider is not installed in a project, else the status of its integration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Standing {
    /// Not installed.
    Available,
    /// Installed, with this status.
    Installed(Status),
}

const WORDS: [&str; Standing::ALL.len()] = {
    let mut words = [""; Standing::ALL.len()];
    let mut at = 0;
    while at < words.len() {
        words[at] = Standing::ALL[at].as_str();
        at += 1;
    }
    words
};

impl Standing {
    /// Every value, in the order of declaration.
    pub const ALL: [Self; Status::ALL.len() + 1] = {
        let mut all = [Self::Available; Status::ALL.len() + 1];
        let mut at = 0;
        while at < Status::ALL.len() {
            all[at + 1] = Self::Installed(Status::ALL[at]);
            at += 1;
        }
        all
    };

    /// The word for this value in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::Installed(status) => status.as_str(),
        }
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Standing {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        let known = Self::ALL.into_iter().find(|value| value.as_str() == word);
        known.ok_or(UnknownWord { expected: &WORDS })
    }
}

impl Serialize for Standing {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for Standing {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        let description = "`available` if the provider is not installed, else the integration's status.";
        crate::words::schema(description, &WORDS)
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for Standing {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_standing_is_available_or_any_status() {
        assert_eq!("available".parse(), Ok(Standing::Available));
        for status in Status::ALL {
            assert_eq!(status.as_str().parse(), Ok(Standing::Installed(status)));
        }
        let refusal = "Active".parse::<Standing>().unwrap_err().to_string();
        assert_eq!(refusal, "Expected one of available, active, paused, error, disconnected");
    }
}
