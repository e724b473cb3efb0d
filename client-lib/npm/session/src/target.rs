//! Where to connect and with what: JavaScript is asked before each attempt.

use js_sys::Array;
use rejoin::TargetError;
use rejoin::session::{Attempt, SessionTarget};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;

use crate::{host, payload};

/// Asks for a session's present target.
pub(crate) async fn ask(session: u32, attempt: Attempt) -> Result<SessionTarget, TargetError> {
    let asked = JsFuture::from(host::ask(session, attempt.number, attempt.fresh_auth)).await;
    let answer = asked.map_err(|words| TargetError(words.as_string().unwrap_or_default()))?;
    let answer = answer.unchecked_ref::<Array>();
    let mut target = SessionTarget::new(answer.get(0).as_string().unwrap_or_default());
    let token = answer.get(1);
    if !token.is_undefined() {
        target = target.auth(payload::body(&token));
    }
    // The client makes the socket as soon as it has this, before anything else can run.
    host::choose(session);
    Ok(target)
}
