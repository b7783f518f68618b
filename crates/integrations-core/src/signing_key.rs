//! Reads private keys as people paste them: PEM (RFC 7468).

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";

/// A private key in DER. It is not known yet whether its bytes are a key. `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct PrivateKey {
    /// How it is written.
    pub form: KeyForm,
    /// Its bytes.
    pub der: Vec<u8>,
}

/// How a private key is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyForm {
    /// PKCS#8 (RFC 5958), for every kind of key.
    Pkcs8,
    /// PKCS#1 (RFC 8017, appendix A.1.2), for RSA.
    Pkcs1,
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateKey").field("form", &self.form).finish_non_exhaustive()
    }
}

/// Why a text is no private key that can be used. The words are for people, and repeat nothing of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoPrivateKey {
    /// It has no line that begins one.
    #[error(
        "Expected a private key in PEM, with its first line -----BEGIN PRIVATE KEY----- and its last line"
    )]
    NotPem,
    /// Its last line is missing.
    #[error("The key breaks off: its last line, -----END PRIVATE KEY-----, is missing")]
    BrokenOff,
    /// It is something public.
    #[error("This is a public key or a certificate. Expected the private key that belongs to it")]
    Public,
    /// It is encrypted.
    #[error(
        "The key is protected by a passphrase. Expected it without: openssl pkcs8 -topk8 -nocrypt writes it so"
    )]
    Encrypted,
    /// It is written in another form.
    #[error(
        "The key is written in a form that is not read. Write it as PKCS#8: openssl pkcs8 -topk8 -nocrypt does it"
    )]
    OtherForm,
    /// What stands between its lines is damaged.
    #[error("The key is damaged: what stands between its first and its last line is no base64")]
    Damaged,
}

/// The part of a text from the first line of a PEM block to its last, with its line breaks. A file of JSON has `\n` in
/// their place, and is often pasted as a whole.
pub(crate) fn pem_in(text: &str) -> Option<String> {
    let from = &text[text.find(BEGIN)?..];
    let end = from.find(END)?;
    let after = end + END.len();
    let to = after + from[after..].find(DASHES)? + DASHES.len();
    Some(from[..to].replace("\\r", "").replace("\\n", "\n"))
}

impl PrivateKey {
    /// Reads the first key of a text.
    pub fn read(text: &str) -> Result<Self, NoPrivateKey> {
        let from = text.find(BEGIN).ok_or(NoPrivateKey::NotPem)?;
        let (label, rest) = text[from + BEGIN.len()..].split_once(DASHES).ok_or(NoPrivateKey::NotPem)?;
        let form = match label.trim() {
            "PRIVATE KEY" => KeyForm::Pkcs8,
            "RSA PRIVATE KEY" => KeyForm::Pkcs1,
            "ENCRYPTED PRIVATE KEY" => return Err(NoPrivateKey::Encrypted),
            label if label.contains("PUBLIC") || label.contains("CERTIFICATE") => {
                return Err(NoPrivateKey::Public);
            }
            _ => return Err(NoPrivateKey::OtherForm),
        };
        let (body, _) = rest.split_once(END).ok_or(NoPrivateKey::BrokenOff)?;
        if body.contains("ENCRYPTED") {
            // The headers of RFC 1421, section 4.6.
            return Err(NoPrivateKey::Encrypted);
        }
        let digits: String = body.chars().filter(|c| !c.is_whitespace()).collect();
        let der = STANDARD.decode(digits).map_err(|_| NoPrivateKey::Damaged)?;
        if der.is_empty() { Err(NoPrivateKey::Damaged) } else { Ok(Self { form, der }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pem(label: &str, body: &str) -> String {
        format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
    }

    #[test]
    fn both_forms_are_read_however_they_are_broken_into_lines() {
        let key = |form| Ok(PrivateKey { form, der: b"secret bytes".to_vec() });
        assert_eq!(PrivateKey::read(&pem("PRIVATE KEY", "c2VjcmV0IGJ5dGVz")), key(KeyForm::Pkcs8));
        assert_eq!(PrivateKey::read(&pem("RSA PRIVATE KEY", "c2Vj\r\ncmV0IGJ5 dGVz")), key(KeyForm::Pkcs1));
        assert!(!format!("{:?}", key(KeyForm::Pkcs8)).contains("115"));
    }

    #[test]
    fn rubbish_is_told_apart() {
        for (text, problem) in [
            ("", NoPrivateKey::NotPem),
            ("c2VjcmV0", NoPrivateKey::NotPem),
            ("-----BEGIN PRIVATE KEY", NoPrivateKey::NotPem),
            ("-----BEGIN PRIVATE KEY-----\nc2VjcmV0", NoPrivateKey::BrokenOff),
            (&pem("PUBLIC KEY", "c2VjcmV0"), NoPrivateKey::Public),
            (&pem("CERTIFICATE", "c2VjcmV0"), NoPrivateKey::Public),
            (&pem("ENCRYPTED PRIVATE KEY", "c2VjcmV0"), NoPrivateKey::Encrypted),
            (&pem("RSA PRIVATE KEY", "Proc-Type: 4,ENCRYPTED\n\nc2VjcmV0"), NoPrivateKey::Encrypted),
            (&pem("EC PRIVATE KEY", "c2VjcmV0"), NoPrivateKey::OtherForm),
            (&pem("OPENSSH PRIVATE KEY", "c2VjcmV0"), NoPrivateKey::OtherForm),
            (&pem("PRIVATE KEY", "c2Vj*cmV0"), NoPrivateKey::Damaged),
            (&pem("PRIVATE KEY", ""), NoPrivateKey::Damaged),
        ] {
            assert_eq!(PrivateKey::read(text), Err(problem), "{text}");
        }
    }

    #[test]
    fn a_key_is_found_in_the_file_that_it_came_in() {
        let file = r#"{"type": "service_account", "private_key": "-----BEGIN PRIVATE KEY-----\nc2Vj\n-----END PRIVATE KEY-----\n"}"#;
        let key = pem_in(file).unwrap();
        assert_eq!(key, "-----BEGIN PRIVATE KEY-----\nc2Vj\n-----END PRIVATE KEY-----");
        assert_eq!(PrivateKey::read(&key).unwrap().der, b"sec");
        assert_eq!(pem_in("-----BEGIN PRIVATE KEY-----\nc2Vj"), None);
    }
}
