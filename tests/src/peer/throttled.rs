//! A TCP stream that takes at most so many bytes a second.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Interval;

/// The rate of a stream that is not throttled.
pub(super) const UNLIMITED: usize = usize::MAX;
/// How often a second bytes are granted.
const GRANTS: usize = 50;

pub(super) struct Throttled {
    inner: TcpStream,
    rate: usize,
    granted: usize,
    tick: Interval,
}

impl Throttled {
    pub(super) fn new(inner: TcpStream, rate: usize) -> Self {
        let tick = tokio::time::interval(Duration::from_secs(1) / GRANTS as u32);
        Self { inner, rate, granted: 0, tick }
    }

    pub(super) fn inner(&self) -> &TcpStream {
        &self.inner
    }

    /// Who reads is not woken by it, so that it is to be called by the reader's own task.
    pub(super) fn set_rate(&mut self, rate: usize) {
        self.rate = rate;
    }
}

impl AsyncRead for Throttled {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.rate == UNLIMITED {
            return Pin::new(&mut self.inner).poll_read(context, buffer);
        }
        while self.granted == 0 {
            ready!(self.tick.poll_tick(context));
            self.granted = self.rate / GRANTS;
        }
        let mut bytes = [0; 4096];
        let most = self.granted.min(buffer.remaining()).min(bytes.len());
        let mut part = ReadBuf::new(&mut bytes[..most]);
        ready!(Pin::new(&mut self.inner).poll_read(context, &mut part))?;
        self.granted -= part.filled().len();
        buffer.put_slice(part.filled());
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Throttled {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}
