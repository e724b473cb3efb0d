//! The network of an address: what every limit "per network" counts by.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// The network of a client's address: one IPv4 address, or the /64 of an IPv6 address, because whoever has one address of
/// a /64 usually has them all. An IPv4 address that is written as IPv6 (`::ffff:192.0.2.1`, as a listener on `[::]` sees
/// it) is the IPv4 address.
///
/// ```
/// use rejoin_server::Network;
/// use std::net::IpAddr;
///
/// let network = |text: &str| Network::from(text.parse::<IpAddr>().unwrap());
/// assert_eq!(network("2001:db8::1"), network("2001:db8::2"));
/// assert_eq!(network("::ffff:192.0.2.1"), network("192.0.2.1"));
/// assert_ne!(network("192.0.2.1"), network("192.0.2.2"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Network(IpAddr);

impl From<IpAddr> for Network {
    fn from(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64)),
            v4 @ IpAddr::V4(_) => v4,
        })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            IpAddr::V4(v4) => v4.fmt(f),
            IpAddr::V6(v6) => write!(f, "{v6}/64"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(text: &str) -> Network {
        Network::from(text.parse::<IpAddr>().unwrap())
    }

    #[test]
    fn a_network_is_written_as_people_write_it() {
        assert_eq!(network("::ffff:10.0.0.1").to_string(), "10.0.0.1");
        assert_eq!(network("2001:db8:0:1:2::3").to_string(), "2001:db8:0:1::/64");
    }

    #[test]
    fn ipv4_mapped_addresses_are_different_networks() {
        assert_ne!(network("::ffff:10.0.0.1"), network("::ffff:10.0.0.2"));
        assert_ne!(network("::1"), network("::ffff:127.0.0.1"));
    }
}
