//! What a path and its query ask the peer to do.

use std::time::Duration;

use super::session::Options;
use rejoin_test_support::request::RequestHead;

/// The largest burst, so that a typing error does not fill the memory.
const MOST_BURST: usize = 256 << 20;

/// What happens to a connection once it is open.
#[derive(Debug, Clone)]
pub(super) enum Route {
    Echo,
    /// Close after so many messages or after a time, whichever the query names; at once by default. The TCP
    /// connection ends so much later than the close handshake.
    Close {
        frame: Option<(u16, String)>,
        after: u64,
        wait: Duration,
        hold: Duration,
    },
    /// Reset the TCP connection after so many messages.
    Cut {
        after: u64,
    },
    /// Send a close frame and reset right behind it.
    AcceptThenClose {
        code: u16,
    },
    /// Read and never answer a close frame.
    NoCloseAnswer,
    /// Read nothing, answer nothing.
    BlackHole,
    Burst {
        count: usize,
        size: usize,
        kind: Kind,
    },
    /// Answer the text "ping" with "pong", that often; echo nothing.
    Pong {
        stop_after: u64,
    },
    /// Take so many bytes a second until told to resume, then count like `Sink`.
    SlowReader {
        rate: usize,
    },
    Sink,
    /// Speak `rejoin.v1`.
    Session(Options),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Binary,
    Mixed,
}

/// What happens to the handshake.
#[derive(Debug, Clone)]
pub(super) enum Answer {
    Refuse { status: u16 },
    Silent,
    Accept { protocol: Option<String>, route: Route },
}

/// Reads a request.
///
/// # Errors
/// Says what is wrong with it.
pub(super) fn read(head: &RequestHead, attempt: u64) -> Result<Answer, String> {
    let status = head.number("status", 503)?;
    if !(400..600).contains(&status) {
        return Err(format!("status={status}: use one from 400 to 599"));
    }
    if head.path == "/refuse" || attempt <= head.number("refuse_first", 0)? {
        return Ok(Answer::Refuse { status });
    }
    let route = match head.path.as_str() {
        "/silent-handshake" => return Ok(Answer::Silent),
        "/echo" | "/pick" => Route::Echo,
        "/close" => close(head, Some(head.number("code", 1000)?))?,
        "/close-without-code" => close(head, None)?,
        "/cut" => Route::Cut { after: head.number("after", 0)? },
        "/accept-then-close" => Route::AcceptThenClose { code: head.number("code", 1012)? },
        "/no-close-answer" => Route::NoCloseAnswer,
        "/black-hole" => Route::BlackHole,
        "/burst" => burst(head)?,
        "/pong" => Route::Pong { stop_after: head.number("stop_after", u64::MAX)? },
        "/slow-reader" => Route::SlowReader { rate: head.number("rate", 65_536)? },
        "/sink" => Route::Sink,
        "/session" => Route::Session(Options::read(head)?),
        path => return Err(format!("no behaviour is called {path}: GET / lists them")),
    };
    Ok(Answer::Accept { protocol: protocol(head), route })
}

fn close(head: &RequestHead, code: Option<u16>) -> Result<Route, String> {
    let reason = head.text("reason").unwrap_or_default().to_owned();
    let wait = Duration::from_millis(head.number("after_ms", 0)?);
    let hold = Duration::from_millis(head.number("hold_ms", 0)?);
    Ok(Route::Close { frame: code.map(|code| (code, reason)), after: head.number("after", 0)?, wait, hold })
}

fn burst(head: &RequestHead) -> Result<Route, String> {
    let (count, size) = (head.number("count", 1_000)?, head.number("size", 64)?);
    let kind = match head.text("kind").unwrap_or("text") {
        "text" => Kind::Text,
        "binary" => Kind::Binary,
        "mixed" => Kind::Mixed,
        other => return Err(format!("kind={other}: use text, binary or mixed")),
    };
    if usize::checked_mul(count, size).is_none_or(|bytes| bytes > MOST_BURST) {
        return Err(format!("a burst has at most {MOST_BURST} bytes"));
    }
    Ok(Route::Burst { count, size, kind })
}

/// The subprotocol to answer with: what `name` says, offered or not, none for an empty one, by default the first
/// that was offered.
fn protocol(head: &RequestHead) -> Option<String> {
    let first_offered =
        || head.header("sec-websocket-protocol")?.split(',').next().map(|name| name.trim().to_owned());
    match head.text("name") {
        Some("") => None,
        Some(name) => Some(name.to_owned()),
        None => first_offered(),
    }
}
