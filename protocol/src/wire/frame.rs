//! What the two ends of a session say to one another.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use super::Body;

/// A session's identity: when it was born, and 96 random bits. It is not shown to other clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId {
    /// Milliseconds since the Unix epoch, by the clock of the server that issued it.
    pub born: u64,
    /// Random bits.
    pub random: [u8; 12],
}

/// What proves a session's identity to every instance of a server: a MAC of the id and its principal.
pub type Token = [u8; 32];

/// The name under which a publisher is shown to others.
pub type Alias = u64;

/// One start of a channel's writer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Epoch {
    /// Epochs of a channel are numbered upwards.
    pub ordinal: u64,
    /// Random bits, so that the epochs of a restored log are not taken for those it lost.
    pub id: u64,
}

/// A place in a channel: behind the entry at `offset`, which belongs to `epoch`. Opaque to applications.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Position {
    /// The epoch of the entry.
    pub epoch: Epoch,
    /// The entry's offset; 0 is before the first.
    pub offset: u64,
}

/// What a receiver says of the messages sent to it. All numbers are absolute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ack {
    /// The number of the first frame that the sender must still keep.
    pub released: u64,
    /// Up to which byte position the sender may send.
    pub credit: u64,
}

/// Where an end stands with the numbered frames of both directions, said in HELLO and WELCOME.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Standing {
    /// The next frame that it expects.
    pub received: u64,
    /// The byte position of that frame.
    pub position: u64,
    /// Up to which byte position the other end may send.
    pub credit: u64,
    /// The credit that it gives where its receiving begins anew at 0.
    pub window: u64,
    /// The first frame that it still holds.
    pub send_first: u64,
    /// The number of the next new frame that it will send.
    pub send_next: u64,
}

/// Which session a client resumes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resume {
    /// The session.
    pub id: SessionId,
    /// Its token.
    pub token: Token,
    /// The incarnation of its numbering, or `None` where only the identity is kept.
    pub incarnation: Option<u64>,
}

/// The first frame of a client, alone in its message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hello {
    /// Features that the client knows, as bits. Unknown ones are ignored.
    pub features: u64,
    /// The session to resume, if there is one.
    pub resume: Option<Resume>,
    /// Grows with every connection of a session.
    pub attempt: u64,
    /// Where the client stands.
    pub standing: Standing,
    /// What authenticates the client beside a cookie: a token of the application's.
    pub auth: Option<Body>,
    /// The application's own subprotocols, the preferred first.
    pub protocols: Vec<String>,
    /// The largest message that the client takes, in bytes.
    pub max_message: u64,
    /// Name and version of the client, for logs.
    pub client: String,
}

/// What became of a HELLO.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The same session, with its messages.
    Resumed,
    /// The same identity; its session messages are lost, its publications go on.
    Kept,
    /// A new session.
    Fresh,
}

/// The server's answer to HELLO.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Welcome {
    /// What became of the HELLO.
    pub outcome: Outcome,
    /// Features that both ends know.
    pub features: u64,
    /// The session.
    pub id: SessionId,
    /// Its token.
    pub token: Token,
    /// The incarnation of its numbering.
    pub incarnation: u64,
    /// The client's own name as others see it.
    pub alias: Alias,
    /// Where the server stands.
    pub standing: Standing,
    /// The application's subprotocol that was chosen.
    pub protocol: Option<String>,
    /// The largest message that the server takes, in bytes.
    pub max_message: u64,
    /// The largest publication that the server takes, in bytes.
    pub max_publication: u64,
    /// The time between two PINGs of the server, in milliseconds.
    pub ping_interval: u64,
    /// How long the session outlives its connection, in milliseconds.
    pub ttl: u64,
    /// The name of the server's instance, for logs.
    pub instance: String,
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

/// From where a subscriber wants a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Since {
    /// What comes from now on.
    Now,
    /// The last so many entries, and what comes.
    Last(u64),
    /// All that the log keeps, and what comes.
    All,
    /// What comes behind a position.
    Position(Position),
}

/// A wish to follow a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscribe {
    /// Its number on this connection.
    pub subscription: u64,
    /// The channel.
    pub channel: String,
    /// From where.
    pub since: Since,
    /// Up to how many bytes of entries may come, counted from the start of the subscription.
    pub credit: u64,
    /// If there is one, the subscriber is listed with it and told who else is.
    pub presence: Option<Body>,
}

/// Why something was not done, for good.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Denial {
    /// A close code of the protocol or a number of the application's.
    pub code: u16,
    /// In words for a person.
    pub reason: String,
}

/// Why entries are missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GapReason {
    /// They were trimmed by the log's retention.
    Trimmed,
    /// The position lies beyond the end of its epoch: the log lost its tail.
    Truncated,
    /// The position's epoch is not in the log: it was restored from elsewhere.
    UnknownEpoch,
}

/// Missing entries of a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Missing {
    /// The offset of the first one.
    pub from: u64,
    /// The offset of the last one; below `from` where nobody can say.
    pub to: u64,
    /// Why.
    pub reason: GapReason,
}

/// The answer to SUB.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SubOutcome {
    /// Entries come from behind `at`.
    Started {
        /// Where the feed starts.
        at: Position,
        /// Whether that is where the subscriber asked to start.
        recovered: bool,
    },
    /// Entries come from behind `at`, and some before it are missing.
    Gap {
        /// Where the feed starts.
        at: Position,
        /// What is missing.
        missing: Missing,
    },
    /// The subscriber may not follow this channel.
    Refused(Denial),
}

/// An entry of a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// For which subscription.
    pub subscription: u64,
    /// The entry's offset.
    pub offset: u64,
    /// How far behind the entry before it in this channel; to the start of the channel for the first.
    pub distance: u64,
    /// The entry's epoch, if the one before it had another.
    pub epoch: Option<Epoch>,
    /// Milliseconds since the Unix epoch, by the clock of the log's writer.
    pub time: u64,
    /// Who published it.
    pub publisher: Alias,
    /// The publisher's number of it.
    pub number: u64,
    /// The bytes.
    pub payload: Body,
}

/// Who is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub alias: Alias,
    /// What it said of itself.
    pub about: Body,
}

/// A change of who is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Presence {
    /// All who are there.
    Full(Vec<Member>),
    /// Somebody came.
    Joined(Member),
    /// Somebody left.
    Left(Alias),
    /// Somebody says something else of itself.
    Changed(Member),
}

/// To whom a volatile message goes, and from whom it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Target {
    /// The other end's application.
    Session,
    /// All others who follow a channel, by the number of the sender's or receiver's own subscription.
    Subscription(u64),
}

/// A publication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publish {
    /// Where.
    pub channel: String,
    /// The publisher's number of it in this channel, from 0, without holes.
    pub number: u64,
    /// All below this number have been answered, and their answers have been taken.
    pub settled: u64,
    /// Drawn at random once for each publication.
    pub id: u64,
    /// The bytes.
    pub payload: Body,
}

/// What a log says of a publication.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Answer {
    /// It is durable.
    Appended(Position),
    /// It was durable already.
    Already(Position),
    /// It will never be taken; the number is used up.
    Refused(Denial),
    /// The number is taken by another publication, or settled: two writers share an identity.
    Conflict,
    /// The numbers before it are missing; this one comes next.
    Expected(u64),
    /// It can't be taken now; try again after so many milliseconds.
    RetryAfter(u64),
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
