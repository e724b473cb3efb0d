//! How much longer than its setting a keep-alive deadline may take, after connections that were left too early.

/// How often the deadline may be doubled: up to sixteen times the setting.
pub(super) const MOST_DOUBLINGS: u8 = 4;

/// So many answers in a row within the setting bring the setting back. One is not enough: it may come between two
/// messages that each take longer.
const ANSWERS_IN_TIME: u8 = 8;

/// A connection that was left because nothing came within the deadline may have been receiving a message that takes longer: a
/// browser shows nothing of a message before it is whole. Each such end allows one more doubling to the next connection,
/// or the message would never arrive.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Patience {
    doublings: u8,
    in_time: u8,
}

impl Patience {
    /// A connection was left because nothing came within the deadline.
    pub(crate) fn lengthen(&mut self) {
        *self = Self { doublings: (self.doublings + 1).min(MOST_DOUBLINGS), in_time: 0 };
    }

    /// Whether a deadline that was doubled so often already may be doubled once more.
    pub(crate) fn allows(self, doublings: u8) -> bool {
        doublings < self.doublings
    }

    /// Something came while a deadline ran that had been doubled so often.
    pub(crate) fn answered(&mut self, doublings: u8) {
        self.in_time = if doublings == 0 { self.in_time + 1 } else { 0 };
        if self.in_time >= ANSWERS_IN_TIME {
            *self = Self::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lengthened(times: usize) -> Patience {
        let mut patience = Patience::default();
        for _ in 0..times {
            patience.lengthen();
        }
        patience
    }

    #[test]
    fn each_end_allows_one_more_doubling_up_to_the_limit() {
        for (ends, allowed) in [(0, 0), (1, 1), (3, 3), (4, 4), (99, 4)] {
            let patience = lengthened(ends);
            assert_eq!((0..9).filter(|doublings| patience.allows(*doublings)).count(), allowed);
        }
    }

    #[test]
    fn only_a_row_of_answers_in_time_brings_the_setting_back() {
        let mut patience = lengthened(2);
        for _ in 0..ANSWERS_IN_TIME - 1 {
            patience.answered(0);
        }
        assert!(patience.allows(1));
        patience.answered(1);
        for _ in 0..ANSWERS_IN_TIME - 1 {
            patience.answered(0);
        }
        assert!(patience.allows(1), "a late answer begins the row again");
        patience.answered(0);
        assert_eq!(patience, Patience::default());
    }

    #[test]
    fn an_end_begins_the_row_of_answers_again() {
        let mut patience = lengthened(1);
        for _ in 0..ANSWERS_IN_TIME - 1 {
            patience.answered(0);
        }
        patience.lengthen();
        patience.answered(0);
        assert!(patience.allows(1));
    }
}
