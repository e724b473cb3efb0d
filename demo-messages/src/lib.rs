//! What the two ends of the demo say to one another: serde types, limits and endpoints, nothing else.

pub mod chat;
pub mod room;
pub mod speed;
