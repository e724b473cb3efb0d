//! What the tests work with: the server's program, a browser, and the pages in it.

pub(crate) mod browser;
pub(crate) mod changed_app;
pub(crate) mod chat;
pub(crate) mod command;
pub(crate) mod http;
pub(crate) mod keyboard;
pub(crate) mod lines;
pub(crate) mod nginx;
pub(crate) mod page;
pub(crate) mod program;
pub(crate) mod server;
pub(crate) mod settings;
pub(crate) mod trunk;
pub(crate) mod webkit;

pub(crate) use rejoin_test_support::PATIENCE;
