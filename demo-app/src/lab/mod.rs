//! The connection lab: faults to try, and what becomes of what is sent meanwhile.

mod frames;
pub(crate) mod page;
pub(crate) mod state;

pub(crate) use frames::told;
