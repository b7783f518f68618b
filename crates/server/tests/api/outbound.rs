//! The client for requests to providers, against servers that misbehave.

use std::{collections::HashMap, net::SocketAddr, sync::Arc, time::Duration};

use integrations_core::health::NoAnswer;
use riq_server::provider::outbound::{Outbound, OutboundSettings};
use riq_testing::certificates::Authority;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    sync::Notify,
    task::JoinHandle,
};

const HOST: &str = "provider.example";
const OTHER: &str = "other.example";

/// What a server does with the request of each connection.
#[derive(Clone, Copy, Debug)]
enum Conduct {
    /// Writes this and closes.
    Say(&'static str),
    /// Writes this repeatedly, as long as the client reads.
    GoOn(&'static str),
    /// Writes this, then nothing, and keeps the connection open.
    Hang(&'static str),
}

/// A server for [`HOST`] and [`OTHER`], with the requests that it received.
struct Misbehaving {
    address: SocketAddr,
    authority: Authority,
    task: JoinHandle<()>,
    done: Arc<Notify>,
}

impl Misbehaving {
    async fn start(conduct: Conduct) -> Self {
        let authority = Authority::new().unwrap();
        let acceptor = authority.certify(&[HOST, OTHER]).unwrap().acceptor().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let done = Arc::new(Notify::new());
        let until = Arc::clone(&done);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, until) = (acceptor.clone(), Arc::clone(&until));
                tokio::spawn(async move {
                    let Ok(mut stream) = acceptor.accept(stream).await else { return };
                    let mut head = [0; 4096];
                    if stream.read(&mut head).await.is_err() {
                        return;
                    }
                    match conduct {
                        Conduct::Say(text) => drop(stream.write_all(text.as_bytes()).await),
                        Conduct::GoOn(text) => while stream.write_all(text.as_bytes()).await.is_ok() {},
                        Conduct::Hang(text) => {
                            drop(stream.write_all(text.as_bytes()).await);
                            until.notified().await;
                        }
                    }
                    drop(stream.shutdown().await);
                });
            }
        });
        Self { address, authority, task, done }
    }

    fn outbound(&self, timeout: Duration) -> Outbound {
        let resolve = [HOST, OTHER].map(|host| (host.to_owned(), self.address));
        Outbound::new(OutboundSettings {
            ca_certificates: Some(self.authority.pem().into_bytes()),
            resolve: HashMap::from(resolve),
            timeout,
            ..OutboundSettings::default()
        })
        .unwrap()
    }
}

impl Drop for Misbehaving {
    fn drop(&mut self) {
        self.done.notify_waiters();
        self.task.abort();
    }
}

/// Long enough for a server that answers.
const PATIENCE: Duration = Duration::from_secs(30);
/// The timeout for a server that does not answer.
const HASTE: Duration = Duration::from_millis(300);

fn get(url: &str) -> http::Request<Vec<u8>> {
    http::Request::get(url).body(Vec::new()).unwrap()
}

async fn ask(conduct: Conduct, timeout: Duration) -> Result<(u16, Vec<u8>), NoAnswer> {
    let server = Misbehaving::start(conduct).await;
    let answer = server.outbound(timeout).send(get("https://provider.example/x")).await?;
    Ok((answer.status, answer.body.to_vec()))
}

#[tokio::test]
async fn an_answer_is_read_whole() {
    let said = Conduct::Say("HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok");
    assert_eq!(ask(said, PATIENCE).await, Ok((200, b"ok".to_vec())));
    // The client does not check that a body is JSON; its caller does.
    let said = Conduct::Say("HTTP/1.1 500 Oh\r\nconnection: close\r\n\r\n<html>{{{\0");
    assert_eq!(ask(said, PATIENCE).await, Ok((500, b"<html>{{{\0".to_vec())));
}

#[tokio::test]
async fn what_cannot_be_sent_again_is_answered_as_far_as_it_came() {
    let part = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n12345";
    for (conduct, reason) in
        [(Conduct::Hang(part), NoAnswer::TimedOut), (Conduct::Say(part), NoAnswer::Broken)]
    {
        let server = Misbehaving::start(conduct).await;
        let answer = server.outbound(HASTE).send_once(get("https://provider.example/x")).await.unwrap();
        assert_eq!((answer.status, &answer.body[..], answer.cut_off), (200, &b"12345"[..], Some(reason)));
    }
    let server = Misbehaving::start(Conduct::Hang("")).await;
    let nothing = server.outbound(HASTE).send_once(get("https://provider.example/x")).await;
    assert_eq!(nothing.unwrap_err(), NoAnswer::TimedOut);
}

#[tokio::test]
async fn who_says_nothing_or_goes_on_for_ever_is_given_up() {
    for (conduct, reason) in [
        (Conduct::Hang(""), NoAnswer::TimedOut),
        (Conduct::Hang("HTTP/1.1 200 OK\r\ncontent-le"), NoAnswer::TimedOut),
        (Conduct::Hang("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n12345"), NoAnswer::TimedOut),
    ] {
        assert_eq!(ask(conduct, HASTE).await, Err(reason), "{conduct:?}");
    }
    let endless = Conduct::GoOn("HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n0123456789abcdef");
    assert_eq!(ask(endless, PATIENCE).await, Err(NoAnswer::TooLarge));
    let chunks =
        Conduct::GoOn("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nfffffff\r\n0123456789abcdef");
    assert_eq!(ask(chunks, PATIENCE).await, Err(NoAnswer::TooLarge));
}

#[tokio::test]
async fn what_is_no_http_or_breaks_off_is_no_answer() {
    for conduct in [
        Conduct::Say(""),
        Conduct::Say("220 mail.example ESMTP\r\n"),
        Conduct::Say("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n12345"),
    ] {
        assert_eq!(ask(conduct, PATIENCE).await, Err(NoAnswer::Broken), "{conduct:?}");
    }
    let server = Misbehaving::start(Conduct::Say("")).await;
    let outbound = server.outbound(PATIENCE);
    server.task.abort();
    drop(server);
    let refused = outbound.send(get("https://provider.example/x")).await;
    assert_eq!(refused.map(|answer| answer.status), Err(NoAnswer::Unreachable));
}

#[tokio::test]
async fn a_redirect_to_another_host_is_not_followed() {
    for elsewhere in [
        "HTTP/1.1 302 Found\r\nlocation: https://other.example/\r\nconnection: close\r\n\r\n",
        "HTTP/1.1 307 Temporary Redirect\r\nlocation: https://169.254.169.254/latest/\r\nconnection: close\r\n\r\n",
        "HTTP/1.1 301 Moved\r\nlocation: http://provider.example/x\r\nconnection: close\r\n\r\n",
        "HTTP/1.1 301 Moved\r\nlocation: https://provider.example:444/x\r\nconnection: close\r\n\r\n",
        // On its own host, but endlessly.
        "HTTP/1.1 302 Found\r\nlocation: /x\r\nconnection: close\r\n\r\n",
    ] {
        assert_eq!(ask(Conduct::Say(elsewhere), PATIENCE).await, Err(NoAnswer::Redirected), "{elsewhere}");
    }
}

#[tokio::test]
async fn a_server_must_prove_who_it_is() {
    let server = Misbehaving::start(Conduct::Say("")).await;
    let resolve =
        HashMap::from([(HOST.to_owned(), server.address), ("third.example".into(), server.address)]);
    let trusting_nobody_else =
        Outbound::new(OutboundSettings { resolve: resolve.clone(), ..OutboundSettings::default() }).unwrap();
    let unknown = trusting_nobody_else.send(get("https://provider.example/x")).await;
    assert_eq!(unknown.map(|answer| answer.status), Err(NoAnswer::Tls));
    let settings = OutboundSettings {
        ca_certificates: Some(server.authority.pem().into_bytes()),
        resolve,
        ..OutboundSettings::default()
    };
    let misnamed = Outbound::new(settings).unwrap().send(get("https://third.example/x")).await;
    assert_eq!(misnamed.map(|answer| answer.status), Err(NoAnswer::Tls));
}

#[tokio::test]
async fn nothing_private_is_dialled() {
    let server = Misbehaving::start(Conduct::Say("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n")).await;
    let port = server.address.port();
    let outbound = Outbound::new(OutboundSettings::default()).unwrap();
    for url in [
        format!("https://localhost:{port}/"),
        format!("https://127.0.0.1:{port}/"),
        format!("https://[::1]:{port}/"),
        format!("https://[::ffff:127.0.0.1]:{port}/"),
        format!("https://2130706433:{port}/"),
        format!("https://0x7f.1:{port}/"),
        "https://169.254.169.254/latest/meta-data/".into(),
        "https://10.0.0.1/".into(),
        "https://0.0.0.0/".into(),
    ] {
        let answer = outbound.send(get(&url)).await;
        assert_eq!(answer.map(|answer| answer.status), Err(NoAnswer::ForbiddenAddress), "{url}");
    }
    // Nothing is sent without TLS.
    let plain = outbound.send(get(&format!("http://provider.example:{port}/"))).await;
    assert!(plain.is_err());
}

#[test]
fn certificates_that_are_none_are_refused() {
    let settings = OutboundSettings { ca_certificates: Some(b"no PEM".to_vec()), ..Default::default() };
    let error = Outbound::new(settings).unwrap_err();
    assert!(error.to_string().contains("RIQ_OUTBOUND_CA_FILE"), "{error}");
}

/// The sandbox of `dev` is one address on this machine, and nothing else there is reached.
#[tokio::test]
async fn plain_http_leads_to_the_excepted_address_alone() {
    let listen = async || {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                drop(stream.read(&mut [0; 4096]).await);
                drop(
                    stream
                        .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok")
                        .await,
                );
            }
        });
        (address, task)
    };
    let ((local, one), (neighbour, two)) = (listen().await, listen().await);
    let outbound =
        Outbound::new(OutboundSettings { local: Some(local), ..OutboundSettings::default() }).unwrap();
    assert_eq!(outbound.send(get(&format!("http://{local}/x"))).await.unwrap().status, 200);
    let port = local.port();
    for url in [
        format!("http://{neighbour}/x"),
        format!("http://127.0.0.3:{port}/x"),
        format!("http://localhost:{port}/x"),
        format!("https://{local}/x"),
        "http://93.184.215.14/x".to_owned(),
        format!("http://[::ffff:127.0.0.1]:{port}/x"),
    ] {
        assert_eq!(outbound.send(get(&url)).await.unwrap_err(), NoAnswer::ForbiddenAddress, "{url}");
    }
    let without = Outbound::new(OutboundSettings::default()).unwrap();
    assert!(without.send(get(&format!("http://{local}/x"))).await.is_err());
    one.abort();
    two.abort();
}
