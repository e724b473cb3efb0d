//! The log: ordered, durable channels, behind one trait.

use std::time::Duration;

use futures_util::future::BoxFuture;
use rejoin_protocol::wire::{Alias, Answer, Body, Denial, Epoch, GapReason, Missing, Position, SessionId, Since};
use tokio::sync::watch;

/// What the application has decided of a publication. A log heeds it only for a number that is new: what was answered
/// before is answered the same again.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// Take it.
    Take,
    /// Never take it: the refusal is recorded under its number.
    Refuse(Denial),
    /// Not now: nothing is recorded, and the publisher tries again after this time.
    Later(Duration),
}

/// One publication on its way into a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Append {
    /// Where.
    pub channel: String,
    /// Who publishes.
    pub publisher: SessionId,
    /// The name under which others see the publisher.
    pub alias: Alias,
    /// The publisher's number of it in this channel, from 0, without holes.
    pub number: u64,
    /// All below this number have been answered, and their answers have been taken.
    pub settled: u64,
    /// Drawn at random once for each publication.
    pub id: u64,
    /// The bytes.
    pub payload: Body,
    /// What the application says of it.
    pub verdict: Verdict,
}

/// One entry of a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The epoch and the offset.
    pub position: Position,
    /// How far behind the entry before it in this channel (to 0 for the first), stored when it was appended.
    pub distance: u64,
    /// Milliseconds since the Unix epoch, by the clock of the log's writer.
    pub time: u64,
    /// Who published it, as others see it.
    pub alias: Alias,
    /// The publisher's number of it.
    pub number: u64,
    /// The bytes.
    pub payload: Body,
}

/// Where a feed starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Start {
    /// Entries come from behind this position.
    pub at: Position,
    /// Whether that is where it was asked to start; false where something is missing or nothing was asked for.
    pub recovered: bool,
    /// What is missing before it, if something is.
    pub missing: Option<Missing>,
}

/// A piece of a channel, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// The entries behind the position, as many as fit; none at the tail.
    Entries(Vec<Entry>),
    /// The entries behind the position are gone, and the feed goes on behind another.
    Gap(Position, Missing),
}

/// Durable, ordered channels, and for each publisher what it has published.
///
/// An entry is in the log once, whatever is repeated; entries become visible in the order of their offsets.
pub trait Log: Send + Sync + 'static {
    /// Answers a publication, atomically: entry, publisher's row and outcome are stored together or not at all, and
    /// the answer comes when they are durable. Appends of one publisher to one channel that are begun in order are
    /// answered in order, and the second may be begun before the first is answered.
    fn append(&self, append: Append) -> BoxFuture<'_, Result<Answer, LogError>>;

    /// Where a feed starts.
    fn locate(&self, channel: &str, since: Since) -> BoxFuture<'_, Result<Start, LogError>>;

    /// The entries behind a position, up to `max_bytes` of payload, at least one if there is one.
    fn read(&self, channel: &str, behind: Position, max_bytes: usize) -> BoxFuture<'_, Result<Piece, LogError>>;

    /// Up to `count` entries before an offset, oldest first, up to `max_bytes` of payload: for looking back.
    fn read_back(
        &self,
        channel: &str,
        before: u64,
        count: usize,
        max_bytes: usize,
    ) -> BoxFuture<'_, Result<Vec<Entry>, LogError>>;

    /// The channel's newest position; it changes whenever entries have become visible.
    fn tail(&self, channel: &str) -> BoxFuture<'_, Result<watch::Receiver<Position>, LogError>>;

    /// Whether anything is known of a publisher. Its rows expire together, a fixed time after its last append or touch.
    fn knows(&self, publisher: SessionId) -> BoxFuture<'_, Result<bool, LogError>>;

    /// Says that a publisher is still there.
    fn touch(&self, publisher: SessionId) -> BoxFuture<'_, Result<(), LogError>>;

    /// Removes what retention no longer keeps, entries and publishers. To be called now and then.
    fn trim(&self) -> BoxFuture<'_, Result<(), LogError>>;
}
