//! Gives the error envelope to answers to input that is not HTTP.
//!
//! If a request cannot be parsed, hyper answers itself with a bare status line and offers no way to change that. Every
//! answer of this server must have the envelope. So this type watches what is written to the connection: a response
//! head without our `X-Request-Id` is hyper's own and is replaced.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use memchr::memmem;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::paced_io::PacedIo;

/// Request Header Fields Too Large (RFC 6585, section 5).
const HEAD_TOO_LARGE: u16 = 431;
/// URI Too Long (RFC 9110, section 15.5.15).
const URI_TOO_LONG: u16 = 414;

/// A connection on which hyper's bare error responses are replaced. `answer` makes the replacement from the status.
pub(in crate::edge) struct EnvelopedIo<F> {
    stream: PacedIo,
    answer: F,
    /// The part of a replacement that is not yet written.
    pending: Vec<u8>,
    /// Whether the end of a line has arrived since the last response, so that the address is known as a whole.
    has_line: bool,
}

impl<F: Fn(u16) -> Vec<u8> + Unpin> EnvelopedIo<F> {
    pub(in crate::edge) fn new(stream: PacedIo, answer: F) -> Self {
        Self { stream, answer, pending: Vec::new(), has_line: false }
    }

    fn write_pending(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.pending.is_empty() {
            let written = ready!(Pin::new(&mut self.stream).poll_write(context, &self.pending))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.pending.drain(..written);
        }
        Poll::Ready(Ok(()))
    }
}

/// The status, if this is a response head that hyper made itself.
fn bare_error(bytes: &[u8]) -> Option<u16> {
    const NAME: &[u8] = b"x-request-id";

    let status = bytes.strip_prefix(b"HTTP/1.1 ").or_else(|| bytes.strip_prefix(b"HTTP/1.0 "))?.get(..3)?;
    if status[0] != b'4' || memmem::find(bytes, NAME).is_some() {
        return None;
    }
    std::str::from_utf8(status).ok()?.parse().ok()
}

impl<F: Fn(u16) -> Vec<u8> + Unpin> AsyncWrite for EnvelopedIo<F> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.write_pending(context))?;
        let has_line = std::mem::take(&mut self.has_line);
        match bare_error(bytes) {
            Some(status) => {
                // hyper calls a head too large whichever line of it is.
                let is_address = status == HEAD_TOO_LARGE && !has_line;
                self.pending = (self.answer)(if is_address { URI_TOO_LONG } else { status });
                Poll::Ready(Ok(bytes.len()))
            }
            None => Pin::new(&mut self.stream).poll_write(context, bytes),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if !self.pending.is_empty() || slices.first().is_some_and(|head| bare_error(head).is_some()) {
            let head: &[u8] = slices.iter().find(|slice| !slice.is_empty()).map_or(&[], |slice| slice);
            return self.poll_write(context, head);
        }
        self.has_line = false;
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.write_pending(context))?;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.write_pending(context))?;
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl<F: Unpin> AsyncRead for EnvelopedIo<F> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        self.has_line = self.has_line || memchr::memchr(b'\n', &buffer.filled()[before..]).is_some();
        read
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_bare_errors_are_told_apart() {
        assert_eq!(bare_error(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n"), Some(400));
        assert_eq!(bare_error(b"HTTP/1.1 431 Request Header Fields Too Large\r\n\r\n"), Some(431));
        assert_eq!(bare_error(b"HTTP/1.1 404 Not Found\r\nx-request-id: req_1\r\n\r\n"), None);
        assert_eq!(bare_error(b"HTTP/1.1 200 OK\r\n\r\n"), None);
        assert_eq!(bare_error(b"HTTP/1.1 100 Continue\r\n\r\n"), None);
        assert_eq!(bare_error(b"{\"data\":\"HTTP/1.1 400 \"}"), None);
        assert_eq!(bare_error(b"HTTP/1.1 4"), None);
        assert_eq!(bare_error(b""), None);
    }
}
