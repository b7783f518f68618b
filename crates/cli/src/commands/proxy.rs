//! `riq proxy`

use std::path::Path;

use clap::Args;
use integrations_core::catalog::ProviderRef;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Response};
use url::form_urlencoded;

use crate::arguments::pair;
use crate::context::Context;
use crate::error::{Exit, Failure, Report, code};
use crate::text::shown;

const EXAMPLES: &str = "\
The server adds the credential, and lets through only what the permitted actions stand for. The provider's answer goes \
to standard output as it is; at a terminal, characters that control it are written out.

Examples:
  riq proxy stripe GET '/v1/charges?limit=3'
  riq proxy stripe POST /v1/refunds --form charge=ch_1 --header 'Idempotency-Key: order-1001'
  riq proxy shopify POST /admin/api/2026-07/graphql.json --data @query.json
  riq proxy github GET /repos/acme/shop/issues --include > issues.json";

/// The header that tells an answer of the provider from one of the server.
const ANSWERED_BY: &str = "x-answered-by";
/// The headers that riq, its connection or the server sets.
const NOT_THE_CALLERS: [&str; 8] = [
    "authorization",
    "x-api-key",
    "cookie",
    "host",
    "connection",
    "content-length",
    "transfer-encoding",
    "upgrade",
];

/// The command's arguments.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The provider's key, such as slack; a further account has its alias behind it: shopify~eu
    pub(crate) provider: ProviderRef,
    /// The method, such as GET
    #[arg(value_parser = method)]
    method: Method,
    /// The path at the provider, with its query; the server knows the host
    #[arg(value_parser = path)]
    path: String,
    /// A header of the request; can be given several times
    #[arg(long, value_name = "NAME: VALUE", value_parser = header)]
    header: Vec<(HeaderName, HeaderValue)>,
    /// The body: the text itself, @FILE, or - for standard input; it is JSON unless --header says otherwise
    #[arg(long, value_name = "DATA", conflicts_with = "form")]
    data: Option<String>,
    /// A field of a form; can be given several times
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    form: Vec<(String, String)>,
    /// Print the status and the headers of the answer on standard error
    #[arg(long)]
    include: bool,
}

/// Sends the request, and passes the answer on.
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let body = body(arguments, context).await?;
    let headers = headers(arguments, body.as_ref().map(|(kind, _)| *kind));
    let (path, query) = match arguments.path.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (arguments.path.as_str(), None),
    };
    let path = path.strip_prefix('/').unwrap_or(path);
    let client = &context.client;
    let answer = client.with_a_retry(async || {
        let provider = arguments.provider.as_str();
        let mut sent =
            client.proxied(arguments.method.clone(), provider, path, query).headers(headers.clone());
        if let Some((_, body)) = &body {
            sent = sent.body(body.clone());
        }
        let answer = client.open(sent).await?;
        if answer.headers().get(ANSWERED_BY).is_some_and(|by| by == "provider") {
            return Ok(answer);
        }
        let (status, headers, body) = client.read_whole(answer).await?;
        Err(client.refusal(status, &headers, &body))
    });
    pass_on(answer.await?, arguments.include, context).await
}

/// Writes the provider's answer piece by piece. An error of the provider is a failure after that.
async fn pass_on(mut answer: Response, include: bool, context: &Context) -> Result<(), Failure> {
    let (status, output) = (answer.status(), &context.output);
    if include {
        output.instruct(&format!("HTTP {status}"));
        for (name, value) in answer.headers() {
            output.instruct(&format!("{name}: {}", String::from_utf8_lossy(value.as_bytes())));
        }
    }
    let mut pending = Vec::new();
    while let Some(piece) = context.client.next(&mut answer).await? {
        if output.is_terminal {
            pending.extend_from_slice(piece.as_ref());
            output.raw(&shown(&mut pending))?;
        } else {
            output.bytes(piece.as_ref())?;
        }
    }
    output.raw(&String::from_utf8_lossy(&pending))?;
    if !status.is_client_error() && !status.is_server_error() {
        return Ok(());
    }
    let message = format!("the provider answered {status}");
    let report = Report::local(code::PROVIDER_ERROR, Exit::Refused, message);
    Err(Report { status: Some(status.as_u16()), ..report }.into())
}

/// The body, and its usual content type.
async fn body(arguments: &Arguments, context: &Context) -> Result<Option<(&'static str, Vec<u8>)>, Failure> {
    if !arguments.form.is_empty() {
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(&arguments.form).finish();
        return Ok(Some(("application/x-www-form-urlencoded", form.into_bytes())));
    }
    let data = match arguments.data.as_deref() {
        None => return Ok(None),
        Some("-") => context.output.read_input().await?.into_bytes(),
        Some(text) => match text.strip_prefix('@') {
            Some(file) => std::fs::read(Path::new(file))
                .map_err(|error| Failure::usage(format!("--data @{file}: {error}")))?,
            None => text.as_bytes().to_vec(),
        },
    };
    Ok(Some(("application/json", data)))
}

fn headers(arguments: &Arguments, content_type: Option<&'static str>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in &arguments.header {
        headers.append(name, value.clone());
    }
    headers.entry(ACCEPT).or_insert(HeaderValue::from_static("*/*"));
    if let Some(kind) = content_type {
        headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static(kind));
    }
    headers
}

/// Reads a method. Methods are in capitals.
fn method(text: &str) -> Result<Method, &'static str> {
    let is_word = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphabetic());
    let method = Method::from_bytes(text.to_ascii_uppercase().as_bytes());
    method.ok().filter(|_| is_word).ok_or("must be a method, such as GET")
}

/// Reads a path. What an address loses or changes on its way is refused, because the provider would get another path.
fn path(text: &str) -> Result<String, String> {
    let path = text.split('?').next().unwrap_or_default();
    if path.trim_start_matches('/').is_empty() {
        return Err("must be a path at the provider, such as /v1/charges".to_owned());
    }
    if path.contains("://") {
        return Err("must be a path without scheme and host: the server knows the host".to_owned());
    }
    let changed = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '\\' | '#');
    if let Some(c) = text.chars().find(|c| changed(*c)) {
        return Err(format!("must not contain {c:?}; write it percent-encoded if it is meant"));
    }
    let is_dots =
        |segment: &str| matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..");
    if path.split('/').any(is_dots) {
        return Err("must not contain the segments `.` and `..`".to_owned());
    }
    Ok(text.to_owned())
}

/// Reads `Name: value`.
fn header(text: &str) -> Result<(HeaderName, HeaderValue), String> {
    let wrong = || "must be NAME: VALUE, such as 'Idempotency-Key: order-1001'".to_owned();
    let (name, value) = text.split_once(':').ok_or_else(wrong)?;
    let name = HeaderName::from_bytes(name.trim().as_bytes()).map_err(|_| wrong())?;
    let value = HeaderValue::from_str(value.trim()).map_err(|_| wrong())?;
    if NOT_THE_CALLERS.contains(&name.as_str()) {
        return Err(format!("{name} cannot be set: riq or the server does"));
    }
    Ok((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_sent_as_it_is_or_not_at_all() {
        for text in
            ["/v1/charges", "v1/charges?limit=3&a=..", "/a//b", "/a%2Fb", "/a;b=1", "/...", "/a:b?u=http://x"]
        {
            assert_eq!(path(text), Ok(text.to_owned()));
        }
        for text in [
            "",
            "/",
            "?a=1",
            "https://host/v1",
            "/a/../b",
            "/a/%2E%2e",
            "/.",
            "/a b",
            "/a\\b",
            "/a#b",
            "/a\nb",
            "/a\u{a0}",
        ] {
            assert!(path(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_header_has_a_name_and_a_value() {
        let read = header("Idempotency-Key:  order-1001 ").unwrap();
        assert_eq!((read.0.as_str(), read.1.to_str().unwrap()), ("idempotency-key", "order-1001"));
        for text in
            ["", "a", ": b", "a b: c", "a: b\nc: d", "X-API-Key: riq", "Authorization: Bearer x", "Host: h"]
        {
            assert!(header(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_method_is_a_word() {
        assert_eq!(method("get"), Ok(Method::GET));
        assert_eq!(method("QUERY").unwrap().as_str(), "QUERY");
        for text in ["", "GET ", "GE T", "GET\r\n", "1"] {
            assert!(method(text).is_err(), "{text:?}");
        }
    }
}
