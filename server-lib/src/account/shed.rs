//! The order in which holders give way: of the network that holds most, of its principal that holds most, the largest.

use std::collections::HashMap;
use std::sync::Arc;

use super::holder::Holder;
use super::network::Network;

/// Holders with what each has, by network and principal.
#[derive(Debug)]
struct Group<T> {
    bytes: u64,
    members: Vec<T>,
}

impl<T> Default for Group<T> {
    fn default() -> Self {
        Self { bytes: 0, members: Vec::new() }
    }
}

type Principal<H> = Group<(u64, H)>;
type OfNetwork<H> = Group<Principal<H>>;

/// Gives out holders, the largest first.
#[derive(Debug)]
pub(super) struct LargestFirst<H> {
    networks: Vec<OfNetwork<H>>,
}

/// Orders holders.
pub(super) fn largest_first<'a>(
    holders: impl Iterator<Item = &'a Arc<Holder>>,
) -> LargestFirst<&'a Arc<Holder>> {
    LargestFirst::new(holders.map(|it| (it.network(), it.principal(), it.bytes(), it)))
}

impl<H> LargestFirst<H> {
    fn new<'a>(holders: impl Iterator<Item = (Option<Network>, &'a str, u64, H)>) -> Self {
        let mut by_name: HashMap<Option<Network>, HashMap<&str, Principal<H>>> = HashMap::new();
        for (network, principal, bytes, holder) in holders.filter(|(.., bytes, _)| *bytes > 0) {
            let group = by_name.entry(network).or_default().entry(principal).or_default();
            group.bytes += bytes;
            group.members.push((bytes, holder));
        }
        let network = |principals: HashMap<&str, Principal<H>>| {
            let mut members: Vec<Principal<H>> = principals.into_values().collect();
            for principal in &mut members {
                principal.members.sort_by_key(|(bytes, _)| *bytes);
            }
            OfNetwork { bytes: members.iter().map(|principal| principal.bytes).sum(), members }
        };
        Self { networks: by_name.into_values().map(network).collect() }
    }
}

impl<H> Iterator for LargestFirst<H> {
    type Item = H;

    fn next(&mut self) -> Option<H> {
        let network = self.networks.iter_mut().max_by_key(|network| network.bytes)?;
        let principal = network.members.iter_mut().max_by_key(|principal| principal.bytes)?;
        let (bytes, holder) = principal.members.pop()?;
        principal.bytes -= bytes;
        network.bytes -= bytes;
        Some(holder)
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    #[test]
    fn the_largest_network_gives_way_first_in_it_the_largest_principal_and_of_that_the_largest_holder() {
        let network = |host: u8| Some(Network::from(IpAddr::from([10, 0, 0, host])));
        let holders = [
            (network(1), "ada", 50, "ada 50"),
            (network(1), "ada", 30, "ada 30"),
            (network(1), "bob", 60, "bob 60"),
            (network(2), "", 100, "other 100"),
            (network(2), "", 0, "other 0"),
            (None, "", 1, "unknown"),
        ];
        let order: Vec<&str> = LargestFirst::new(holders.into_iter()).collect();
        // 140 against 100; then 90; then bob's 60 is more than ada's 30.
        assert_eq!(order, ["ada 50", "other 100", "bob 60", "ada 30", "unknown"]);
    }
}
