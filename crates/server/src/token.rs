//! Random secrets that a browser holds: install links, sessions, the `state` of an OAuth handshake.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::environment::Environment;

/// A secret of 256 random bits, as 43 characters of base64url. `Debug` shows nothing. It is serialized only into
/// what is sealed.
#[derive(Clone, Serialize, Deserialize)]
pub struct Token(String);

impl Token {
    /// Makes a new token.
    pub fn generate(environment: &Environment) -> Self {
        Self(URL_SAFE_NO_PAD.encode(environment.bytes::<32>()))
    }

    /// A token as it was presented.
    pub(crate) fn presented(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The secret itself.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Its hash, which is stored.
    pub fn hash(&self) -> TokenHash {
        TokenHash::of(&self.0)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token([redacted])")
    }
}

/// The SHA-256 of a token, which is stored in its place. A token has 256 bits of entropy, so a fast hash without salt
/// is enough.
#[derive(Clone, Copy, Debug)]
pub struct TokenHash([u8; 32]);

/// Compares in constant time, so that the duration says nothing about the token.
impl PartialEq for TokenHash {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for TokenHash {}

impl TokenHash {
    /// The hash of a presented token.
    pub fn of(presented: &str) -> Self {
        Self(Sha256::digest(presented.as_bytes()).into())
    }

    /// A stored hash. `None` if it is not 32 bytes long.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The 32 bytes, as they are stored.
    pub fn to_vec(self) -> Vec<u8> {
        self.0.to_vec()
    }
}
