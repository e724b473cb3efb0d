//! The sip: a transport that is read byte by byte for as long as it is not known who is at its other end, so that
//! whatever decodes the first message takes nothing that stands behind it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What is taken from the transport at once meanwhile: a usual HELLO, and little of what follows it.
const AHEAD: usize = 512;

/// A transport that gives one byte to each reading, until it is told to give all.
#[derive(Debug)]
pub(crate) struct Sip<S> {
    inner: S,
    sipping: bool,
    /// What was taken from the transport, and from where on it was not given yet.
    ahead: Vec<u8>,
    given: usize,
}

impl<S> Sip<S> {
    pub(crate) fn new(inner: S, sipping: bool) -> Self {
        Self { inner, sipping, ahead: Vec::new(), given: 0 }
    }

    /// From now on everything is given as it comes.
    pub(crate) fn swallow(&mut self) {
        self.sipping = false;
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Sip<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.given == this.ahead.len() {
            if !this.sipping {
                this.ahead = Vec::new();
                this.given = 0;
                return Pin::new(&mut this.inner).poll_read(cx, buf);
            }
            let mut bytes = [0; AHEAD];
            let mut read = ReadBuf::new(&mut bytes);
            ready!(Pin::new(&mut this.inner).poll_read(cx, &mut read))?;
            this.ahead.clear();
            this.ahead.extend_from_slice(read.filled());
            this.given = 0;
        }
        let rest = this.ahead.get(this.given..).unwrap_or_default();
        let most = if this.sipping { 1 } else { rest.len() };
        let sip = rest.get(..most.min(rest.len()).min(buf.remaining())).unwrap_or_default();
        buf.put_slice(sip);
        this.given += sip.len();
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Sip<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;

    use super::*;

    #[tokio::test]
    async fn it_gives_byte_by_byte_and_then_what_is_left_before_what_comes() {
        let long = [7; AHEAD + 5];
        let mut sip = Sip::new(&long[..], true);
        let mut bytes = [0; 2 * AHEAD];
        for _ in 0..3 {
            assert_eq!(sip.read(&mut bytes).await.unwrap(), 1);
        }
        sip.swallow();
        assert_eq!(sip.read(&mut bytes).await.unwrap(), AHEAD - 3);
        assert_eq!(sip.read(&mut bytes).await.unwrap(), 5);
        assert_eq!(sip.read(&mut bytes).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn the_end_of_the_transport_is_its_end() {
        let mut sip = Sip::new(&[1, 2][..], true);
        let mut bytes = Vec::new();
        sip.read_to_end(&mut bytes).await.unwrap();
        assert_eq!(bytes, [1, 2]);
    }
}
