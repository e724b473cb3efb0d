//! Tasks on the browser's event loop.

pub(crate) use wasm_bindgen_futures::spawn_local;
