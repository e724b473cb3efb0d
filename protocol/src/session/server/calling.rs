//! The calls of a connection that have no answer yet.

use alloc::collections::BTreeMap;

use crate::session::message::FRAME_COST;
use crate::session::{SessionLimits, Violation};

#[derive(Debug)]
pub(super) struct Calling {
    /// What each costs.
    all: BTreeMap<u64, u64>,
    bytes: u64,
    most: (usize, u64),
}

impl Calling {
    pub(super) fn new(limits: &SessionLimits) -> Self {
        Self { all: BTreeMap::new(), bytes: 0, most: (limits.calls, limits.call_bytes) }
    }

    /// Takes a call of so many bytes. False if there are as many as there may be.
    pub(super) fn begin(&mut self, id: u64, len: usize) -> Result<bool, Violation> {
        let cost = len as u64 + FRAME_COST;
        if self.all.contains_key(&id) {
            return Err(Violation::bad_frame("a call's number is in use"));
        }
        if self.all.len() >= self.most.0 || self.bytes + cost > self.most.1 {
            return Ok(false);
        }
        self.all.insert(id, cost);
        self.bytes += cost;
        Ok(true)
    }

    /// What the questions cost.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// A call is answered or cancelled. False if it was not under way.
    pub(super) fn end(&mut self, id: u64) -> bool {
        let Some(cost) = self.all.remove(&id) else { return false };
        self.bytes -= cost;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_bounded_in_number_and_in_bytes_and_make_room_when_they_end() {
        let limits = SessionLimits { calls: 2, call_bytes: 100, ..SessionLimits::default() };
        let mut calling = Calling::new(&limits);
        assert_eq!(calling.begin(1, 60), Ok(true));
        assert_eq!(calling.begin(2, 9), Ok(false));
        assert_eq!(calling.begin(1, 0).unwrap_err().code, 4400);
        assert!(calling.end(1) && !calling.end(1));
        assert_eq!(
            (calling.begin(2, 9), calling.begin(3, 9), calling.begin(4, 0)),
            (Ok(true), Ok(true), Ok(false))
        );
    }
}
