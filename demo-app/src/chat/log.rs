//! What has been said in the room, and what happened between.

use std::rc::Rc;

use demo_messages::room::Said;

/// Something said, as the room's channel has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Its place in the channel.
    pub(crate) offset: u64,
    /// When the server's log took it, in milliseconds since 1970 (UTC).
    pub(crate) at_ms: u64,
    /// Who published it.
    pub(crate) publisher: u64,
    /// The publisher's number of it, if it was told.
    pub(crate) number: Option<u64>,
    pub(crate) said: Said,
}

/// What stands in one line of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum What {
    /// Something said.
    Said {
        entry: Rc<Entry>,
        /// Whether this page's person said it.
        mine: bool,
    },
    /// The page was away for so long; what was said meanwhile follows.
    Away { seconds: u64 },
    /// The server has another memory now: it knows nothing of what stands above.
    Anew,
    /// So many messages are missing here, if anybody knows how many.
    Gap { missing: Option<u64> },
    /// Something that this page can't read.
    Unreadable,
}

/// One line, and what tells it from all others that were ever in this log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) serial: i64,
    pub(crate) what: What,
}

/// The room's lines, oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Log {
    lines: Vec<Line>,
    /// As many lines are kept.
    limit: usize,
    /// The serials of the next line above and below.
    above: i64,
    below: i64,
    /// The offset up to which the channel is shown.
    seen: Option<u64>,
}

impl Default for Log {
    fn default() -> Self {
        Self { lines: Vec::new(), limit: Self::LIMIT, above: -1, below: 0, seen: None }
    }
}

impl Log {
    /// The most lines kept while the person looks at the newest.
    pub(crate) const LIMIT: usize = 1_000;
    /// The most lines kept when the person looks back.
    pub(crate) const MOST: usize = 5_000;

    pub(crate) fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// The offset up to which the channel is shown.
    pub(crate) fn seen(&self) -> Option<u64> {
        self.seen
    }

    /// The offset of the oldest entry shown.
    pub(crate) fn oldest(&self) -> Option<u64> {
        self.lines.iter().find_map(|line| match &line.what {
            What::Said { entry, .. } => Some(entry.offset),
            _ => None,
        })
    }

    /// Whether no more can be added above.
    pub(crate) fn is_full(&self) -> bool {
        self.lines.len() >= Self::MOST
    }

    /// The channel is shown from behind this offset on.
    pub(crate) fn start(&mut self, offset: u64) {
        self.seen = Some(offset);
    }

    /// Nothing is known any more of how far the channel is shown.
    pub(crate) fn forget_seen(&mut self) {
        self.seen = None;
    }

    /// Adds an entry below, and gives its serial. The session hands over each once and in order.
    pub(crate) fn add(&mut self, entry: Entry, mine: bool) -> i64 {
        self.seen = Some(entry.offset);
        self.push(What::Said { entry: Rc::new(entry), mine })
    }

    /// Adds something else below.
    pub(crate) fn push(&mut self, what: What) -> i64 {
        let serial = self.below;
        self.below += 1;
        self.lines.push(Line { serial, what });
        self.trim();
        serial
    }

    /// Adds older entries above, oldest first.
    pub(crate) fn add_above(&mut self, entries: Vec<(Entry, bool)>) {
        let oldest = self.oldest();
        let older =
            entries.into_iter().filter(|(entry, _)| oldest.is_none_or(|oldest| entry.offset < oldest));
        let mut added: Vec<What> =
            older.map(|(entry, mine)| What::Said { entry: Rc::new(entry), mine }).collect();
        self.limit = (self.limit + added.len()).min(Self::MOST);
        let room = Self::MOST.saturating_sub(self.lines.len());
        let too_many = added.len().saturating_sub(room);
        added.drain(..too_many);
        for what in added.into_iter().rev() {
            self.lines.insert(0, Line { serial: self.above, what });
            self.above -= 1;
        }
    }

    /// The person looks at the newest again: what was looked back at is let go. True if some went.
    pub(crate) fn back_to_newest(&mut self) -> bool {
        self.limit = Self::LIMIT;
        self.trim()
    }

    fn trim(&mut self) -> bool {
        let too_many = self.lines.len().saturating_sub(self.limit);
        self.lines.drain(..too_many);
        too_many > 0
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn entry(offset: u64, publisher: u64, text: &str) -> Entry {
        let said = Said { name: format!("N{publisher}"), text: text.into() };
        Entry { offset, at_ms: offset * 60_000, publisher, number: Some(offset), said }
    }

    pub(crate) fn shape(log: &Log) -> String {
        let one = |line: &Line| match &line.what {
            What::Said { entry, .. } => entry.offset.to_string(),
            What::Away { seconds } => format!("away{seconds}"),
            What::Anew => "anew".into(),
            What::Gap { missing } => format!("gap{missing:?}"),
            What::Unreadable => "unreadable".into(),
        };
        log.lines().iter().map(one).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn older_entries_go_above_once_and_every_line_keeps_its_serial() {
        let mut log = Log::default();
        log.start(4);
        log.add(entry(5, 1, "e"), false);
        log.push(What::Away { seconds: 3 });
        log.add_above(vec![(entry(3, 1, "c"), false), (entry(4, 1, "d"), true)]);
        log.add_above(vec![(entry(2, 1, "b"), false), (entry(3, 1, "c"), false)]);
        assert_eq!(shape(&log), "2 3 4 5 away3");
        let serials: Vec<i64> = log.lines().iter().map(|line| line.serial).collect();
        assert_eq!(serials, [-3, -2, -1, 0, 1]);
        assert_eq!((log.oldest(), log.seen()), (Some(2), Some(5)));
    }

    #[test]
    fn only_the_newest_lines_are_kept_and_those_looked_back_at_while_that_lasts() {
        let mut log = Log::default();
        let count = Log::LIMIT as u64;
        for offset in 0..count + 5 {
            log.add(entry(offset + 100, 1, "x"), false);
        }
        assert_eq!((log.lines().len(), log.oldest()), (Log::LIMIT, Some(105)));
        log.add_above((0..105).map(|offset| (entry(offset, 1, "x"), false)).collect());
        log.add(entry(count + 200, 1, "x"), false);
        assert_eq!((log.lines().len(), log.oldest()), (Log::LIMIT + 105, Some(1)));
        assert!(log.back_to_newest());
        assert_eq!(log.lines().len(), Log::LIMIT);
        assert!(!log.back_to_newest());
    }

    #[test]
    fn looking_back_has_an_end() {
        let mut log = Log::default();
        log.add(entry(90_000, 1, "x"), false);
        for page in (0..60_u64).rev() {
            let entries = (0..100).map(|n| (entry(page * 100 + n, 1, "x"), false)).collect();
            log.add_above(entries);
        }
        assert!(log.is_full());
        assert_eq!(log.lines().len(), Log::MOST);
        assert_eq!(log.oldest(), Some(1_001));
    }
}
