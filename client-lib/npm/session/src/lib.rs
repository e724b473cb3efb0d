//! The session of rejoin as JavaScript sees it: the Rust client's own, behind functions of few types.
//!
//! Everything that JavaScript can do as well, it does (`js/session/`): payloads come as text or bytes, which it encodes
//! and decodes, errors as numbers, of which it makes classes. `host` is what is called there, `port` what it calls.

mod bell;
mod call;
mod feed;
mod host;
mod kept;
mod options;
mod payload;
mod port;
mod promise;
mod records;
mod refusal;
mod target;
mod told;

use js_sys::Promise;
use wasm_bindgen::prelude::*;

use port::Port;

#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();

/// Begins to connect. What happens is told under this number, which is that of the messages' bell too.
///
/// # Errors
/// In words, for settings that can't work.
#[wasm_bindgen]
pub fn open(session: u32, settings: &[f64], protocols: &str) -> Result<Port, JsValue> {
    let opened = options::builder(session, settings, protocols).open();
    opened.map(|opened| Port::new(session, opened)).map_err(|error| error.to_string().into())
}

/// Opens the session kept under this name: a promise of the port, a list with, for each publication that an earlier page
/// did not see answered, its channel, number, payload and the promise of its outcome, and why nothing is kept, in words;
/// undefined if it is. Rejected with words, for settings that can't work.
#[wasm_bindgen]
pub fn reopen(session: u32, name: String, settings: &[f64], protocols: &str) -> Promise {
    kept::reopen(session, name, options::builder(session, settings, protocols))
}
