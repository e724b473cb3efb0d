//! The smallest client that reconnects: sends a text, takes what comes, for the size of it.
#![cfg_attr(target_arch = "wasm32", no_main)]

#[cfg(target_arch = "wasm32")]
mod client {
    use wasm_bindgen::prelude::*;

    /// Connects, says hello and answers each message with its own payload.
    #[wasm_bindgen(start)]
    pub(crate) fn start() -> Result<(), JsValue> {
        let socket = rejoin::Socket::open("/ws/echo").map_err(|_| JsValue::NULL)?;
        let handle = socket.handle();
        socket.set_on_message(Some(Box::new(move |message| {
            // A refused echo is nobody's loss here.
            let _ = handle.try_send(message.to_message());
        })));
        let _ = socket.try_send("hello");
        std::mem::forget(socket);
        Ok(())
    }
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {}
