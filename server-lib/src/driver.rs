//! The driver: the task of one connection. It alone touches the socket.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::Bytes;
use futures_util::{FutureExt, Sink};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Sleep;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message as WsMessage;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use crate::account::Charge;
use crate::beside::beside;
use crate::bucket::Bucket;
use crate::buffers::Buffers;
use crate::close::{Close, CloseCode, End};
use crate::connection::Shared;
use crate::counted::Counted;
use crate::fault::Fault;
use crate::limits::Limits;
use crate::liveness::{Liveness, Seen, Verdict};
use crate::message::Message;
use crate::queue::{Item, Popped};
use crate::sip::Sip;

/// Our frames' bytes gathered before a write.
const WRITE_BUFFER: usize = 16 << 10;
/// Room for answers to pings while the socket takes nothing.
const PONG_ROOM: usize = 64 << 10;
/// What a connection takes by being there: its task, its handler's, its queues, the socket's state in the process.
const CONNECTION_BYTES: u64 = 16 << 10;
/// An unmasked frame with an empty payload: what a ping of ours weighs.
const PING_BYTES: u64 = 2;

/// The signals that reach every connection.
#[derive(Debug, Clone)]
pub(crate) struct Signals {
    /// Close with 1012 behind what is queued.
    pub(crate) drain: CancellationToken,
    /// Drop the transport now.
    pub(crate) abort: CancellationToken,
}

/// Why the open phase is over.
pub(crate) enum Cause {
    /// Say this in a close frame; the stream can still be read.
    Close(Close),
    /// Say this in a close frame; what comes from the peer can't be understood any more.
    Fail(Close),
    /// The peer has said goodbye, and the answer is on its way.
    Peer(End),
    /// It has to free its memory: say this if the socket takes it at once.
    Crowded(Close),
    /// There is no connection any more.
    Gone(End),
}

/// Whom the driver reads from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Somebody whose first message has not come.
    Stranger,
    /// Somebody on whose first message the handler has not decided: nothing more is read.
    Judged,
    /// Somebody who is let in.
    Guest,
}

/// A large message on its way out in parts.
struct Fragments {
    rest: Bytes,
    opcode: Data,
    is_shared: bool,
}

/// The task of one connection.
pub(crate) struct Driver<S> {
    pub(crate) ws: WebSocketStream<Counted<Sip<S>>>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) limits: Arc<Limits>,
    pub(crate) signals: Signals,
    pub(crate) stage: Stage,
    admitted: Pin<Box<WaitForCancellationFutureOwned>>,
    drain: Pin<Box<WaitForCancellationFutureOwned>>,
    draining: bool,
    pub(crate) bucket: Option<Bucket>,
    pub(crate) liveness: Liveness,
    timer: Pin<Box<Sleep>>,
    fragments: Option<Fragments>,
    /// Frames were handed to the socket's buffer and not flushed.
    dirty: bool,
    ping: bool,
    pub(crate) reading_paused: bool,
    /// What the decoder and the encoder hold.
    pub(crate) buffers: Buffers,
    charge: Charge,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Driver<S> {
    pub(crate) async fn new(io: S, shared: Arc<Shared>, limits: Arc<Limits>, signals: Signals) -> Self {
        let (stage, config) = match &shared.first {
            // Nothing is read ahead into the decoder's own buffer, which does not outlive this stage.
            Some(first) => (Stage::Stranger, config(&limits, first.max_bytes).read_buffer_size(0)),
            None => (Stage::Guest, config(&limits, limits.max_message_bytes)),
        };
        let io = Counted::new(Sip::new(io, stage == Stage::Stranger));
        let ws = WebSocketStream::from_raw_socket(io, Role::Server, Some(config)).await;
        let now = Instant::now();
        Self {
            ws,
            stage,
            admitted: Box::pin(shared.admitted.clone().cancelled_owned()),
            drain: Box::pin(signals.drain.clone().cancelled_owned()),
            draining: false,
            bucket: limits.rate.map(|rate| Bucket::new(rate, now)),
            liveness: Liveness::new(&limits, now),
            timer: Box::pin(tokio::time::sleep(limits.ping_interval)),
            fragments: None,
            dirty: false,
            ping: false,
            reading_paused: false,
            buffers: Buffers::new(&limits),
            charge: shared.holder.charge(CONNECTION_BYTES),
            shared,
            limits,
            signals,
        }
    }

    /// Runs the connection and its handler to their ends. The handler goes on behind the connection's end
    /// until it returns or draining gives up on it.
    pub(crate) async fn run(self, handler: impl Future<Output = ()>) {
        let shared = Arc::clone(&self.shared);
        let abort = self.signals.abort.clone();
        let mut handler = std::pin::pin!(AssertUnwindSafe(handler).catch_unwind());
        let mut io = std::pin::pin!(self.drive());
        // By reference: what a future takes by value it holds twice.
        let handler_done = beside(io.as_mut(), handler.as_mut(), |outcome| {
            shared.outbox.finish(match outcome {
                Ok(()) => Close::new(CloseCode::NORMAL, ""),
                Err(_) => {
                    tracing::error!(id = shared.info.id, "the connection's handler panicked");
                    Close::new(CloseCode::INTERNAL, "the server met a fault of its own")
                }
            });
        })
        .await;
        if !handler_done {
            tokio::select! {
                _ = &mut handler => {}
                () = abort.cancelled() => {}
            }
        }
    }

    /// Owns the socket, which is closed when this returns, whatever the handler still does.
    async fn drive(mut self) {
        let abort = self.signals.abort.clone();
        let cut = self.shared.cut.clone();
        let gives_way = self.shared.holder.gives_way().clone();
        let cause = loop {
            let cause = tokio::select! {
                biased;
                () = abort.cancelled() => Some(Cause::Gone(End::Aborted)),
                () = cut.cancelled() => Some(Cause::Gone(End::Aborted)),
                () = gives_way.cancelled() => Some(Cause::Crowded(Close::new(
                    CloseCode::TRY_AGAIN,
                    "the server has no room left, and this connection takes most of it",
                ))),
                cause = std::future::poll_fn(|cx| self.poll_open(cx)) => cause,
            };
            match cause {
                Some(cause) => break cause,
                None => self = Box::pin(self.admit()).await,
            }
        };
        // From here on nothing is taken from the handler, and nothing more is handed to it.
        let end = match &cause {
            Cause::Close(close) | Cause::Fail(close) | Cause::Crowded(close) => End::ByServer(close.clone()),
            Cause::Peer(end) | Cause::Gone(end) => end.clone(),
        };
        self.shared.end.get_or_init(|| end.clone());
        let over = Close::new(CloseCode::NORMAL, "");
        self.shared.outbox.cut(over.clone());
        match cause {
            Cause::Crowded(_) => self.shared.inbox.cut(over),
            _ => self.shared.inbox.finish(over),
        };
        // Boxed, as admitting is: what only its end needs is no part of every connection's memory.
        tokio::select! {
            biased;
            () = abort.cancelled() => {}
            () = Box::pin(self.leave(cause)) => {}
        }
        let info = &self.shared.info;
        let (read, written) = (self.ws.get_ref().read, self.ws.get_ref().written);
        tracing::info!(id = info.id, read, written, "connection {end}");
    }

    /// From here on the peer may send what the limits allow. The decoder is another, for its limits can't be changed: the
    /// first one has given all that it had read, and what it had to write is written.
    async fn admit(mut self) -> Self {
        let mut io = self.ws.into_inner();
        io.inner.swallow();
        let config = config(&self.limits, self.limits.max_message_bytes);
        self.ws = WebSocketStream::from_raw_socket(io, Role::Server, Some(config)).await;
        self.stage = Stage::Guest;
        self
    }

    /// Ready when the open phase is over, or, with nothing, when the peer is let in.
    fn poll_open(&mut self, cx: &mut Context<'_>) -> Poll<Option<Cause>> {
        match self.try_open(cx) {
            Ok(()) if self.stage == Stage::Judged && self.admitted.as_mut().poll(cx).is_ready() => {
                match Pin::new(&mut self.ws).poll_flush(cx) {
                    Poll::Pending => Poll::Pending,
                    Poll::Ready(Ok(())) => Poll::Ready(None),
                    Poll::Ready(Err(error)) => Poll::Ready(Some(Fault::from(error).into())),
                }
            }
            Ok(()) => Poll::Pending,
            Err(cause) => Poll::Ready(Some(cause)),
        }
    }

    /// Does all that can be done now; an `Err` ends the open phase.
    fn try_open(&mut self, cx: &mut Context<'_>) -> Result<(), Cause> {
        loop {
            if !self.draining && self.drain.as_mut().poll(cx).is_ready() {
                self.draining = true;
                if self.shared.leaves_by_itself {
                    continue;
                }
                let close = Close::new(CloseCode::RESTART, "the server is shutting down");
                self.shared.outbox.finish(close.clone());
                self.shared.inbox.finish(close);
            }
            if let Some(close) = self.shared.outbox.poll_cut(cx) {
                return Err(Cause::Close(close));
            }
            let now = Instant::now();
            let blocked = self.write(cx, now)?;
            self.shared.written.store(self.ws.get_ref().written, Ordering::Relaxed);
            self.read(cx, now)?;
            self.update_charge();
            // An answer to a ping may have been queued by reading; it is written with the next flush.
            let seen = Seen {
                read: self.ws.get_ref().read,
                written: self.ws.get_ref().written,
                reading_paused: self.reading_paused,
                blocked,
                silent_until: self.shared.silent_until(),
            };
            match self.liveness.judge(now, seen) {
                Verdict::Ping => self.ping = true,
                Verdict::Dead => return Err(Cause::Gone(End::Dead)),
                Verdict::Idle => {
                    let seconds = self.limits.idle.unwrap_or_default().as_secs();
                    let reason = format!("idle: no message in either direction for {seconds} seconds");
                    return Err(Cause::Close(Close::new(CloseCode::AWAY, reason)));
                }
                Verdict::Wait(until) => {
                    self.timer.as_mut().reset(until.into());
                    if self.timer.as_mut().poll(cx).is_pending() {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// Counts what the connection holds beside its queues.
    fn update_charge(&mut self) {
        let rest = self.fragments.as_ref().filter(|fragments| !fragments.is_shared);
        let rest = rest.map_or(0, |fragments| fragments.rest.len());
        let buffers = self.buffers.memory(self.ws.get_ref().read);
        self.charge.set(CONNECTION_BYTES + buffers + rest as u64);
    }

    /// Hands over all that is ready and flushes once. True when the socket takes no more for now.
    fn write(&mut self, cx: &mut Context<'_>, now: Instant) -> Result<bool, Cause> {
        loop {
            match Pin::new(&mut self.ws).poll_ready(cx) {
                Poll::Pending => return Ok(true),
                Poll::Ready(Err(error)) => return Err(Fault::from(error).into()),
                Poll::Ready(Ok(())) => {}
            }
            let frame = if std::mem::take(&mut self.ping) {
                self.liveness.pinged(now, PING_BYTES);
                WsMessage::Ping(Bytes::new())
            } else if let Some(fragment) = self.next_fragment() {
                self.liveness.message(now);
                fragment
            } else {
                match self.shared.outbox.poll_pop(cx) {
                    Poll::Ready(Popped::Message(item)) => {
                        self.liveness.message(now);
                        self.begin(item)
                    }
                    Poll::Ready(Popped::Finished(close) | Popped::Cut(close)) => {
                        return Err(Cause::Close(close));
                    }
                    Poll::Pending => break,
                }
            };
            self.dirty = true;
            self.buffers.encoded(frame.len(), self.ws.get_ref().written);
            Pin::new(&mut self.ws).start_send(frame).map_err(|error| Cause::from(Fault::from(error)))?;
        }
        if self.dirty {
            match Pin::new(&mut self.ws).poll_flush(cx) {
                Poll::Pending => return Ok(true),
                Poll::Ready(Err(error)) => return Err(Fault::from(error).into()),
                Poll::Ready(Ok(())) => {
                    self.dirty = false;
                    self.buffers.flushed(self.ws.get_ref().written);
                }
            }
        }
        Ok(false)
    }

    /// The first frame of a message: all of it, if it is small enough.
    fn begin(&mut self, item: Item) -> WsMessage {
        let Item { message, is_shared } = item;
        if message.len() <= self.limits.fragment_bytes {
            return match message {
                Message::Text(text) => WsMessage::Text(text),
                Message::Binary(bytes) => WsMessage::Binary(bytes),
            };
        }
        let opcode = if message.as_text().is_some() { Data::Text } else { Data::Binary };
        let mut rest = message.into_bytes();
        let first = rest.split_to(self.limits.fragment_bytes);
        self.fragments = Some(Fragments { rest, opcode: Data::Continue, is_shared });
        WsMessage::Frame(Frame::message(first, OpCode::Data(opcode), false))
    }

    fn next_fragment(&mut self) -> Option<WsMessage> {
        let mut fragments = self.fragments.take()?;
        let size = fragments.rest.len().min(self.limits.fragment_bytes);
        let part = fragments.rest.split_to(size);
        let opcode = OpCode::Data(fragments.opcode);
        let last = fragments.rest.is_empty();
        if !last {
            self.fragments = Some(fragments);
        }
        Some(WsMessage::Frame(Frame::message(part, opcode, last)))
    }
}

fn config(limits: &Limits, max_message_bytes: usize) -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(limits.read_buffer_bytes)
        .write_buffer_size(WRITE_BUFFER)
        .max_write_buffer_size(WRITE_BUFFER + limits.fragment_bytes + PONG_ROOM)
        .max_message_size(Some(max_message_bytes))
        // A frame's size is checked before control frames are told from others, which may have 125 bytes.
        .max_frame_size(Some(max_message_bytes.max(125)))
}

#[cfg(test)]
#[path = "driver_tests.rs"]
mod tests;
