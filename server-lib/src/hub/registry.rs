//! The registry: the sessions of this process, how many there may be, and how they end.

use std::collections::HashMap;
use std::collections::hash_map::Entry as Slot;
use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::Ordering;
use std::sync::{Arc, MutexGuard, PoisonError};

use futures_util::FutureExt;
use rejoin_protocol::wire::SessionId;

use super::application::{Application, LostMessages, SessionEnd};
use super::session::{Entry, SessionHandle};
use super::{Inner, Metric};
use crate::Bucket;

/// Addresses whose failed HELLOs are remembered; when there are more, those are forgotten that have failed least.
const ADDRESSES: usize = 10_000;

pub(super) struct Registry<C> {
    pub(super) sessions: HashMap<SessionId, Arc<Entry<C>>>,
    by_principal: HashMap<String, usize>,
    failures: HashMap<IpAddr, Bucket>,
}

impl<C> Default for Registry<C> {
    fn default() -> Self {
        Self { sessions: HashMap::new(), by_principal: HashMap::new(), failures: HashMap::new() }
    }
}

impl<C> Registry<C> {
    pub(super) fn of_principal(&self, principal: &str) -> usize {
        self.by_principal.get(principal).copied().unwrap_or_default()
    }

    pub(super) fn insert(&mut self, entry: Arc<Entry<C>>) {
        if !entry.principal.is_empty() {
            *self.by_principal.entry(entry.principal.clone()).or_default() += 1;
        }
        self.sessions.insert(entry.id, entry);
    }

    fn remove(&mut self, entry: &Arc<Entry<C>>) -> bool {
        let Slot::Occupied(slot) = self.sessions.entry(entry.id) else { return false };
        if !Arc::ptr_eq(slot.get(), entry) {
            return false;
        }
        slot.remove();
        if let Slot::Occupied(mut count) = self.by_principal.entry(entry.principal.clone()) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
        true
    }
}

impl<A: Application> Inner<A> {
    pub(super) fn registry(&self) -> MutexGuard<'_, Registry<A::Context>> {
        // No code that can panic runs under the lock, so a poisoned registry is still whole.
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether an address may try another HELLO; one that fails takes a token.
    pub(super) fn failed_hello(&self, address: Option<IpAddr>, takes: bool) -> bool {
        let Some(address) = address else { return true };
        let now = std::time::Instant::now();
        let rate = self.settings.failed_hellos;
        let failures = &mut self.registry().failures;
        if !takes {
            // Asking takes nothing: a copy of the bucket is asked.
            return failures.get(&address).is_none_or(|bucket| bucket.clone().take(now));
        }
        if failures.len() >= ADDRESSES {
            failures.clear();
        }
        failures.entry(address).or_insert_with(|| Bucket::new(rate, now)).take(now)
    }

    /// Ends a session, if it has not ended.
    pub(super) fn end(self: &Arc<Self>, entry: &Arc<Entry<A::Context>>, reason: SessionEnd) {
        let ended = entry.with(|state| {
            if state.end.is_some() {
                return None;
            }
            state.end = Some(reason);
            Some(state.session.end())
        });
        let Some((unacked, unsent)) = ended else { return };
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
    }

    /// Ends those sessions that have been away longest while all together hold more than they may.
    pub(super) fn mind_memory(self: &Arc<Self>) {
        while self.memory.load(Ordering::Relaxed) > self.settings.memory {
            let oldest = {
                let registry = self.registry();
                let away = registry.sessions.values().filter_map(|entry| {
                    let since = entry.with(|state| state.away_since)?;
                    Some((since, Arc::clone(entry)))
                });
                away.min_by_key(|(since, _)| *since)
            };
            let Some((_, entry)) = oldest else {
                tracing::warn!(
                    "connected sessions hold more memory than all may; nobody is away to be ended"
                );
                return;
            };
            self.end(&entry, SessionEnd::Memory);
        }
    }

    /// The task of a session: hands its messages to the application, one after another, and ends it when it has been
    /// away too long.
    pub(super) async fn run_session(self: Arc<Self>, entry: Arc<Entry<A::Context>>) {
        let handle = SessionHandle { hub: Arc::clone(&self), entry: Arc::clone(&entry) };
        while !entry.over.is_cancelled() {
            let mut arrived = std::pin::pin!(entry.arrived.notified());
            arrived.as_mut().enable();
            let now = self.now();
            let (taken, away) = entry.with(|state| (state.session.take(now), state.away_since));
            if let Some((message, _)) = taken {
                // Taking may have made an acknowledgement due.
                entry.nudge();
                let handled = AssertUnwindSafe(self.application.message(&handle, message)).catch_unwind();
                if handled.await.is_err() {
                    tracing::error!(alias = entry.alias, "the handler of a session's messages panicked");
                    self.end(&entry, SessionEnd::Ended);
                }
                continue;
            }
            let expired = async {
                match away {
                    Some(since) => tokio::time::sleep_until(since + self.settings.ttl).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = arrived => {}
                () = entry.over.cancelled() => {}
                () = expired => {
                    let still = entry.with(|state| state.away_since == away && away.is_some());
                    if still {
                        self.end(&entry, SessionEnd::Expired);
                    }
                }
            }
        }
    }
}
