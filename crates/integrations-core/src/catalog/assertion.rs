//! Signed assertions (RFC 7523): what one claims. The server signs it.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};
use time::{Duration, OffsetDateTime};

use super::names::SigningAlgorithm;
use super::template::Template;

/// A JSON Web Token (RFC 7519) that is signed with a key of the form.
///
/// Placeholders are fields of the connection and of the form, and `jti`, which is another text each time.
#[derive(Clone, Debug)]
pub struct Assertion {
    /// How it is signed.
    pub algorithm: SigningAlgorithm,
    /// The field of the form with the private key.
    pub key: String,
    /// What its header says beside `alg` and `typ`.
    pub header: Vec<(String, Template)>,
    /// What it claims beside `iat` and `exp`.
    pub claims: Vec<(String, Claim)>,
    /// How long it is valid, in seconds from now.
    pub lifetime_seconds: u32,
    /// How long before now it says that it was issued, in seconds, for clocks that are behind.
    pub issued_before_seconds: u32,
}

/// The value of a claim.
#[derive(Clone, Debug)]
pub enum Claim {
    /// A text.
    Text(Template),
    /// A list of texts.
    Texts(Vec<Template>),
    /// Anything else, as it stands in the file.
    Fixed(Value),
}

impl Claim {
    /// The texts in it.
    pub(super) fn templates(&self) -> &[Template] {
        match self {
            Self::Text(template) => std::slice::from_ref(template),
            Self::Texts(templates) => templates,
            Self::Fixed(_) => &[],
        }
    }
}

/// What is to be signed. It has no `Debug`, as it says who somebody is.
pub struct Claimed {
    /// Header and claims, each in base64 (RFC 7515, section 5.1).
    pub signing_input: String,
    /// When it expires.
    pub expires_at: OffsetDateTime,
}

impl Claimed {
    /// The token, with its signature behind it.
    pub fn signed(&self, signature: &[u8]) -> String {
        format!("{}.{}", self.signing_input, URL_SAFE_NO_PAD.encode(signature))
    }
}

impl Assertion {
    /// What it claims at `now`. `value` knows the placeholders. A claim or a part of the header whose placeholder has
    /// no value is left out, because the placeholder is an optional field.
    pub fn claim<'v>(&self, value: impl Fn(&str) -> Option<&'v str> + Copy, now: OffsetDateTime) -> Claimed {
        let mut header = Map::new();
        header.insert("alg".into(), self.algorithm.as_str().into());
        header.insert("typ".into(), "JWT".into());
        for (name, template) in &self.header {
            header.extend(template.render_known(value).map(|text| (name.clone(), text.into())));
        }
        let expires_at = now + Duration::seconds(i64::from(self.lifetime_seconds));
        let issued_at = now - Duration::seconds(i64::from(self.issued_before_seconds));
        let mut claims = Map::new();
        claims.insert("iat".into(), issued_at.unix_timestamp().into());
        claims.insert("exp".into(), expires_at.unix_timestamp().into());
        for (name, claim) in &self.claims {
            let claimed = match claim {
                Claim::Text(template) => template.render_known(value).map(Value::from),
                Claim::Texts(templates) => {
                    let texts = templates.iter().map(|template| template.render_known(value));
                    texts.collect::<Option<Vec<_>>>().map(Value::from)
                }
                Claim::Fixed(value) => Some(value.clone()),
            };
            claims.extend(claimed.map(|claimed| (name.clone(), claimed)));
        }
        let part = |part: Map<String, Value>| URL_SAFE_NO_PAD.encode(Value::Object(part).to_string());
        Claimed { signing_input: format!("{}.{}", part(header), part(claims)), expires_at }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use time::macros::datetime;

    use super::*;

    #[test]
    fn an_assertion_claims_what_its_file_says_and_its_times() {
        let template = |text: &str| Template::parse(text).unwrap();
        let assertion = Assertion {
            algorithm: SigningAlgorithm::Es256,
            key: "private_key".into(),
            header: vec![("kid".into(), template("{key_id}")), ("x5t".into(), template("{nobody}"))],
            claims: vec![
                ("iss".into(), Claim::Text(template("app-{key_id}"))),
                ("sub".into(), Claim::Text(template("{nobody}"))),
                ("aud".into(), Claim::Texts(vec![template("https://a.example")])),
                ("deep".into(), Claim::Fixed(json!(true))),
            ],
            lifetime_seconds: 540,
            issued_before_seconds: 60,
        };
        let value = |name: &str| (name == "key_id").then_some("7");
        let now = datetime!(2026-11-27 12:00:00 UTC);
        let claimed = assertion.claim(value, now);
        assert_eq!(claimed.expires_at, now + Duration::minutes(9));
        let read =
            |part: &str| -> Value { serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap() };
        let (header, claims) = claimed.signing_input.split_once('.').unwrap();
        assert_eq!(read(header), json!({"alg": "ES256", "typ": "JWT", "kid": "7"}));
        let (from, to) = (now.unix_timestamp() - 60, now.unix_timestamp() + 540);
        assert_eq!(
            read(claims),
            json!({"iat": from, "exp": to, "iss": "app-7", "aud": ["https://a.example"], "deep": true})
        );
        assert_eq!(claimed.signed(&[255, 254]), format!("{}.__4", claimed.signing_input));
    }
}
