//! Principals: who acts with rights of their own.

use std::{fmt, str::FromStr};

use crate::ids::{ApiKeyId, InvalidId, UserId};

/// Who acts with rights of their own: a client, by its API key, or a person who is signed in.
///
/// It is written as its id, `key_…` or `usr_…`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Principal {
    /// A client, by its API key.
    ApiKey(ApiKeyId),
    /// A person.
    User(UserId),
}

impl From<ApiKeyId> for Principal {
    fn from(id: ApiKeyId) -> Self {
        Self::ApiKey(id)
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ApiKey(id) => id.fmt(f),
            Self::User(id) => id.fmt(f),
        }
    }
}

impl FromStr for Principal {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        text.parse().map(Self::User).or_else(|_| text.parse().map(Self::ApiKey))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_principal_is_written_as_its_id() {
        let (key, user) = (ApiKeyId::from_bits(1), UserId::from_bits(1));
        for (principal, text) in
            [(Principal::ApiKey(key), key.to_string()), (Principal::User(user), user.to_string())]
        {
            assert_eq!(principal.to_string(), text);
            assert_eq!(text.parse(), Ok(principal));
        }
        assert!("prj_00000000000000000000000001".parse::<Principal>().is_err());
    }
}
