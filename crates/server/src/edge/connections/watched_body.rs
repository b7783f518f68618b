//! A request's body, which tells when the server waits for more of it.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::body::{Body, Bytes};
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};

use super::Connection;

/// The body of a request on a connection.
pub(in crate::edge) fn watched(body: Incoming, connection: &Arc<Connection>) -> Body {
    if body.is_end_stream() {
        return Body::empty();
    }
    Body::new(WatchedBody { body, connection: Arc::clone(connection) })
}

/// A body that waits for its client whenever no part of it is there.
struct WatchedBody {
    body: Incoming,
    connection: Arc<Connection>,
}

impl Drop for WatchedBody {
    fn drop(&mut self) {
        // The server waits for no more of it.
        self.connection.work();
    }
}

impl HttpBody for WatchedBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        match frame {
            Poll::Ready(_) => self.connection.work(),
            Poll::Pending => self.connection.wait_for_more(),
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
