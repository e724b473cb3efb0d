//! One who takes part in the tests of delivery: the library's own session, what it is told to do, and what it saw.

mod session;
mod told;

pub use session::Participant;
pub use told::{Entry, Loss, Order, Progress, ROOMS, Seen, Settled};
