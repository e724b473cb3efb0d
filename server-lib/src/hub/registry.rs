//! The registry: the sessions of this process, how many there may be, and how they end.

use std::collections::HashMap;
use std::collections::hash_map::Entry as Slot;
use std::hash::Hash;
use std::sync::atomic::Ordering;
use std::sync::{Arc, MutexGuard, PoisonError};

use rejoin_protocol::wire::SessionId;

use super::application::{Application, LostMessages, SessionEnd};
use super::session::{Entry, SessionHandle, State};
use super::{HubSettings, Inner, Metric};
use crate::Network;

pub(super) struct Registry<C> {
    pub(super) sessions: HashMap<SessionId, Arc<Entry<C>>>,
    by_principal: HashMap<String, usize>,
    pub(super) by_network: HashMap<Network, usize>,
}

impl<C> Default for Registry<C> {
    fn default() -> Self {
        Self { sessions: HashMap::new(), by_principal: HashMap::new(), by_network: HashMap::new() }
    }
}

/// Why there is no room for a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Crowd {
    All,
    Principal,
    Network,
}

impl<C> Registry<C> {
    /// Whether there is room for one more of that principal and network.
    pub(super) fn room(
        &self,
        principal: &str,
        network: Option<Network>,
        settings: &HubSettings,
    ) -> Result<(), Crowd> {
        let of_principal = self.by_principal.get(principal).copied().unwrap_or_default();
        let of_network = network.and_then(|network| self.by_network.get(&network)).copied();
        if of_principal >= settings.sessions_per_principal {
            return Err(Crowd::Principal);
        }
        if of_network.unwrap_or_default() >= settings.sessions_per_address {
            return Err(Crowd::Network);
        }
        if self.sessions.len() >= settings.sessions { Err(Crowd::All) } else { Ok(()) }
    }

    pub(super) fn insert(&mut self, entry: Arc<Entry<C>>) {
        if !entry.principal.is_empty() {
            *self.by_principal.entry(entry.principal.clone()).or_default() += 1;
        }
        if let Some(network) = entry.network {
            *self.by_network.entry(network).or_default() += 1;
        }
        self.sessions.insert(entry.id, entry);
    }

    /// Takes a session out, unless another has its place.
    pub(super) fn remove(&mut self, entry: &Arc<Entry<C>>) {
        let Slot::Occupied(slot) = self.sessions.entry(entry.id) else { return };
        if !Arc::ptr_eq(slot.get(), entry) {
            return;
        }
        slot.remove();
        one_less(&mut self.by_principal, entry.principal.clone());
        if let Some(network) = entry.network {
            one_less(&mut self.by_network, network);
        }
    }
}

fn one_less<K: Hash + Eq>(counts: &mut HashMap<K, usize>, key: K) {
    if let Slot::Occupied(mut count) = counts.entry(key) {
        *count.get_mut() -= 1;
        if *count.get() == 0 {
            count.remove();
        }
    }
}

impl<A: Application> Inner<A> {
    pub(super) fn registry(&self) -> MutexGuard<'_, Registry<A::Context>> {
        // No code that can panic runs under the lock, so a poisoned registry is still whole.
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends a session, if it has not ended.
    pub(super) fn end(self: &Arc<Self>, entry: &Arc<Entry<A::Context>>, reason: SessionEnd) {
        self.end_if(entry, reason, |_| true);
    }

    /// Ends all sessions that there are.
    pub(super) fn end_all(self: &Arc<Self>, reason: SessionEnd) {
        let all: Vec<Arc<Entry<A::Context>>> = self.registry().sessions.values().cloned().collect();
        for entry in all {
            self.end(&entry, reason);
        }
    }

    /// Ends a session if something is so, which is asked in the same moment: a client that comes back in between is
    /// not turned away. Returns whether it was.
    pub(super) fn end_if(
        self: &Arc<Self>,
        entry: &Arc<Entry<A::Context>>,
        reason: SessionEnd,
        so: impl FnOnce(&State) -> bool,
    ) -> bool {
        let ended = entry.with(|state| {
            if state.end.is_some() || !so(state) {
                return None;
            }
            state.end = Some(reason);
            Some(state.session.end())
        });
        let Some((unacked, unsent)) = ended else { return false };
        if matches!(reason, SessionEnd::Ended | SessionEnd::Finished) {
            self.ended.add(entry.id);
        }
        self.registry().remove(entry);
        self.metrics.sessions.fetch_sub(1, Ordering::Relaxed);
        entry.over.cancel();
        entry.nudge();
        let handle = SessionHandle { hub: Arc::clone(self), entry: Arc::clone(entry) };
        if !unacked.is_empty() || !unsent.is_empty() {
            self.metrics.count(Metric::Lost);
            self.application.lost(&handle, LostMessages { reason, unacked, unsent });
        }
        tracing::info!(alias = entry.alias, ?reason, "session ended");
        self.application.closed(entry.alias, &entry.context());
        true
    }

    /// Bytes of messages that its sessions hold.
    pub(super) fn held_bytes(&self) -> u64 {
        let all: Vec<Arc<Entry<A::Context>>> = self.registry().sessions.values().cloned().collect();
        all.iter().map(|entry| entry.with(|state| state.session.held_bytes())).sum()
    }
}
