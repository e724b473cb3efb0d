//! The handle: everything that can be done with a connection but reading its messages in order.

use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use rejoin_protocol::{Close, Closed, ClosedBy, Overflow, ReadyState};

use crate::driver::Driver;
use crate::log::Happening;
use crate::state::States;
#[cfg(not(all(feature = "native", not(target_arch = "wasm32"))))]
use crate::transport::BinaryType;
use crate::transport::WebSocket;
use crate::{Event, Incoming, Message, Metrics, Payload, SendError, State, Unsent, WeakHandle};

/// A handle to a connection, cheap to clone. The connection lives as long as one of its handles does.
#[derive(Clone)]
pub struct Handle(Rc<Driver>);

impl Handle {
    pub(crate) fn new(driver: Rc<Driver>) -> Self {
        Self(driver)
    }

    /// A handle that does not keep the connection alive, for handlers set on the connection itself.
    #[must_use]
    pub fn downgrade(&self) -> WeakHandle {
        WeakHandle::new(Rc::downgrade(&self.0))
    }

    pub(crate) fn driver(&self) -> &Driver {
        &self.0
    }

    pub(crate) fn shared(&self) -> Rc<Driver> {
        self.0.clone()
    }

    /// Sends a message now, or queues it while away or while the browser's buffer is full. Text and bytes that are
    /// only borrowed go to the browser without a copy in Rust unless they are queued.
    ///
    /// # Errors
    /// Hands the message back when there is no room for it and when the connection is closing or closed. A message
    /// taken and then lost with its connection is no error here: WebSocket has no acknowledgement.
    pub fn try_send(&self, payload: impl Payload) -> Result<(), Unsent> {
        let len = payload.byte_len();
        match self.send_now(&payload, len) {
            Some(Ok(())) => Ok(()),
            Some(Err(reason)) => {
                Err(Unsent { error: SendError::Rejected(reason), message: payload.into_message() })
            }
            None => self.enqueue(payload.into_message(), len),
        }
    }

    /// Hands a message to the browser at once, if nothing is in its way.
    fn send_now(&self, payload: &impl Payload, len: usize) -> Option<Result<(), String>> {
        let driver = &self.0;
        let (sent, congested) = {
            let mut link = driver.link.borrow_mut();
            let transport = driver.transport.borrow();
            let transport =
                transport.as_ref().filter(|transport| transport.ready_state() == ReadyState::Open)?;
            link.try_transmit(len)?;
            (transport.send(payload), link.is_congested())
        };
        if congested {
            driver.measure();
        }
        if sent.is_ok() {
            driver.metrics.borrow_mut().sent += 1;
            driver.log_now(&Happening::Sent(len));
        }
        Some(sent)
    }

    fn enqueue(&self, message: Message, len: usize) -> Result<(), Unsent> {
        self.0
            .step(|link, now| link.send(now, message, len))
            .map_err(|refused| Unsent { error: refused.reason.into(), message: refused.message })
    }

    /// Begins to close and waits until it is over: the queue is transmitted if the connection is open, handed back
    /// if it is not ([`take_unsent`](Self::take_unsent)), then the close handshake runs. Never fails; a server that
    /// does not answer is left after the close time-out. Dropping the future does not stop the closing. It resolves
    /// as well if somebody calls [`reconnect`](Self::reconnect) meanwhile.
    ///
    /// What may be said is what a [`Close`] can be built of: `Close::new(4000, "bye")?`, [`Close::normal`].
    pub async fn close(&self, close: Close) -> Closed {
        let ends = self.0.ends.get();
        self.begin_close(close);
        poll_fn(|context| {
            // Somebody may have called reconnect at the very end, so that the closed state is over already.
            let ended = self.0.ends.get() != ends;
            match self.0.metrics.borrow().last_closed.clone().filter(|_| ended) {
                Some(closed) => Poll::Ready(closed),
                None => self.poll_closed(context),
            }
        })
        .await
    }

    /// Begins to close and does not wait.
    pub fn begin_close(&self, close: Close) {
        self.0.step(|link, now| link.close(now, close));
    }

    /// Connects at once, whatever the state: leaves the present connection, skips the rest of a wait, revives a
    /// closed one. A connection that was open is closed with 1000 behind what it was still sending. A provider that is
    /// being asked is dropped and asked anew. Attempts that are paused because the page is hidden go on.
    pub fn reconnect(&self) {
        self.0.options.ended(false);
        self.0.restart_hidden();
        self.0.measure();
        self.0.step(rejoin_protocol::Link::reconnect);
    }

    /// Waits until the connection is open.
    ///
    /// # Errors
    /// How it ended, when it is closed for good first.
    pub async fn opened(&self) -> Result<(), Closed> {
        poll_fn(|context| match self.state() {
            State::Open => Poll::Ready(Ok(())),
            State::Closed(closed) => Poll::Ready(Err(closed.unwrap_or_else(never_opened))),
            _ => {
                self.0.register(context);
                Poll::Pending
            }
        })
        .await
    }

    /// Waits until the present attempt, if there is one, has succeeded or failed. One that opened and is closing
    /// again has failed, and how is known at its end.
    pub(crate) async fn settled(&self) -> State {
        poll_fn(|context| match self.state() {
            State::Connecting { .. } | State::Closing => {
                self.0.register(context);
                Poll::Pending
            }
            state => Poll::Ready(state),
        })
        .await
    }

    /// Where the connection is.
    #[must_use]
    pub fn state(&self) -> State {
        self.notice();
        self.0.watch.get()
    }

    /// WHATWG's `readyState`; waiting between attempts counts as connecting.
    #[must_use]
    pub fn ready_state(&self) -> ReadyState {
        self.state().ready_state()
    }

    /// The states as a stream: the present one, then each change, never missing the last.
    #[must_use]
    pub fn states(&self) -> States {
        States::new(self.0.watch.clone())
    }

    /// What is left of the wait before the next attempt; `None` when there is no wait, and while attempts are paused.
    #[must_use]
    pub fn retry_in(&self) -> Option<Duration> {
        self.0.retry_in()
    }

    /// The URL of the present socket as the browser resolved it; empty without one.
    #[must_use]
    pub fn url(&self) -> String {
        self.of_socket(WebSocket::url)
    }

    /// The subprotocol that the server picked; empty if none, or not open yet.
    #[must_use]
    pub fn protocol(&self) -> String {
        self.of_socket(WebSocket::protocol)
    }

    /// The extensions that the server agreed to, such as `permessage-deflate`; empty if none, or not open yet.
    #[must_use]
    pub fn extensions(&self) -> String {
        self.of_socket(WebSocket::extensions)
    }

    /// How binary messages are received at present; `None` without a socket.
    #[cfg(not(all(feature = "native", not(target_arch = "wasm32"))))]
    #[must_use]
    pub fn binary_type(&self) -> Option<BinaryType> {
        self.as_raw().map(|socket| socket.binary_type())
    }

    /// Bytes that were sent and have not left: those in the queue and those in the browser's buffer.
    #[must_use]
    pub fn buffered_amount(&self) -> u64 {
        let queued = self.0.link.borrow().queued().1;
        self.0.buffered_amount().saturating_add(queued as u64)
    }

    /// Messages in the queue, and their bytes.
    #[must_use]
    pub fn queued(&self) -> (usize, usize) {
        self.0.link.borrow().queued()
    }

    /// Messages received and not taken from the stream yet.
    #[must_use]
    pub fn untaken(&self) -> usize {
        self.0.inbox.len()
    }

    /// What has been counted so far.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        let mut metrics = self.0.metrics.borrow().clone();
        (metrics.waiting, metrics.waiting_bytes) = self.0.senders.waiting();
        metrics
    }

    /// Takes the messages that were never sent and that no [`set_on_event`](Self::set_on_event) handler got: what was
    /// queued when the connection closed for good. At most as many are kept as the queue may hold.
    #[must_use]
    pub fn take_unsent(&self) -> Vec<Message> {
        self.0.unsent.take()
    }

    /// Empties the queue and returns what was in it: for an application whose next connection belongs to another
    /// user.
    #[must_use]
    pub fn take_queue(&self) -> Vec<Message> {
        self.0.step(|link, _| link.take_queue())
    }

    /// Calls `handler` for each message instead of putting it into the stream: the fastest way, since no task is
    /// woken. What the stream had not yielded yet is handed over first. The handler may call back in, by a
    /// [`WeakHandle`], since with a [`Handle`] of this connection it would keep it alive; `None` goes back to the stream.
    pub fn set_on_message(&self, handler: Option<Box<dyn Fn(Incoming)>>) {
        self.0.set_on_message(handler.map(Rc::new));
    }

    /// Calls `handler` for each event, in order. It may call back in, by a [`WeakHandle`]; `None` takes it off.
    pub fn set_on_event(&self, handler: Option<Box<dyn Fn(Event)>>) {
        self.0.set_on_event(handler.map(Rc::new));
    }

    #[cfg(not(all(feature = "native", not(target_arch = "wasm32"))))]
    /// The browser's socket at present, for what this library does not offer. Sending or closing through it goes
    /// behind the connection's back.
    #[must_use]
    pub fn as_raw(&self) -> Option<WebSocket> {
        self.0.transport.borrow().as_ref().map(|transport| transport.socket().clone())
    }

    fn of_socket(&self, read: impl Fn(&WebSocket) -> String) -> String {
        self.0.transport.borrow().as_ref().map(|transport| read(transport.socket())).unwrap_or_default()
    }

    /// Has the link look at the socket's state, which may have changed before the browser said so.
    fn notice(&self) {
        if self.0.noticed_closing(&self.0.link.borrow()).is_some() {
            self.0.step(|_, _| ());
        }
    }

    pub(crate) fn poll_message(&self, context: &mut Context<'_>) -> Poll<Option<Incoming>> {
        if let Some(message) = self.0.inbox.pop() {
            return Poll::Ready(Some(message));
        }
        if matches!(self.0.watch.get(), State::Closed(_)) {
            return Poll::Ready(None);
        }
        self.0.inbox.register(context);
        Poll::Pending
    }

    pub(crate) fn poll_room(&self, len: usize, context: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        self.notice();
        let link = self.0.link.borrow();
        if link.has_room(len) {
            return Poll::Ready(Ok(()));
        }
        if !link.takes_messages() {
            return Poll::Ready(Err(SendError::Closed));
        }
        if link.overflow() == Overflow::DropOldest {
            return Poll::Ready(Ok(()));
        }
        self.0.register(context);
        Poll::Pending
    }

    pub(crate) fn poll_drained(&self, context: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        self.0.measure();
        let (drained, closed) = {
            let link = self.0.link.borrow();
            (link.is_drained(), !link.takes_messages())
        };
        if drained {
            return Poll::Ready(Ok(()));
        }
        if closed {
            return Poll::Ready(Err(SendError::Closed));
        }
        // In this order, because the step may tell handlers that change what is waited for.
        self.0.register(context);
        self.0.step(rejoin_protocol::Link::watch_drain);
        Poll::Pending
    }

    pub(crate) fn poll_closed(&self, context: &mut Context<'_>) -> Poll<Closed> {
        if let State::Closed(closed) = self.0.watch.get() {
            return Poll::Ready(closed.unwrap_or_else(never_opened));
        }
        self.0.register(context);
        Poll::Pending
    }
}

fn never_opened() -> Closed {
    Closed::abnormal(ClosedBy::Caller, false, "it was never opened")
}
