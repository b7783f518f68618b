//! Signatures of requests to AWS (Signature Version 4): for what is signed, and with what. The server signs.

use super::template::{RenderError, Template};

/// The field with the id of the key that signs. It may be shown.
pub(super) const ACCESS_KEY_ID: &str = "access_key_id";
/// The field with the key that signs.
pub(super) const SECRET_ACCESS_KEY: &str = "secret_access_key";
/// The field with the token that is sent beside a key that ends by itself.
pub(super) const SESSION_TOKEN: &str = "session_token";

/// For what requests are signed. Each is signed as a whole: method, host, path, query, headers and body, with the time.
///
/// Placeholders: fields of the connection.
#[derive(Clone, Debug)]
pub struct AwsSignature {
    /// The name of the service, as its documentation gives it for signatures.
    pub service: Template,
    /// The region that the request goes to.
    pub region: Template,
}

/// With what a request is signed. It has no `Debug`, as it holds secrets.
pub struct AwsSigner<'v> {
    /// The name of the service.
    pub service: String,
    /// The region.
    pub region: String,
    /// The id of the key.
    pub access_key_id: &'v str,
    /// The key.
    pub secret_access_key: &'v str,
    /// What is sent beside a key that ends by itself.
    pub session_token: Option<&'v str>,
}

impl AwsSignature {
    /// The headers that a signature sets or stands for, in lower case. No other may be in their place.
    pub const HEADERS: [&'static str; 5] =
        ["authorization", "host", "x-amz-content-sha256", "x-amz-date", "x-amz-security-token"];

    /// With what a request is signed. `value` knows the connection and the credential.
    pub fn signer<'v>(
        &self,
        value: impl Fn(&str) -> Option<&'v str> + Copy,
    ) -> Result<AwsSigner<'v>, RenderError> {
        let required = |name: &str| value(name).ok_or_else(|| RenderError::Missing(name.to_owned()));
        let label = |name: &str, template: &Template| {
            let text = template.render(value)?;
            if is_label(&text) { Ok(text) } else { Err(RenderError::Unsafe(name.to_owned())) }
        };
        Ok(AwsSigner {
            service: label("service", &self.service)?,
            region: label("region", &self.region)?,
            access_key_id: required(ACCESS_KEY_ID)?,
            secret_access_key: required(SECRET_ACCESS_KEY)?,
            session_token: value(SESSION_TOKEN),
        })
    }
}

/// Whether a text can be the service or the region of a signature, whose parts are separated by `/`, `,` and spaces.
pub(super) fn is_label(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_for_one_service_in_one_region() {
        let template = |text: &str| Template::parse(text).unwrap();
        let signature = AwsSignature { service: template("ses"), region: template("{region}") };
        let of = |region: &'static str, token: Option<&'static str>| -> Result<_, RenderError> {
            let signer = signature.signer(move |name| match name {
                "region" => Some(region),
                "session_token" => token,
                _ => Some("key"),
            })?;
            Ok((format!("{}/{}", signer.service, signer.region), signer.session_token))
        };
        assert_eq!(of("eu-west-1", None), Ok(("ses/eu-west-1".into(), None)));
        assert_eq!(of("eu-west-1", Some("token")), Ok(("ses/eu-west-1".into(), Some("token"))));
        for region in ["", "eu/s3", "eu, x", "eu\nx", "é"] {
            assert_eq!(of(region, None), Err(RenderError::Unsafe("region".into())), "{region}");
        }
        let missing = signature.signer(|name| (name != "secret_access_key").then_some("x")).err();
        assert_eq!(missing, Some(RenderError::Missing("secret_access_key".into())));
    }
}
