//! The page's life: online and offline, hidden and visible, frozen, shown again from the back-forward cache.

use std::time::Duration;

use js_sys::{Function, Object, Reflect};
use rejoin::{Backoff, ClosedBy, KeepAlive, Socket, State, Watermarks};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::{Document, Event, EventTarget};

use crate::common::{Place, at_once, is_waiting, pause, until, within, within_time};

const HOUR: Duration = Duration::from_secs(3_600);

fn document() -> Document {
    web_sys::window().unwrap().document().unwrap()
}

fn tell(target: &EventTarget, event: &str) {
    target.dispatch_event(&Event::new(event).unwrap()).unwrap();
}

fn tell_window(event: &str) {
    tell(&web_sys::window().unwrap(), event);
}

/// Has the page count as hidden or visible until it is dropped.
struct Visibility;

impl Visibility {
    fn set(state: &str) -> Self {
        for (property, value) in
            [("visibilityState", format!("'{state}'")), ("hidden", (state == "hidden").to_string())]
        {
            let descriptor = Object::new();
            let get = Function::new_no_args(&format!("return {value}"));
            Reflect::set(&descriptor, &"get".into(), &get).unwrap();
            Reflect::set(&descriptor, &"configurable".into(), &JsValue::TRUE).unwrap();
            Reflect::define_property(&document(), &property.into(), &descriptor).unwrap();
        }
        tell(&document(), "visibilitychange");
        Self
    }
}

impl Drop for Visibility {
    fn drop(&mut self) {
        for property in ["visibilityState", "hidden"] {
            Reflect::delete_property(&document(), &property.into()).unwrap();
        }
        tell(&document(), "visibilitychange");
    }
}

fn hourly() -> Backoff {
    Backoff::default().with_first(HOUR).with_cap(HOUR).with_floor(HOUR)
}

/// A connection that waits for long, whose next attempt would succeed.
async fn waiting(place: &Place) -> Socket {
    let socket = place.builder("/echo?refuse_first=1").reconnect(hourly()).seed(3).open().unwrap();
    until(&socket, is_waiting).await;
    assert!(socket.retry_in().unwrap() > Duration::from_secs(60));
    socket
}

#[wasm_bindgen_test]
async fn online_visible_resume_and_pageshow_each_end_a_wait() {
    for event in ["online", "visibilitychange", "resume", "pageshow"] {
        let place = Place::new();
        let socket = waiting(&place).await;
        match event {
            "online" => tell_window(event),
            "pageshow" => {
                let shown = Event::new(event).unwrap();
                tell_window(event);
                assert!(socket.retry_in().unwrap() > Duration::from_secs(60), "a first showing is no return");
                Reflect::set(&shown, &"persisted".into(), &JsValue::TRUE).unwrap();
                web_sys::window().unwrap().dispatch_event(&shown).unwrap();
            }
            _ => tell(&document(), event),
        }
        assert!(socket.retry_in().is_none_or(|left| left <= Duration::from_secs(1)), "{event}");
        within(socket.opened()).await.unwrap();
        assert_eq!(place.stats("").await.attempts, 2);
    }
}

#[wasm_bindgen_test]
async fn repeated_online_events_start_one_attempt_only() {
    let place = Place::new();
    let socket = waiting(&place).await;
    for _ in 0..20 {
        tell_window("online");
    }
    within(socket.opened()).await.unwrap();
    tell_window("online");
    assert_eq!(place.stats("alive.le.1").await.attempts, 2);
}

#[wasm_bindgen_test]
async fn offline_puts_the_first_attempts_off_no_more_and_online_brings_a_later_one_on() {
    let place = Place::new();
    let backoff =
        Backoff::default().with_first(Duration::from_millis(20)).with_cap(HOUR).with_growth_percent(100);
    let socket = place.builder("/echo?refuse_first=6").reconnect(backoff).open().unwrap();
    tell_window("offline");
    place.stats("attempts.ge.6").await;
    until(&socket, is_waiting).await;
    within(async {
        while socket.retry_in().is_none_or(|left| left < Duration::from_secs(3_000)) {
            pause(Duration::from_millis(5)).await;
        }
    })
    .await;
    tell_window("online");
    within(socket.opened()).await.unwrap();
}

/// Changes a property of an object until it is dropped.
struct Faked {
    object: JsValue,
    property: &'static str,
    before: JsValue,
}

impl Faked {
    fn set(object: &JsValue, property: &'static str, value: &JsValue) -> Self {
        let before = Object::get_own_property_descriptor(object.unchecked_ref::<Object>(), &property.into());
        let descriptor = Object::new();
        Reflect::set(&descriptor, &"value".into(), value).unwrap();
        Reflect::set(&descriptor, &"configurable".into(), &JsValue::TRUE).unwrap();
        Reflect::set(&descriptor, &"writable".into(), &JsValue::TRUE).unwrap();
        Reflect::define_property(object.unchecked_ref::<Object>(), &property.into(), &descriptor).unwrap();
        Self { object: object.clone(), property, before }
    }
}

impl Drop for Faked {
    fn drop(&mut self) {
        let object = self.object.unchecked_ref::<Object>();
        if self.before.is_undefined() {
            Reflect::delete_property(object, &self.property.into()).unwrap();
        } else {
            Reflect::define_property(object, &self.property.into(), self.before.unchecked_ref::<Object>())
                .unwrap();
        }
    }
}

#[wasm_bindgen_test]
async fn a_clock_that_moves_asks_a_live_link_once_and_leaves_a_dead_one() {
    let probing = KeepAlive::text("ping", "pong").interval(HOUR).probe(Duration::from_millis(200));
    let place = Place::new();
    let builder = place.builder("/pong?stop_after=1").keep_alive(probing).reconnect(hourly());
    let socket = within(builder.connect()).await.unwrap();
    // The clocks are compared for the first time.
    tell(&document(), "freeze");
    let date = Reflect::get(&js_sys::global(), &"Date".into()).unwrap();
    let ahead = Function::new_no_args("return performance.timeOrigin + performance.now() + 3600000");
    let moved = Faked::set(&date, "now", &ahead);
    within(async {
        while socket.metrics().round_trip.is_none() {
            pause(Duration::from_millis(20)).await;
        }
    })
    .await;
    assert_eq!(socket.state(), State::Open);
    assert_eq!(place.stats("").await.messages, 1, "one ping");
    // It is silent from now on, and the clock is set back.
    drop(moved);
    within(until(&socket, is_waiting)).await;
    assert_eq!(socket.metrics().last_closed.unwrap().by, ClosedBy::KeepAlive);
}

#[wasm_bindgen_test]
async fn a_server_that_answers_although_the_browser_says_offline_is_back_at_once() {
    let navigator = Reflect::get(&js_sys::global(), &"navigator".into()).unwrap();
    let offline = Faked::set(&navigator, "onLine", &JsValue::FALSE);
    let place = Place::new();
    // Were the hint believed, each retry would wait for an hour.
    let backoff = at_once().with_cap(HOUR).with_growth_percent(100);
    let builder = place.builder("/echo?refuse_first=4").reconnect(backoff);
    let socket = builder.open().unwrap();
    within(socket.opened()).await.unwrap();
    assert_eq!(place.stats("").await.attempts, 5);
    tell_window("offline");
    for command in ["cut", "close&code=1012"] {
        place.command(command).await;
        until(&socket, |state| *state != State::Open).await;
        within(socket.opened()).await.unwrap();
    }
    drop(offline);
    tell_window("online");
}

#[wasm_bindgen_test]
async fn a_change_of_the_network_asks_whether_the_connection_lives() {
    let navigator = Reflect::get(&js_sys::global(), &"navigator".into()).unwrap();
    let connection: EventTarget = EventTarget::new().unwrap();
    let faked = Faked::set(&navigator, "connection", &connection);
    let place = Place::new();
    let keep_alive = KeepAlive::text("ping", "pong").interval(HOUR).probe(Duration::from_millis(200));
    let builder = place.builder("/pong?stop_after=0").keep_alive(keep_alive).reconnect(hourly());
    let socket = within(builder.connect()).await.unwrap();
    tell(&connection, "change");
    within(until(&socket, is_waiting)).await;
    assert_eq!(socket.metrics().last_closed.unwrap().by, ClosedBy::KeepAlive);
    drop(faked);
}

#[wasm_bindgen_test]
async fn a_connection_is_renewed_after_a_long_absence_and_what_is_sent_goes_over_the_new_one() {
    let place = Place::new();
    let mut socket =
        within(place.builder("/echo").renew_after(Duration::from_millis(1_200)).connect()).await.unwrap();
    drop(Visibility::set("hidden"));
    assert_eq!(socket.state(), State::Open, "a short absence");
    let hidden = Visibility::set("hidden");
    pause(Duration::from_millis(1_300)).await;
    drop(hidden);
    assert_eq!(socket.metrics().last_closed.unwrap().by, ClosedBy::Caller);
    socket.send("over the new one").await.unwrap();
    assert_eq!(crate::common::next_text(&mut socket).await, "over the new one");
    assert_eq!(place.stats("alive.le.1").await.opened, 2);
}

#[wasm_bindgen_test]
async fn an_open_connection_without_keep_alive_outlives_every_event() {
    let place = Place::new();
    let socket = place.connect("/echo").await;
    for event in ["offline", "online"] {
        tell_window(event);
    }
    for event in ["freeze", "resume"] {
        tell(&document(), event);
    }
    drop(Visibility::set("hidden"));
    crate::common::settle().await;
    assert_eq!(socket.state(), State::Open);
    assert_eq!(place.stats("").await.attempts, 1);
}

#[wasm_bindgen_test]
async fn a_return_asks_a_silent_link_at_once_whether_it_lives() {
    let probing = || KeepAlive::text("ping", "pong").interval(HOUR).probe(Duration::from_millis(200));
    for event in ["online", "offline", "resume", "visibilitychange"] {
        let place = Place::new();
        let socket =
            within(place.builder("/pong?stop_after=1").keep_alive(probing()).reconnect(hourly()).connect())
                .await
                .unwrap();
        let send = || match event {
            "online" | "offline" => tell_window(event),
            _ => tell(&document(), event),
        };
        send();
        within(async {
            while socket.metrics().round_trip.is_none() {
                pause(Duration::from_millis(5)).await;
            }
        })
        .await;
        assert_eq!(socket.state(), State::Open, "{event}");
        // From now on it is silent.
        send();
        within_time(Duration::from_secs(8), until(&socket, is_waiting)).await;
        assert_eq!(socket.metrics().last_closed.unwrap().by, ClosedBy::KeepAlive, "{event}");
    }
    tell_window("online");
}

#[wasm_bindgen_test]
async fn a_hidden_page_hands_over_its_queue_because_its_timers_sleep() {
    let place = Place::new();
    let builder = place.builder("/sink").watermarks(Watermarks::new(0, 1));
    let socket = within(builder.connect()).await.unwrap();
    for n in 0..50 {
        socket.try_send(n.to_string()).unwrap();
    }
    assert!(socket.queued().0 > 0);
    let hidden = Visibility::set("hidden");
    assert_eq!(socket.queued().0, 0);
    socket.try_send("50").unwrap();
    assert_eq!(socket.queued().0, 0);
    place.stats("messages.ge.51").await;
    drop(hidden);
}

#[wasm_bindgen_test]
async fn a_connection_begun_while_hidden_opens_all_the_same() {
    let hidden = Visibility::set("hidden");
    let place = Place::new();
    let mut socket = place.connect("/echo").await;
    socket.send("seen").await.unwrap();
    assert_eq!(crate::common::next_text(&mut socket).await, "seen");
    drop(hidden);
}

/// How many attempts reach the peer within a time.
async fn attempts_within(place: &Place, time: Duration) -> u64 {
    let before = place.stats("").await.attempts;
    pause(time).await;
    place.stats("").await.attempts - before
}

#[wasm_bindgen_test]
async fn a_page_hidden_for_long_makes_no_attempts_and_comes_back_when_it_is_visible() {
    let place = Place::new();
    let builder = place.builder("/echo?refuse_first=100000").reconnect(at_once());
    let socket = builder.pause_hidden_after(Duration::from_millis(50)).open().unwrap();
    let hidden = Visibility::set("hidden");
    let paused = |state: &State| matches!(state, State::Waiting { delay: Duration::MAX, .. });
    until(&socket, paused).await;
    assert_eq!(socket.retry_in(), None);
    socket.try_send("queued").unwrap();
    assert_eq!(attempts_within(&place, Duration::from_millis(200)).await, 0);
    assert_eq!((paused(&socket.state()), socket.queued().0), (true, 1));
    drop(hidden);
    until(&socket, |state| !paused(state)).await;
}

#[wasm_bindgen_test]
async fn a_connection_of_a_page_hidden_for_long_is_closed_on_request() {
    let place = Place::new();
    let builder = place.builder("/echo").close_hidden_after(Duration::from_millis(50));
    let mut socket = within(builder.connect()).await.unwrap();
    let hidden = Visibility::set("hidden");
    let State::Waiting { last, .. } = until(&socket, is_waiting).await else { unreachable!() };
    assert_eq!((last.by, last.was_open), (ClosedBy::Paused, true));
    place.stats("alive.le.0").await;
    socket.try_send("later").unwrap();
    drop(hidden);
    within(socket.opened()).await.unwrap();
    assert_eq!(crate::common::next_text(&mut socket).await, "later");
}

fn page_event(event: &str, persisted: bool) {
    let told = Event::new(event).unwrap();
    Reflect::set(&told, &"persisted".into(), &persisted.into()).unwrap();
    web_sys::window().unwrap().dispatch_event(&told).unwrap();
}

#[wasm_bindgen_test]
async fn a_page_in_the_back_forward_cache_has_no_connection() {
    let place = Place::new();
    let socket = place.connect("/echo").await;
    page_event("pagehide", false);
    assert_eq!(socket.state(), State::Open, "a page that goes for good is the browser's to close");
    page_event("pagehide", true);
    let State::Waiting { last, delay, .. } = socket.state() else { panic!("{:?}", socket.state()) };
    assert_eq!((last.by, delay), (ClosedBy::Paused, Duration::MAX));
    place.stats("alive.le.0").await;
    page_event("pageshow", true);
    within(socket.opened()).await.unwrap();

    let kept = place.builder("/echo").close_on_page_hide(false);
    let kept = within(kept.connect()).await.unwrap();
    page_event("pagehide", true);
    assert_eq!(kept.state(), State::Open);
    page_event("pageshow", true);
}

#[wasm_bindgen_test]
async fn an_end_after_beforeunload_is_told_a_second_later() {
    let place = Place::new();
    let socket = within(place.builder("/echo").reconnect(at_once()).connect()).await.unwrap();
    let begun = js_sys::Date::now();
    tell_window("beforeunload");
    place.command("close&code=1001").await;
    until(&socket, |state| *state == State::Closing).await;
    assert_eq!(socket.metrics().last_closed, None);
    until(&socket, |state| *state != State::Closing).await;
    assert!(js_sys::Date::now() - begun >= 990.0);
    within(socket.opened()).await.unwrap();
}

#[wasm_bindgen_test]
async fn what_the_page_says_and_what_follows_is_recorded_without_the_query() {
    let place = Place::new();
    let records: std::rc::Rc<std::cell::RefCell<Vec<String>>> = std::rc::Rc::default();
    let list = records.clone();
    let builder =
        place.builder("/echo?token=SECRET").log(move |record| list.borrow_mut().push(record.to_string()));
    let socket = within(builder.connect()).await.unwrap();
    socket.send("SECRET").await.unwrap();
    page_event("pagehide", true);
    page_event("pageshow", true);
    within(socket.opened()).await.unwrap();
    let records = records.borrow();
    let found: Vec<&str> =
        records.iter().map(String::as_str).filter(|text| !text.starts_with("received")).collect();
    assert!(found[1].starts_with("dialing ws://") && found[1].ends_with("/echo"), "{found:?}");
    let paused = "ended: paused, because the page is hidden (1006): the page is hidden";
    assert_eq!(found[2..5], ["open", "sent 6", "the page is closed"], "{found:?}");
    assert_eq!(found[5].split(", ").take(2).collect::<Vec<_>>().join(", "), paused, "{found:?}");
    assert_eq!(found[6..8], ["waiting, paused before attempt 1", "the page is resumed"], "{found:?}");
    assert!(records.iter().all(|text| !text.contains("SECRET")), "{records:?}");
}
