//! What really happened in the runs, so that a test that checks nothing is noticed.

use std::collections::BTreeMap;

use rejoin_protocol::State;

pub(crate) const STATES: [&str; 5] = ["connecting", "open", "waiting", "closing", "closed"];

#[derive(Default)]
pub(crate) struct Coverage {
    counts: BTreeMap<(&'static str, &'static str), u64>,
}

impl Coverage {
    /// Something happened while the link was in a state.
    pub(crate) fn note(&mut self, what: &'static str, state: State) {
        *self.counts.entry((what, name(state))).or_default() += 1;
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        for (key, count) in &other.counts {
            *self.counts.entry(*key).or_default() += count;
        }
    }

    pub(crate) fn count(&self, what: &str) -> u64 {
        self.counts.iter().filter(|((happened, _), _)| *happened == what).map(|(_, count)| count).sum()
    }

    pub(crate) fn count_in(&self, what: &str, state: &str) -> u64 {
        self.counts
            .iter()
            .filter(|((happened, where_), _)| *happened == what && *where_ == state)
            .map(|(_, count)| count)
            .sum()
    }

    pub(crate) fn table(&self) -> String {
        use std::fmt::Write as _;
        let mut text = String::new();
        for ((what, state), count) in &self.counts {
            let _ = writeln!(text, "{what:28} {state:10} {count}");
        }
        text
    }
}

pub(crate) fn name(state: State) -> &'static str {
    match state {
        State::Connecting { .. } => "connecting",
        State::Open => "open",
        State::Waiting { .. } => "waiting",
        State::Closing => "closing",
        State::Closed => "closed",
        other => panic!("an unknown state: {other:?}"),
    }
}
