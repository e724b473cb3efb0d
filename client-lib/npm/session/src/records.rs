//! Records for a log, as `js/session/host.js` takes them apart.

use std::time::Duration;

use rejoin::{Closed, LogRecord};

use crate::host;

/// Tells JavaScript of a record.
pub(crate) fn tell(session: u32, record: &LogRecord) {
    let (kind, figures) = figures(record);
    // Its own text would bring the code that writes it; JavaScript puts one together.
    let text: Option<&str> = match record {
        LogRecord::Dialing { url } => Some(url),
        LogRecord::Hint(hint) => Some(hint),
        LogRecord::Ended(closed) => Some(&closed.reason),
        _ => None,
    };
    let [first, second, third, fourth] = figures;
    host::record(session, kind, text, first, second, third, fourth);
}

/// The kind's number, and the figures in the order of their names there.
fn figures(record: &LogRecord) -> (u32, [f64; 4]) {
    let (kind, first, second) = match record {
        LogRecord::Ended(closed) => {
            let Closed { code, unsent_bytes, by, gave_up, .. } = closed;
            let figures = [
                f64::from(*code),
                *unsent_bytes as f64,
                f64::from(*by as u32),
                f64::from(u8::from(*gave_up)),
            ];
            return (7, figures);
        }
        LogRecord::Connecting { attempt } => (0, f64::from(*attempt), 0.0),
        LogRecord::Asking { attempt } => (1, f64::from(*attempt), 0.0),
        LogRecord::Dialing { .. } => (2, 0.0, 0.0),
        LogRecord::Open => (3, 0.0, 0.0),
        LogRecord::Closing => (4, 0.0, 0.0),
        LogRecord::Waiting { attempt, delay } => (6, f64::from(*attempt), millis(*delay)),
        LogRecord::Sent { len } => (8, *len as f64, 0.0),
        LogRecord::Received { len } => (9, *len as f64, 0.0),
        LogRecord::Unsent { messages } => (10, *messages as f64, 0.0),
        LogRecord::Hint(_) => (11, 0.0, 0.0),
        LogRecord::Ping => (12, 0.0, 0.0),
        LogRecord::Pong { round_trip } => (13, millis(*round_trip), 0.0),
        LogRecord::Live { .. } => (14, 0.0, 0.0),
        LogRecord::SessionEnded { code } => (15, f64::from(*code), 0.0),
        _ => (5, 0.0, 0.0),
    };
    (kind, [first, second, 0.0, 0.0])
}

/// Infinity while attempts are paused.
fn millis(duration: Duration) -> f64 {
    if duration == Duration::MAX { f64::INFINITY } else { duration.as_secs_f64() * 1_000.0 }
}
