//! Accepts connections, answers requests through the edge, and drains when asked to stop.

use std::{convert::Infallible, io, net::SocketAddr, sync::Arc, time::Duration};

use axum::body::Body;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use tokio::net::{TcpListener, TcpStream};

use super::{answer::Edge, enveloped_io::EnvelopedIo};
use crate::shutdown::Shutdown;

/// How long a client may take to send a request's head, and may keep a connection open without one.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// The largest request head that is read, in bytes.
const HEAD_LIMIT: usize = 64 * 1024;
/// The pause after a failed accept, for example when there are no more file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves until `stop`. Then it accepts no more connections, lets running requests finish, and returns. Requests that
/// are not finished after `drain` are cut off.
pub async fn serve(listener: TcpListener, edge: Edge, mut stop: Shutdown, drain: Duration) {
    let (edge, graceful) = (Arc::new(edge), GracefulShutdown::new());
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => spawn(stream, peer, Arc::clone(&edge), &graceful),
                Err(error) => pause_after(&error).await,
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

fn spawn(stream: TcpStream, peer: SocketAddr, edge: Arc<Edge>, graceful: &GracefulShutdown) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a new connection is broken already");
        return;
    }
    let garbled = Arc::clone(&edge);
    let stream = EnvelopedIo::new(stream, move |status| garbled.answer_garbage(status, peer));
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let edge = Arc::clone(&edge);
        async move { Ok::<_, Infallible>(edge.answer(request.map(Body::new), peer).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(HEAD_LIMIT)
        .serve_connection(TokioIo::new(stream), service);
    let connection = graceful.watch(connection);
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection ended with an error");
        }
    });
}

async fn pause_after(error: &io::Error) {
    tracing::warn!(%error, "accepting a connection failed");
    tokio::time::sleep(ACCEPT_PAUSE).await;
}
