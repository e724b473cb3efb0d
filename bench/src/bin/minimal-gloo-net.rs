//! The same client over gloo-net, without reconnecting, for the size of it.
#![cfg_attr(target_arch = "wasm32", no_main)]

#[cfg(target_arch = "wasm32")]
mod client {
    use futures::{SinkExt, StreamExt};
    use gloo_net::websocket::{Message, futures::WebSocket};
    use wasm_bindgen::prelude::*;

    /// Connects, says hello and answers each message with its own payload.
    #[wasm_bindgen(start)]
    pub(crate) fn start() -> Result<(), JsValue> {
        let mut socket = WebSocket::open("/ws/echo").map_err(|_| JsValue::NULL)?;
        wasm_bindgen_futures::spawn_local(async move {
            let _ = socket.send(Message::Text("hello".into())).await;
            while let Some(Ok(message)) = socket.next().await {
                let _ = socket.send(message).await;
            }
        });
        Ok(())
    }
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {}
