//! Which addresses fail too often to say HELLO.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use crate::{Bucket, Rate};

/// Addresses whose failures are remembered.
const ADDRESSES: usize = 10_000;

/// Each HELLO takes a token of its address, and gives it back when it was welcome: so those under way count too.
#[derive(Debug, Default)]
pub(super) struct Failures {
    by_address: Mutex<HashMap<IpAddr, Bucket>>,
}

impl Failures {
    /// Whether an address may try.
    pub(super) fn begin(&self, address: Option<IpAddr>, rate: Option<Rate>) -> bool {
        let (Some(address), Some(rate)) = (address, rate) else { return true };
        let now = Instant::now();
        let mut all = self.by_address.lock().unwrap_or_else(PoisonError::into_inner);
        let address = network(address);
        if all.len() >= ADDRESSES && !all.contains_key(&address) {
            // Those that have failed and recovered are forgotten; if that is nobody, nobody new is remembered.
            all.retain(|_, bucket| !bucket.is_full(now));
            if all.len() >= ADDRESSES {
                return true;
            }
        }
        all.entry(address).or_insert_with(|| Bucket::new(rate, now)).take(now)
    }

    /// It was welcome, or said nothing that could be wrong.
    pub(super) fn forgive(&self, address: Option<IpAddr>) {
        let Some(address) = address else { return };
        let mut all = self.by_address.lock().unwrap_or_else(PoisonError::into_inner);
        let address = network(address);
        if let Some(bucket) = all.get_mut(&address) {
            bucket.give_back();
            if bucket.is_full(Instant::now()) {
                all.remove(&address);
            }
        }
    }
}

/// Whoever has one address of IPv6 has most often its whole network of 64 bits.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
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
    fn a_network_of_ipv6_is_one_address() {
        let failures = Failures::default();
        let of = |host: u16| Some(IpAddr::from([0x2001, 0xdb8, 0, 1, 0, 0, 0, host]));
        assert!(failures.begin(of(1), RATE) && failures.begin(of(2), RATE) && !failures.begin(of(3), RATE));
    }
}
