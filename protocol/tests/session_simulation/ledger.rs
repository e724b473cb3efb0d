//! What was sent and what came, of each numbering, and the check that one is a prefix of the other.

use std::collections::BTreeMap;

use rejoin_protocol::session::SessionMessage;

use crate::content::Letter;
use crate::network::Way;

/// What one sender's numbering carries: a stretch of all that the sender has taken from its application.
struct Stretch {
    track: usize,
    start: usize,
    /// Once it is over: the first that was not released, and the first that was never transmitted.
    end: Option<(usize, usize)>,
    received: usize,
}

#[derive(Default)]
pub(crate) struct Ledger {
    /// All that each sender has taken from its application and not handed back untransmitted.
    tracks: Vec<Vec<Letter>>,
    stretches: BTreeMap<(u64, bool), Stretch>,
    pub(crate) delivered: u64,
    pub(crate) lost: u64,
}

impl Ledger {
    pub(crate) fn track(&mut self) -> usize {
        self.tracks.push(Vec::new());
        self.tracks.len() - 1
    }

    pub(crate) fn taken(&mut self, track: usize, letter: Letter) {
        self.tracks[track].push(letter);
    }

    /// A numbering begins, before `waiting` messages that were not transmitted.
    pub(crate) fn begin(&mut self, incarnation: u64, way: Way, track: usize, waiting: usize) {
        let start = self.tracks[track].len() - waiting;
        let stretch = Stretch { track, start, end: None, received: 0 };
        assert!(self.stretches.insert((incarnation, way == Way::Up), stretch).is_none());
    }

    /// A receiver's application takes a message.
    pub(crate) fn received(&mut self, incarnation: u64, way: Way, message: &SessionMessage) {
        let stretch = self.stretches.get_mut(&(incarnation, way == Way::Up)).expect("a numbering has begun");
        let index = stretch.start + stretch.received;
        stretch.received += 1;
        if let Some((_, end)) = stretch.end {
            assert!(index < end, "a message came that was never transmitted in this numbering");
        }
        let letter = self.tracks[stretch.track].get(index).expect("no more came than were sent");
        assert!(
            letter.is(message),
            "{way:?}: message {index} of {incarnation:x} is not what was sent: {letter:?}, but {} bytes",
            message.body.len()
        );
        self.delivered += 1;
    }

    /// A sender's numbering is over: `unacked` was transmitted and not released, `waiting` messages were not transmitted.
    pub(crate) fn lost(&mut self, incarnation: u64, way: Way, unacked: &[SessionMessage], waiting: usize) {
        let stretch = self.stretches.get_mut(&(incarnation, way == Way::Up)).expect("a numbering has begun");
        let track = &self.tracks[stretch.track];
        assert!(stretch.end.is_none(), "a numbering is lost twice");
        let end = track.len() - waiting;
        let open = end.checked_sub(unacked.len()).filter(|open| *open >= stretch.start);
        let open = open.expect("no more is lost than was sent");
        for (letter, message) in track[open..end].iter().zip(unacked) {
            assert!(letter.is(message), "{letter:?} was sent, another is said to be lost");
        }
        assert!(
            stretch.start + stretch.received >= open,
            "{way:?}: neither delivered nor waiting nor lost: {} of {incarnation:x} came, {} were released",
            stretch.received,
            open - stretch.start
        );
        assert!(stretch.start + stretch.received <= end, "more came than was transmitted");
        stretch.end = Some((open, end));
        self.lost += unacked.len() as u64;
    }

    /// Messages that wait are handed back to the application.
    pub(crate) fn handed_back(&mut self, track: usize, messages: &[SessionMessage]) {
        let all = &mut self.tracks[track];
        for message in messages {
            let index = all.iter().rposition(|letter| letter.is(message)).expect("it was taken");
            all.remove(index);
        }
    }

    /// Whether all that a sender has taken has come.
    pub(crate) fn is_complete(&self, incarnation: u64, way: Way) -> bool {
        let stretch = &self.stretches[&(incarnation, way == Way::Up)];
        stretch.start + stretch.received == self.tracks[stretch.track].len()
    }
}
