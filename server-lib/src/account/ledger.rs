//! The account itself: all holders, and how much they may hold.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::holder::{Holder, Kind};
use super::network::Network;
use super::shed;
use super::tally::Tally;

/// The account of one server. Clones are the same.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    /// The most bytes, in all and of one network.
    most: u64,
    most_of_network: u64,
    total: Tally,
    holders: Mutex<Holders>,
}

#[derive(Debug, Default)]
struct Holders {
    all: HashMap<u64, Weak<Holder>>,
    networks: HashMap<Option<Network>, OfNetwork>,
    next_id: u64,
}

#[derive(Debug, Default)]
struct OfNetwork {
    tally: Arc<Tally>,
    holders: usize,
}

impl Account {
    pub(crate) fn new(most: u64, most_of_network: u64) -> Self {
        let inner = Inner { most, most_of_network, total: Tally::default(), holders: Mutex::default() };
        Self { inner: Arc::new(inner) }
    }

    /// A holder of nothing, for as long as somebody has it.
    pub(crate) fn holder(&self, kind: Kind, network: Option<Network>) -> Arc<Holder> {
        let mut holders = self.holders();
        let id = holders.next_id;
        holders.next_id += 1;
        let of_network = holders.networks.entry(network).or_default();
        of_network.holders += 1;
        let tally = Arc::clone(&of_network.tally);
        let holder = Arc::new(Holder::new(self.clone(), id, kind, network, tally));
        holders.all.insert(id, Arc::downgrade(&holder));
        holder
    }

    /// Bytes that are held in all.
    pub(crate) fn held(&self) -> u64 {
        self.inner.total.held()
    }

    pub(super) fn total(&self) -> &Tally {
        &self.inner.total
    }

    pub(super) fn forget(&self, id: u64, network: Option<Network>) {
        let mut holders = self.holders();
        holders.all.remove(&id);
        if let Some(of_network) = holders.networks.get_mut(&network) {
            of_network.holders -= 1;
            if of_network.holders == 0 {
                holders.networks.remove(&network);
            }
        }
    }

    /// Lets the largest holders give way when a network, or all together, hold more than they may. So much at once that the
    /// search for them is rare.
    pub(super) fn check(&self, network: Option<Network>, of_network: u64, in_all: u64) {
        let Inner { most, most_of_network, .. } = *self.inner;
        if in_all > most {
            let enough = |excess: u64| self.inner.total.staying() > excess;
            self.shed(|_| true, enough, most - most / 8);
        }
        if of_network > most_of_network && network.is_some() {
            let tally = self.holders().networks.get(&network).map(|of| Arc::clone(&of.tally));
            let Some(tally) = tally else { return };
            let excess = |most: u64| tally.staying() > most;
            self.shed(|holder| holder.network() == network, excess, most_of_network - most_of_network / 8);
        }
    }

    /// Lets the largest holder of a kind and network give way to another. Returns which it was.
    pub(crate) fn displace(&self, kind: Kind, network: Network) -> Option<u64> {
        let all = self.all();
        let concerned =
            all.iter().filter(|holder| holder.kind() == kind && holder.network() == Some(network));
        shed::largest_first(concerned).find(|holder| holder.give_way().is_some()).map(|holder| holder.id())
    }

    /// All holders, kept alive until the caller has no lock of the account's: dropping the last reference takes it.
    fn all(&self) -> Vec<Arc<Holder>> {
        self.holders().all.values().filter_map(Weak::upgrade).collect()
    }

    fn shed(&self, concerns: impl Fn(&Holder) -> bool, exceeds: impl Fn(u64) -> bool, most: u64) {
        let all = self.all();
        let concerned = all.iter().filter(|holder| concerns(holder));
        let mut largest = shed::largest_first(concerned);
        while exceeds(most)
            && let Some(holder) = largest.next()
        {
            if let Some(bytes) = holder.give_way() {
                tracing::warn!(
                    network = holder.network().map(tracing::field::display),
                    kind = ?holder.kind(),
                    bytes,
                    "memory has run out: the largest holder gives way"
                );
            }
        }
    }

    fn holders(&self) -> MutexGuard<'_, Holders> {
        // No code that can panic runs under the lock, so poisoned holders are still whole.
        self.inner.holders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    fn network(host: u8) -> Option<Network> {
        Some(Network::from(IpAddr::from([10, 0, 0, host])))
    }

    #[test]
    fn what_is_held_is_counted_and_given_back() {
        let account = Account::new(1_000, 1_000);
        let holder = account.holder(Kind::Session, network(1));
        let mut charge = holder.charge(100);
        let other = holder.charge(1);
        charge.set(40);
        assert_eq!(account.held(), 41);
        drop((charge, other));
        assert_eq!((account.held(), holder.bytes()), (0, 0));
        drop(holder);
        let holders = account.holders();
        assert!(holders.all.is_empty() && holders.networks.is_empty());
    }

    #[test]
    fn the_largest_gives_way_when_memory_has_run_out_and_nobody_else_until_there_is_too_little_again() {
        let account = Account::new(1_000, 1_000);
        let holders: Vec<_> = (1..=3).map(|host| account.holder(Kind::Session, network(host))).collect();
        let gave_way = || holders.iter().map(|it| it.gives_way().is_cancelled()).collect::<Vec<_>>();
        let small = holders[0].charge(300);
        let mut large = holders[1].charge(600);
        let mut third = holders[2].charge(100);
        assert_eq!(gave_way(), [false, false, false]);
        third.set(101);
        assert_eq!(gave_way(), [false, true, false]);
        // What it still holds is about to be freed, and does not count against the others.
        large.set(500);
        third.set(550);
        assert_eq!(gave_way(), [false, true, false]);
        third.set(800);
        assert_eq!(gave_way(), [false, true, true]);
        drop((small, large, third));
        assert_eq!(account.held(), 0);
        assert_eq!(account.total().staying(), 0);
    }

    #[test]
    fn a_network_that_holds_more_than_one_may_sheds_its_own_alone() {
        let account = Account::new(10_000, 500);
        let one = account.holder(Kind::Connection, network(1));
        let two = account.holder(Kind::Connection, network(1));
        let other = account.holder(Kind::Connection, network(2));
        let unknown = account.holder(Kind::Connection, None);
        let _charges = [one.charge(300), other.charge(499), unknown.charge(5_000), two.charge(201)];
        let gave_way = [&one, &two, &other, &unknown].map(|it| it.gives_way().is_cancelled());
        assert_eq!(gave_way, [true, false, false, false]);
    }
}
