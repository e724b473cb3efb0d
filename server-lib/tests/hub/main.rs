//! A hub and clients over real sockets.

mod channels;
mod client;
mod greetings;
mod messages;
mod server;
