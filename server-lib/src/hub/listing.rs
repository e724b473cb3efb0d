//! The listing of a channel: who is there, and how that has changed, for readers that were told at different times.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rejoin_protocol::wire::{Alias, Body, Member, Presence};
use tokio::sync::watch;

/// Changes that are remembered: a reader that is further behind is told the full list again.
const CHANGES: usize = 256;

/// Who is there. A reader that keeps a number of it instead of a copy costs nothing while it is slow, and is told the
/// newest state when it can be told something again.
#[derive(Debug, Default)]
pub(super) struct Listing {
    state: Mutex<State>,
    changed: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct State {
    /// Each with the place that listed it last and with what.
    members: BTreeMap<Alias, (u64, Body)>,
    /// The newest changes: of whom, and whether it was listed before.
    changes: VecDeque<(Alias, bool)>,
    /// How many changes there have been.
    version: u64,
}

impl State {
    fn all(&self) -> Vec<Member> {
        let member =
            |(alias, (_, about)): (&Alias, &(u64, Body))| Member { alias: *alias, about: about.clone() };
        self.members.iter().map(member).collect()
    }

    fn note(&mut self, alias: Alias, was_listed: bool) {
        if self.changes.len() == CHANGES {
            self.changes.pop_front();
        }
        self.changes.push_back((alias, was_listed));
        self.version += 1;
    }
}

impl Listing {
    fn lock(&self) -> MutexGuard<'_, State> {
        // No code that can panic runs under the lock, so a poisoned listing is still whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lists somebody. False when there are as many as may be.
    pub(super) fn appear(&self, alias: Alias, place: u64, about: Body, most: usize) -> bool {
        let mut state = self.lock();
        let before = state.members.get(&alias).map(|(_, about)| about.clone());
        if before.is_none() && state.members.len() >= most {
            return false;
        }
        let same = before.as_ref() == Some(&about);
        state.members.insert(alias, (place, about));
        if !same {
            state.note(alias, before.is_some());
            self.changed.send_replace(state.version);
        }
        true
    }

    /// Takes somebody off the list, unless another place has listed it meanwhile.
    pub(super) fn leave(&self, alias: Alias, place: u64) {
        let mut state = self.lock();
        if state.members.get(&alias).is_some_and(|(listed, _)| *listed == place) {
            state.members.remove(&alias);
            state.note(alias, true);
            self.changed.send_replace(state.version);
        }
    }

    /// How many are listed.
    pub(super) fn len(&self) -> usize {
        self.lock().members.len()
    }

    pub(super) fn all(&self) -> Vec<Member> {
        self.lock().all()
    }

    /// Says when something has changed.
    pub(super) fn watch(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// What brings a reader up to date that was told at some version, and at which it is then. Several changes of one
    /// member are one.
    pub(super) fn since(&self, told: Option<u64>) -> (u64, Vec<Presence>) {
        let state = self.lock();
        let version = state.version;
        let behind = told.and_then(|told| usize::try_from(version - told).ok());
        let Some(known) = behind.and_then(|behind| state.changes.len().checked_sub(behind)) else {
            return (version, vec![Presence::Full(state.all())]);
        };
        let mut knew = BTreeMap::new();
        for (alias, was_listed) in state.changes.range(known..) {
            knew.entry(*alias).or_insert(*was_listed);
        }
        let change = |(alias, knew): (Alias, bool)| {
            let member = state.members.get(&alias).map(|(_, about)| Member { alias, about: about.clone() });
            match (member, knew) {
                (Some(member), true) => Some(Presence::Changed(member)),
                (Some(member), false) => Some(Presence::Joined(member)),
                (None, true) => Some(Presence::Left(alias)),
                (None, false) => None,
            }
        };
        (version, knew.into_iter().filter_map(change).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn appear(listing: &Listing, alias: Alias, about: &str) -> bool {
        listing.appear(alias, alias, Body::from(about), 3)
    }

    #[test]
    fn several_changes_of_one_member_are_told_as_one() {
        let listing = Listing::default();
        assert!(appear(&listing, 1, "ada") && appear(&listing, 2, "bob"));
        let (told, _) = listing.since(None);
        for n in 0..100 {
            appear(&listing, 1, &n.to_string());
            appear(&listing, 3, "eve");
            listing.leave(3, 3);
        }
        listing.leave(2, 2);
        let (told, changes) = listing.since(Some(told));
        let ada = Member { alias: 1, about: Body::from("99") };
        assert!(
            matches!(&changes[..], [Presence::Full(all)] if *all == [ada]),
            "too far behind: {changes:?}"
        );
        appear(&listing, 1, "ada");
        appear(&listing, 2, "bob");
        appear(&listing, 2, "bobby");
        appear(&listing, 3, "eve");
        listing.leave(3, 3);
        let (told, changes) = listing.since(Some(told));
        let (ada, bob) = (Body::from("ada"), Body::from("bobby"));
        let expected = [
            Presence::Changed(Member { alias: 1, about: ada }),
            Presence::Joined(Member { alias: 2, about: bob }),
        ];
        assert_eq!(changes, expected);
        listing.leave(1, 1);
        assert_eq!(listing.since(Some(told)).1, [Presence::Left(1)]);
    }

    #[test]
    fn what_changes_nothing_is_not_told_and_so_many_are_listed() {
        let listing = Listing::default();
        for alias in 1..=3 {
            assert!(appear(&listing, alias, "x"));
        }
        let (told, _) = listing.since(None);
        let watched = listing.watch();
        assert!(!appear(&listing, 4, "x") && appear(&listing, 3, "x"));
        listing.leave(4, 4);
        // Another place has listed it meanwhile.
        assert!(listing.appear(1, 99, Body::from("x"), 3));
        listing.leave(1, 1);
        assert_eq!((listing.since(Some(told)), listing.len()), ((told, Vec::new()), 3));
        assert!(!watched.has_changed().unwrap());
    }

    #[test]
    fn as_many_changes_are_remembered_as_may_be() {
        let listing = Listing::default();
        for n in 0..=CHANGES {
            appear(&listing, 1, &n.to_string());
        }
        assert!(matches!(&listing.since(Some(1)).1[..], [Presence::Changed(_)]));
        assert!(matches!(&listing.since(Some(0)).1[..], [Presence::Full(_)]));
    }
}
