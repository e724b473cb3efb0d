//! A holder of memory: one connection, or one session.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tokio_util::sync::CancellationToken;

use super::charge::Charge;
use super::ledger::Account;
use super::network::Network;
use super::tally::Tally;

/// What holds memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Connection,
    Session,
}

/// One connection or session, with what it holds.
#[derive(Debug)]
pub(crate) struct Holder {
    id: u64,
    kind: Kind,
    account: Account,
    network: Option<Network>,
    of_network: Arc<Tally>,
    /// Empty until it is known, and for everybody who is not named.
    principal: OnceLock<String>,
    state: Mutex<State>,
    /// What it holds, for those who compare.
    bytes: AtomicU64,
    gives_way: CancellationToken,
}

#[derive(Debug, Default)]
struct State {
    bytes: u64,
    is_leaving: bool,
}

impl Holder {
    pub(super) fn new(
        account: Account,
        id: u64,
        kind: Kind,
        network: Option<Network>,
        of_network: Arc<Tally>,
    ) -> Self {
        Self {
            id,
            kind,
            account,
            network,
            of_network,
            principal: OnceLock::new(),
            state: Mutex::default(),
            bytes: AtomicU64::new(0),
            gives_way: CancellationToken::new(),
        }
    }

    /// Says whose it is. The first name stays.
    pub(crate) fn set_principal(&self, principal: &str) {
        self.principal.get_or_init(|| principal.to_owned());
    }

    /// No other holder has it.
    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    pub(super) fn principal(&self) -> &str {
        self.principal.get().map_or("", String::as_str)
    }

    pub(super) fn network(&self) -> Option<Network> {
        self.network
    }

    pub(super) fn kind(&self) -> Kind {
        self.kind
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Begins a charge of so many bytes.
    pub(crate) fn charge(self: &Arc<Self>, bytes: u64) -> Charge {
        Charge::new(Arc::clone(self), bytes)
    }

    /// Is cancelled when it has to free what it holds, because it holds most and memory has run out.
    pub(crate) fn gives_way(&self) -> &CancellationToken {
        &self.gives_way
    }

    pub(super) fn replace(&self, before: u64, now: u64) {
        let (of_network, in_all) = {
            let mut state = self.lock();
            let bytes = state.bytes + now - before;
            let old = std::mem::replace(&mut state.bytes, bytes);
            self.bytes.store(bytes, Ordering::Relaxed);
            (
                self.of_network.replace(old, bytes, state.is_leaving),
                self.account.total().replace(old, bytes, state.is_leaving),
            )
        };
        if now > before {
            self.account.check(self.network, of_network, in_all);
        }
    }

    /// Makes it give way. Returns how much it holds; nothing if it has been told before.
    pub(super) fn give_way(&self) -> Option<u64> {
        let bytes = {
            let mut state = self.lock();
            if std::mem::replace(&mut state.is_leaving, true) {
                return None;
            }
            self.of_network.leave(state.bytes);
            self.account.total().leave(state.bytes);
            state.bytes
        };
        self.gives_way.cancel();
        Some(bytes)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        // No code that can panic runs under the lock, so a poisoned state is still whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        // Every charge keeps its holder, so that nothing is held any more.
        self.account.forget(self.id, self.network);
    }
}
