//! What a server keeps of a session in memory: its numbering, and which connection it belongs to.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use crate::session::inbox::Taken;
use crate::session::numbered::Numbered;
use crate::session::{SessionLimits, SessionMessage, Violation};
use crate::wire::{Ack, Alias, Data, Frame, Hello, Outcome, Pulse, SessionId, Standing, Token, Welcome};
use crate::{Refused, Time};

/// What a server says in WELCOME beside the session's own state.
#[derive(Clone, PartialEq, Eq)]
pub struct Greeting {
    /// What becomes of the HELLO.
    pub outcome: Outcome,
    /// The session.
    pub id: SessionId,
    /// Its token.
    pub token: Token,
    /// 64 random bits, for a numbering that begins now.
    pub incarnation: u64,
    /// The client's name as others see it.
    pub alias: Alias,
    /// The application's subprotocol.
    pub protocol: Option<String>,
    /// The largest publication, in bytes.
    pub max_publication: u64,
    /// Publications that may be without an answer on this connection.
    pub max_publications: u64,
    /// Channels in which publications may be without an answer on this connection.
    pub max_channels: u64,
    /// The largest token that authenticates the client, in bytes.
    pub max_auth: u64,
    /// The time between two PINGs.
    pub ping_interval: Duration,
    /// How long the session outlives its connection.
    pub ttl: Duration,
    /// The name of this instance.
    pub instance: String,
}

/// Without the token.
impl fmt::Debug for Greeting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Greeting");
        shown.field("outcome", &self.outcome);
        shown.field("id", &self.id);
        shown.field("incarnation", &self.incarnation);
        shown.field("alias", &self.alias);
        shown.field("protocol", &self.protocol);
        shown.field("max_publication", &self.max_publication);
        shown.field("max_publications", &self.max_publications);
        shown.field("max_channels", &self.max_channels);
        shown.field("max_auth", &self.max_auth);
        shown.field("ping_interval", &self.ping_interval);
        shown.field("ttl", &self.ttl);
        shown.field("instance", &self.instance);
        shown.finish_non_exhaustive()
    }
}

/// A session in a server's memory. It belongs to its newest connection: of an older one nothing more is read, written
/// or acknowledged, which the attempt tells apart.
#[derive(Debug)]
pub struct ServerSession {
    attempt: u64,
    incarnation: u64,
    numbered: Numbered,
}

impl ServerSession {
    /// A session before its first HELLO. By hand, messages are released when the application says so.
    #[must_use]
    pub fn new(limits: &SessionLimits, release_by_hand: bool) -> Self {
        Self { attempt: 0, incarnation: 0, numbered: Numbered::new(limits, release_by_hand) }
    }

    /// The number of its newest connection.
    #[must_use]
    pub fn attempt(&self) -> u64 {
        self.attempt
    }

    /// The incarnation of its numbering.
    #[must_use]
    pub fn incarnation(&self) -> u64 {
        self.incarnation
    }

    pub(super) fn can_resume(&self, standing: &Standing) -> bool {
        self.numbered.can_resume(standing)
    }

    /// Takes a connection over, as it was judged ([`Claim::judge`](super::Claim::judge)). Returns WELCOME, and the messages to the client that are
    /// lost with an older numbering.
    pub fn welcome(&mut self, now: Time, hello: &Hello, greeting: Greeting) -> (Frame, Vec<SessionMessage>) {
        self.attempt = hello.attempt;
        let mut lost = Vec::new();
        if greeting.outcome == Outcome::Resumed {
            self.numbered.resume(now, &hello.standing);
        } else {
            // The client begins anew too: what credit it gave counts from another start.
            lost = self.numbered.lose(hello.standing.window);
            self.incarnation = greeting.incarnation;
            self.numbered.resume(now, &Standing::default());
        }
        lost.extend(self.numbered.outbox.agree(hello.standing.window, hello.max_message));
        let welcome = Welcome {
            outcome: greeting.outcome,
            features: 0,
            id: greeting.id,
            token: greeting.token,
            incarnation: self.incarnation,
            alias: greeting.alias,
            standing: self.numbered.standing(),
            protocol: greeting.protocol,
            max_message: self.numbered.inbox.max_message(),
            max_publication: greeting.max_publication,
            max_publications: greeting.max_publications,
            max_channels: greeting.max_channels,
            max_auth: greeting.max_auth,
            ping_interval: millis(greeting.ping_interval),
            ttl: millis(greeting.ttl),
            instance: greeting.instance,
        };
        (Frame::Welcome(Box::new(welcome)), lost)
    }

    /// Queues a message to the client.
    ///
    /// # Errors
    /// Hands the message back when there is no room for it or it is too large.
    pub fn send(&mut self, message: SessionMessage) -> Result<(), Refused<SessionMessage>> {
        self.numbered.send(message)
    }

    /// Whether a message of `len` bytes would be taken.
    #[must_use]
    pub fn has_room(&self, len: usize) -> bool {
        self.numbered.outbox.has_room(len)
    }

    /// The next message of the client, and by what it is released.
    pub fn take(&mut self, now: Time) -> Option<(SessionMessage, Taken)> {
        self.numbered.take(now)
    }

    /// Whether a message is to be taken.
    #[must_use]
    pub fn has_message(&self) -> bool {
        self.numbered.inbox.has_message()
    }

    /// The application has stored what it took up to this message.
    pub fn release(&mut self, now: Time, taken: Taken) {
        self.numbered.inbox.release(now, taken);
    }

    /// Bytes that this session holds: of messages to the client and of messages that the application has not taken.
    #[must_use]
    pub fn held_bytes(&self) -> u64 {
        self.numbered.outbox.waiting().1 + self.numbered.outbox.unreleased().1 + self.numbered.inbox.pending()
    }

    /// About how many bytes of memory its messages take, in either direction.
    #[must_use]
    pub fn memory(&self) -> u64 {
        self.numbered.outbox.memory() + self.numbered.inbox.memory()
    }

    /// Messages to the client and their bytes that were not transmitted; frames and bytes that were, and are not released.
    #[must_use]
    pub fn queued(&self) -> ((usize, u64), (usize, u64)) {
        (self.numbered.outbox.waiting(), self.numbered.outbox.unreleased())
    }

    /// Bytes of messages that came and that the application has not taken.
    #[must_use]
    pub fn untaken(&self) -> u64 {
        self.numbered.inbox.pending()
    }

    /// Frames to the client that were transmitted and not released.
    #[must_use]
    pub fn unacked(&self) -> (usize, u64) {
        self.numbered.outbox.unreleased()
    }

    /// Frames that were transmitted more than once.
    #[must_use]
    pub fn resent(&self) -> u64 {
        self.numbered.outbox.resent
    }

    /// Ends the session: what was transmitted and not released, and what was never transmitted.
    pub fn end(&mut self) -> (Vec<SessionMessage>, Vec<SessionMessage>) {
        let unacked = self.numbered.lose(0);
        (unacked, self.numbered.outbox.take_waiting())
    }

    pub(super) fn data(&mut self, now: Time, data: Data) -> Result<(), Violation> {
        self.numbered.data(now, data)
    }

    pub(super) fn ack(&mut self, ack: Ack) -> Result<(), Violation> {
        self.numbered.ack(ack)
    }

    pub(super) fn ping(&mut self, pulse: &Pulse) -> Result<(), Violation> {
        self.numbered.ping(pulse)
    }

    pub(super) fn pong(&mut self, pulse: &Pulse) -> Result<(), Violation> {
        self.numbered.pong(pulse)
    }

    pub(super) fn ask(&mut self, nonce: u64) {
        self.numbered.ask(nonce);
    }

    pub(super) fn next_control(&mut self, now: Time) -> Option<Frame> {
        self.numbered.next_control(now)
    }

    pub(super) fn next_data(&mut self, now: Time) -> Option<Frame> {
        self.numbered.next_data(now).map(Frame::Data)
    }

    pub(super) fn ack_deadline(&self) -> Option<Time> {
        self.numbered.inbox.ack_deadline()
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX).min(1 << 50)
}
