//! The contenders written in Rust, each doing what ten lines of JavaScript do in page/bench.mjs: receive so many
//! messages, or send them and wait for the server's word that all have come.
#![cfg(target_arch = "wasm32")]

pub mod session;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use futures::channel::oneshot;
use futures::{SinkExt, StreamExt};
use gloo_net::websocket::{Message as GlooMessage, futures::WebSocket as GlooSocket};
use js_sys::Uint8Array;
use rejoin::Socket;
use wasm_bindgen::prelude::*;

fn words(error: impl std::fmt::Display) -> JsValue {
    js_sys::Error::new(&error.to_string()).into()
}

fn now() -> f64 {
    let performance =
        js_sys::Reflect::get(&js_sys::global(), &"performance".into()).unwrap_or(JsValue::UNDEFINED);
    let now = js_sys::Reflect::get(&performance, &"now".into()).unwrap_or(JsValue::UNDEFINED);
    now.unchecked_ref::<js_sys::Function>()
        .call0(&performance)
        .ok()
        .and_then(|ms| ms.as_f64())
        .unwrap_or(f64::NAN)
}

/// Receives through the callback path and returns the milliseconds from asking to the last message.
#[wasm_bindgen]
pub async fn rejoin_receive_callback(url: String, count: u32, size: u32) -> Result<f64, JsValue> {
    let socket = Socket::connect(url).await.map_err(words)?;
    let (done, all) = oneshot::channel();
    let done = RefCell::new(Some(done));
    let (messages, bytes) = (Cell::new(0u32), Rc::new(Cell::new(0f64)));
    let of_handler = bytes.clone();
    socket.set_on_message(Some(Box::new(move |message| {
        of_handler.set(of_handler.get() + message.len() as f64);
        messages.set(messages.get() + 1);
        if messages.get() == count
            && let Some(done) = done.take()
        {
            let _ = done.send(());
        }
    })));
    let start = now();
    socket.try_send(format!("send me {count} {size}")).map_err(words)?;
    all.await.map_err(words)?;
    let elapsed = now() - start;
    check(bytes.get(), count, size)?;
    Ok(elapsed)
}

/// Receives through the `Stream` and returns the milliseconds from asking to the last message.
#[wasm_bindgen]
pub async fn rejoin_receive_stream(url: String, count: u32, size: u32) -> Result<f64, JsValue> {
    let mut socket = Socket::connect(url).await.map_err(words)?;
    let start = now();
    socket.try_send(format!("send me {count} {size}")).map_err(words)?;
    let mut bytes = 0.0;
    for _ in 0..count {
        bytes += socket.next().await.ok_or_else(|| words("closed"))?.len() as f64;
    }
    let elapsed = now() - start;
    check(bytes, count, size)?;
    Ok(elapsed)
}

/// Receives through gloo-net's `Stream` and returns the milliseconds from asking to the last message.
#[wasm_bindgen]
pub async fn gloo_receive(url: String, count: u32, size: u32) -> Result<f64, JsValue> {
    let mut socket = GlooSocket::open(&url).map_err(words)?;
    socket.send(GlooMessage::Text("hello".into())).await.map_err(words)?;
    socket.next().await.ok_or_else(|| words("closed"))?.map_err(words)?;
    let start = now();
    socket.send(GlooMessage::Text(format!("send me {count} {size}"))).await.map_err(words)?;
    let mut bytes = 0.0;
    for _ in 0..count {
        match socket.next().await {
            Some(Ok(GlooMessage::Bytes(message))) => bytes += message.len() as f64,
            _ => return Err(words("closed")),
        }
    }
    let elapsed = now() - start;
    check(bytes, count, size)?;
    Ok(elapsed)
}

/// Sends bytes of Rust's and returns the milliseconds to the server's word that all have come.
#[wasm_bindgen]
pub async fn rejoin_send(url: String, count: u32, size: u32) -> Result<f64, JsValue> {
    let mut socket = Socket::connect(url).await.map_err(words)?;
    let payload = vec![7u8; size as usize];
    let start = now();
    socket.try_send(format!("take {count}")).map_err(words)?;
    for _ in 0..count {
        socket.try_send(&payload).map_err(words)?;
    }
    let answer = socket.next().await.and_then(|message| message.to_text());
    let elapsed = now() - start;
    (answer.as_deref() == Some("taken")).then_some(elapsed).ok_or_else(|| words("not taken"))
}

/// Sends the browser's bytes and returns the milliseconds to the server's word that all have come.
#[wasm_bindgen]
pub async fn rejoin_send_view(url: String, count: u32, size: u32) -> Result<f64, JsValue> {
    let mut socket = Socket::connect(url).await.map_err(words)?;
    let payload = Uint8Array::new_with_length(size);
    let start = now();
    socket.try_send(format!("take {count}")).map_err(words)?;
    for _ in 0..count {
        socket.try_send(payload.clone()).map_err(words)?;
    }
    let answer = socket.next().await.and_then(|message| message.to_text());
    let elapsed = now() - start;
    (answer.as_deref() == Some("taken")).then_some(elapsed).ok_or_else(|| words("not taken"))
}

/// Sends through gloo-net's `Sink` and returns the milliseconds to the server's word that all have come.
#[wasm_bindgen]
pub async fn gloo_send(url: String, count: u32, size: u32) -> Result<f64, JsValue> {
    let mut socket = GlooSocket::open(&url).map_err(words)?;
    socket.send(GlooMessage::Text("hello".into())).await.map_err(words)?;
    socket.next().await.ok_or_else(|| words("closed"))?.map_err(words)?;
    let payload = vec![7u8; size as usize];
    let start = now();
    socket.send(GlooMessage::Text(format!("take {count}"))).await.map_err(words)?;
    for _ in 0..count {
        socket.feed(GlooMessage::Bytes(payload.clone())).await.map_err(words)?;
    }
    match socket.next().await {
        Some(Ok(GlooMessage::Text(text))) if text == "taken" => Ok(now() - start),
        _ => Err(words("not taken")),
    }
}

fn check(bytes: f64, count: u32, size: u32) -> Result<(), JsValue> {
    let due = f64::from(count) * f64::from(size);
    if bytes == due { Ok(()) } else { Err(words(format!("{bytes} bytes of {due} came"))) }
}
