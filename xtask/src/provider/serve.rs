//! The provider over HTTPS: a token endpoint (RFC 6749, sections 5 and 6) and one to be probed (RFC 6750).

use std::future::pending;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::serve::Listener;
use axum::{Json, Router};
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use url::form_urlencoded;

use super::{CLIENT, Families};

/// Handshakes that are done and not taken over yet.
const BACKLOG: usize = 64;

#[derive(Clone)]
struct Endpoints {
    families: Arc<Families>,
    latency: Duration,
}

/// Answers on `listener` until the runtime ends.
pub(super) fn start(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    families: Arc<Families>,
    latency: Duration,
) {
    let router = Router::new()
        .route("/token", post(token))
        .route("/probe", get(probe))
        .with_state(Endpoints { families, latency });
    let (sender, connections) = mpsc::channel(BACKLOG);
    tokio::spawn(accept(listener, acceptor, sender));
    tokio::spawn(async move { axum::serve(Connections(connections), router).await });
}

/// Accepts connections, each with its handshake in a task of its own: one that is slow keeps nobody waiting.
async fn accept(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    connections: mpsc::Sender<(TlsStream<TcpStream>, SocketAddr)>,
) {
    while let Ok((stream, address)) = listener.accept().await {
        let (acceptor, connections) = (acceptor.clone(), connections.clone());
        tokio::spawn(async move {
            // Small answers are not to wait for more; whoever gave up meanwhile is no concern.
            stream.set_nodelay(true).ok()?;
            let stream = acceptor.accept(stream).await.ok()?;
            connections.send((stream, address)).await.ok()
        });
    }
}

struct Connections(mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>);

impl Listener for Connections {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.0.recv().await {
            Some(connection) => connection,
            None => pending().await,
        }
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        Ok(SocketAddr::from(([127, 0, 0, 1], 0)))
    }
}

async fn token(State(endpoints): State<Endpoints>, body: Bytes) -> Response {
    // Taken at once, answered later: who is killed in between has used up the token and does not know its successor.
    let answer = exchange(&endpoints.families, &body);
    tokio::time::sleep(endpoints.latency).await;
    answer
}

fn exchange(families: &Families, form: &[u8]) -> Response {
    let refuse = |status, error| (status, Json(json!({"error": error}))).into_response();
    let field = |name: &str| {
        let mut values = form_urlencoded::parse(form).filter(|(key, _)| key == name);
        // RFC 6749, section 3.2: parameters must not be included more than once.
        values.next().filter(|_| values.next().is_none()).map(|(_, value)| value.into_owned())
    };
    if (field("client_id").as_deref(), field("client_secret").as_deref()) != (Some(CLIENT.0), Some(CLIENT.1))
    {
        return refuse(StatusCode::UNAUTHORIZED, "invalid_client");
    }
    let (grant, token) = (field("grant_type"), field("refresh_token"));
    match (grant.as_deref(), token) {
        (Some("refresh_token"), Some(token)) => match families.refresh(&token) {
            Some(tokens) => Json(json!({
                "access_token": tokens.access_token,
                "refresh_token": tokens.refresh_token,
                "token_type": "Bearer",
                "expires_in": families.token_life().as_secs(),
            }))
            .into_response(),
            None => refuse(StatusCode::BAD_REQUEST, "invalid_grant"),
        },
        (Some("refresh_token") | None, _) => refuse(StatusCode::BAD_REQUEST, "invalid_request"),
        (Some(_), _) => refuse(StatusCode::BAD_REQUEST, "unsupported_grant_type"),
    }
}

async fn probe(State(endpoints): State<Endpoints>, headers: HeaderMap) -> Response {
    let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = authorization.and_then(|value| value.strip_prefix("Bearer "));
    let works = token.is_some_and(|token| endpoints.families.probe(token));
    tokio::time::sleep(endpoints.latency).await;
    if works {
        Json(json!({"ok": true})).into_response()
    } else {
        let challenge = [(header::WWW_AUTHENTICATE, "Bearer error=\"invalid_token\"")];
        (StatusCode::UNAUTHORIZED, challenge, Json(json!({"ok": false}))).into_response()
    }
}
