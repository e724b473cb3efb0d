//! What really happened in the runs, so that a test that checks nothing is noticed.

use std::collections::BTreeMap;

/// Where a client's session can be when something happens to it.
pub(crate) const PHASES: [&str; 4] = ["away", "greeting", "live", "midway"];

#[derive(Default)]
pub(crate) struct Coverage {
    counts: BTreeMap<(&'static str, &'static str), u64>,
}

impl Coverage {
    pub(crate) fn note(&mut self, what: &'static str, phase: &'static str) {
        *self.counts.entry((what, phase)).or_default() += 1;
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        for (key, count) in &other.counts {
            *self.counts.entry(*key).or_default() += count;
        }
    }

    pub(crate) fn count(&self, what: &str) -> u64 {
        self.counts.iter().filter(|((happened, _), _)| *happened == what).map(|(_, count)| count).sum()
    }

    pub(crate) fn count_in(&self, what: &str, phase: &str) -> u64 {
        let here = |((happened, at), _): &(&(&str, &str), &u64)| *happened == what && *at == phase;
        self.counts.iter().filter(here).map(|(_, count)| count).sum()
    }

    pub(crate) fn table(&self) -> String {
        use std::fmt::Write as _;
        let mut text = String::new();
        for ((what, phase), count) in &self.counts {
            let _ = writeln!(text, "{what:28} {phase:10} {count}");
        }
        text
    }
}
