//! The account of a server's resources: who holds what, and how much there may be.

mod network;

pub use network::Network;
