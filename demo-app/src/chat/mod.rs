//! The chat: what it knows, and how it looks.

mod composer;
pub(crate) mod log;
mod message_list;
mod name_form;
pub(crate) mod outbox;
pub(crate) mod page;
mod people;
mod place;
mod rows;
pub(crate) mod state;
