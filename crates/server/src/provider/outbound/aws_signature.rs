//! Signs requests for AWS (Signature Version 4). For what and with what, the core decides.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign as signed},
    sign::v4::SigningParams,
};
use http::{HeaderName, HeaderValue, Request, Uri, header::HOST};
use integrations_core::catalog::{AwsSignature, AwsSigner, RenderError};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use time::OffsetDateTime;
use url::form_urlencoded;

/// What is encoded in a query: all but the unreserved characters of RFC 3986.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Why a request is not signed. The words show nothing of the credential.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotSigned {
    /// A value is missing, or is not allowed in its place.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// Its URL, or a header, cannot be read as a text.
    #[error("the request cannot be signed as it is")]
    Unreadable,
}

/// Signs a request with all of its `body`, at `now`. What stands in the place of the signature is replaced.
pub(super) fn sign<'v, B>(
    request: &mut Request<B>,
    body: &[u8],
    signature: &AwsSignature,
    value: impl Fn(&str) -> Option<&'v str> + Copy,
    now: OffsetDateTime,
) -> Result<(), NotSigned> {
    let signer = signature.signer(value)?;
    *request.uri_mut() = plain(request.uri()).ok_or(NotSigned::Unreadable)?;
    for name in AwsSignature::HEADERS {
        request.headers_mut().remove(name);
    }
    let headers = of_signature(request, body, &signer, now).ok_or(NotSigned::Unreadable)?;
    request.headers_mut().extend(headers);
    Ok(())
}

/// The headers that a signature adds.
fn of_signature<B>(
    request: &Request<B>,
    body: &[u8],
    signer: &AwsSigner<'_>,
    now: OffsetDateTime,
) -> Option<Vec<(HeaderName, HeaderValue)>> {
    let token = signer.session_token.map(str::to_owned);
    let key = Credentials::new(signer.access_key_id, signer.secret_access_key, token, None, "form").into();
    let params = SigningParams::builder()
        .identity(&key)
        .region(&signer.region)
        .name(&signer.service)
        .time(SystemTime::from(now))
        .settings(SigningSettings::default())
        .build()
        .ok()?;
    let texts: Option<Vec<(&str, &str)>> =
        request.headers().iter().map(|(name, value)| Some((name.as_str(), value.to_str().ok()?))).collect();
    let (method, uri) = (request.method().as_str(), request.uri().to_string());
    let signable = SignableRequest::new(method, uri, texts?.into_iter(), SignableBody::Bytes(body)).ok()?;
    let (instructions, _) = signed(signable, &params.into()).ok()?.into_parts();
    let (added, _) = instructions.into_parts();
    let added = added.iter().filter(|one| one.name() != HOST.as_str()).map(|one| {
        let mut value = HeaderValue::from_str(one.value()).ok()?;
        value.set_sensitive(true);
        Some((one.name().parse::<HeaderName>().ok()?, value))
    });
    added.collect()
}

/// The same URL with a query that is written as it is signed: AWS reads a `+` as itself, and a form as a space.
fn plain(uri: &Uri) -> Option<Uri> {
    let Some(query) = uri.query() else { return Some(uri.clone()) };
    let encoded = |text: &str| utf8_percent_encode(text, ENCODED).to_string();
    let pairs = form_urlencoded::parse(query.as_bytes());
    let pairs: Vec<String> =
        pairs.map(|(name, value)| format!("{}={}", encoded(&name), encoded(&value))).collect();
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(format!("{}?{}", uri.path(), pairs.join("&")).parse().ok()?);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use http::header::{ACCEPT, AUTHORIZATION};
    use integrations_core::catalog::Template;
    use time::macros::datetime;

    use super::*;

    fn of(request: &mut Request<()>, token: Option<&'static str>) -> Result<(), NotSigned> {
        let template = |text: &str| Template::parse(text).unwrap();
        let signature = AwsSignature { service: template("service"), region: template("us-east-1") };
        let value = |name: &str| match name {
            "access_key_id" => Some("AKIDEXAMPLE"),
            "secret_access_key" => Some("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
            _ => token,
        };
        sign(request, b"", &signature, value, datetime!(2015-08-30 12:36 UTC))
    }

    fn request(method: &str, query: &str) -> Request<()> {
        let uri = format!("https://example.amazonaws.com/{query}");
        Request::builder().method(method).uri(uri).body(()).unwrap()
    }

    /// Of the test suite that AWS publishes with its software development kits.
    #[test]
    fn a_signature_is_the_published_one() {
        for (query, signature) in [
            ("", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
            (
                "?Param-3=Value3&Param=Value2&%E1%88%B4=Value1",
                "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac",
            ),
        ] {
            let mut request = request("GET", query);
            // What stands in the place of a signature does not count.
            request.headers_mut().insert("x-amz-date", HeaderValue::from_static("20000101T000000Z"));
            of(&mut request, None).unwrap();
            let expected = format!(
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
                 SignedHeaders=host;x-amz-date, Signature={signature}"
            );
            let sent = &request.headers()[AUTHORIZATION];
            assert_eq!((sent.to_str().unwrap(), sent.is_sensitive()), (expected.as_str(), true));
            assert_eq!(request.headers()["x-amz-date"], "20150830T123600Z");
            assert_eq!(request.uri().query().unwrap_or_default(), query.trim_start_matches('?'));
        }
    }

    #[test]
    fn a_query_is_sent_as_it_is_signed_and_a_header_is_a_text() {
        let mut spaces = request("POST", "?q=a+b%2Bc*~&z");
        of(&mut spaces, Some("token")).unwrap();
        assert_eq!(spaces.uri().query(), Some("q=a%20b%2Bc%2A~&z="));
        assert_eq!(spaces.headers()["x-amz-security-token"], "token");
        let mut binary = request("GET", "");
        binary.headers_mut().insert(ACCEPT, HeaderValue::from_bytes(&[0xff]).unwrap());
        assert_eq!(of(&mut binary, None), Err(NotSigned::Unreadable));
    }
}
