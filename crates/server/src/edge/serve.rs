//! Accepts connections, answers requests through the edge, and drains when asked to stop.

use std::{
    convert::Infallible,
    io::{self, Write as _},
    net::SocketAddr,
    sync::Arc,
    time::Duration,
};

use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use super::{
    answer::Edge,
    connections::{Admitted, enveloped_io::EnvelopedIo, paced_io::PacedIo, watched_body::watched},
};
use crate::shutdown::Shutdown;

/// How long a client may take to send a request's head, and may keep a connection open without one.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// The largest request head that is read, in bytes.
const HEAD_LIMIT: usize = 32 * 1024;
/// How many connections may wait to be accepted (listen(2); the system has a limit of its own). Beyond it a client
/// would have to try again, and its system waits a second for that.
const BACKLOG: u32 = 4096;
/// How many connections are accepted before those that are there have their turn.
const ACCEPTED_AT_ONCE: usize = 64;
/// The pause after a failed accept, for example when there are no more file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Listens at an address, also at one that a server before this one has just left.
///
/// # Errors
/// When the address is taken or is not this machine's.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Serves until `stop`. Then it accepts no more connections, lets running requests finish, and returns. Requests that
/// are not finished after `drain` are cut off.
pub async fn serve(listener: TcpListener, edge: Edge, mut stop: Shutdown, drain: Duration) {
    let (edge, graceful) = (Arc::new(edge), GracefulShutdown::new());
    let mut is_failing = false;
    for number in 1_usize.. {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    is_failing = false;
                    match edge.admit(peer.ip()) {
                        Some(admitted) => spawn(stream, peer, admitted, Arc::clone(&edge), &graceful),
                        None => refuse(stream, &edge.answer_to_one_too_many(peer)),
                    }
                    if number.is_multiple_of(ACCEPTED_AT_ONCE) {
                        tokio::task::yield_now().await;
                    }
                }
                Err(error) => {
                    if !is_failing {
                        tracing::warn!(%error, "accepting connections fails; it is tried again until it succeeds");
                    }
                    is_failing = true;
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
            () = stop.requested() => break,
        }
    }
    drop(listener);
    if tokio::time::timeout(drain, graceful.shutdown()).await.is_err() {
        tracing::warn!(
            "some requests were still running when the time to drain ended; their connections are cut off"
        );
    }
}

fn spawn(
    stream: TcpStream,
    peer: SocketAddr,
    admitted: Admitted,
    edge: Arc<Edge>,
    graceful: &GracefulShutdown,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a new connection is broken already");
        return;
    }
    let (garbled, connection) = (Arc::clone(&edge), Arc::clone(&admitted.connection));
    let stream = PacedIo::new(stream, Arc::clone(&connection), edge.pace());
    let stream = EnvelopedIo::new(stream, move |status| garbled.answer_garbage(status, peer));
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let (edge, connection) = (Arc::clone(&edge), Arc::clone(&connection));
        async move {
            let _turn = connection.turn().await;
            connection.work();
            let response = edge.answer(request.map(|body| watched(body, &connection)), peer).await;
            connection.answered();
            Ok::<_, Infallible>(response)
        }
    });
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(HEAD_LIMIT)
        .serve_connection(TokioIo::new(stream), service);
    let serving = graceful.watch(serving);
    tokio::spawn(async move {
        tokio::select! {
            ended = serving => if let Err(error) = ended {
                tracing::debug!(%error, "a connection ended with an error");
            },
            () = admitted.connection.is_cut() => {}
        }
    });
}

/// Answers a connection that there is no room for, and closes it.
fn refuse(stream: TcpStream, answer: &[u8]) {
    let written: io::Result<()> = stream.into_std().and_then(|mut stream| stream.write_all(answer));
    if let Err(error) = written {
        tracing::debug!(%error, "a connection was refused without an answer");
    }
}
