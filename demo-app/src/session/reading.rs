//! How far a room has been read, and from where another feed of it is to begin.

use rejoin::session::{FeedItem, GapReason, Position, Since};

use crate::chat::log::Log;

/// How far a room has been read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reading {
    pub(super) room: String,
    /// Behind which place. None: the server's log is another, of which nothing was read.
    behind: Option<Position>,
    /// All that there is of epochs with lower ordinals was read before the log became another.
    known_below: u64,
}

/// What to do with an item of a feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Show,
    /// It was read before.
    Skip,
    /// Show it, and nothing more of this feed: another one begins before the place where this one goes on.
    Leave,
}

impl Reading {
    /// From where another feed is to begin.
    pub(super) fn since(&self) -> Since {
        self.behind.map_or(Since::Last(Log::LIMIT as u64), Since::Position)
    }

    /// Notes what has come of a room.
    pub(super) fn note<T, V>(read: &mut Option<Self>, room: &str, item: &FeedItem<T, V>) -> Step {
        let known = read.as_ref().filter(|known| known.room == room);
        let (stood, known_below) = known.map_or((None, 0), |known| (known.behind, known.known_below));
        let (behind, known_below, step) = match item {
            // The feed would go on behind all that the other log holds, of which nothing was seen.
            FeedItem::Gap { at, missing } if missing.reason == GapReason::UnknownEpoch && at.offset > 0 => {
                (None, stood.map_or(known_below, |stood| stood.epoch.ordinal), Step::Leave)
            }
            FeedItem::Started(at) | FeedItem::Gap { at, .. } => (Some(*at), known_below, Step::Show),
            FeedItem::Entry(entry) if entry.position.epoch.ordinal < known_below => {
                (Some(entry.position), known_below, Step::Skip)
            }
            FeedItem::Entry(entry) => (Some(entry.position), known_below, Step::Show),
            _ => return Step::Show,
        };
        *read = Some(Self { room: room.to_owned(), behind, known_below });
        step
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rejoin::session::{Entry, Epoch, Missing};

    fn at(ordinal: u64, id: u64, offset: u64) -> Position {
        Position { epoch: Epoch { ordinal, id }, offset }
    }

    fn entry(position: Position) -> FeedItem<()> {
        FeedItem::Entry(Entry { position, time: 0, publisher: 1, number: 0, own: false, payload: () })
    }

    fn gap(at: Position, reason: GapReason) -> FeedItem<()> {
        FeedItem::Gap { at, missing: Missing { from: 1, to: 0, reason } }
    }

    #[test]
    fn a_room_goes_on_where_it_was_read() {
        let mut read = None;
        assert_eq!(Reading::note(&mut read, "tea", &FeedItem::<()>::Started(at(1, 7, 3))), Step::Show);
        assert_eq!(Reading::note(&mut read, "tea", &entry(at(1, 7, 4))), Step::Show);
        assert_eq!(Reading::note(&mut read, "tea", &FeedItem::<()>::Members), Step::Show);
        assert_eq!(read.as_ref().map(Reading::since), Some(Since::Position(at(1, 7, 4))));
        let trimmed = gap(at(1, 7, 9), GapReason::Trimmed);
        assert_eq!(Reading::note(&mut read, "tea", &trimmed), Step::Show);
        assert_eq!(read.as_ref().map(Reading::since), Some(Since::Position(at(1, 7, 9))));
    }

    #[test]
    fn another_log_is_read_from_the_first_entry_that_was_not_in_the_one_before() {
        let mut read = None;
        Reading::note(&mut read, "tea", &entry(at(3, 7, 20)));
        assert_eq!(Reading::note(&mut read, "tea", &gap(at(4, 9, 18), GapReason::UnknownEpoch)), Step::Leave);
        assert_eq!(read.as_ref().map(Reading::since), Some(Since::Last(Log::LIMIT as u64)));
        Reading::note(&mut read, "tea", &FeedItem::<()>::Started(at(2, 6, 9)));
        // A copy of the log from before: what it holds of older epochs was read already.
        let steps = [at(2, 6, 10), at(3, 8, 11), at(4, 9, 18)]
            .map(|position| Reading::note(&mut read, "tea", &entry(position)));
        assert_eq!(steps, [Step::Skip, Step::Show, Step::Show]);
        assert_eq!(read.as_ref().map(Reading::since), Some(Since::Position(at(4, 9, 18))));
    }

    #[test]
    fn of_another_log_that_is_empty_nothing_has_to_be_looked_for() {
        let mut read = None;
        Reading::note(&mut read, "tea", &entry(at(1, 7, 20)));
        assert_eq!(Reading::note(&mut read, "tea", &gap(at(0, 0, 0), GapReason::UnknownEpoch)), Step::Show);
        assert_eq!(Reading::note(&mut read, "tea", &entry(at(1, 8, 1))), Step::Show);
    }
}
