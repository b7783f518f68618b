//! Signatures of AWS (Signature Version 4), verified as AWS documents them:
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>,
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/signature-v4-troubleshooting.html>.

use std::fmt::Write as _;

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use time::{Duration, OffsetDateTime, PrimitiveDateTime, macros::format_description};

use super::{
    message::Request,
    template::{self, Values},
};

/// How far the time of a request may be from AWS's.
const SKEW: Duration = Duration::minutes(5);
const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// For what requests are signed.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AwsSignature {
    service: String,
    region: String,
}

impl AwsSignature {
    /// That of a call, which may be for another service.
    pub(super) fn of_call(&self, service: Option<&str>) -> Self {
        Self { service: service.unwrap_or(&self.service).to_owned(), ..self.clone() }
    }
}

/// What a signature is made with.
struct Key {
    id: String,
    secret: String,
    token: Option<String>,
    region: String,
    service: String,
}

/// What `Authorization` says.
struct Claimed<'r> {
    credential: &'r str,
    signed_headers: Vec<&'r str>,
    signature: &'r str,
}

/// What is wrong with the signature of a request. `now` is AWS's time; `None`: that of the request.
pub(super) fn problems(
    expected: &AwsSignature,
    values: &Values,
    request: &Request,
    now: Option<OffsetDateTime>,
) -> Vec<String> {
    let text = |name: &str| values.get(name).and_then(|value| value.as_str()).map(str::to_owned);
    let key = Key {
        id: text("access_key_id").unwrap(),
        secret: text("secret_access_key").unwrap(),
        token: text("session_token"),
        region: template::text(&expected.region, values),
        service: template::text(&expected.service, values),
    };
    verify(&key, request, now).err().map(|what| format!("the signature: {what}")).into_iter().collect()
}

/// The time that a request says.
pub(super) fn time_of(request: &Request) -> Option<OffsetDateTime> {
    let form = format_description!("[year][month][day]T[hour][minute][second]Z");
    PrimitiveDateTime::parse(only(request, "x-amz-date").ok()?, form).ok().map(PrimitiveDateTime::assume_utc)
}

fn verify(key: &Key, request: &Request, now: Option<OffsetDateTime>) -> Result<(), String> {
    let claimed = Claimed::read(only(request, "authorization")?)?;
    let stamp = only(request, "x-amz-date")?;
    let time = time_of(request).ok_or("its time has another form")?;
    if now.is_some_and(|now| (time - now).abs() > SKEW) {
        return Err("its time is more than 5 minutes away".into());
    }
    let scope = format!("{}/{}/{}/aws4_request", &stamp[..8], key.region, key.service);
    if claimed.credential != format!("{}/{scope}", key.id) {
        return Err("it is of another key, day, region or service".into());
    }
    let token = request.header("x-amz-security-token");
    if token != key.token.as_deref() {
        return Err("the session token is wrong".into());
    }
    check_signed_headers(&claimed.signed_headers, request)?;
    let canonical = canonical_request(&claimed.signed_headers, request)?;
    let to_sign = format!("{ALGORITHM}\n{stamp}\n{scope}\n{}", hex(&Sha256::digest(canonical)));
    let mut derived = format!("AWS4{}", key.secret).into_bytes();
    for part in scope.split('/') {
        derived = hmac(&derived, part);
    }
    let right = hex(&hmac(&derived, &to_sign));
    if claimed.signature == right { Ok(()) } else { Err("it does not match".into()) }
}

/// The value of a header that is there once.
fn only<'r>(request: &'r Request, name: &str) -> Result<&'r str, String> {
    let mut values =
        request.headers.iter().filter(|(other, _)| other == name).map(|(_, value)| value.as_str());
    match (values.next(), values.next()) {
        (Some(value), None) => Ok(value),
        _ => Err(format!("the header {name} is not there once")),
    }
}

impl<'r> Claimed<'r> {
    fn read(text: &'r str) -> Result<Self, String> {
        let parts = text.strip_prefix(ALGORITHM).and_then(|rest| rest.strip_prefix(' '));
        let parts: Vec<&str> = parts.ok_or("Authorization has another algorithm")?.split(',').collect();
        let [credential, headers, signature] = parts.as_slice() else {
            return Err("Authorization has other parts".into());
        };
        let of = |part: &'r str, name: &str| {
            let value = part.trim_start().strip_prefix(name).and_then(|rest| rest.strip_prefix('='));
            value.ok_or_else(|| format!("Authorization has no {name}"))
        };
        Ok(Self {
            credential: of(credential, "Credential")?,
            signed_headers: of(headers, "SignedHeaders")?.split(';').collect(),
            signature: of(signature, "Signature")?,
        })
    }
}

/// The host, the type of the body and every header of AWS must be signed.
fn check_signed_headers(signed: &[&str], request: &Request) -> Result<(), String> {
    if !signed.is_sorted_by(|a, b| a < b) || signed.iter().any(|name| name.to_lowercase() != *name) {
        return Err("the signed headers are not sorted, or not in lower case".into());
    }
    let must = |name: &str| matches!(name, "host" | "content-type") || name.starts_with("x-amz-");
    let unsigned = request.headers.iter().find(|(name, _)| must(name) && !signed.contains(&name.as_str()));
    match unsigned {
        Some((name, _)) => Err(format!("the header {name} is not signed")),
        None if !signed.contains(&"host") => Err("the host is not signed".into()),
        None => Ok(()),
    }
}

fn canonical_request(signed: &[&str], request: &Request) -> Result<String, String> {
    let mut headers = String::new();
    for name in signed {
        let values: Vec<String> = request
            .headers
            .iter()
            .filter(|(other, _)| other == name)
            .map(|(_, value)| value.split_ascii_whitespace().collect::<Vec<_>>().join(" "))
            .collect();
        if values.is_empty() {
            return Err(format!("the signed header {name} is not there"));
        }
        // The simulator stands on a port of its own, which the providers do not have.
        let value = if *name == "host" { request.host.clone() } else { values.join(",") };
        writeln!(headers, "{name}:{value}").unwrap();
    }
    let hash = hex(&Sha256::digest(&request.body));
    let (path, query) = (canonical_path(&request.path), canonical_query(&request.query));
    let method = &request.method;
    Ok(format!("{method}\n{path}\n{query}\n{headers}\n{}\n{hash}", signed.join(";")))
}

/// The path without dots and empty segments, each segment encoded once more than it was sent.
fn canonical_path(path: &str) -> String {
    let mut segments = Vec::new();
    for segment in path.split('/').filter(|segment| !matches!(*segment, "" | ".")) {
        match segment {
            ".." => drop(segments.pop()),
            segment => segments.push(encoded(segment.as_bytes())),
        }
    }
    let end = if path.ends_with('/') && !segments.is_empty() { "/" } else { "" };
    format!("/{}{end}", segments.join("/"))
}

/// The parameters, sorted by their encoded names and values. A `+` is a `+`.
fn canonical_query(query: &str) -> String {
    let mut pairs: Vec<(String, String)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (encoded(&decoded(name)), encoded(&decoded(value))))
        .collect();
    pairs.sort();
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

/// Every byte as `%XX`, but letters, digits and `-._~`.
fn encoded(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                text.push(char::from(*byte))
            }
            other => write!(text, "%{other:02X}").unwrap(),
        }
    }
    text
}

fn decoded(text: &str) -> Vec<u8> {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((&byte, after)) = rest.split_first() {
        let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()).filter(|_| byte == b'%') {
            Some(decoded) => {
                bytes.push(decoded);
                rest = &after[2..];
            }
            None => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    bytes
}

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIe\
                         oIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq\
                         5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC\
                         9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==";

    fn key(token: Option<&str>) -> Key {
        Key {
            id: "AKIDEXAMPLE".into(),
            secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".into(),
            token: token.map(str::to_owned),
            region: "us-east-1".into(),
            service: "service".into(),
        }
    }

    fn request(method: &str, target: &str, headers: &[(&str, &str)], body: &str, signature: &str) -> Request {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut headers: Vec<(String, String)> =
            headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        headers.push(("host".into(), "example.amazonaws.com".into()));
        headers.push(("x-amz-date".into(), "20150830T123600Z".into()));
        let mut signed: Vec<&str> = headers.iter().map(|(name, _)| name.as_str()).collect();
        signed.sort_unstable();
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders={}, \
             Signature={signature}",
            signed.join(";")
        );
        headers.push(("authorization".into(), authorization));
        Request {
            method: method.into(),
            host: "example.amazonaws.com".into(),
            path: path.into(),
            query: query.into(),
            headers,
            body: body.into(),
        }
    }

    /// A request of the suite, with its signature: method, target, headers and body.
    type Published<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)], &'a str, &'a str);

    /// The test suite that AWS publishes with its software development kits.
    #[test]
    fn the_published_signatures_match() {
        let form = [
            ("content-length", "13"),
            ("content-type", "application/x-www-form-urlencoded; charset=utf-8"),
            ("x-amz-content-sha256", "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e"),
        ];
        let spaces = [("my-header1", " value1"), ("my-header2", "\"a   b   c\"")];
        let temporary = [("x-amz-security-token", TOKEN)];
        let query = "/?Param-3=Value3&Param=Value2&%E1%88%B4=Value1";
        let published: [Published<'_>; 5] = [
            ("GET", "/", &[], "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
            ("GET", query, &[], "", "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac"),
            ("GET", "/", &spaces, "", "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"),
            (
                "POST",
                "/",
                &form,
                "Param1=value1",
                "328d1b9eaadca9f5818ef05e8392801e091653bafec24fcab71e7344e7f51422",
            ),
            ("POST", "/", &temporary, "", "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"),
        ];
        for (method, target, headers, body, signature) in published {
            let request = request(method, target, headers, body, signature);
            let key = key(request.header("x-amz-security-token"));
            assert_eq!(verify(&key, &request, time_of(&request)), Ok(()), "{method} {target}");
        }
        assert_eq!(
            canonical_path("/test/@connections/JBDvjfGEIAMCERw%3D"),
            "/test/%40connections/JBDvjfGEIAMCERw%253D"
        );
    }
}
