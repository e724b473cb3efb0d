//! Positions and epochs: where a feed goes on that asks to start at a position.
//!
//! Pure, and used by every log of this crate.

use rejoin_protocol::wire::{Epoch, GapReason, Missing, Position};

use super::{LogError, Start};

/// The position before everything, in every channel and every log, since whoever is there has seen nothing.
pub(super) const ORIGIN: Position = Position { epoch: Epoch { ordinal: 0, id: 0 }, offset: 0 };

/// The largest number of the wire.
const LARGEST: u64 = (1 << 53) - 1;

/// What must be known of a channel to judge a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Known {
    /// The newest position.
    pub(super) tail: Position,
    /// The position of the last entry that was trimmed.
    pub(super) watermark: Position,
    /// The ordinal of the oldest epoch that is kept; `None` if there was never an entry.
    pub(super) oldest: Option<u64>,
    /// The offsets of the first and the last entry of the position's epoch, if it is kept.
    pub(super) span: Option<(u64, u64)>,
}

impl Known {
    /// Of a channel without entries.
    pub(super) const NOTHING: Self = Self { tail: ORIGIN, watermark: ORIGIN, oldest: None, span: None };

    /// Where the feed from a position goes on.
    pub(super) fn start(&self, asked: Position) -> Start {
        let Position { epoch, offset } = asked;
        if asked == ORIGIN && self.watermark.offset == 0 {
            return recovered(asked);
        }
        match self.span {
            Some((_, end)) if offset > end => {
                gap(Position { epoch, offset: end }, end + 1, offset, GapReason::Truncated)
            }
            Some((first, _)) if offset >= first => {
                if offset < self.watermark.offset {
                    self.trimmed(offset)
                } else {
                    recovered(asked)
                }
            }
            _ if self.oldest.is_some_and(|oldest| epoch.ordinal < oldest) => self.trimmed(offset),
            _ => gap(self.tail, after(offset), after(offset) - 1, GapReason::UnknownEpoch),
        }
    }

    fn trimmed(&self, offset: u64) -> Start {
        gap(self.watermark, after(offset), self.watermark.offset, GapReason::Trimmed)
    }
}

/// The next offset, which the wire must be able to say even of an offset that was made up.
fn after(offset: u64) -> u64 {
    offset.min(LARGEST - 1) + 1
}

fn recovered(at: Position) -> Start {
    Start { at, recovered: true, missing: None }
}

fn gap(at: Position, from: u64, to: u64, reason: GapReason) -> Start {
    Start { at, recovered: false, missing: Some(Missing { from, to, reason }) }
}

/// 64 bits of the system's randomness, for epochs and writers.
pub(super) fn random() -> Result<u64, LogError> {
    getrandom::u64().map_err(|error| LogError::Io(error.to_string().into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ordinal: u64, id: u64, offset: u64) -> Position {
        Position { epoch: Epoch { ordinal, id }, offset }
    }

    /// Epochs 3 (11..=20) and 4 (21..=30); all up to 15 was trimmed.
    fn known(span: Option<(u64, u64)>) -> Known {
        Known { tail: at(4, 44, 30), watermark: at(3, 33, 15), oldest: Some(3), span }
    }

    #[test]
    fn a_position_of_a_kept_epoch_is_where_the_feed_goes_on() {
        for offset in [15, 16, 20] {
            assert_eq!(known(Some((11, 20))).start(at(3, 33, offset)), recovered(at(3, 33, offset)));
        }
        assert_eq!(known(Some((21, 30))).start(at(4, 44, 30)), recovered(at(4, 44, 30)));
    }

    #[test]
    fn a_position_beyond_the_end_of_its_epoch_goes_on_from_that_end() {
        let expected = gap(at(3, 33, 20), 21, 25, GapReason::Truncated);
        assert_eq!(known(Some((11, 20))).start(at(3, 33, 25)), expected);
        let expected = gap(at(4, 44, 30), 31, 31, GapReason::Truncated);
        assert_eq!(known(Some((21, 30))).start(at(4, 44, 31)), expected);
    }

    #[test]
    fn a_position_below_the_watermark_goes_on_from_the_watermark() {
        let expected = gap(at(3, 33, 15), 15, 15, GapReason::Trimmed);
        assert_eq!(known(Some((11, 20))).start(at(3, 33, 14)), expected);
    }

    #[test]
    fn an_ordinal_below_the_oldest_kept_goes_on_from_the_watermark() {
        let expected = gap(at(3, 33, 15), 9, 15, GapReason::Trimmed);
        assert_eq!(known(None).start(at(2, 22, 8)), expected);
    }

    #[test]
    fn any_other_unknown_epoch_goes_on_from_the_tail() {
        for asked in [at(3, 99, 18), at(4, 99, 25), at(9, 99, 5)] {
            let expected = gap(at(4, 44, 30), asked.offset + 1, asked.offset, GapReason::UnknownEpoch);
            assert_eq!(known(None).start(asked), expected);
        }
    }

    #[test]
    fn a_position_that_its_epoch_never_had_is_not_believed() {
        let expected = gap(at(4, 44, 30), 18, 17, GapReason::UnknownEpoch);
        assert_eq!(known(Some((21, 30))).start(at(4, 44, 17)), expected);
    }

    #[test]
    fn who_has_seen_nothing_misses_only_what_was_trimmed() {
        assert_eq!(Known::NOTHING.start(ORIGIN), recovered(ORIGIN));
        let untrimmed = Known { watermark: ORIGIN, oldest: Some(1), ..known(None) };
        assert_eq!(untrimmed.start(ORIGIN), recovered(ORIGIN));
        assert_eq!(known(None).start(ORIGIN), gap(at(3, 33, 15), 1, 15, GapReason::Trimmed));
    }

    #[test]
    fn a_position_in_a_channel_that_has_nothing_is_answered_with_a_gap() {
        let expected = gap(ORIGIN, 8, 7, GapReason::UnknownEpoch);
        assert_eq!(Known::NOTHING.start(at(2, 22, 7)), expected);
    }

    #[test]
    fn the_largest_offset_that_can_be_said_breaks_nothing() {
        for offset in [LARGEST - 1, LARGEST, u64::MAX] {
            let expected = gap(at(4, 44, 30), LARGEST, LARGEST - 1, GapReason::UnknownEpoch);
            assert_eq!(known(None).start(at(9, 9, offset)), expected);
        }
    }
}
