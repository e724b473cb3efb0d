//! What the tests of the whole system share: the WebSocket peer that misbehaves on demand.

pub mod peer;
