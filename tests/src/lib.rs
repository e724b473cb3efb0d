//! What the tests of the whole system share: the WebSocket peer that misbehaves on demand, and a proxy that does so to
//! any server.

mod head;
pub mod peer;
pub mod proxy;
