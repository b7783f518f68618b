//! Who calls an action.

use std::{fmt, str::FromStr};

use crate::audit::{Actor, ActorKind};
use crate::ids::{ApiKeyId, InvalidId};
use crate::principal::Principal;

/// Who calls an action. It is written as the principal's id, or as `system`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    /// A client or a person.
    Principal(Principal),
    /// The server itself, because a project's setting says so.
    Server,
}

impl From<Principal> for Caller {
    fn from(principal: Principal) -> Self {
        Self::Principal(principal)
    }
}

impl From<ApiKeyId> for Caller {
    fn from(key: ApiKeyId) -> Self {
        Self::Principal(key.into())
    }
}

impl From<Caller> for Actor {
    fn from(caller: Caller) -> Self {
        match caller {
            Caller::Principal(principal) => principal.into(),
            Caller::Server => Self::System,
        }
    }
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Principal(principal) => principal.fmt(f),
            Self::Server => ActorKind::System.fmt(f),
        }
    }
}

impl FromStr for Caller {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        if text == ActorKind::System.as_str() { Ok(Self::Server) } else { text.parse().map(Self::Principal) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_is_written_as_its_id_or_as_the_system() {
        let key = Principal::ApiKey(ApiKeyId::from_bits(1));
        for (caller, text) in
            [(Caller::Principal(key), key.to_string()), (Caller::Server, "system".to_owned())]
        {
            assert_eq!(caller.to_string(), text);
            assert_eq!(text.parse(), Ok(caller));
        }
        assert!("operator".parse::<Caller>().is_err());
    }
}
