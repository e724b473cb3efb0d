//! Who waits for news of which channel.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rejoin_protocol::wire::Position;
use tokio::sync::watch;

/// Below so many channels nobody looks for those that are no longer watched.
const SWEEP_FROM: usize = 64;

/// The tails of the channels that somebody watches. It holds at most twice as many as are watched, or a few.
#[derive(Debug, Default)]
pub(super) struct Tails {
    watched: Mutex<Watched>,
}

#[derive(Debug, Default)]
struct Watched {
    senders: HashMap<String, watch::Sender<Position>>,
    sweep_at: usize,
}

impl Tails {
    /// Watches a channel. The tail must be read, and given to [`Tails::reached`], after this call: so that no entry
    /// that comes between is missed.
    pub(super) fn watch(&self, channel: &str) -> watch::Receiver<Position> {
        let mut watched = self.lock();
        if let Some(sender) = watched.senders.get(channel) {
            return sender.subscribe();
        }
        if watched.senders.len() >= watched.sweep_at.max(SWEEP_FROM) {
            watched.senders.retain(|_, sender| sender.receiver_count() > 0);
            watched.sweep_at = 2 * watched.senders.len();
        }
        let (sender, receiver) = watch::channel(Position::default());
        watched.senders.insert(channel.to_owned(), sender);
        receiver
    }

    /// Says that a channel's entries up to this one are visible.
    pub(super) fn reached(&self, channel: &str, tail: Position) {
        let mut watched = self.lock();
        let Some(sender) = watched.senders.get(channel) else { return };
        if sender.receiver_count() == 0 {
            watched.senders.remove(channel);
            return;
        }
        sender.send_if_modified(|known| {
            let newer = tail.offset > known.offset;
            if newer {
                *known = tail;
            }
            newer
        });
    }

    fn lock(&self) -> MutexGuard<'_, Watched> {
        // Nothing panics while it is held.
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(offset: u64) -> Position {
        Position { offset, ..Position::default() }
    }

    #[test]
    fn a_watcher_is_told_of_what_is_newer_and_of_nothing_else() {
        let tails = Tails::default();
        let mut receiver = tails.watch("a");
        tails.reached("a", at(3));
        assert!(receiver.has_changed().unwrap());
        assert_eq!(receiver.borrow_and_update().offset, 3);
        tails.reached("a", at(2));
        tails.reached("b", at(9));
        assert!(!receiver.has_changed().unwrap());
    }

    #[test]
    fn channels_that_nobody_watches_are_forgotten() {
        let tails = Tails::default();
        let kept = tails.watch("kept");
        for n in 0..10 * SWEEP_FROM {
            drop(tails.watch(&format!("channel {n}")));
        }
        assert!(tails.lock().senders.len() <= SWEEP_FROM);
        tails.reached("kept", at(1));
        assert_eq!(kept.borrow().offset, 1);
    }
}
