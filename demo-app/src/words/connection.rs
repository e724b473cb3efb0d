//! The words of the connection.

use crate::figures;
use crate::link::Link;
use crate::link_log::Coming;
use crate::session::NotKept;

pub(crate) const CONNECTION: &str = "Connection";
pub(crate) const NOT_CONNECTED: &str = "Not connected";
pub(crate) const CONNECTING: &str = "Connecting";
pub(crate) const CONNECTED: &str = "Connected";
pub(crate) const RECONNECTING: &str = "Reconnecting";
pub(crate) const OFFLINE: &str = "Offline";
pub(crate) const CLOSING: &str = "Closing";
pub(crate) const DISCONNECTED: &str = "Disconnected";
pub(crate) const CLOSED_BY_SERVER: &str = "Closed by the server";
pub(crate) const NO_CONNECTION: &str = "No connection";
pub(crate) const TRY_NOW: &str = "Try now";
pub(crate) const RECONNECT: &str = "Reconnect";
pub(crate) const DISCONNECT: &str = "Disconnect";

/// Follows the state in the pill, for screen readers.
pub(crate) const PILL_DETAILS: &str = ", details of the connection";

pub(crate) const ADDRESS: &str = "Address";
pub(crate) const SUBPROTOCOL: &str = "Subprotocol";
pub(crate) const ROUND_TRIP: &str = "Round trip";
pub(crate) const QUEUED: &str = "Queued";
pub(crate) const SESSION: &str = "Session";
pub(crate) const UNACKED: &str = "Not acknowledged";
pub(crate) const RESENT: &str = "Sent again";
pub(crate) const SENT: &str = "Sent";
pub(crate) const RECEIVED: &str = "Received";

/// What a connection agrees on, while there is none.
pub(crate) const NOT_AGREED: &str = "\u{2013}";
pub(crate) const NOT_MEASURED: &str = "not measured yet";
pub(crate) const TIME_LINE: &str = "What happened";

pub(crate) const SAY_CONNECTED: &str = "Connected to the server.";
pub(crate) const SAY_LOST: &str = "The connection is gone. Trying again.";
pub(crate) const SAY_OFFLINE: &str = "This device is offline.";
pub(crate) const SAY_DISCONNECTED: &str = "Disconnected.";

pub(crate) const AWAY_CONNECTING: &str =
    "No answer from the server yet. What you write now waits here and is sent when it answers.";
pub(crate) const AWAY_LOST: &str =
    "The connection is gone and is being made again. What you write meanwhile waits here and is sent then.";
pub(crate) const AWAY_NO_SERVER: &str = "The server can't be reached, or takes no more connections. This page keeps trying; what you write waits here and is sent then.";
pub(crate) const AWAY_OFFLINE: &str =
    "This device has no network. What you write waits here and is sent when it is back.";
pub(crate) const AWAY_DISCONNECTED: &str =
    "You have disconnected. Nothing is sent or received until you reconnect.";

/// What the browser does not keep.
pub(crate) fn not_kept(what: NotKept) -> &'static str {
    match what {
        NotKept::Anything => {
            "Your browser lets this page store nothing. Your name, messages that are not delivered yet and speed results are lost when you close or reload it. All else works."
        }
        NotKept::Messages => {
            "Your browser does not keep messages that are not delivered yet: they are lost if you close or reload this page. All else works."
        }
    }
}

pub(crate) fn attempt(number: u32) -> String {
    format!("attempt {number}")
}

pub(crate) fn in_seconds(seconds: u64) -> String {
    format!("in {}", figures::span(seconds))
}

pub(crate) fn closed_by_server(figure: &str) -> String {
    format!("The server has closed the connection ({figure}). Nothing is sent until you reconnect.")
}

pub(crate) fn impossible(why: &str) -> String {
    format!("The connection can't be opened: {why}. Nothing is sent.")
}

/// "12 frames, 3.40 kB".
pub(crate) fn amount(count: u64, bytes: u64) -> String {
    format!("{}, {}", frame_count(count), figures::bytes(bytes))
}

/// How a session came to be live, as a line of the connection's past.
pub(crate) fn came(how: Coming) -> String {
    let what = match how {
        Coming::New => "a new session",
        Coming::Resumed => "the session goes on where it was",
        Coming::Kept => "the server has forgotten the session, and goes on with its identity",
        Coming::Replaced => "a new session in place of one that the server no longer knows",
    };
    format!("{CONNECTED}: {what}")
}

/// A line of the connection's past. None for what is no news.
pub(crate) fn happened(link: &Link) -> Option<String> {
    Some(match link {
        Link::Idle | Link::Closing | Link::Greeting | Link::Open => return None,
        Link::Connecting { attempt } => format!("{CONNECTING}, attempt {attempt}"),
        Link::Waiting { last: Some(last), .. } if last.was_open => {
            format!("Connection lost ({})", last.figure())
        }
        Link::Waiting { last: Some(last), .. } => format!("No connection ({})", last.figure()),
        Link::Waiting { .. } => RECONNECTING.to_owned(),
        Link::Offline => OFFLINE.to_owned(),
        Link::Closed(ending) if ending.by_us => DISCONNECTED.to_owned(),
        Link::Closed(ending) => format!("{CLOSED_BY_SERVER} ({})", ending.figure()),
        Link::Impossible(why) => format!("{NO_CONNECTION}: {why}"),
    })
}

/// "12 frames in 3 messages".
pub(crate) fn frames(frames: u64, batches: u64) -> String {
    format!("{} in {}", frame_count(frames), messages(batches))
}

/// "12 frames".
pub(crate) fn frame_count(frames: u64) -> String {
    let noun = if frames == 1 { "frame" } else { "frames" };
    format!("{} {noun}", figures::whole(frames))
}

/// What became of the session over its connections.
pub(crate) fn session(coming: Option<Coming>) -> &'static str {
    match coming {
        None => NOT_AGREED,
        Some(Coming::New) => "new",
        Some(Coming::Resumed) => "resumed",
        Some(Coming::Kept) => "kept: forgotten by the server, same identity",
        Some(Coming::Replaced) => "replaced by a new one",
    }
}

/// "12 messages".
pub(crate) fn messages(count: u64) -> String {
    let noun = if count == 1 { "message" } else { "messages" };
    format!("{} {noun}", figures::whole(count))
}
