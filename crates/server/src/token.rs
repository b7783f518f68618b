//! Random secrets that a browser carries: links, sessions, the `state` of a handshake.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::environment::Environment;

/// A secret of 256 random bits, as 43 characters of base64url. `Debug` shows nothing.
#[derive(Clone)]
pub struct Token(String);

impl Token {
    /// A new one.
    pub fn generate(environment: &Environment) -> Self {
        Self(URL_SAFE_NO_PAD.encode(environment.bytes::<32>()))
    }

    /// The secret itself.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What is stored of it.
    pub fn hash(&self) -> TokenHash {
        TokenHash::of(&self.0)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token([redacted])")
    }
}

/// The SHA-256 of a token: what is stored of it. With 256 bits of entropy a fast hash without salt is enough.
#[derive(Clone, Copy, Debug)]
pub struct TokenHash([u8; 32]);

/// In constant time: how long it takes tells nothing of the token.
impl PartialEq for TokenHash {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for TokenHash {}

impl TokenHash {
    /// The hash of what somebody presents as a token.
    pub fn of(presented: &str) -> Self {
        Self(Sha256::digest(presented.as_bytes()).into())
    }

    /// A stored hash; `None` where it is not 32 bytes.
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
