//! What a participant is told to do, and what it tells: the words between a page and its test.

use serde::{Deserialize, Serialize};

/// The rooms that everybody publishes in and follows.
pub const ROOMS: [&str; 2] = ["room/a", "room/b"];

/// What a participant is told to do.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Order {
    /// Send these session messages.
    Send(Vec<String>),
    /// Publish these in a room, by its place in [`ROOMS`].
    Publish(usize, Vec<String>),
    /// Answer with a [`Progress`].
    Progress,
    /// Answer with a [`Seen`].
    Seen,
}

/// How far somebody has come.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Progress {
    /// Whether the server has welcomed the present connection.
    pub live: bool,
    /// How often it was welcomed.
    pub lives: usize,
    /// Session messages that came back.
    pub echoes: usize,
    /// Entries that came, of each room.
    pub entries: [usize; 2],
    /// Receipts that are settled.
    pub settled: usize,
    /// How the session ended, which it never should.
    pub ended: Option<String>,
}

/// An entry of a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Where it is.
    pub offset: u64,
    /// What it says.
    pub payload: String,
}

/// A loss that somebody was told of.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Loss {
    /// Why.
    pub reason: String,
    /// What was transmitted, and may have arrived.
    pub unacked: Vec<String>,
    /// What was not transmitted and is not kept.
    pub unsent: Vec<String>,
    /// Echoes that had come by then.
    pub echoes: usize,
}

/// A receipt that is settled.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Settled {
    /// The room, by its place in [`ROOMS`].
    pub room: usize,
    /// What was published.
    pub payload: String,
    /// The offset, or what else became of it.
    pub outcome: Result<u64, String>,
}

/// All that somebody has seen, in its order.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Seen {
    /// Session messages that came back.
    pub echoes: Vec<String>,
    /// The entries of each room.
    pub rooms: [Vec<Entry>; 2],
    /// Receipts.
    pub settled: Vec<Settled>,
    /// Losses of session messages.
    pub lost: Vec<Loss>,
    /// What should never be said: gaps, ends, violations.
    pub odd: Vec<String>,
}
