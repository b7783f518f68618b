//! Private keys that only tests sign with.

/// An RSA key of 2048 bits, written as PKCS#8.
pub const RSA_PKCS8: &str = include_str!("signing_keys/rsa.pem");
/// The same key, written as PKCS#1.
pub const RSA_PKCS1: &str = include_str!("signing_keys/rsa_pkcs1.pem");
/// An RSA key that is too short to sign.
pub const RSA_SHORT: &str = include_str!("signing_keys/rsa_short.pem");
/// A key for P-256, written as PKCS#8.
pub const P256: &str = include_str!("signing_keys/p256.pem");
/// Another RSA key, which no simulated provider knows.
pub const RSA_OTHER: &str = include_str!("signing_keys/rsa_other.pem");
/// Another key for P-256, which no simulated provider knows.
pub const P256_OTHER: &str = include_str!("signing_keys/p256_other.pem");
