//! What the tests of the whole system and of the browser's crates share: the WebSocket peer that misbehaves on demand.

pub mod peer;
