//! Keeping a session over a reload of the page: its identity in `sessionStorage`, unanswered publications in
//! `IndexedDB`, and a Web Lock that keeps a duplicated tab from being the same session.

mod browser;
mod database;
mod keep;
mod record;

pub use keep::{KeepError, Reopened};
