//! All channels and publishers of a log in memory.

use std::collections::{BTreeMap, HashMap};

use rejoin_protocol::wire::{Answer, Position, SessionId};

use super::channel::Channel;
use crate::log::publisher::{Asked, Outcome, Recorded, Row, Step};
use crate::log::retention::{Held, Retention};
use crate::log::{Append, LogError};

/// What is known of a publisher in one channel.
#[derive(Debug, Clone, Default)]
struct Publication {
    row: Row,
    outcomes: BTreeMap<u64, Recorded>,
}

/// What is known of a publisher.
#[derive(Debug, Clone, Default)]
struct Publisher {
    seen: u64,
    channels: HashMap<String, Publication>,
}

/// The contents of a log.
#[derive(Debug, Clone, Default)]
pub(super) struct Store {
    channels: HashMap<String, Channel>,
    publishers: HashMap<SessionId, Publisher>,
    bytes: u64,
}

impl Store {
    pub(super) fn channel(&self, name: &str) -> Option<&Channel> {
        self.channels.get(name)
    }

    /// Channels that hold entries, in order behind a name.
    pub(super) fn names(&self, behind: &str, most: usize) -> Vec<String> {
        let holding =
            self.channels.iter().filter(|(name, channel)| name.as_str() > behind && channel.holds());
        let mut names: Vec<String> = holding.map(|(name, _)| name.clone()).collect();
        names.sort_unstable();
        names.truncate(most);
        names
    }

    /// Answers a publication; with the new tail if there is an entry.
    pub(super) fn append(
        &mut self,
        writer: u64,
        append: Append,
        now: u64,
        max_bytes: u64,
    ) -> Result<(Answer, Option<Position>), LogError> {
        let (publisher, channel) = (append.publisher, append.channel.clone());
        let known = self.publishers.get(&publisher).and_then(|known| known.channels.get(&channel));
        let row = known.map(|known| known.row).unwrap_or_default();
        let recorded = known.filter(|_| row.remembers(append.number));
        let recorded = recorded.and_then(|known| known.outcomes.get(&append.number));
        let (number, id) = (append.number, append.id);
        let asked = Asked { number, settled: append.settled, id, verdict: &append.verdict };
        let (row, recorded, answer, tail) = match row.ask(asked, recorded)? {
            Step::Answer(answer) => return Ok((answer, None)),
            Step::Again(row, answer) => (row, None, answer, None),
            Step::Refuse(row, denial) => {
                let recorded = Recorded { id, outcome: Outcome::Refused(denial.clone()) };
                (row, Some(recorded), Answer::Refused(denial), None)
            }
            Step::Append(row) => {
                let at = self.append_entry(writer, append, now, max_bytes)?;
                let recorded = Recorded { id, outcome: Outcome::Appended(at) };
                (row, Some(recorded), Answer::Appended(at), Some(at))
            }
        };
        let known = self.publishers.entry(publisher).or_default();
        known.seen = now;
        let known = known.channels.entry(channel).or_default();
        known.row = row;
        while known.outcomes.first_key_value().is_some_and(|(number, _)| *number < row.settled) {
            known.outcomes.pop_first();
        }
        if let Some(recorded) = recorded {
            known.outcomes.insert(number, recorded);
        }
        Ok((answer, tail))
    }

    fn append_entry(
        &mut self,
        writer: u64,
        append: Append,
        now: u64,
        max_bytes: u64,
    ) -> Result<Position, LogError> {
        let bytes = self.bytes.saturating_add(Held::weight(append.payload.len()));
        if bytes > max_bytes {
            return Err(LogError::Full);
        }
        let position =
            self.channels.entry(append.channel.clone()).or_default().append(writer, append, now)?;
        self.bytes = bytes;
        Ok(position)
    }

    pub(super) fn knows(&self, publisher: SessionId) -> bool {
        self.publishers.contains_key(&publisher)
    }

    pub(super) fn touch(&mut self, publisher: SessionId, now: u64) {
        if let Some(known) = self.publishers.get_mut(&publisher) {
            known.seen = now;
        }
    }

    /// Lets go what retention does not keep, but no more than so many entries.
    pub(super) fn trim(&mut self, retention: &Retention, now: u64, mut most: usize) {
        for channel in self.channels.values_mut() {
            while most > 0 {
                let Some(weight) = channel.trim_one(retention, now) else { break };
                self.bytes = self.bytes.saturating_sub(weight);
                most -= 1;
            }
        }
        let since = retention.publishers_since(now);
        self.publishers.retain(|_, publisher| publisher.seen >= since);
    }
}
