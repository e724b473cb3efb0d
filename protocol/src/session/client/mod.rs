//! The client's end of a session.

mod calling;
mod ending;
mod event;
mod receive;
mod transmit;

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;

pub use event::{ClientConfig, ClientEvent, Ending, Lost, LostReason, Pair};

use super::calls::Calling;
use super::inbox::Taken;
use super::numbered::Numbered;
use super::publications::{Publication, Publications, Stored};
use super::subscriptions::{ChannelEvent, SubscriptionId, Subscriptions};
use super::{SessionMessage, Violation};
use crate::wire::{Body, Bye, Frame, Member, Position, Since};
use crate::{Refusal, Refused, Time};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// There is no connection.
    Away,
    /// HELLO is to be sent, or was.
    Greeting { sent: bool, deadline: Time },
    /// WELCOME came.
    Live { since: Time },
    /// The session is over, until it is opened again.
    Over,
}

/// The client's end of a session, over one connection after another.
///
/// The caller makes connections, and says so ([`connected`](Self::connected), [`ended`](Self::ended)); hands over what
/// comes ([`handle`](Self::handle)) and takes what is to go ([`poll_transmit`](Self::poll_transmit)) while its socket
/// takes more; and wakes the session when its time has come ([`deadline`](Self::deadline)).
///
/// **After every call, take [`poll_event`](Self::poll_event) to its end before [`poll_transmit`](Self::poll_transmit)**: what
/// the application decides on hearing of a loss must come before what is sent next.
#[derive(Debug)]
pub struct ClientSession {
    config: ClientConfig,
    phase: Phase,
    pair: Option<Pair>,
    incarnation: Option<u64>,
    attempt: u64,
    auth: Option<Body>,
    /// The largest token that the server takes inside the connection.
    max_auth: u64,
    numbered: Numbered,
    publications: Publications,
    subscriptions: Subscriptions,
    /// From the first call on.
    calls: Option<Box<dyn Calling>>,
    volatile: VecDeque<Frame>,
    volatile_bytes: usize,
    reauth: Option<Body>,
    bye: Option<Bye>,
    /// What the server said before it closed.
    heard: Option<Bye>,
    /// What was not transmitted waits for the application's decision.
    holding: bool,
    /// The one retry with fresh authentication, or as a fresh session, was made.
    auth_retried: bool,
    bug_retried: bool,
    /// The identity was given up because the log went back, which is nobody's bug.
    went_back: bool,
    events: VecDeque<ClientEvent>,
    message_told: bool,
    /// Something of this end's was acknowledged or answered over the present connection.
    proved: bool,
    /// Whether it was a publication's turn.
    publishing: bool,
}

impl ClientSession {
    /// A session without a connection.
    #[must_use]
    // As it is inlined nowhere, nobody takes its fields apart to move them.
    #[inline(never)]
    pub fn new(config: ClientConfig) -> Self {
        let limits = &config.limits;
        Self {
            phase: Phase::Away,
            pair: None,
            incarnation: None,
            attempt: 0,
            auth: None,
            max_auth: 0,
            numbered: Numbered::new(limits, config.release_by_hand),
            publications: Publications::new(limits, config.persistent),
            subscriptions: Subscriptions::new(limits),
            calls: None,
            volatile: VecDeque::new(),
            volatile_bytes: 0,
            reauth: None,
            bye: None,
            heard: None,
            holding: false,
            auth_retried: false,
            bug_retried: false,
            went_back: false,
            events: VecDeque::new(),
            message_told: false,
            proved: false,
            publishing: false,
            config,
        }
    }

    /// Takes up the identity of an earlier page. Its session messages are lost; its publications go on.
    pub fn adopt(&mut self, pair: Pair) {
        self.attempt = pair.attempt;
        self.pair = Some(pair);
    }

    /// Takes up what an earlier page had stored of a channel: all below `answered` had been answered.
    pub fn restore(&mut self, channel: &str, answered: u64, stored: Vec<Stored>) -> Vec<Publication> {
        self.publications.restore(channel, answered, stored)
    }

    /// A connection is open. Returns the identity as it is to be stored, before anything is transmitted.
    pub fn connected(&mut self, now: Time, auth: Option<Body>) -> Option<Pair> {
        self.attempt += 1;
        self.auth = auth;
        // This connection is authenticated by its HELLO; an older token would only undo that.
        self.reauth = None;
        self.heard = None;
        self.bye = None;
        self.proved = false;
        self.phase = Phase::Greeting { sent: false, deadline: now + self.config.greeting_timeout };
        self.subscriptions.connected();
        if let Some(pair) = &mut self.pair {
            pair.attempt = self.attempt;
        }
        self.pair
    }

    /// What identifies the session, once the server has given it.
    #[must_use]
    pub fn pair(&self) -> Option<Pair> {
        self.pair
    }

    /// Whether WELCOME has come over the present connection.
    #[must_use]
    pub fn is_live(&self) -> bool {
        matches!(self.phase, Phase::Live { .. })
    }

    /// Whether the session is over.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.phase == Phase::Over
    }

    fn open_for_sending(&self) -> Result<(), Refusal> {
        if self.is_over() || self.bye.is_some() { Err(Refusal::Closed) } else { Ok(()) }
    }

    /// Sends a message to the other end's application: exactly once and in order while both ends keep the session.
    ///
    /// # Errors
    /// Hands the message back when there is no room for it, it is too large, or the session is over.
    pub fn send(&mut self, message: SessionMessage) -> Result<(), Refused<SessionMessage>> {
        match self.open_for_sending() {
            Ok(()) => self.numbered.send(message),
            Err(reason) => Err(Refused { message, reason }),
        }
    }

    /// Whether a message of `len` bytes would be taken.
    #[must_use]
    pub fn has_room(&self, len: usize) -> bool {
        self.numbered.outbox.has_room(len)
    }

    /// The next message of the other end, and by what it is released.
    pub fn take(&mut self, now: Time) -> Option<(SessionMessage, Taken)> {
        let taken = self.numbered.take(now);
        self.message_told = self.numbered.inbox.has_message();
        taken
    }

    /// Tells the other end that it may forget the messages up to this one, because they have been stored.
    pub fn release(&mut self, now: Time, taken: Taken) {
        self.numbered.inbox.release(now, taken);
    }

    /// Publishes in a channel; `id` is drawn at random for it. Returns its name and its number in the channel.
    ///
    /// # Errors
    /// Hands the payload back when there is no room for it, it is too large, or the session is over.
    pub fn publish(
        &mut self,
        channel: &str,
        payload: Body,
        id: u64,
    ) -> Result<(Publication, u64), Refused<Body>> {
        match self.open_for_sending() {
            Ok(()) => self.publications.publish(channel, payload, id),
            Err(reason) => Err(Refused { message: payload, reason }),
        }
    }

    /// Whether a publication of `len` bytes would be taken.
    #[must_use]
    pub fn has_publication_room(&self, len: usize) -> bool {
        self.publications.has_room(len)
    }

    /// A publication has been stored and may go ([`ClientConfig::persistent`]).
    pub fn stored(&mut self, publication: Publication) {
        self.publications.stored(publication);
    }

    /// Publications of a channel below `number` have been removed from the store.
    pub fn forgotten(&mut self, channel: &str, number: u64) {
        self.publications.forgotten(channel, number);
    }

    /// Follows a channel, over all connections until [`unsubscribe`](Self::unsubscribe).
    ///
    /// # Errors
    /// When there are as many subscriptions as there may be, or the session is over.
    pub fn subscribe(&mut self, channel: &str, since: Since) -> Result<SubscriptionId, Refused<()>> {
        self.open_for_sending().map_err(|reason| Refused { message: (), reason })?;
        self.subscriptions.subscribe(channel, since)
    }

    /// Follows a channel, and is listed there with a few bytes: [`members`](Self::members) has who else is.
    ///
    /// # Errors
    /// As [`subscribe`](Self::subscribe), and when they are more than
    /// [`presence_bytes`](crate::session::SessionLimits::presence_bytes). Hands them back.
    pub fn subscribe_as(
        &mut self,
        channel: &str,
        since: Since,
        about: Body,
    ) -> Result<SubscriptionId, Refused<Body>> {
        match self.open_for_sending() {
            Ok(()) => self.subscriptions.subscribe_as(channel, since, about),
            Err(reason) => Err(Refused { message: about, reason }),
        }
    }

    /// Follows a channel no longer.
    pub fn unsubscribe(&mut self, id: SubscriptionId) {
        self.subscriptions.unsubscribe(id);
    }

    /// The next thing to tell a subscriber.
    pub fn take_channel_event(&mut self, id: SubscriptionId) -> Option<ChannelEvent> {
        self.subscriptions.take(id)
    }

    /// Whether there is something to tell a subscriber.
    #[must_use]
    pub fn has_channel_event(&self, id: SubscriptionId) -> bool {
        self.subscriptions.has_event(id)
    }

    /// Behind the last entry that came.
    #[must_use]
    pub fn position(&self, id: SubscriptionId) -> Option<Position> {
        self.subscriptions.position(id)
    }

    /// Who follows a channel, for a subscription with presence.
    #[must_use]
    pub fn members(&self, id: SubscriptionId) -> &[Member] {
        self.subscriptions.members(id)
    }

    /// Lists a subscriber with something else.
    ///
    /// # Errors
    /// Hands it back when it is larger than [`presence_bytes`](crate::session::SessionLimits::presence_bytes), or the
    /// subscription is over.
    pub fn set_presence(&mut self, id: SubscriptionId, about: Body) -> Result<(), Refused<Body>> {
        self.subscriptions.set_presence(id, about)
    }

    /// Asks for a PONG, at once; it counts as life, and its PING as a check of both counters.
    pub fn ping(&mut self, nonce: u64) {
        if self.is_live() {
            self.numbered.ask(nonce);
        }
    }

    /// The page is hidden or left: what can be acknowledged is to be told now.
    pub fn hurry(&mut self) {
        self.numbered.inbox.hurry();
    }

    /// Lets go what was held when the identity changed.
    pub fn let_go(&mut self) {
        self.holding = false;
    }

    /// Takes out messages that were never transmitted.
    pub fn take_waiting(&mut self) -> Vec<SessionMessage> {
        self.numbered.outbox.take_waiting()
    }

    /// Messages and bytes that were not transmitted; frames and bytes that were, and are not released.
    #[must_use]
    pub fn queued(&self) -> ((usize, u64), (usize, u64)) {
        (self.numbered.outbox.waiting(), self.numbered.outbox.unreleased())
    }

    /// Bytes of messages that came and that the application has not taken.
    #[must_use]
    pub fn untaken(&self) -> u64 {
        self.numbered.inbox.pending()
    }

    /// Publications without an answer, and their bytes.
    #[must_use]
    pub fn unanswered(&self) -> (usize, u64) {
        self.publications.pending()
    }

    /// Channels that count against [`SessionLimits::channels`](crate::session::SessionLimits::channels).
    #[must_use]
    pub fn open_channels(&self) -> usize {
        self.publications.open_channels()
    }

    /// Frames that were transmitted more than once.
    #[must_use]
    pub fn resent(&self) -> u64 {
        self.numbered.outbox.resent
    }

    /// Nothing waits, and nothing is without its acknowledgement or answer.
    #[must_use]
    pub fn is_drained(&self) -> bool {
        self.numbered.is_drained()
            && self.publications.pending().0 == 0
            && self.calls.as_ref().is_none_or(|calls| calls.is_empty())
    }

    /// Whether a message or publication was acknowledged over the present connection: the server takes what is sent,
    /// and the back-off need not count this connection as a failure.
    #[must_use]
    pub fn is_proved(&self) -> bool {
        self.proved
    }

    /// The next thing to tell the application.
    pub fn poll_event(&mut self) -> Option<ClientEvent> {
        self.events.pop_front()
    }

    fn tell_message(&mut self) {
        if !self.message_told && self.numbered.inbox.has_message() {
            self.message_told = true;
            self.events.push_back(ClientEvent::Message);
        }
    }

    /// When [`wake`](Self::wake) is to be called, unless something else comes first.
    #[must_use]
    pub fn deadline(&self) -> Option<Time> {
        let of_phase = match self.phase {
            Phase::Greeting { deadline, .. } => Some(deadline),
            Phase::Live { .. } => {
                let acks = self.numbered.inbox.ack_deadline();
                Time::earliest(&[acks, self.publications.deadline()])
            }
            Phase::Away | Phase::Over => None,
        };
        Time::earliest(&[of_phase, self.calls.as_ref().and_then(|calls| calls.deadline())])
    }

    /// The time has come, or is long past.
    pub fn wake(&mut self, now: Time) {
        while let Some((id, outcome)) = self.calls.as_mut().and_then(|calls| calls.expired(now)) {
            self.events.push_back(ClientEvent::Called(id, outcome));
        }
        if let Phase::Greeting { deadline, .. } = self.phase
            && deadline <= now
        {
            self.fail(Violation { code: super::code::HELLO_LATE, reason: "the server did not answer HELLO" });
        }
    }

    fn fail(&mut self, violation: Violation) {
        self.phase = Phase::Away;
        self.events.push_back(ClientEvent::Fail(violation));
    }
}
