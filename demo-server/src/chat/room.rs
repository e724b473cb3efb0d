//! The room: who is in it, and its bounded history.

use std::collections::{BTreeSet, VecDeque};

use demo_messages::chat::Entry;

use super::hall::Tab;

/// How a message was taken: what its author is told, again if need be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Taken {
    pub(crate) id: u64,
    pub(crate) at_ms: u64,
}

/// One room.
#[derive(Debug, Default)]
pub(crate) struct Room {
    tabs: BTreeSet<Tab>,
    entries: VecDeque<Entry>,
    bytes: usize,
}

impl Room {
    pub(crate) fn enter(&mut self, tab: Tab) {
        self.tabs.insert(tab);
    }

    pub(crate) fn leave(&mut self, tab: Tab) {
        self.tabs.remove(&tab);
    }

    pub(crate) fn tabs(&self) -> impl Iterator<Item = Tab> + '_ {
        self.tabs.iter().copied()
    }

    /// True when there is nobody in it and nothing to remember.
    pub(crate) fn is_forgettable(&self) -> bool {
        self.tabs.is_empty() && self.entries.is_empty()
    }

    /// Keeps an entry, and forgets the oldest ones beyond what may be kept. The newest always stays.
    pub(crate) fn say(&mut self, entry: Entry, max_messages: usize, max_bytes: usize) {
        self.bytes += entry.text.len();
        self.entries.push_back(entry);
        while self.entries.len() > 1 && (self.entries.len() > max_messages || self.bytes > max_bytes) {
            if let Some(oldest) = self.entries.pop_front() {
                self.bytes -= oldest.text.len();
            }
        }
    }

    pub(crate) fn history(&self) -> Vec<Entry> {
        self.entries.iter().cloned().collect()
    }

    /// The newest entry's id; 0 when nothing was said.
    pub(crate) fn last_id(&self) -> u64 {
        self.entries.back().map_or(0, |entry| entry.id)
    }
}
