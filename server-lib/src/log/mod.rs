//! The log: ordered, durable channels, behind one trait.
//!
//! A channel's entries have offsets from 1 upwards. Every start of a writer opens a new epoch with its first append to a
//! channel, so that a log which was restored from an older backup can't pass a reused offset off as one that was seen:
//! a [`Position`] names its epoch, and is answered with a gap where the log no longer has it.
//!
//! [`MemoryLog`] is for tests; `SqliteLog`, behind the feature `sqlite`, is durable.

mod clock;
mod error;
mod memory;
mod places;
mod publisher;
mod retention;
#[cfg(feature = "sqlite")]
mod sqlite;
mod tails;

use std::time::Duration;

use futures_util::future::BoxFuture;
use rejoin_protocol::wire::{Alias, Answer, Body, Denial, Missing, Position, SessionId, Since};
use tokio::sync::watch;

pub use clock::Clock;
pub use error::{Blame, LogError};
pub use memory::{MemoryLog, MemoryOptions};
pub use publisher::MAX_UNSETTLED;
pub use retention::Retention;
#[cfg(feature = "sqlite")]
pub use sqlite::{SqliteLog, SqliteOptions};

/// The most entries that one [`Piece`] holds, however small they are.
pub const MAX_PIECE: usize = 1_024;

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

/// One entry of a channel, and where a feed starts.
pub use rejoin_protocol::session::{FeedEntry as Entry, FeedStart as Start};

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
/// An entry is in the log once, whatever is repeated; entries become visible in the order of their offsets. A call begins
/// when it is made, not when its future is first polled, and dropping the future stops nothing that was begun, except for
/// [`trim`](Log::trim), which goes on step by step.
pub trait Log: Send + Sync + 'static {
    /// Answers a publication, atomically: entry, publisher's row and outcome are stored together or not at all, and
    /// the answer comes when they are durable. Appends of one publisher to one channel that are begun in order are
    /// answered in order, and the second may be begun before the first is answered. (Section 6 of the protocol.)
    ///
    /// The hub waits for the answer for [`HubSettings::log_timeout`](crate::hub::HubSettings::log_timeout). Then it takes the
    /// append for one that ended in [`LogError::TimedOut`]: the publisher sends it again, under the same number and with the
    /// same id, and learns what became of it. So an append that is stored later is in the log once all the same.
    ///
    /// # Errors
    /// Nothing was answered: the publisher must send it again. See [`LogError::is_retryable`].
    fn append(&self, append: Append) -> BoxFuture<'_, Result<Answer, LogError>>;

    /// Where a feed starts. A channel that nobody has published to is empty, and no error. (Section 7 of the protocol.)
    ///
    /// # Errors
    /// The store can't be read.
    fn locate(&self, channel: &str, since: Since) -> BoxFuture<'_, Result<Start, LogError>>;

    /// The entries behind a position, up to `max_bytes` of payload and [`MAX_PIECE`] entries, at least one if there is
    /// one. A position that
    /// [`locate`](Log::locate) would not recover is answered with the same gap.
    ///
    /// # Errors
    /// The store can't be read.
    fn read(
        &self,
        channel: &str,
        behind: Position,
        max_bytes: usize,
    ) -> BoxFuture<'_, Result<Piece, LogError>>;

    /// Up to `count` entries before an offset, the newest of those that are kept, oldest first, up to `max_bytes` of
    /// payload: for looking back. An entry larger than `max_bytes` ends it.
    ///
    /// # Errors
    /// The store can't be read.
    fn read_back(
        &self,
        channel: &str,
        before: u64,
        count: usize,
        max_bytes: usize,
    ) -> BoxFuture<'_, Result<Vec<Entry>, LogError>>;

    /// The names of channels that hold entries, in the order of their bytes: the first `most` of those behind a name. From
    /// `""` on, all of them can be had piece by piece.
    ///
    /// # Errors
    /// The store can't be read.
    fn channels(&self, behind: &str, most: usize) -> BoxFuture<'_, Result<Vec<String>, LogError>>;

    /// The channel's newest position; it changes whenever entries have become visible.
    ///
    /// # Errors
    /// The store can't be read.
    fn tail(&self, channel: &str) -> BoxFuture<'_, Result<watch::Receiver<Position>, LogError>>;

    /// How long a publisher is known after its last append or touch, at least ([`Retention::publishers`]).
    fn publisher_life(&self) -> Duration;

    /// Whether anything is known of a publisher. All that is known of it goes together, when the log is trimmed after
    /// [`publisher_life`](Log::publisher_life) without an append or touch.
    ///
    /// # Errors
    /// The store can't be read.
    fn knows(&self, publisher: SessionId) -> BoxFuture<'_, Result<bool, LogError>>;

    /// Says that a publisher is still there. Nothing comes of it if nothing is known of the publisher: to know it again
    /// after its rows have gone would let an old publication of it in twice.
    ///
    /// # Errors
    /// The store can't be written.
    fn touch(&self, publisher: SessionId) -> BoxFuture<'_, Result<(), LogError>>;

    /// Removes what retention no longer keeps, entries and publishers, in short steps, so that appends pass between
    /// them. What one call removes is bounded. To be called every minute or so.
    ///
    /// # Errors
    /// The store can't be written; what was removed before stays removed.
    fn trim(&self) -> BoxFuture<'_, Result<(), LogError>>;
}
