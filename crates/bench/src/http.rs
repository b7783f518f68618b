//! A simple HTTP client: one request at a time, each over a new connection. For checking answers, not for load.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, Result, bail};

/// One request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

impl Request {
    /// A GET without a key.
    pub(crate) fn get(path: &str) -> Self {
        Self { method: "GET", path: path.to_owned(), headers: Vec::new(), body: String::new() }
    }
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// Sends a request to a port of the loopback interface.
///
/// # Errors
/// When there is no connection or no HTTP answer within five seconds.
pub(crate) fn send(port: u16, request: &Request) -> Result<Answer> {
    send_within(Duration::from_secs(5), port, request)
}

/// As [`send`], with another limit.
///
/// # Errors
/// When there is no connection or no HTTP answer within the limit.
pub(crate) fn send_within(limit: Duration, port: u16, request: &Request) -> Result<Answer> {
    let limit = Some(limit);
    let mut stream = TcpStream::connect(("127.0.0.1", port)).context("no connection")?;
    stream.set_read_timeout(limit)?;
    stream.set_write_timeout(limit)?;
    let Request { method, path, headers, body } = request;
    let mut text = format!("{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
    stream.write_all(text.as_bytes()).context("the request was not taken")?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).with_context(|| format!("no answer to {method} {path}"))?;
    parse(&answer).with_context(|| format!("{method} {path}"))
}

/// A request without a body, as bytes.
pub(crate) fn head(port: u16, request: &Request, connection: &str) -> Vec<u8> {
    let Request { method, path, headers, .. } = request;
    let mut text =
        format!("{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: {connection}\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    text.into_bytes()
}

/// Reads an answer that ends with the connection.
///
/// # Errors
/// When it is not HTTP/1.1, or is sent in chunks.
pub(crate) fn parse(answer: &[u8]) -> Result<Answer> {
    let end =
        answer.windows(4).position(|four| four == b"\r\n\r\n").context("the answer's head has no end")?;
    let head = std::str::from_utf8(&answer[..end]).context("the answer's head is not UTF-8")?;
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|status| status.parse().ok());
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    if headers.iter().any(|(name, _)| name == "transfer-encoding") {
        bail!("the answer is in chunks, which this client does not read");
    }
    Ok(Answer {
        status: status.context("the answer has no status")?,
        headers,
        body: answer[end + 4..].to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read() {
        let answer = parse(b"HTTP/1.1 404 Not Found\r\nX-Request-Id: req_1\r\n\r\n{}").unwrap();
        assert_eq!(answer.status, 404);
        assert_eq!(answer.headers, [("x-request-id".to_owned(), "req_1".to_owned())]);
        assert_eq!(answer.body, b"{}");
    }

    #[test]
    fn half_an_answer_is_none() {
        assert!(parse(b"HTTP/1.1 200 OK\r\nContent-").is_err());
        assert!(parse(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n").is_err());
    }
}
