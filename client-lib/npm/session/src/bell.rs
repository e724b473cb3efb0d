//! Reading a stream from JavaScript: it asks, and where there is nothing yet a bell says when to ask again.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use futures_core::Stream;

use crate::host;

/// A bell that JavaScript knows by its number.
struct Bell(u32);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        host::ring(self.0);
    }
}

/// One who reads, with the bell at which it waits.
pub(crate) struct Reader(Waker);

impl Reader {
    pub(crate) fn new(bell: u32) -> Self {
        Self(Arc::new(Bell(bell)).into())
    }

    /// The next item of the stream; while it is pending, the bell will ring.
    pub(crate) fn poll<S: Stream + Unpin>(&self, stream: &mut S) -> Poll<Option<S::Item>> {
        Pin::new(stream).poll_next(&mut Context::from_waker(&self.0))
    }
}
