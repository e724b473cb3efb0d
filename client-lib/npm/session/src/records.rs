//! Records for a log, as `js/session/host.js` takes them apart.

use std::time::Duration;

use rejoin::LogRecord;

use crate::host;

/// Tells JavaScript of a record.
pub(crate) fn tell(session: u32, record: &LogRecord) {
    let (kind, first, second) = figures(record);
    // Its own text would bring the code that writes it; JavaScript puts one together.
    let text: &str = match record {
        LogRecord::Dialing { url } => url,
        LogRecord::Hint(hint) => hint,
        _ => "",
    };
    host::record(session, kind, text, first, second);
}

/// The kind's number, and the figures in the order of their names there.
fn figures(record: &LogRecord) -> (u32, f64, f64) {
    match record {
        LogRecord::Connecting { attempt } => (0, f64::from(*attempt), 0.0),
        LogRecord::Asking { attempt } => (1, f64::from(*attempt), 0.0),
        LogRecord::Dialing { .. } => (2, 0.0, 0.0),
        LogRecord::Open => (3, 0.0, 0.0),
        LogRecord::Closing => (4, 0.0, 0.0),
        LogRecord::Waiting { attempt, delay } => (6, f64::from(*attempt), millis(*delay)),
        LogRecord::Ended(closed) => (7, f64::from(closed.code), closed.unsent_bytes as f64),
        LogRecord::Sent { len } => (8, *len as f64, 0.0),
        LogRecord::Received { len } => (9, *len as f64, 0.0),
        LogRecord::Unsent { messages } => (10, *messages as f64, 0.0),
        LogRecord::Hint(_) => (11, 0.0, 0.0),
        LogRecord::Ping => (12, 0.0, 0.0),
        LogRecord::Pong { round_trip } => (13, millis(*round_trip), 0.0),
        LogRecord::Live { .. } => (14, 0.0, 0.0),
        LogRecord::SessionEnded { code } => (15, f64::from(*code), 0.0),
        _ => (5, 0.0, 0.0),
    }
}

/// Infinity while attempts are paused.
fn millis(duration: Duration) -> f64 {
    if duration == Duration::MAX { f64::INFINITY } else { duration.as_secs_f64() * 1_000.0 }
}
