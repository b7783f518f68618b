//! Signs assertions with the key of a form (RFC 7518, sections 3.3 to 3.5). What is claimed is decided by the core.

use integrations_core::{
    catalog::{Claimed, SigningAlgorithm},
    signing_key::{KeyForm, NoPrivateKey, PrivateKey},
};
use ring::{
    error::KeyRejected,
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding,
        RsaKeyPair,
    },
};

/// Why nothing was signed. The words are for people, and show nothing of the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotSigned {
    /// The text is no private key.
    #[error(transparent)]
    NoKey(#[from] NoPrivateKey),
    /// Its bytes are no RSA key, or one that is too short or too long.
    #[error("Expected an RSA private key of 2048 to 4096 bits")]
    NotRsa,
    /// Its bytes are no key of this curve.
    #[error("Expected an elliptic-curve private key for P-256 (prime256v1), written as PKCS#8")]
    NotP256,
}

/// Signs with a private key in PEM.
pub(crate) fn sign(algorithm: SigningAlgorithm, key: &str, claimed: &Claimed) -> Result<String, NotSigned> {
    let key = PrivateKey::read(key)?;
    let message = claimed.signing_input.as_bytes();
    let signature = match algorithm {
        SigningAlgorithm::Rs256 => by_rsa(&key, &RSA_PKCS1_SHA256, message)?,
        SigningAlgorithm::Ps256 => by_rsa(&key, &RSA_PSS_SHA256, message)?,
        SigningAlgorithm::Es256 => by_p256(&key, message).ok_or(NotSigned::NotP256)?,
    };
    Ok(claimed.signed(&signature))
}

fn by_rsa(
    key: &PrivateKey,
    encoding: &'static dyn RsaEncoding,
    message: &[u8],
) -> Result<Vec<u8>, NotSigned> {
    let read: Result<RsaKeyPair, KeyRejected> = match key.form {
        KeyForm::Pkcs8 => RsaKeyPair::from_pkcs8(&key.der),
        KeyForm::Pkcs1 => RsaKeyPair::from_der(&key.der),
    };
    let pair = read.map_err(|_| NotSigned::NotRsa)?;
    let mut signature = vec![0; pair.public().modulus_len()];
    let signed = pair.sign(encoding, &SystemRandom::new(), message, &mut signature);
    signed.map(|()| signature).map_err(|_| NotSigned::NotRsa)
}

fn by_p256(key: &PrivateKey, message: &[u8]) -> Option<Vec<u8>> {
    let random = SystemRandom::new();
    // PKCS#1 is RSA alone, so its bytes are refused here.
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &key.der, &random).ok()?;
    pair.sign(&random, message).ok().map(|signature| signature.as_ref().to_vec())
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    use ring::signature::{
        ECDSA_P256_SHA256_FIXED, KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256,
        UnparsedPublicKey, VerificationAlgorithm,
    };
    use riq_testing::signing_keys::{P256, RSA_PKCS1, RSA_PKCS8, RSA_SHORT};

    use super::*;

    fn claimed() -> Claimed {
        Claimed { signing_input: "e30.e30".into(), expires_at: time::OffsetDateTime::UNIX_EPOCH }
    }

    fn verifies(algorithm: &'static dyn VerificationAlgorithm, public: &[u8], token: &str) -> bool {
        let (message, signature) = token.rsplit_once('.').unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        UnparsedPublicKey::new(algorithm, public).verify(message.as_bytes(), &signature).is_ok()
    }

    #[test]
    fn each_algorithm_signs_with_its_key() {
        let der = |pem: &str| PrivateKey::read(pem).unwrap().der;
        let rsa = RsaKeyPair::from_pkcs8(&der(RSA_PKCS8)).unwrap();
        for key in [RSA_PKCS8, RSA_PKCS1] {
            let token = sign(SigningAlgorithm::Rs256, key, &claimed()).unwrap();
            assert!(verifies(&RSA_PKCS1_2048_8192_SHA256, rsa.public().as_ref(), &token));
            let token = sign(SigningAlgorithm::Ps256, key, &claimed()).unwrap();
            assert!(verifies(&RSA_PSS_2048_8192_SHA256, rsa.public().as_ref(), &token));
        }
        let random = SystemRandom::new();
        let p256 = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der(P256), &random).unwrap();
        let token = sign(SigningAlgorithm::Es256, P256, &claimed()).unwrap();
        assert!(verifies(&ECDSA_P256_SHA256_FIXED, p256.public_key().as_ref(), &token));
    }

    #[test]
    fn another_key_is_refused_in_words() {
        for (algorithm, key, problem) in [
            (SigningAlgorithm::Rs256, P256, NotSigned::NotRsa),
            (SigningAlgorithm::Ps256, RSA_SHORT, NotSigned::NotRsa),
            (SigningAlgorithm::Es256, RSA_PKCS8, NotSigned::NotP256),
            (SigningAlgorithm::Es256, RSA_PKCS1, NotSigned::NotP256),
            (
                SigningAlgorithm::Rs256,
                "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----",
                NotSigned::NotRsa,
            ),
            (SigningAlgorithm::Rs256, "secret", NotSigned::NoKey(NoPrivateKey::NotPem)),
        ] {
            assert_eq!(sign(algorithm, key, &claimed()), Err(problem));
        }
    }
}
