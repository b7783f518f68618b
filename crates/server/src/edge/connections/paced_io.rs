//! A connection whose client must take what it asked for.
//!
//! A client can send requests and not read the answers. Then the answers fill the system's buffers, and the connection
//! would stay open for as long as the client likes. Here it is cut if the client takes too little for too long, and
//! nothing more is read from it meanwhile.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Sleep, sleep},
};

use super::Connection;
use crate::metrics::{CutReason, Metrics};

/// How many bytes a client must take within its time to be given the same time again.
const PROGRESS: usize = 8 * 1024;
/// How much is read at a time. Hyper doubles its buffer, up to the largest head, whenever a read fills it. A client
/// that sends many small requests at once would make it as large as that for each of its connections.
const READ_SIZE: usize = 4 * 1024;

/// What is asked of clients that take their answers.
#[derive(Clone, Debug)]
pub(in crate::edge) struct Pace {
    /// How long they may take for [`PROGRESS`] bytes, or for what is left.
    pub(in crate::edge) patience: Duration,
    /// Counts those that are cut.
    pub(in crate::edge) metrics: Metrics,
}

/// A connection that is cut if its client does not keep the pace while bytes wait for it.
#[derive(Debug)]
pub(in crate::edge) struct PacedIo {
    stream: TcpStream,
    connection: Arc<Connection>,
    pace: Pace,
    /// Ends when the client's time is over. `None` while nothing waits to be taken.
    stalled: Option<Pin<Box<Sleep>>>,
    /// What was taken since `stalled` began.
    taken: usize,
    /// Who wanted to read meanwhile.
    reader: Option<Waker>,
}

impl PacedIo {
    pub(in crate::edge) fn new(stream: TcpStream, connection: Arc<Connection>, pace: Pace) -> Self {
        Self { stream, connection, pace, stalled: None, taken: 0, reader: None }
    }

    fn judge(
        &mut self,
        written: Poll<io::Result<usize>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        match written {
            Poll::Ready(Ok(count)) => {
                self.taken += count;
                if self.taken >= PROGRESS {
                    self.is_taken();
                }
                Poll::Ready(Ok(count))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => {
                self.connection.wait();
                let patience = self.pace.patience;
                let over = self.stalled.get_or_insert_with(|| Box::pin(sleep(patience)));
                ready!(over.as_mut().poll(context));
                self.pace.metrics.connection_cut(CutReason::Stalled);
                let message = "the client does not take its answers";
                Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, message)))
            }
        }
    }

    fn is_taken(&mut self) {
        (self.stalled, self.taken) = (None, 0);
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
    }
}

impl Drop for PacedIo {
    fn drop(&mut self) {
        if self.stalled.is_some() {
            // Otherwise the system would keep what was not taken, and offer it for minutes. If it cannot be told, it
            // does so.
            self.stream.set_zero_linger().unwrap_or_default();
        }
    }
}

impl AsyncWrite for PacedIo {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.judge(written, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.judge(written, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// Hyper flushes once everything is written.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.is_taken();
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl AsyncRead for PacedIo {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.stalled.is_some() {
            self.reader = Some(context.waker().clone());
            return Poll::Pending;
        }
        let size = buffer.remaining().min(READ_SIZE);
        let mut part = ReadBuf::new(buffer.initialize_unfilled_to(size));
        let read = Pin::new(&mut self.stream).poll_read(context, &mut part);
        if read.is_pending() {
            self.connection.is_silent();
        }
        ready!(read)?;
        let read = part.filled().len();
        if read > 0 {
            self.connection.has_sent();
        }
        buffer.advance(read);
        Poll::Ready(Ok(()))
    }
}
