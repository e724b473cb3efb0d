//! What happens to a session, as JavaScript is told it. The numbers are those of `js/session/news.js`.

use std::time::Duration;

use js_sys::Array;
use rejoin::Closed;
use rejoin::session::{Denial, Lost, LostReason, SessionEvent, SessionMessage, SessionState};
use wasm_bindgen::JsValue;

use crate::promise::list;
use crate::{host, payload};

const LIVE: u32 = 0;
const LOST: u32 = 1;
const VOLATILE: u32 = 2;
const DISCONNECTED: u32 = 3;
const NOT_KEPT: u32 = 4;
const ENDED: u32 = 5;
const STATE: u32 = 6;
/// A message, for listeners.
pub(crate) const MESSAGE: u32 = 7;

pub(crate) fn event(session: u32, event: SessionEvent) {
    let nothing = JsValue::UNDEFINED;
    match event {
        SessionEvent::Live { resumed, protocol } => {
            host::tell(session, LIVE, &resumed.into(), &protocol.into());
        }
        SessionEvent::Lost(lost) => tell_lost(session, &lost),
        SessionEvent::Volatile(body) => {
            host::tell(session, VOLATILE, &payload::bytes(&body), &nothing);
        }
        SessionEvent::Disconnected(last) => host::tell(session, DISCONNECTED, &closed(&last), &nothing),
        SessionEvent::NotKept(words) => host::tell(session, NOT_KEPT, &words.into(), &nothing),
        SessionEvent::Ended(Denial { code, reason }) => {
            host::tell(session, ENDED, &code.into(), &reason.into());
        }
        // The round trip is among the metrics.
        _ => {}
    }
}

fn tell_lost(session: u32, Lost { reason, unacked, unsent }: &Lost) {
    let reason: u32 = match reason {
        LostReason::Kept => 0,
        LostReason::Fresh => 1,
        LostReason::GivenUp => 2,
        _ => 3,
    };
    let both = list(&[messages(unacked).into(), messages(unsent).into()]);
    host::tell(session, LOST, &reason.into(), &both);
}

pub(crate) fn messages(messages: &[SessionMessage]) -> Array {
    messages.iter().map(payload::received).collect()
}

pub(crate) fn state(session: u32, state: &SessionState) {
    let nothing = JsValue::UNDEFINED;
    let (first, second) = match state {
        SessionState::Connecting { attempt } => ((*attempt).into(), nothing),
        SessionState::Waiting { attempt, delay, last } => {
            let millis = if *delay == Duration::MAX { f64::INFINITY } else { delay.as_secs_f64() * 1_000.0 };
            let times = [(*attempt).into(), millis.into()];
            (list(&times), closed(last))
        }
        _ => (nothing.clone(), nothing),
    };
    host::tell(session, STATE + 8 * number(state), &first, &second);
}

/// A state's place among the names of `js/session/news.js`.
pub(crate) fn number(state: &SessionState) -> u32 {
    match state {
        SessionState::Connecting { .. } => 0,
        SessionState::Greeting => 1,
        SessionState::Live => 2,
        SessionState::Waiting { .. } => 3,
        SessionState::Closing => 4,
        _ => 5,
    }
}

fn closed(closed: &Closed) -> JsValue {
    // In the order of its declaration, as `js/session/news.js` has the names.
    let by = closed.by as u32;
    host::closed(
        closed.code,
        &closed.reason,
        closed.was_clean,
        by,
        closed.unsent_bytes as f64,
        closed.gave_up,
    )
}
