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
/// The longest test that the server runs, in milliseconds.
pub const MAX_DURATION_MS: u32 = 60_000;
/// From one [`Event::File`] to the next, in milliseconds.
pub const FILE_REPORT_MS: u32 = 500;

/// What a page asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Request {
    /// Asks for binary messages until the time is over or [`Request::Stop`] comes; then [`Event::Downloaded`]. Their sizes
    /// and their pace are those of [`Flow`](crate::flow::Flow), by the page's [`Request::Received`].
    Download {
        /// How long to send, in milliseconds, at most [`MAX_DURATION_MS`].
        duration_ms: u32,
    },
    /// Reports how much of a download has come, as often as [`acknowledges`](crate::flow::acknowledges) says.
    Received {
        /// Payload bytes since [`Request::Download`].
        bytes: u64,
    },
    /// Announces binary messages from the page, paced by [`Flow`](crate::flow::Flow). The server counts them, reports with
    /// [`Event::Progress`] as often as [`acknowledges`](crate::flow::acknowledges) says, and ends with [`Event::Uploaded`]
    /// after [`Request::Stop`].
    Upload,
    /// Asks how much of a coursework's file, requested on another connection by the text `start TAG`, has been sent:
    /// [`Event::File`] every [`FILE_REPORT_MS`] until [`Request::Stop`].
    Watch {
        /// The number in that text, drawn at random by the page.
        tag: u32,
    },
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
        /// From [`Request::Upload`] until the last of them came, in microseconds.
        micros: u64,
    },
    /// An upload's end.
    Uploaded {
        /// Payload bytes received.
        bytes: u64,
        /// From [`Request::Upload`] until the last of them came, in microseconds.
        micros: u64,
    },
    /// How much of a file has been sent, after [`Request::Watch`]. Nothing comes while no file was requested.
    File {
        /// Which file of that connection, from 1.
        number: u32,
        /// Bytes that the server's system has taken for the network, at most [`FILE_BYTES`].
        bytes: u64,
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
