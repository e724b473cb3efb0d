//! Sessions that were ended for good: their credentials are worth nothing any more.

use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rejoin_protocol::wire::SessionId;

/// Ids that are remembered; then the oldest are forgotten.
const IDS: usize = 65_536;

/// The newest sessions that the application or their client has ended.
#[derive(Debug, Default)]
pub(super) struct Ended {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    ids: HashSet<SessionId>,
    order: VecDeque<SessionId>,
}

impl Ended {
    pub(super) fn add(&self, id: SessionId) {
        let mut state = self.lock();
        if !state.ids.insert(id) {
            return;
        }
        if state.order.len() == IDS
            && let Some(oldest) = state.order.pop_front()
        {
            state.ids.remove(&oldest);
        }
        state.order.push_back(id);
    }

    pub(super) fn has(&self, id: SessionId) -> bool {
        self.lock().ids.contains(&id)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No code that can panic runs under the lock, so a poisoned state is still whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_are_remembered() {
        let ended = Ended::default();
        let id = |n: usize| SessionId { born: n as u64, random: [0; 12] };
        for n in 0..=IDS {
            ended.add(id(n));
            ended.add(id(n));
        }
        assert!(!ended.has(id(0)) && ended.has(id(1)) && ended.has(id(IDS)));
    }
}
