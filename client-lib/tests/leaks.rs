//! What is left behind by connections that are gone: nothing. A program of its own, so that its memory has no slack
//! from other tests.
#![cfg(target_arch = "wasm32")]
// Tests say by a panic what went wrong.
#![allow(clippy::unwrap_used)]

mod common;

use js_sys::{Function, Reflect, WebAssembly};
use rejoin::{Close, KeepAlive};
use wasm_bindgen::JsCast;
use wasm_bindgen_test::{console_log, wasm_bindgen_test, wasm_bindgen_test_configure};

use common::{Place, is_firefox, next_text, settle, within};

wasm_bindgen_test_configure!(run_in_browser);

/// Counts the page's listeners and timers, from the moment it is installed.
struct Census;

impl Census {
    fn install() -> Self {
        Function::new_no_args(
            "if (!globalThis.census) {
                const census = globalThis.census = { listeners: 0, timers: new Set() };
                const { addEventListener, removeEventListener } = EventTarget.prototype;
                EventTarget.prototype.addEventListener = function (...arguments_) {
                    census.listeners += 1;
                    return addEventListener.apply(this, arguments_);
                };
                EventTarget.prototype.removeEventListener = function (...arguments_) {
                    census.listeners -= 1;
                    return removeEventListener.apply(this, arguments_);
                };
                const { setTimeout, clearTimeout } = globalThis;
                globalThis.setTimeout = (callback, ...rest) => {
                    const id = setTimeout((...values) => { census.timers.delete(id); callback(...values); }, ...rest);
                    census.timers.add(id);
                    return id;
                };
                globalThis.clearTimeout = (id) => { census.timers.delete(id); clearTimeout(id); };
            }",
        )
        .call0(&wasm_bindgen::JsValue::NULL)
        .unwrap();
        Self
    }

    fn count(&self) -> (i32, u32) {
        let census = Reflect::get(&js_sys::global(), &"census".into()).unwrap();
        let listeners = Reflect::get(&census, &"listeners".into()).unwrap().as_f64().unwrap();
        let timers: js_sys::Set = Reflect::get(&census, &"timers".into()).unwrap().unchecked_into();
        (listeners as i32, timers.size())
    }
}

/// The size of this module's memory, which never shrinks.
fn memory() -> u32 {
    let memory: WebAssembly::Memory = wasm_bindgen::memory().unchecked_into();
    let buffer: js_sys::ArrayBuffer = memory.buffer().unchecked_into();
    buffer.byte_length()
}

/// One life of a connection, of four kinds.
async fn cycle(place: &Place, n: u32) {
    // Firefox keeps the TCP connection of such a one, and begins no other to the same host meanwhile.
    if n % 4 == 3 && !is_firefox() {
        let socket = place.builder("/silent-handshake").open().unwrap();
        socket.try_send("queued").unwrap();
        settle().await;
        return;
    }
    let builder = place.builder("/echo").keep_alive(KeepAlive::text("ping", "pong"));
    let mut socket = within(builder.connect()).await.unwrap();
    socket.send("hello").await.unwrap();
    assert_eq!(next_text(&mut socket).await, "hello");
    match n % 4 {
        0 => {}
        1 => drop(within(socket.close(Close::normal())).await),
        _ => {
            // Handlers are detached with the connection, and a state stream keeps nothing alive.
            socket.set_on_message(Some(Box::new(|_| ())));
            socket.set_on_event(Some(Box::new(|_| ())));
            let _states = socket.states();
        }
    }
}

/// So many lives one after another, at places of their own, since what the peer tells of a place grows with it.
async fn batch(lives: u32) {
    let place = Place::new();
    for n in 0..lives {
        cycle(&place, n).await;
    }
    assert_eq!(place.stats("alive.le.0").await.open_now, 0, "sockets left open");
    settle().await;
}

async fn lives(batches: u32) {
    const BATCH: u32 = 100;
    // What is allocated once, and as much as is ever in use at the same time.
    batch(BATCH).await;
    batch(BATCH).await;
    let census = Census::install();
    let before = (memory(), wasm_bindgen::externref_heap_live_count());
    let (listeners, timers) = census.count();
    for _ in 0..batches {
        batch(BATCH).await;
    }
    let after = (memory(), wasm_bindgen::externref_heap_live_count());
    let lives = batches * BATCH;
    console_log!(
        "{lives} lives: memory {} to {} bytes, handles {} to {}",
        before.0,
        after.0,
        before.1,
        after.1
    );
    assert_eq!(census.count().0, listeners, "listeners left behind");
    assert!(census.count().1 <= timers, "{} timers left behind", census.count().1 - timers);
    assert!(after.1 <= before.1 + 4, "{} handles left behind", after.1 - before.1);
    assert_eq!(after.0, before.0, "memory grew");
}

#[wasm_bindgen_test]
async fn five_hundred_lives_leave_no_socket_listener_timer_or_memory_behind() {
    lives(5).await;
}

#[wasm_bindgen_test]
#[ignore = "takes minutes: cargo xtask test leaks"]
async fn ten_thousand_lives_leave_no_socket_listener_timer_or_memory_behind() {
    lives(100).await;
}
