//! The coursework's chat, and the rules of both chats.

mod classic;
pub(crate) mod rules;

pub(crate) use classic::Classic;
