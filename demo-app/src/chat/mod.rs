//! The chat: what it knows, and how it looks.

pub(crate) mod log;
pub(crate) mod outbox;
pub(crate) mod rows;
pub(crate) mod state;
