//! The handle: everything that can be done with a session but reading its messages in order.

use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use rejoin_protocol::session::{ClientSession, Lost, Pair, SessionMessage, Stored, SubscriptionId, Taken};
use rejoin_protocol::wire::{Body, Denial, Since, WireLimits};
use rejoin_protocol::{Refusal, Refused};

use super::closing::NORMAL;
use super::core::Core;
use super::line::in_line;
use super::{
    Call, Channel, ConnectError, Feed, Left, Receipt, SessionEvent, SessionMetrics, SessionState,
    TypedChannel,
};
use crate::random::random;
use crate::state::States;
use crate::timer::now;

/// What each waiting message costs besides its bytes.
const COST: usize = 32;

/// The states of a session as a stream: the present one at once, then each change, never missing the last.
pub type SessionStates = States<SessionState>;

/// A handle to a session, cheap to clone. The session lives as long as one of its handles or feeds does; then it ends,
/// and the server is told so.
#[derive(Clone)]
pub struct SessionHandle(pub(crate) Rc<Core>);

impl SessionHandle {
    /// Sends a message to the server's application: exactly once and in order, over any cut, while both ends keep the
    /// session. What can't go yet waits. A message may have as many bytes as the server takes (16 MiB unless it is set
    /// up otherwise) and the queue holds ([`SessionLimits::queue_bytes`](super::SessionLimits::queue_bytes)).
    ///
    /// # Errors
    /// Hands the message back when there is no room for it at present or others [wait](Self::send) for room already, it is
    /// larger than the server takes, or the session is closing or over.
    pub fn try_send(&self, message: impl Into<SessionMessage>) -> Result<(), Refused<SessionMessage>> {
        let message = self.admit(message.into(), self.0.senders.is_empty(), None)?;
        self.0.step(|machine, _| machine.send(message))
    }

    /// Sends a message as [`try_send`](Self::try_send) does, waiting for room behind those who wait already; while the session is
    /// away that is for as long as [`reconnect`](super::SessionBuilder::reconnect) allows, since its end hands back all. Dropping
    /// the future before it is ready takes the message back unsent. [`close`](Self::close) waits for it.
    ///
    /// # Errors
    /// Hands the message back when it is larger than the server takes, as many wait as
    /// [may](super::SessionBuilder::max_waiting), or the session is closing or over.
    pub async fn send(&self, message: impl Into<SessionMessage>) -> Result<(), Refused<SessionMessage>> {
        let message = self.admit(message.into(), true, None)?;
        let bytes = message.body.len() + COST;
        let attempt = |message| self.0.step(|machine, _| machine.send(message));
        in_line(&self.0, |core| &core.senders, message, bytes, attempt).await
    }

    /// Publishes in a channel: the entry is in its log exactly once, whatever is cut or restarted meanwhile. It may have as
    /// many bytes as the server takes, 64 KiB unless it is set up otherwise, which is known from the first welcome on; one
    /// that was taken before and is larger is refused by its receipt, with code 1009. While the session is away the receipt
    /// waits for the next connection, for as long as [`reconnect`](super::SessionBuilder::reconnect) allows; the end of the session
    /// settles it.
    ///
    /// # Errors
    /// Hands the payload back when there is no room for it at present or others [wait](Self::publish) for room already, it
    /// is larger than the server takes, the name is longer than 255 bytes, publications in too many channels have no answer
    /// ([`Refusal::TooManyChannels`]: there is room when answers have come), or the session is closing or over.
    pub fn try_publish(&self, channel: &str, payload: impl Into<Body>) -> Result<Receipt, Refused<Body>> {
        let payload = self.admit(payload.into(), self.0.publishers.is_empty(), Some(channel))?;
        self.put_out(channel, payload)
    }

    fn put_out(&self, channel: &str, payload: Body) -> Result<Receipt, Refused<Body>> {
        let core = &self.0;
        let (id, kept) = (random(), payload.clone());
        let published = core.machine.borrow_mut().publish(channel, payload, id);
        let receipt = published.map(|(publication, number)| {
            let receipt = Receipt::new(core.receipts.open(publication), number);
            if let Some(keeper) = &core.keeper {
                keeper.published(
                    core.this.clone(),
                    publication,
                    channel,
                    &Stored { number, id, payload: kept },
                );
            }
            receipt
        });
        core.follow();
        receipt
    }

    /// Publishes as [`try_publish`](Self::try_publish) does, waiting for room, and not for the receipt. Dropping the
    /// future before it is ready takes the payload back unpublished. [`close`](Self::close) waits for it. All wait in one
    /// line: while the first waits for room in channels, those behind it wait as well, also for channels that have room.
    ///
    /// # Errors
    /// As [`try_publish`](Self::try_publish), but for room, in channels too; and when as many wait as
    /// [may](super::SessionBuilder::max_waiting).
    pub async fn publish(&self, channel: &str, payload: impl Into<Body>) -> Result<Receipt, Refused<Body>> {
        let payload = self.admit(payload.into(), true, Some(channel))?;
        let bytes = payload.len() + COST;
        let attempt = |payload| self.put_out(channel, payload);
        in_line(&self.0, |core| &core.publishers, payload, bytes, attempt).await
    }

    /// Hands a message back that is not to be tried at all, such as one that would pass those who wait.
    fn admit<M>(&self, message: M, first: bool, channel: Option<&str>) -> Result<M, Refused<M>> {
        let reason = match self.objection(channel.unwrap_or_default()) {
            None if first => return Ok(message),
            objection => objection.unwrap_or(Refusal::Full),
        };
        Err(Refused { message, reason })
    }

    /// Why a channel can't be used, if it can't.
    fn objection(&self, channel: &str) -> Option<Refusal> {
        let limit = WireLimits::default().max_channel;
        if self.0.is_closing() {
            return Some(Refusal::Closed);
        }
        (channel.len() > limit).then_some(Refusal::NameTooLong { limit })
    }

    /// Follows a channel: without gaps from where it starts, over any number of connections.
    ///
    /// # Errors
    /// When the name is longer than 255 bytes, there are as many subscriptions as there may be, or the session is
    /// closing or over. What the server objects to comes as [`FeedItem::Ended`](super::FeedItem::Ended).
    pub fn subscribe(&self, channel: &str, since: Since) -> Result<Feed, Refusal> {
        self.follow(channel, |machine| machine.subscribe(channel, since).map_err(|refused| refused.reason))
    }

    /// Follows a channel and is listed there for others to see, with a few bytes about this subscriber; in turn
    /// [`Feed::members`] tells who else is there.
    ///
    /// # Errors
    /// As [`subscribe`](Self::subscribe), and when they are more than
    /// [`presence_bytes`](super::SessionLimits::presence_bytes), 256 unless it is set. A server that takes less ends the feed
    /// with 1009.
    pub fn subscribe_as(&self, channel: &str, since: Since, about: impl Into<Body>) -> Result<Feed, Refusal> {
        // The caller's own code runs before anything is borrowed, here and below.
        let about = about.into();
        self.follow(channel, |machine| {
            machine.subscribe_as(channel, since, about).map_err(|refused| refused.reason)
        })
    }

    fn follow(
        &self,
        channel: &str,
        subscribe: impl FnOnce(&mut ClientSession) -> Result<SubscriptionId, Refusal>,
    ) -> Result<Feed, Refusal> {
        if let Some(reason) = self.objection(channel) {
            return Err(reason);
        }
        let id = self.0.step(|machine, _| subscribe(machine))?;
        Ok(Feed::new(self.0.clone(), id))
    }

    /// A channel whose entries, volatile messages and presence are of types.
    #[must_use]
    pub fn channel<C: Channel>(&self, channel: &C) -> TypedChannel<C> {
        TypedChannel::new(self.clone(), channel.name())
    }

    /// Asks the server's application, and waits so long for its answer. It is asked at most once: never again after a
    /// cut. A question has at most 1,048,512 bytes, which one frame takes; a larger one, and one for which the session's
    /// [limits](super::SessionLimits::calls) leave no room, is [not taken](super::CallError::NotTaken).
    ///
    /// ```no_run
    /// # async fn example(session: rejoin::Session) {
    /// use rejoin::session::CallError;
    /// use std::time::Duration;
    ///
    /// match session.call("how many?", Duration::from_secs(5)).await {
    ///     Ok(answer) => println!("{} bytes", answer.len()),
    ///     Err(error) if error.is_safe_to_repeat() => println!("{error}; asking again repeats nothing"),
    ///     Err(error) => println!("{error}"),
    /// }
    /// # }
    /// ```
    pub fn call(&self, payload: impl Into<Body>, timeout: Duration) -> Call {
        Call::ask(&self.0, payload.into(), timeout)
    }

    /// Sends the server's application what may be lost: it goes with the next frames or not at all. Returns false if
    /// it can't go: the session is not live, or too many wait already.
    pub fn volatile(&self, payload: impl Into<Body>) -> bool {
        let payload = payload.into();
        self.0.step(|machine, _| machine.volatile(None, payload))
    }

    /// Tells the server that it may forget the messages up to this one, because they have been stored; for
    /// [`release_by_hand`](super::SessionBuilder::release_by_hand).
    pub fn release(&self, taken: Taken) {
        self.0.step(|machine, now| machine.release(now, taken));
    }

    /// Gives the server a fresh token inside this connection; later ones are asked for as before. Does nothing while the session
    /// is not live.
    ///
    /// # Errors
    /// Hands the token back when it is larger than [`max_auth`](super::SessionLimits::max_auth) or than the server takes.
    pub fn authenticate(&self, token: impl Into<Body>) -> Result<(), Refused<Body>> {
        let token = token.into();
        self.0.step(|machine, _| machine.authenticate(token))
    }

    /// Lets go what is held since the identity changed: what waits is meant for the new one as well.
    pub fn let_go(&self) {
        self.0.step(|machine, _| machine.let_go());
    }

    /// Takes out the messages that were never transmitted: for an application whose new identity is another user.
    #[must_use]
    pub fn take_waiting(&self) -> Vec<SessionMessage> {
        self.0.step(|machine, _| machine.take_waiting())
    }

    /// Takes what was lost and neither a handler nor a reader of [`events`](Self::events) got.
    #[must_use]
    pub fn take_lost(&self) -> Vec<Lost> {
        self.0.take_lost()
    }

    /// Where the session is.
    #[must_use]
    pub fn state(&self) -> SessionState {
        self.0.refresh();
        self.0.watch.get()
    }

    /// Why the session is over; `None` while it lives, and where this end closed it. How the last connection or attempt ended
    /// is in [`metrics`](Self::metrics).
    #[must_use]
    pub fn why_ended(&self) -> Option<ConnectError> {
        let denial = self.0.ended.borrow().clone()?;
        (denial != Denial { code: NORMAL, reason: String::new() }).then(|| self.0.why_ended(denial))
    }

    /// The states as a stream: the present one, then each change, never missing the last.
    #[must_use]
    pub fn states(&self) -> SessionStates {
        States::new(self.0.watch.clone())
    }

    /// What happens, as a stream. It keeps the session alive, and goes on behind
    /// [`SessionEvent::Ended`], since a session that is over can be begun anew. Up to 1,024 events wait for a reader,
    /// past which the oldest go.
    #[must_use]
    pub fn events(&self) -> Events {
        Events(self.clone())
    }

    /// Calls `handler` for each event, in order, instead of keeping it for [`events`](Self::events); those that were
    /// kept come first. It may call back in, by a [`WeakSession`], since with a handle of this session it would keep it
    /// alive; `None` takes it off.
    pub fn set_on_event(&self, handler: Option<Box<dyn Fn(SessionEvent)>>) {
        self.0.set_on_event(handler.map(Rc::new));
    }

    /// Calls `handler` for each message instead of leaving it to the stream: the fastest way. It may call back in, by
    /// a [`WeakSession`]; `None` goes back to the stream. Messages count as taken when it is called, which does not suit
    /// [`release_by_hand`](super::SessionBuilder::release_by_hand).
    pub fn set_on_message(&self, handler: Option<Box<dyn Fn(SessionMessage)>>) {
        self.0.set_on_message(handler.map(Rc::new));
    }

    /// What identifies the session, once the server has welcomed it. The token proves it: keep it secret.
    #[must_use]
    pub fn pair(&self) -> Option<Pair> {
        self.0.machine.borrow().pair()
    }

    /// What has been counted so far, and what is held now.
    #[must_use]
    pub fn metrics(&self) -> SessionMetrics {
        self.0.measured()
    }

    /// Ends the session: takes nothing more, waits until all has been delivered and answered, what waits for room in
    /// [`send`](Self::send) and [`publish`](Self::publish) included, at most for the
    /// [drain time-out](super::SessionBuilder::drain_timeout), says goodbye and closes. What was left is told here in
    /// numbers and by receipts and [`SessionEvent::Lost`] one by one. It ends at the latest when the drain time-out and the
    /// [close time-out](super::SessionBuilder::close_timeout) have passed. Dropping the future does not stop it.
    pub async fn close(&self) -> Left {
        self.0.begin_close();
        self.0.closed().await
    }

    /// Begins to end the session as [`close`](Self::close) does, and does not wait.
    pub fn begin_close(&self) {
        self.0.begin_close();
    }

    /// What is left of the wait before the next attempt, a hint of the server's included; `None` when there is no wait. For a
    /// count-down beside a button that calls [`reconnect`](Self::reconnect).
    #[must_use]
    pub fn retry_in(&self) -> Option<Duration> {
        self.0.socket.retry_in()
    }

    /// Connects at once, whatever the state: leaves the present connection, skips the rest of a wait. The session goes
    /// on. One that was over is begun anew, under another identity.
    pub fn reconnect(&self) {
        self.0.ended.take();
        self.0.closing.set(None);
        self.0.disagreed.set(0);
        self.0.left.take();
        self.0.step(|machine, _| machine.reopen());
        self.0.socket.reconnect();
    }

    /// A handle that does not keep the session alive, for handlers set on the session itself.
    #[must_use]
    pub fn downgrade(&self) -> WeakSession {
        WeakSession(Rc::downgrade(&self.0))
    }

    pub(crate) fn poll_message(&self, context: &Context<'_>) -> Poll<Option<(SessionMessage, Taken)>> {
        let taken = self.0.machine.borrow_mut().take(now());
        if let Some(taken) = taken {
            // The server may be told that there is room again.
            self.0.wake_task();
            return Poll::Ready(Some(taken));
        }
        if self.0.ended.borrow().is_some() {
            return Poll::Ready(None);
        }
        self.0.register_reader(context);
        Poll::Pending
    }
}

/// A handle that does not keep its session alive. A handler that is set on a session and holds a [`SessionHandle`] of it
/// keeps it for ever, since each owns the other; one that holds this does not.
#[derive(Clone)]
pub struct WeakSession(std::rc::Weak<Core>);

impl WeakSession {
    /// The handle, if the session still lives.
    #[must_use]
    pub fn upgrade(&self) -> Option<SessionHandle> {
        self.0.upgrade().map(SessionHandle)
    }
}

/// What happens to a session, as a stream.
pub struct Events(SessionHandle);

impl Stream for Events {
    type Item = SessionEvent;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<SessionEvent>> {
        match self.0.0.next_event(context) {
            Some(event) => Poll::Ready(Some(event)),
            None => Poll::Pending,
        }
    }
}
