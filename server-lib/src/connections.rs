//! The connections: all open ones of a server, how many there may be, and how they are drained.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::future::Future;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::account::{Account, Holder, Kind, Network};
use crate::driver::Signals;
use crate::limits::InvalidLimits;

/// How many connections there may be, and how much memory they and the sessions of their hubs may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectionLimits {
    /// In all. Default: 10,000.
    pub total: usize,
    /// From one IP address, where the server tells addresses. Behind a proxy all have the proxy's. Default:
    /// 1,000.
    pub per_address: usize,
    /// Bytes that all connections and sessions together may hold: what they have by being there, messages that wait in
    /// either direction, answers and entries that are being read for them. Beyond it the largest holder gives way: of the network that
    /// holds most, of its principal that holds most, the largest connection or session. A connection is closed with 1013;
    /// a session ends. Default: 256 MiB.
    pub memory: u64,
    /// Bytes that the connections and sessions of one [`Network`] may hold. Beyond it the largest holder of that network gives
    /// way. Default: 128 MiB.
    pub memory_per_network: u64,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self { total: 10_000, per_address: 1_000, memory: 256 << 20, memory_per_network: 128 << 20 }
    }
}

/// With less memory not a single connection could be used.
const LEAST_MEMORY: u64 = 1 << 20;

impl ConnectionLimits {
    /// Checks that there may be a connection at all.
    ///
    /// # Errors
    /// Names the first limit that is 0.
    pub fn check(&self) -> Result<(), InvalidLimits> {
        for (name, value) in [("total", self.total), ("per_address", self.per_address)] {
            InvalidLimits::unless(value > 0, name, value, "be at least 1")?;
        }
        for (name, value) in [("memory", self.memory), ("memory_per_network", self.memory_per_network)] {
            let must = format_args!("be at least {LEAST_MEMORY}");
            InvalidLimits::unless(value >= LEAST_MEMORY, name, value, must)?;
        }
        Ok(())
    }
}

#[derive(Debug, Default)]
struct Counts {
    total: usize,
    by_network: HashMap<Network, usize>,
    /// Connections that were told to make room for others and are about to end.
    leaving: HashSet<u64>,
}

impl Counts {
    fn of(&self, network: Option<Network>) -> usize {
        network.and_then(|network| self.by_network.get(&network)).copied().unwrap_or_default()
    }

    /// The network with the most connections, if it has more than another would have then.
    fn larger_than(&self, network: Option<Network>) -> Option<Network> {
        let (largest, count) = self.by_network.iter().max_by_key(|(_, count)| **count)?;
        (*count > self.of(network) + 1).then_some(*largest)
    }
}

#[derive(Debug)]
struct Inner {
    limits: ConnectionLimits,
    account: Account,
    counts: Mutex<Counts>,
    next_id: AtomicU64,
    /// The ports of the listeners that [`serve`](crate::serve) was given.
    ports: Mutex<Vec<u16>>,
    tasks: TaskTracker,
    /// What is to be done once the server has begun to drain.
    farewells: TaskTracker,
    signals: Signals,
}

/// All open WebSocket connections of a server. Clones are the same set.
#[derive(Debug, Clone)]
pub struct Connections {
    inner: Arc<Inner>,
}

impl Default for Connections {
    fn default() -> Self {
        Self::with(ConnectionLimits::default())
    }
}

impl Connections {
    /// An empty set.
    ///
    /// # Errors
    /// When the limits can't work: see [`ConnectionLimits::check`].
    pub fn new(limits: ConnectionLimits) -> Result<Self, InvalidLimits> {
        limits.check()?;
        Ok(Self::with(limits))
    }

    fn with(limits: ConnectionLimits) -> Self {
        let signals = Signals { drain: CancellationToken::new(), abort: CancellationToken::new() };
        let inner = Inner {
            limits,
            account: Account::new(limits.memory, limits.memory_per_network),
            counts: Mutex::default(),
            next_id: AtomicU64::new(1),
            ports: Mutex::default(),
            tasks: TaskTracker::new(),
            farewells: TaskTracker::new(),
            signals,
        };
        Self { inner: Arc::new(inner) }
    }

    /// How many are open.
    #[must_use]
    pub fn count(&self) -> usize {
        self.inner.counts().total
    }

    /// Bytes that all connections and sessions hold now, as [`ConnectionLimits::memory`] counts them.
    #[must_use]
    pub fn held_bytes(&self) -> u64 {
        self.inner.account.held()
    }

    pub(crate) fn account(&self) -> &Account {
        &self.inner.account
    }

    /// The limits given to [`Self::new`].
    #[must_use]
    pub fn limits(&self) -> ConnectionLimits {
        self.inner.limits
    }

    /// True once draining has begun; new connections are refused then.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.inner.signals.drain.is_cancelled()
    }

    /// Closes every connection with 1012 behind what it has queued, waits for their tasks, and drops those
    /// that are not done in time. Returns how many had to be dropped.
    pub async fn drain(&self, timeout: Duration) -> usize {
        self.inner.signals.drain.cancel();
        self.inner.tasks.close();
        let mut left = 0;
        if tokio::time::timeout(timeout, self.inner.tasks.wait()).await.is_err() {
            left = self.inner.tasks.len();
            self.inner.signals.abort.cancel();
            self.inner.tasks.wait().await;
        }
        self.inner.farewells.close();
        self.inner.farewells.wait().await;
        left
    }

    /// Notes the port of a listener.
    pub(crate) fn listens_on(&self, port: u16) {
        let mut ports = self.inner.ports.lock().unwrap_or_else(PoisonError::into_inner);
        if !ports.contains(&port) {
            ports.push(port);
        }
    }

    /// Whether a client may have come directly to this port: a listener has it, or none is known.
    pub(crate) fn may_be_reached_at(&self, port: u16) -> bool {
        let ports = self.inner.ports.lock().unwrap_or_else(PoisonError::into_inner);
        ports.is_empty() || ports.contains(&port)
    }

    /// Takes a place for one more connection.
    pub(crate) fn admit(&self, address: Option<IpAddr>) -> Result<Permit, NoRoom> {
        if self.is_draining() {
            return Err(NoRoom::Draining);
        }
        let limits = self.inner.limits;
        let network = address.map(Network::from);
        let mut counts = self.inner.counts();
        if network.is_some() && counts.of(network) >= limits.per_address {
            return Err(NoRoom::Address { limit: limits.per_address });
        }
        if counts.total - counts.leaving.len() >= limits.total {
            let larger = counts.larger_than(network);
            let gives_way = larger.and_then(|larger| self.inner.account.displace(Kind::Connection, larger));
            let Some(gives_way) = gives_way else { return Err(NoRoom::Total { limit: limits.total }) };
            counts.leaving.insert(gives_way);
        }
        if let Some(network) = network {
            *counts.by_network.entry(network).or_default() += 1;
        }
        counts.total += 1;
        drop(counts);
        let id = self.inner.next_id.fetch_add(1, Ordering::Relaxed);
        let holder = self.inner.account.holder(Kind::Connection, network);
        Ok(Permit { inner: Arc::clone(&self.inner), network, id, holder })
    }

    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.inner.tasks.spawn(task);
    }

    /// Does something that [`Self::drain`] waits for behind the connections' tasks. It has to end soon once draining has
    /// begun and they are done.
    pub(crate) fn at_farewell(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.inner.farewells.spawn(task);
    }

    pub(crate) fn signals(&self) -> Signals {
        self.inner.signals.clone()
    }
}

impl Inner {
    fn counts(&self) -> MutexGuard<'_, Counts> {
        // No code that can panic runs under the lock, so poisoned counts are still right.
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection's place; dropping it makes room.
#[derive(Debug)]
pub(crate) struct Permit {
    inner: Arc<Inner>,
    network: Option<Network>,
    pub(crate) id: u64,
    pub(crate) holder: Arc<Holder>,
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut counts = self.inner.counts();
        counts.total -= 1;
        counts.leaving.remove(&self.holder.id());
        if let Some(network) = self.network
            && let Entry::Occupied(mut entry) = counts.by_network.entry(network)
        {
            *entry.get_mut() -= 1;
            if *entry.get() == 0 {
                entry.remove();
            }
        }
    }
}

/// Why there is no room for another connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum NoRoom {
    /// The server shuts down.
    Draining,
    /// As many connections as there may be in all.
    Total {
        /// How many.
        limit: usize,
    },
    /// As many connections as one address may have.
    Address {
        /// How many.
        limit: usize,
    },
}

impl fmt::Display for NoRoom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Draining => f.write_str("the server is shutting down"),
            Self::Total { limit } => write!(f, "the server has {limit} connections, as many as it takes"),
            Self::Address { limit } => {
                write!(f, "your address has {limit} connections, as many as one may have")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_in_all_and_by_address_and_given_back() {
        let connections =
            Connections::new(ConnectionLimits { total: 3, per_address: 2, ..ConnectionLimits::default() })
                .unwrap();
        let one = Some(IpAddr::from([127, 0, 0, 1]));
        let other = Some(IpAddr::from([127, 0, 0, 2]));
        let first = connections.admit(one).unwrap();
        let second = connections.admit(one).unwrap();
        assert_eq!(connections.admit(one).unwrap_err(), NoRoom::Address { limit: 2 });
        assert_eq!(connections.count(), 2);
        let third = connections.admit(other).unwrap();
        assert_eq!(connections.admit(other).unwrap_err(), NoRoom::Total { limit: 3 });
        assert_eq!(connections.admit(None).unwrap_err(), NoRoom::Total { limit: 3 });
        drop(first);
        assert_ne!(connections.admit(one).unwrap().id, second.id);
        drop((second, third));
        assert_eq!(connections.count(), 0);
        assert!(connections.inner.counts().by_network.is_empty());
    }

    #[test]
    fn the_network_with_the_most_connections_makes_room_for_those_with_fewer() {
        let limits = ConnectionLimits { total: 4, per_address: 4, ..ConnectionLimits::default() };
        let connections = Connections::new(limits).unwrap();
        let of = |host: u8| Some(IpAddr::from([127, 0, 0, host]));
        let mut crowd: Vec<Permit> = (0..4).map(|_| connections.admit(of(1)).unwrap()).collect();
        let charges: Vec<_> = crowd.iter().map(|permit| permit.holder.charge(100)).collect();
        assert_eq!(connections.admit(of(1)).unwrap_err(), NoRoom::Address { limit: 4 });
        let left = |crowd: &[Permit]| crowd.iter().filter(|it| it.holder.gives_way().is_cancelled()).count();
        let second = connections.admit(of(2)).unwrap();
        assert_eq!(left(&crowd), 1);
        let third = connections.admit(of(3)).unwrap();
        assert_eq!(left(&crowd), 2);
        drop(charges);
        crowd.retain(|permit| !permit.holder.gives_way().is_cancelled());
        assert_eq!(connections.count(), 4);
        // Two and one and one: nobody has so many that another would have fewer.
        assert_eq!(connections.admit(of(3)).unwrap_err(), NoRoom::Total { limit: 4 });
        drop((crowd, second, third));
        assert_eq!(connections.count(), 0);
        assert!(connections.inner.counts().leaving.is_empty());
    }

    #[test]
    fn limits_that_take_nobody_are_refused_by_name() {
        for (total, per_address, name) in [(0, 1, "total"), (1, 0, "per_address")] {
            let error =
                Connections::new(ConnectionLimits { total, per_address, ..ConnectionLimits::default() })
                    .unwrap_err();
            assert_eq!(error.to_string(), format!("the limit `{name}` is 0 and must be at least 1"));
        }
    }

    #[tokio::test]
    async fn a_draining_server_takes_nobody() {
        let connections = Connections::default();
        assert_eq!(connections.drain(Duration::from_secs(1)).await, 0);
        assert_eq!(connections.admit(None).unwrap_err(), NoRoom::Draining);
    }
}
