//! Room for one more session: who gives way when there are as many as there may be.

use std::cmp::Reverse;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::time::Instant;

use super::Inner;
use super::application::{Application, SessionEnd};
use super::registry::Crowd;
use super::session::{Entry, State};
use crate::Network;

/// So many idle sessions give way at once, so that the search for them is rare.
const AT_ONCE: usize = 64;

/// A session that may give way. The largest goes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Claim {
    /// How many sessions its network has.
    of_network: usize,
    /// It has done nothing but connect.
    is_unused: bool,
    away_since: Reverse<Option<Instant>>,
}

impl<A: Application> Inner<A> {
    /// Makes room for a session of that principal and network. Nothing is lost by it: only sessions without a connection that
    /// hold nothing end, those of the largest network first, those that never did anything before others. When
    /// there is none, and the newcomer's network is smaller than the largest, one of that ends although it is connected.
    pub(super) fn make_room(self: &Arc<Self>, crowd: Crowd, principal: &str, network: Option<Network>) {
        let concerned = |entry: &Arc<Entry<A::Context>>| match crowd {
            Crowd::All => true,
            Crowd::Principal => entry.principal == principal,
            Crowd::Network => entry.network == network,
        };
        let (all, of_newcomer) = {
            let registry = self.registry();
            let count = |network: Option<Network>| {
                network.and_then(|network| registry.by_network.get(&network)).copied().unwrap_or_default()
            };
            let sessions = registry.sessions.values().filter(|entry| concerned(entry));
            let all: Vec<_> = sessions.map(|entry| (count(entry.network), Arc::clone(entry))).collect();
            (all, count(network))
        };
        let mut idle: Vec<(Claim, Arc<Entry<A::Context>>)> = Vec::new();
        let mut connected = None;
        for (of_network, entry) in all {
            let away_since = entry.with(|state| is_empty(state).then_some(state.away_since));
            let Some(away_since) = away_since else { continue };
            let is_unused = !entry.used.load(Ordering::Relaxed);
            let claim = Claim { of_network, is_unused, away_since: Reverse(away_since) };
            if away_since.is_some() {
                idle.push((claim, entry));
            } else if connected.as_ref().is_none_or(|(largest, _)| claim > *largest) {
                connected = Some((claim, entry));
            }
        }
        idle.sort_unstable_by_key(|(claim, _)| Reverse(*claim));
        let largest = idle.first().map(|(claim, _)| claim.of_network);
        // Those of one network, and all at once only if they never did anything.
        let go = idle.iter().take_while(|(claim, _)| Some(claim.of_network) == largest).take(AT_ONCE);
        for (n, (claim, entry)) in go.enumerate() {
            if n == 0 || claim.is_unused {
                self.end_if(entry, SessionEnd::Crowded, |state| {
                    state.away_since.is_some() && is_empty(state)
                });
            }
        }
        if idle.is_empty()
            && crowd == Crowd::All
            && let Some((claim, entry)) = connected
            && claim.of_network > of_newcomer + 1
        {
            self.end_if(&entry, SessionEnd::Crowded, is_empty);
        }
    }
}

fn is_empty(state: &State) -> bool {
    state.session.held_bytes() == 0
}
