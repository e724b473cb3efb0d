//! The account of a server's memory: who holds how much, how much there may be, and who gives way.

mod charge;
mod holder;
mod ledger;
mod network;
mod shed;
mod tally;

pub(crate) use charge::Charge;
pub(crate) use holder::{Holder, Kind};
pub(crate) use ledger::Account;
pub use network::Network;

/// What the allocator takes for a block of so many bytes: a header of 8, rounded up to 16, and 32 at least.
pub(crate) const fn block(bytes: usize) -> u64 {
    let taken = (bytes as u64 + 8).next_multiple_of(16);
    if taken < 32 { 32 } else { taken }
}
