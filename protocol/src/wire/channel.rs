//! What is said of channels: positions, subscriptions, entries, publications.

use alloc::string::String;
use alloc::vec::Vec;

use super::{Alias, Body, Denial};

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
pub struct Member<T = Body> {
    /// Who.
    pub alias: Alias,
    /// What it said of itself.
    pub about: T,
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
    /// The receiver is not listed with what it asked to be listed with; as it was listed before, it still is.
    Refused(Denial),
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
    /// The bytes; none where they are withheld.
    pub payload: Body,
    /// The size of a payload that is not sent because the server takes none of that size.
    pub withheld: Option<u64>,
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
