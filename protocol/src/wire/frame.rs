//! The frames: all that the two ends of a session say to one another.

use alloc::boxed::Box;
use alloc::string::String;

use super::{
    Answer, Body, Event, Hello, Missing, Position, Presence, Publish, SubOutcome, Subscribe, Welcome,
};

/// The name under which a publisher is shown to others.
pub type Alias = u64;

/// What a receiver says of the messages sent to it. All numbers are absolute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ack {
    /// The number of the first frame that the sender must still keep.
    pub released: u64,
    /// Up to which byte position the sender may send.
    pub credit: u64,
}

/// One numbered frame: a message of the session or a part of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Data {
    /// Whether the message is binary; otherwise it is text.
    pub binary: bool,
    /// Whether a message begins here.
    pub first: bool,
    /// Whether a message ends here.
    pub last: bool,
    /// An acknowledgement for the other direction.
    pub ack: Option<Ack>,
    /// The bytes.
    pub payload: Body,
}

/// PING and PONG.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pulse {
    /// The number of the next numbered frame to go out on this connection.
    pub next: u64,
    /// What a PONG repeats of its PING.
    pub nonce: u64,
    /// An acknowledgement.
    pub ack: Ack,
}

/// Why something was not done, for good.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Denial {
    /// A close code of the protocol or a number of the application's.
    pub code: u16,
    /// In words for a person.
    pub reason: String,
}

impl Denial {
    /// The most bytes of a reason: as many as fit into a close frame (RFC 6455, section 5.5).
    pub const REASON_BYTES: usize = 123;

    /// A denial whose reason is cut to [`REASON_BYTES`](Self::REASON_BYTES), never within a character.
    #[must_use]
    pub fn new(code: u16, reason: impl Into<String>) -> Self {
        let mut reason = reason.into();
        if reason.len() > Self::REASON_BYTES {
            let end = (0..=Self::REASON_BYTES).rev().find(|end| reason.is_char_boundary(*end));
            reason.truncate(end.unwrap_or_default());
        }
        Self { code, reason }
    }

    /// With its reason cut, if need be: the other end refuses a longer one.
    pub(crate) fn fitting(self) -> Self {
        Self::new(self.code, self.reason)
    }
}

/// To whom a volatile message goes, and from whom it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Target {
    /// The other end's application.
    Session,
    /// All others who follow a channel, by the number of the sender's or receiver's own subscription.
    Subscription(u64),
}

/// Tells why the connection ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bye {
    /// The close code that follows.
    pub code: u16,
    /// In words for a person.
    pub reason: String,
    /// When to try again, in milliseconds.
    pub retry_after: Option<u64>,
    /// Whether the session is over for good.
    pub last: bool,
}

/// One frame.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Frame {
    /// Client to server, first.
    Hello(Box<Hello>),
    /// Server to client, first.
    Welcome(Box<Welcome>),
    /// A numbered message or a part of one.
    Data(Data),
    /// What may be forgotten, and what may be sent.
    Ack(Ack),
    /// Is somebody there?
    Ping(Pulse),
    /// Yes.
    Pong(Pulse),
    /// A message that may be lost.
    Volatile {
        /// To whom.
        target: Target,
        /// From whom, on its way out to others.
        sender: Option<Alias>,
        /// The bytes.
        payload: Body,
    },
    /// Follow a channel.
    Sub(Subscribe),
    /// Follow it no longer.
    Unsub {
        /// Which subscription.
        subscription: u64,
        /// Why: 1000 from a client, the server's reason otherwise.
        denial: Denial,
    },
    /// The answer to SUB.
    SubAck {
        /// Which subscription.
        subscription: u64,
        /// What became of it.
        outcome: SubOutcome,
    },
    /// An entry of a channel.
    Event(Event),
    /// Entries of a channel are missing; the feed goes on behind `at`.
    Gap {
        /// Which subscription.
        subscription: u64,
        /// Where the feed goes on.
        at: Position,
        /// What is missing.
        missing: Missing,
    },
    /// How many bytes of entries may come, counted from the start of the subscription.
    Credit {
        /// Which subscription.
        subscription: u64,
        /// The byte position.
        credit: u64,
    },
    /// Who follows a channel. From a client: what to list it with.
    Presence {
        /// Which subscription.
        subscription: u64,
        /// The change.
        presence: Presence,
    },
    /// Publish.
    Pub(Publish),
    /// The answer to PUB.
    PubAck {
        /// Where.
        channel: String,
        /// Which.
        number: u64,
        /// What became of it.
        answer: Answer,
    },
    /// A question.
    Call {
        /// Its number, from its asker.
        id: u64,
        /// After how many milliseconds nobody waits for an answer.
        timeout: u64,
        /// The bytes.
        payload: Body,
    },
    /// An answer.
    Reply {
        /// The question's number.
        id: u64,
        /// The answer, or why there is none.
        result: Result<Body, Denial>,
    },
    /// Nobody waits for the answer any more.
    Cancel {
        /// The question's number.
        id: u64,
    },
    /// A fresh token of the application's.
    Auth(Body),
    /// The connection ends.
    Bye(Bye),
}
