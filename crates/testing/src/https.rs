//! HTTP/1.1 over TLS on the loopback interface.

use std::io;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// In the extensions of a response: the connection is broken in its place.
#[derive(Clone, Debug)]
pub(crate) struct HangUp;

/// Reads each request to the end and answers it by `handler`, until the task is aborted or the runtime ends.
pub(crate) fn serve<H, F>(listener: TcpListener, acceptor: TlsAcceptor, handler: H) -> JoinHandle<()>
where
    H: Fn(Request<Bytes>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<Full<Bytes>>> + Send + 'static,
{
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // The handshake is also in its own task, so that a slow one does not delay other connections.
            tokio::spawn(connection(acceptor.clone(), stream, handler.clone()));
        }
    })
}

/// Serves one connection. Errors are ignored: the client sees them.
async fn connection<H, F>(acceptor: TlsAcceptor, stream: TcpStream, handler: H)
where
    H: Fn(Request<Bytes>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<Full<Bytes>>> + Send + 'static,
{
    // Small answers must be sent at once.
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let Ok(stream) = acceptor.accept(stream).await else { return };
    let service = service_fn(|request: Request<Incoming>| async {
        let (head, body) = request.into_parts();
        let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
        let response = handler(Request::from_parts(head, body)).await;
        match response.extensions().get::<HangUp>() {
            Some(HangUp) => Err(io::Error::from(io::ErrorKind::ConnectionReset)),
            None => Ok(response),
        }
    });
    drop(http1::Builder::new().serve_connection(TokioIo::new(stream), service).await);
}
