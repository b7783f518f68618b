//! Sends requests that callers wrote, and hands on their answers as they come.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Request};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body, Frame, SizeHint};
use integrations_core::health::NoAnswer;
use tower::BoxError;
use tracing::Instrument as _;

use super::{Outbound, coding::Parts, failure::Unanswered, span, streaming::Sent};

/// The body of a request that a caller wrote.
#[derive(Debug)]
pub enum Payload {
    /// There is none, and nothing was waited for.
    Nothing,
    /// All of it. So the request can be sent again.
    Whole(Bytes),
    /// It is sent as it arrives.
    Streamed(Upload),
}

/// A body that is sent as it arrives, up to a limit.
#[derive(Debug)]
pub struct Upload {
    body: Sent,
    is_too_large: Arc<AtomicBool>,
}

impl Upload {
    /// A body that breaks off when it is larger than `limit` bytes.
    pub fn new<B>(body: B, limit: u64) -> Self
    where
        B: Body<Data = Bytes> + Send + Unpin + 'static,
        B::Error: Into<BoxError>,
    {
        let is_too_large = Arc::<AtomicBool>::default();
        let limited = Limited { body, left: limit, is_too_large: Arc::clone(&is_too_large) };
        Self { body: limited.boxed_unsync(), is_too_large }
    }
}

/// A body that fails when it is larger than its limit.
struct Limited<B> {
    body: B,
    left: u64,
    is_too_large: Arc<AtomicBool>,
}

/// A body is larger than its limit.
#[derive(Debug, thiserror::Error)]
#[error("the body is too large")]
struct TooLarge;

impl<B> Body for Limited<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = &mut *self;
        let frame = match ready!(Pin::new(&mut this.body).poll_frame(context)) {
            Some(Ok(frame)) => frame,
            Some(Err(error)) => return Poll::Ready(Some(Err(error.into()))),
            None => return Poll::Ready(None),
        };
        // Trailers are not sent: a provider may read them as headers.
        let Ok(data) = frame.into_data() else { return Poll::Ready(None) };
        match this.left.checked_sub(data.len() as u64) {
            Some(left) => {
                this.left = left;
                Poll::Ready(Some(Ok(Frame::data(data))))
            }
            None => {
                this.is_too_large.store(true, Ordering::Relaxed);
                Poll::Ready(Some(Err(TooLarge.into())))
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A provider's answer to a request that a caller wrote. `Debug` does not show the body.
pub struct Forwarded {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    parts: Parts,
}

impl std::fmt::Debug for Forwarded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Forwarded").field("status", &self.status).finish_non_exhaustive()
    }
}

impl Forwarded {
    /// The next part of the body, unpacked if it was compressed. `None` at its end.
    pub async fn next(&mut self) -> Result<Option<Bytes>, NoAnswer> {
        self.parts.next().await
    }

    /// Reads the body to its end, but not more than `limit` bytes and not for longer than `time`. Returns what was
    /// read, and whether that is all.
    pub async fn gather(&mut self, limit: usize, time: Duration) -> Result<(Bytes, bool), NoAnswer> {
        let mut gathered = BytesMut::new();
        let reading = async {
            while gathered.len() < limit {
                match self.next().await? {
                    Some(part) => gathered.extend_from_slice(&part),
                    None => return Ok(true),
                }
            }
            Ok(false)
        };
        let is_whole = tokio::time::timeout(time, reading).await.unwrap_or(Ok(false))?;
        Ok((gathered.freeze(), is_whole))
    }
}

/// Why there is no answer to a request that a caller wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unforwarded {
    /// Not one byte of it left.
    Unsent(NoAnswer),
    /// It may have arrived.
    Lost(NoAnswer),
    /// Its body was too large, so it broke off.
    TooLarge,
}

impl Outbound {
    /// Sends a request that a caller wrote, once, and returns when its answer begins, or after `time`. How long the
    /// body of the answer takes has no limit, only how long it is silent. A redirect is an answer.
    pub async fn forward(
        &self,
        request: Request<()>,
        payload: Payload,
        writes: bool,
        time: Duration,
    ) -> Result<Forwarded, Unforwarded> {
        let client = if writes { &self.forwarded_writes } else { &self.forwarded_reads };
        let span = span(&request);
        let (body, is_too_large) = match payload {
            Payload::Nothing => (whole(Bytes::new()), Arc::default()),
            Payload::Whole(bytes) => (whole(bytes), Arc::default()),
            Payload::Streamed(Upload { body, is_too_large }) => (body, is_too_large),
        };
        let sending = async {
            let url = request.uri().to_string().parse();
            let url = url.map_err(|_| Unanswered::unsent(NoAnswer::Unreachable))?;
            self.check(&url).map_err(Unanswered::unsent)?;
            client.send(request.map(|()| body)).await
        };
        let sent = tokio::time::timeout(time, sending).instrument(span.clone()).await;
        let sent = sent.unwrap_or(Err(Unanswered { why: NoAnswer::TimedOut, is_unsent: false }));
        let answer = sent.map_err(|Unanswered { why, is_unsent }| {
            span.record("otel.status_code", "ERROR");
            match is_unsent {
                _ if is_too_large.load(Ordering::Relaxed) => Unforwarded::TooLarge,
                true => Unforwarded::Unsent(why),
                false => Unforwarded::Lost(why),
            }
        })?;
        let (head, body) = answer.into_parts();
        let (status, mut headers) = (head.status.as_u16(), head.headers);
        span.record("http.response.status_code", status);
        let parts = Parts::of(body, &mut headers).map_err(Unforwarded::Lost)?;
        Ok(Forwarded { status, headers, parts })
    }
}

fn whole(bytes: Bytes) -> Sent {
    Full::new(bytes).map_err(|never| match never {}).boxed_unsync()
}
