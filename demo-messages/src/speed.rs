//! The speed test: text messages control it, binary messages are the load.

use rejoin_codec::{Endpoint, Json};
use serde::{Deserialize, Serialize};

/// The streamed speed test's endpoint. Binary messages beside its JSON are load, in either direction.
#[derive(Debug, Clone, Copy)]
pub struct Speed;

impl Endpoint for Speed {
    const PATH: &'static str = "/ws/speed";
    const SUBPROTOCOL: Option<&'static str> = Some("speed.rejoin.v1");
    type Codec = Json;
    type ToServer = Request;
    type ToClient = Event;
}

/// The size of the coursework's file, in bytes.
pub const FILE_BYTES: u64 = 10_000_000;
/// The size of a binary message of the streamed test, in bytes.
pub const CHUNK_BYTES: usize = 65_536;
/// The longest test that the server runs, in milliseconds.
pub const MAX_DURATION_MS: u32 = 60_000;

/// What a page asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Request {
    /// Asks for binary messages of [`CHUNK_BYTES`] until the time is over or [`Request::Stop`] comes;
    /// then [`Event::Downloaded`].
    Download {
        /// How long to send, in milliseconds, at most [`MAX_DURATION_MS`].
        duration_ms: u32,
    },
    /// Announces binary messages from the page. The server counts them, reports every 100 ms with
    /// [`Event::Progress`], and ends with [`Event::Uploaded`] after [`Request::Stop`].
    Upload,
    /// Ends a download early, or an upload.
    Stop,
    /// Asks for [`Event::Pong`] at once.
    Ping {
        /// Comes back in the answer.
        nonce: u32,
    },
}

/// What the server tells a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// All of a download has been sent.
    Downloaded {
        /// Payload bytes sent.
        bytes: u64,
        /// From the first byte to the last as the server saw it, in microseconds.
        micros: u64,
    },
    /// What has come of an upload so far.
    Progress {
        /// Payload bytes received since [`Request::Upload`].
        bytes: u64,
        /// Since [`Request::Upload`], in microseconds.
        micros: u64,
    },
    /// An upload's end.
    Uploaded {
        /// Payload bytes received.
        bytes: u64,
        /// From [`Request::Upload`] to [`Request::Stop`] as the server saw it, in microseconds.
        micros: u64,
    },
    /// The answer to [`Request::Ping`].
    Pong {
        /// The request's.
        nonce: u32,
    },
    /// The server has not done what was asked, and why.
    Refused {
        /// Why, for a program.
        code: Refusal,
        /// Why, for a person.
        reason: String,
    },
}

/// Why a request was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Refusal {
    /// A test runs already on this connection.
    Busy,
    /// The duration is zero or above [`MAX_DURATION_MS`].
    BadDuration,
    /// Binary data came while no upload was announced.
    NotUploading,
}
