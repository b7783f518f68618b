//! Requests as bytes, for those that a client library would not send.

use std::{net::SocketAddr, time::Duration};

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use super::{Answer, described::assert_described};

/// How long a test waits for an answer before it fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// Sends bytes and reads one answer, which must follow the contract's rules for every response.
pub(crate) async fn send(address: SocketAddr, bytes: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let (mut reader, mut writer) = stream.split();
    let writing = async {
        // The server may answer and close the connection before it has read everything.
        drop(writer.write_all(bytes).await);
        std::future::pending::<()>().await;
    };
    let is_head = bytes.starts_with(b"HEAD ");
    let received = tokio::select! {
        received = timeout(PATIENCE, receive(&mut reader, is_head)) => received.expect("an answer"),
        () = writing => unreachable!("writing goes on until there is an answer"),
    };
    let answer = answer(&received, !is_head);
    let line = bytes.split(|byte| *byte == b'\r').next().and_then(|line| std::str::from_utf8(line).ok());
    if let Some((method, rest)) = line.and_then(|line| line.split_once(' ')) {
        assert_described(method, rest.split(' ').next().unwrap_or_default(), &answer);
    }
    answer
}

async fn receive(reader: &mut (impl AsyncRead + Unpin), is_head: bool) -> Vec<u8> {
    let mut received = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        match reader.read(&mut chunk).await {
            Ok(0) | Err(_) => return received,
            Ok(read) => received.extend_from_slice(&chunk[..read]),
        }
        if is_whole(&received, is_head) {
            return received;
        }
    }
}

fn is_whole(received: &[u8], is_head: bool) -> bool {
    let Some(end) = end_of_head(received) else { return false };
    let head = String::from_utf8_lossy(&received[..end]).to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    is_head || length.is_some_and(|length: usize| received.len() >= end + length)
}

fn end_of_head(received: &[u8]) -> Option<usize> {
    received.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4)
}

fn answer(received: &[u8], has_body: bool) -> Answer {
    let text = String::from_utf8_lossy(received);
    let end = end_of_head(received).unwrap_or_else(|| panic!("not an answer: {text:?}"));
    let head = std::str::from_utf8(&received[..end]).unwrap();
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let mut headers = HeaderMap::new();
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        headers
            .append(HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap());
    }
    Answer::check(status, headers, String::from_utf8_lossy(&received[end..]).into_owned(), has_body)
}
