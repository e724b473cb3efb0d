//! The same client over web-sys alone, without reconnecting, for the size of it.
#![cfg_attr(target_arch = "wasm32", no_main)]

#[cfg(target_arch = "wasm32")]
mod client {
    use wasm_bindgen::prelude::*;
    use web_sys::{BinaryType, MessageEvent, WebSocket};

    /// Connects, says hello and answers each message with its own payload.
    #[wasm_bindgen(start)]
    pub(crate) fn start() -> Result<(), JsValue> {
        let socket = WebSocket::new("/ws/echo")?;
        socket.set_binary_type(BinaryType::Arraybuffer);
        let of_open = socket.clone();
        let on_open = Closure::<dyn Fn()>::new(move || {
            let _ = of_open.send_with_str("hello");
        });
        let of_message = socket.clone();
        let on_message = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
            let data = event.data();
            let _ = match data.dyn_ref::<js_sys::ArrayBuffer>() {
                Some(buffer) => of_message.send_with_array_buffer(buffer),
                None => of_message.send_with_str(&data.as_string().unwrap_or_default()),
            };
        });
        socket.set_onopen(Some(on_open.as_ref().unchecked_ref()));
        socket.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        on_open.forget();
        on_message.forget();
        Ok(())
    }
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {}
