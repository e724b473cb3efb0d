//! A channel that somebody follows: its newest entries at hand, who is there, and what may be lost.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use rejoin_protocol::session::FeedEntry;
use rejoin_protocol::wire::{Alias, Body, Member, Position};
use tokio::sync::broadcast;

use super::listing::Listing;
use crate::account::Charge;
use crate::log::{Log, LogError, Piece};

/// Volatile messages that a slow follower may lag behind.
const VOLATILE: usize = 32;
/// Entries at hand, and what each costs beside its bytes: its place, and two blocks of the allocator.
const RECENT: usize = 1_024;
const ENTRY_COST: usize = size_of::<FeedEntry>() + 72;
/// The most entries of one reading.
const PIECE: usize = 1_024;

/// A message that may be lost, on its way to the followers of a channel.
#[derive(Debug, Clone)]
pub(super) struct Whisper {
    pub(super) sender: Alias,
    /// The connection that it came over, which does not hear it.
    pub(super) from: u64,
    pub(super) payload: Body,
    /// The sender's, for as long as a slow follower lags behind it.
    pub(super) _memory: Arc<Charge>,
}

pub(super) struct Channel {
    pub(super) name: String,
    log: Arc<dyn Log>,
    recent: tokio::sync::Mutex<Recent>,
    pub(super) listing: Listing,
    pub(super) whispers: broadcast::Sender<Whisper>,
}

/// How much entries at hand may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct CacheLimits {
    /// Bytes of one channel.
    pub(super) channel: usize,
    /// Bytes of all channels.
    pub(super) all: usize,
}

/// The newest entries, without a hole.
#[derive(Debug)]
struct Recent {
    entries: VecDeque<FeedEntry>,
    bytes: usize,
    limits: CacheLimits,
    /// What all channels have at hand.
    all: Arc<AtomicUsize>,
}

impl Drop for Recent {
    fn drop(&mut self) {
        self.clear();
    }
}

impl Recent {
    fn new(limits: CacheLimits, all: Arc<AtomicUsize>) -> Self {
        Self { entries: VecDeque::new(), bytes: 0, limits, all }
    }

    fn clear(&mut self) {
        self.entries = VecDeque::new();
        self.all.fetch_sub(std::mem::take(&mut self.bytes), Ordering::Relaxed);
    }

    /// The entries behind a position, if they are at hand and one of them is behind it.
    fn behind(&self, behind: Position, max_bytes: usize) -> Option<Vec<FeedEntry>> {
        let start = match self.entries.iter().position(|entry| entry.position == behind) {
            Some(index) => index + 1,
            None => {
                let first = self.entries.front()?;
                let before = first.position.offset - first.distance;
                (before == behind.offset && first.position.epoch == behind.epoch).then_some(0)?
            }
        };
        let mut bytes = 0;
        let mut found = Vec::new();
        for entry in self.entries.iter().skip(start) {
            bytes += entry.payload.len();
            if !found.is_empty() && (bytes > max_bytes || found.len() == PIECE) {
                break;
            }
            found.push(entry.clone());
        }
        (!found.is_empty()).then_some(found)
    }

    /// Whether all that is at hand lies behind what somebody wants to read next.
    fn is_newer_than(&self, behind: Position) -> bool {
        self.entries.front().is_some_and(|first| first.position.offset > behind.offset + 1)
    }

    fn add(&mut self, entries: &[FeedEntry]) {
        for entry in entries {
            let newest = self.entries.back().map(|newest| newest.position.offset);
            if newest.is_some_and(|newest| newest >= entry.position.offset) {
                continue;
            }
            if newest.is_some_and(|newest| newest != entry.position.offset - entry.distance) {
                self.clear();
            }
            let cost = entry.payload.len() + ENTRY_COST;
            self.bytes += cost;
            self.all.fetch_add(cost, Ordering::Relaxed);
            self.entries.push_back(entry.clone());
        }
        let is_full = |it: &Self| {
            let all = it.all.load(Ordering::Relaxed);
            it.bytes > it.limits.channel || all > it.limits.all || it.entries.len() > RECENT
        };
        while is_full(self)
            && let Some(oldest) = self.entries.pop_front()
        {
            let cost = oldest.payload.len() + ENTRY_COST;
            self.bytes -= cost;
            self.all.fetch_sub(cost, Ordering::Relaxed);
        }
    }
}

impl Channel {
    fn new(name: &str, log: Arc<dyn Log>, recent: Recent) -> Self {
        Self {
            name: name.to_owned(),
            log,
            recent: tokio::sync::Mutex::new(recent),
            listing: Listing::default(),
            whispers: broadcast::Sender::new(VOLATILE),
        }
    }

    /// Reads behind a position. Those who ask for the newest entries at the same time share one reading of the log; who
    /// reads what is old does not hold them up.
    pub(super) async fn read(&self, behind: Position, max_bytes: usize) -> Result<Piece, LogError> {
        let mut recent = self.recent.lock().await;
        if let Some(entries) = recent.behind(behind, max_bytes) {
            return Ok(Piece::Entries(entries));
        }
        if recent.is_newer_than(behind) {
            drop(recent);
            return self.log.read(&self.name, behind, max_bytes).await;
        }
        let piece = self.log.read(&self.name, behind, max_bytes).await?;
        if let Piece::Entries(entries) = &piece {
            recent.add(entries);
        } else {
            // The log is another than it was.
            recent.clear();
        }
        Ok(piece)
    }
}

/// A channel that somebody of this process follows.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Followed {
    /// Its name.
    pub name: String,
    /// How many are listed as present.
    pub present: usize,
}

/// The channels that somebody follows.
#[derive(Default)]
pub(super) struct Channels {
    by_name: Mutex<ByName>,
    /// Bytes of entries that they have at hand.
    cached: Arc<AtomicUsize>,
}

#[derive(Default)]
struct ByName {
    all: HashMap<String, Weak<Channel>>,
    /// How many there may be before those are cleared away that nobody holds.
    sweep_at: usize,
}

/// So many are kept without looking whether somebody holds them.
const SWEEP_AT_LEAST: usize = 64;

impl Channels {
    /// Who is listed in a channel.
    pub(super) fn members(&self, name: &str) -> Vec<Member> {
        let channel = self.lock().all.get(name).and_then(Weak::upgrade);
        channel.map(|channel| channel.listing.all()).unwrap_or_default()
    }

    /// Those that somebody follows, in no order.
    pub(super) fn followed(&self) -> Vec<Followed> {
        let held = self.lock();
        let followed = held.all.iter().filter_map(|(name, channel)| {
            let present = channel.upgrade()?.listing.len();
            Some(Followed { name: name.clone(), present })
        });
        followed.collect()
    }

    fn lock(&self) -> MutexGuard<'_, ByName> {
        self.by_name.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A channel, for as long as somebody holds it; `None` if there are as many as there may be.
    pub(super) fn get(
        &self,
        name: &str,
        log: &Arc<dyn Log>,
        cache: CacheLimits,
        most: usize,
    ) -> Option<Arc<Channel>> {
        let mut by_name = self.lock();
        if let Some(channel) = by_name.all.get(name).and_then(Weak::upgrade) {
            return Some(channel);
        }
        // Each sweep is paid for by as many new channels as it finds held.
        if by_name.all.len() >= by_name.sweep_at.min(most) {
            by_name.all.retain(|_, channel| channel.strong_count() > 0);
            by_name.sweep_at = (2 * by_name.all.len()).max(SWEEP_AT_LEAST);
        }
        if by_name.all.len() >= most {
            return None;
        }
        let recent = Recent::new(cache, Arc::clone(&self.cached));
        let channel = Arc::new(Channel::new(name, Arc::clone(log), recent));
        by_name.all.insert(name.to_owned(), Arc::downgrade(&channel));
        Some(channel)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rejoin_protocol::wire::Epoch;

    fn entry(offset: u64) -> FeedEntry {
        let position = Position { epoch: Epoch { ordinal: 1, id: 1 }, offset };
        FeedEntry { position, distance: 1, time: 0, alias: 0, number: 0, payload: Body::from(b"0123456789") }
    }

    fn recent(channel: usize, all: usize) -> Recent {
        Recent::new(CacheLimits { channel, all }, Arc::default())
    }

    fn offsets(found: Option<Vec<FeedEntry>>) -> Option<Vec<u64>> {
        found.map(|entries| entries.iter().map(|entry| entry.position.offset).collect())
    }

    #[test]
    fn what_is_at_hand_is_without_a_hole_and_within_its_bytes() {
        let mut recent = recent(3 * (10 + ENTRY_COST), usize::MAX);
        recent.add(&[entry(5), entry(6)]);
        assert_eq!(offsets(recent.behind(entry(4).position, 100)), Some(vec![5, 6]));
        assert_eq!(offsets(recent.behind(entry(4).position, 1)), Some(vec![5]));
        assert_eq!(offsets(recent.behind(entry(3).position, 100)), None);
        assert_eq!(offsets(recent.behind(entry(6).position, 100)), None);
        recent.add(&[entry(6), entry(7), entry(8)]);
        assert_eq!(offsets(recent.behind(entry(5).position, 100)), Some(vec![6, 7, 8]));
        recent.add(&[entry(20)]);
        assert_eq!(offsets(recent.behind(entry(8).position, 100)), None);
        assert_eq!(offsets(recent.behind(entry(19).position, 100)), Some(vec![20]));
    }

    #[test]
    fn a_position_of_another_epoch_is_not_at_hand() {
        let mut recent = recent(3 * (10 + ENTRY_COST), usize::MAX);
        recent.add(&[entry(5)]);
        let other = Position { epoch: Epoch { ordinal: 1, id: 2 }, offset: 4 };
        assert_eq!(offsets(recent.behind(other, 100)), None);
    }

    #[test]
    fn all_channels_together_have_only_so_much_at_hand() {
        let all = 3 * (10 + ENTRY_COST);
        let mut one = recent(usize::MAX, all);
        let mut other = Recent::new(one.limits, Arc::clone(&one.all));
        one.add(&[entry(1), entry(2)]);
        other.add(&[entry(1), entry(2)]);
        assert_eq!((one.entries.len(), other.entries.len()), (2, 1));
        drop(one);
        other.add(&[entry(3), entry(4)]);
        assert_eq!(other.entries.len(), 3);
        let counted = Arc::clone(&other.all);
        drop(other);
        assert_eq!(counted.load(Ordering::Relaxed), 0);
    }
}
