//! What the two ends of the demo say to one another: serde types, limits and endpoints, and the rule by which either end
//! paces a load of the speed test. Nothing else.

pub mod chat;
pub mod flow;
pub mod pace;
pub mod room;
pub mod speed;
