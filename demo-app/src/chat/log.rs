//! What has been said in the room, and what happened between.

use std::rc::Rc;

use demo_messages::chat::{Author, Entry};

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Line {
    /// Something said.
    Said {
        entry: Rc<Entry>,
        /// Whether this page's person said it. Kept, because a server with another memory gives other numbers.
        mine: bool,
    },
    /// The page was away for so long; what was said meanwhile follows.
    Away { seconds: u64 },
    /// The server has another memory now: it knows nothing of what stands above.
    Anew,
    /// The server may not have kept all of what was said meanwhile.
    Gap,
}

/// The room's lines, oldest first, of which the newest [`Log::LIMIT`] are kept.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Log {
    lines: Vec<Line>,
    last_id: Option<u64>,
}

impl Log {
    /// The most lines kept.
    pub(crate) const LIMIT: usize = 1_000;

    pub(crate) fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// Adds an entry unless it is here already, and gives it if it was new. `me` is this page's person.
    pub(crate) fn add(&mut self, entry: Entry, me: Option<Author>) -> Option<Rc<Entry>> {
        if self.last_id.is_some_and(|last| entry.id <= last) {
            return None;
        }
        self.last_id = Some(entry.id);
        let mine = Some(entry.author) == me;
        let entry = Rc::new(entry);
        self.push(Line::Said { entry: Rc::clone(&entry), mine });
        Some(entry)
    }

    /// Adds what the server has of the room, after an absence of `away` seconds if there was one. Gives the
    /// entries that were new.
    pub(crate) fn catch_up(
        &mut self,
        history: Vec<Entry>,
        me: Option<Author>,
        away: Option<u64>,
        same_memory: bool,
    ) -> Vec<Rc<Entry>> {
        let known = !self.lines.is_empty();
        // Less than a second is no absence that anybody has noticed.
        if let Some(seconds) = away.filter(|seconds| known && *seconds > 0) {
            self.push(Line::Away { seconds });
        }
        if !same_memory {
            if known {
                self.push(Line::Anew);
            }
            self.last_id = None;
        } else if let Some(last) = self.last_id
            && !history.is_empty()
            && history.iter().all(|entry| entry.id > last)
        {
            // Numbers are given across rooms: only the entry known last shows that nothing is missing.
            self.push(Line::Gap);
        }
        history.into_iter().filter_map(|entry| self.add(entry, me)).collect()
    }

    fn push(&mut self, line: Line) {
        self.lines.push(line);
        if self.lines.len() > Self::LIMIT {
            self.lines.remove(0);
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use demo_messages::chat::{Author, Key};

    use super::*;

    pub(crate) fn entry(id: u64, author: u32, text: &str) -> Entry {
        Entry {
            id,
            at_ms: id * 60_000,
            author: Author(author),
            name: format!("N{author}"),
            key: Key(u32::try_from(id).expect("small")),
            text: text.into(),
        }
    }

    fn shape(log: &Log) -> String {
        let one = |line: &Line| match line {
            Line::Said { entry, .. } => entry.id.to_string(),
            Line::Away { seconds } => format!("away{seconds}"),
            Line::Anew => "anew".into(),
            Line::Gap => "gap".into(),
        };
        log.lines().iter().map(one).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_return_adds_what_was_missed_once() {
        let mut log = Log::default();
        log.catch_up(vec![entry(1, 1, "a"), entry(2, 1, "b")], None, None, true);
        assert!(log.add(entry(3, 1, "c"), None).is_some());
        assert!(log.add(entry(3, 1, "c"), None).is_none());
        let news = log.catch_up((1..=5).map(|id| entry(id, 1, "x")).collect(), None, Some(40), true);
        assert_eq!(news.len(), 2);
        assert_eq!(shape(&log), "1 2 3 away40 4 5");
    }

    #[test]
    fn a_hole_in_the_history_is_shown() {
        let mut log = Log::default();
        log.catch_up(vec![entry(1, 1, "a")], None, None, true);
        log.catch_up(vec![entry(7, 1, "a")], None, Some(9), true);
        assert_eq!(shape(&log), "1 away9 gap 7");
    }

    #[test]
    fn a_server_with_another_memory_begins_anew_below_the_old_lines() {
        let mut log = Log::default();
        log.catch_up(vec![entry(8, 1, "a")], None, None, true);
        log.catch_up(vec![entry(1, 2, "b")], None, Some(3), false);
        assert!(log.add(entry(2, 2, "c"), None).is_some());
        assert_eq!(shape(&log), "8 away3 anew 1 2");
    }

    #[test]
    fn only_the_newest_lines_are_kept() {
        let mut log = Log::default();
        for id in 0..u64::try_from(Log::LIMIT).expect("small") + 5 {
            log.add(entry(id, 1, "x"), None);
        }
        assert_eq!(log.lines().len(), Log::LIMIT);
        assert!(matches!(&log.lines()[0], Line::Said { entry, .. } if entry.id == 5));
    }
}
