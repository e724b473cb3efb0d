//! What the page and its worker tell one another.

use serde::{Deserialize, Serialize};

/// What the page tells the worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Order {
    /// The coursework's method: `runs` times ten million bytes in one message.
    Classic {
        /// The WebSocket address of the speed test.
        url: String,
        runs: u32,
    },
    /// Download and upload for a fixed time each, with latency before and meanwhile.
    Streamed {
        url: String,
        /// The WebSocket address of the echo.
        echo_url: String,
        /// How long the idle latency is measured, in milliseconds.
        idle_ms: u32,
        /// How long each direction is loaded, in milliseconds.
        load_ms: u32,
    },
    /// Ends what runs; what has been measured stays.
    Stop,
}

/// A direction of the load, as the page sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Direction {
    Download,
    Upload,
}

/// What the worker is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Phase {
    Connecting,
    Latency,
    Load(Direction),
}

/// What the worker tells the page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Report {
    /// The worker can take orders.
    Ready,
    /// Something else begins.
    Began(Phase),
    /// One run of the coursework's method took so long, in milliseconds.
    Took { ms: f64 },
    /// Of the coursework's file under way the server has sent so many bytes, so many milliseconds after it was requested.
    File { bytes: u64, ms: f64 },
    /// A round trip, in milliseconds; without load, or under load in one direction.
    RoundTrip { under: Option<Direction>, ms: f64 },
    /// Payload bytes of a direction, and when the last of them came since its load began.
    Moved { direction: Direction, at_ms: f64, bytes: u64 },
    /// A direction's load has lasted for so long, in milliseconds.
    Passed { direction: Direction, ms: f64 },
    /// A direction is done: what the server counted, for how long, and what the page counted.
    Served { direction: Direction, bytes: u64, micros: u64, page_bytes: u64 },
    /// A direction's load came to its time limit before all that was sent had arrived: what had is its result.
    CutOff { direction: Direction },
    /// All is measured.
    Finished,
    /// Stopped by order.
    Stopped,
    /// It can't go on.
    Failed(Trouble),
}

/// Why a test ended early.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Trouble {
    /// No connection came about.
    Unreachable,
    /// The connection ended.
    Lost { code: u16, reason: String },
    /// The server refused, in its own words.
    Refused(String),
    /// A message had another length than the coursework's file.
    WrongLength { bytes: u64 },
    /// Nothing moved for so many seconds.
    Stalled { seconds: u32 },
    /// The server said something that can't be read.
    Unreadable(String),
    /// The worker itself failed.
    Worker(String),
}
