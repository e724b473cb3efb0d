//! Which addresses fail too often to say HELLO.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use crate::{Bucket, Network, Rate};

/// Addresses whose failures are remembered.
const ADDRESSES: usize = 10_000;

/// Each HELLO takes a token of its address, and gives it back when it was welcome: so those under way count too.
#[derive(Debug, Default)]
pub(super) struct Failures {
    by_network: Mutex<HashMap<Network, Bucket>>,
}

impl Failures {
    /// Whether an address may try.
    pub(super) fn begin(&self, address: Option<IpAddr>, rate: Option<Rate>) -> bool {
        let (Some(address), Some(rate)) = (address, rate) else { return true };
        let now = Instant::now();
        let mut all = self.by_network.lock().unwrap_or_else(PoisonError::into_inner);
        let network = Network::from(address);
        if all.len() >= ADDRESSES && !all.contains_key(&network) {
            // Those that have failed and recovered are forgotten; if that is nobody, nobody new is remembered.
            all.retain(|_, bucket| !bucket.is_full(now));
            if all.len() >= ADDRESSES {
                return true;
            }
        }
        all.entry(network).or_insert_with(|| Bucket::new(rate, now)).take(now)
    }

    /// It was welcome, or said nothing that could be wrong.
    pub(super) fn forgive(&self, address: Option<IpAddr>) {
        let Some(address) = address else { return };
        let mut all = self.by_network.lock().unwrap_or_else(PoisonError::into_inner);
        let network = Network::from(address);
        if let Some(bucket) = all.get_mut(&network) {
            bucket.give_back();
            if bucket.is_full(Instant::now()) {
                all.remove(&network);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Option<Rate> = Some(Rate { per_second: 0.001, burst: 2 });

    #[test]
    fn those_under_way_count_and_who_was_welcome_is_forgiven() {
        let failures = Failures::default();
        let address = Some(IpAddr::from([127, 0, 0, 1]));
        assert!(failures.begin(address, RATE) && failures.begin(address, RATE));
        assert!(!failures.begin(address, RATE));
        failures.forgive(address);
        assert!(failures.begin(address, RATE));
        assert!(failures.begin(None, RATE) && failures.begin(address, None));
    }

    #[test]
    fn clients_of_one_ipv6_network_share_their_failures_and_ipv4_clients_of_an_ipv6_listener_do_not() {
        let failures = Failures::default();
        let of = |host: u16| Some(IpAddr::from([0x2001, 0xdb8, 0, 1, 0, 0, 0, host]));
        assert!(failures.begin(of(1), RATE) && failures.begin(of(2), RATE) && !failures.begin(of(3), RATE));
        let mapped = |host: u16| Some(IpAddr::from([0, 0, 0, 0, 0, 0xffff, 0x7f00, host]));
        assert!(failures.begin(mapped(1), RATE) && failures.begin(mapped(1), RATE));
        assert!(!failures.begin(mapped(1), RATE) && failures.begin(mapped(2), RATE));
    }
}
