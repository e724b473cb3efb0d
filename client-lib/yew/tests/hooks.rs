//! The hooks in a browser: no message of a burst is lost, and nothing outlives its component.
#![cfg(target_arch = "wasm32")]
// Tests say by a panic what went wrong.
#![allow(clippy::unwrap_used)]

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use futures::channel::mpsc::{self, UnboundedReceiver, UnboundedSender};
use futures::future::{Either, select};
use futures::{FutureExt, StreamExt};
use rejoin::{Builder, Endpoint, Event, Incoming, Json, OpenError, State};
use rejoin_yew::{Connection, UseSocketHandle, use_endpoint, use_socket, use_socket_with_events};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use yew::prelude::*;

wasm_bindgen_test_configure!(run_in_browser);

fn url(behaviour: &str) -> String {
    let peer = option_env!("REJOIN_TEST_PEER");
    let peer =
        peer.expect("compile the tests with REJOIN_TEST_PEER=ws://127.0.0.1:PORT of a running test-peer");
    format!("{peer}{behaviour}")
}

/// The future's output, or a panic when it takes too long.
async fn within<T>(future: impl Future<Output = T>) -> T {
    let late = gloo_timers::future::sleep(Duration::from_secs(15)).fuse();
    match select(std::pin::pin!(future), std::pin::pin!(late)).await {
        Either::Left((output, _)) => output,
        Either::Right(_) => panic!("not within 15 s"),
    }
}

/// What a component under test tells its test.
#[derive(Debug)]
enum Told {
    Message(String),
    Event,
    Rendered(Connection),
}

#[derive(Properties, PartialEq)]
struct Props {
    url: String,
    outlet: Outlet,
}

/// The way from a component to its test, and the newest handle.
#[derive(Clone)]
struct Outlet {
    told: UnboundedSender<Told>,
    socket: Rc<RefCell<Option<UseSocketHandle>>>,
}

impl PartialEq for Outlet {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.socket, &other.socket)
    }
}

fn outlet() -> (Outlet, UnboundedReceiver<Told>) {
    let (told, heard) = mpsc::unbounded();
    (Outlet { told, socket: Rc::default() }, heard)
}

#[component]
fn Plain(props: &Props) -> Html {
    let of_messages = props.outlet.told.clone();
    let of_events = props.outlet.told.clone();
    let to = props.url.clone();
    let on_message = Callback::from(move |message: Incoming| {
        of_messages.unbounded_send(Told::Message(message.to_text().unwrap())).unwrap();
    });
    let on_event = Callback::from(move |_: Event| of_events.unbounded_send(Told::Event).unwrap());
    let socket = use_socket_with_events(move || Builder::new(to), on_message, on_event);
    props.outlet.told.unbounded_send(Told::Rendered(socket.state().clone())).unwrap();
    props.outlet.socket.replace(Some(socket));
    Html::default()
}

fn mount(url: String) -> (AppHandle<Plain>, Outlet, UnboundedReceiver<Told>) {
    let (outlet, heard) = outlet();
    let root = web_sys::window().unwrap().document().unwrap().create_element("div").unwrap();
    let props = Props { url, outlet: outlet.clone() };
    (yew::Renderer::<Plain>::with_root_and_props(root, props).render(), outlet, heard)
}

async fn rendered(heard: &mut UnboundedReceiver<Told>, is: impl Fn(&Connection) -> bool) -> Connection {
    within(async {
        loop {
            if let Told::Rendered(connection) = heard.next().await.unwrap()
                && is(&connection)
            {
                return connection;
            }
        }
    })
    .await
}

#[wasm_bindgen_test]
async fn ten_thousand_messages_of_a_burst_reach_the_callback_in_order() {
    let (app, _outlet, mut heard) = mount(url("/burst?count=10000&size=20"));
    within(async {
        let mut next = 0;
        while next < 10_000 {
            if let Told::Message(text) = heard.next().await.unwrap() {
                assert!(text.starts_with(&format!("{next} ")), "{text} instead of {next}");
                next += 1;
            }
        }
    })
    .await;
    app.destroy();
}

/// Adds to a list; a reducer takes every action, however many come before the next rendering.
#[derive(Default, PartialEq)]
struct Log(Vec<String>);

impl Reducible for Log {
    type Action = String;

    fn reduce(mut self: Rc<Self>, line: String) -> Rc<Self> {
        match Rc::get_mut(&mut self) {
            Some(log) => {
                log.0.push(line);
                self
            }
            None => Self(self.0.iter().cloned().chain([line]).collect()).into(),
        }
    }
}

#[component]
fn Logging(props: &Props) -> Html {
    let log = use_reducer(Log::default);
    let dispatcher = log.dispatcher();
    let to = props.url.clone();
    let on_message = Callback::from(move |message: Incoming| dispatcher.dispatch(message.to_text().unwrap()));
    use_socket(move || Builder::new(to), on_message);
    if log.0.len() == 1_000 {
        let first_wrong = log.0.iter().enumerate().find(|(n, line)| !line.starts_with(&format!("{n} ")));
        assert_eq!(first_wrong, None);
        props.outlet.told.unbounded_send(Told::Message("all".into())).unwrap();
    }
    Html::default()
}

#[wasm_bindgen_test]
async fn a_burst_arrives_whole_in_a_reducers_state() {
    let (outlet, mut heard) = outlet();
    let root = web_sys::window().unwrap().document().unwrap().create_element("div").unwrap();
    let props = Props { url: url("/burst?count=1000&size=20"), outlet };
    let app = yew::Renderer::<Logging>::with_root_and_props(root, props).render();
    assert!(matches!(within(heard.next()).await, Some(Told::Message(_))));
    app.destroy();
}

#[wasm_bindgen_test]
async fn each_state_renders_and_the_handle_sends() {
    let (app, outlet, mut heard) = mount(url("/echo"));
    assert!(matches!(within(heard.next()).await, Some(Told::Rendered(Connection::Idle))));
    rendered(&mut heard, |connection| *connection == Connection::Is(State::Open)).await;
    let handle = outlet.socket.borrow().as_ref().unwrap().handle().unwrap();
    handle.try_send("hello").unwrap();
    let text = within(async {
        loop {
            if let Told::Message(text) = heard.next().await.unwrap() {
                return text;
            }
        }
    })
    .await;
    assert_eq!(text, "hello");
    handle.begin_close(rejoin::Close::normal());
    rendered(&mut heard, |connection| matches!(connection, Connection::Is(State::Closed(_)))).await;
    app.destroy();
}

#[wasm_bindgen_test]
async fn settings_that_cannot_work_are_a_state() {
    let (app, outlet, mut heard) = mount("http//bad".into());
    let failed = rendered(&mut heard, |connection| matches!(connection, Connection::Failed(_))).await;
    assert!(matches!(failed, Connection::Failed(OpenError::Url(_))));
    assert!(outlet.socket.borrow().as_ref().unwrap().handle().is_none());
    app.destroy();
}

#[wasm_bindgen_test]
async fn an_unmounted_component_closes_its_connection_and_hears_no_more() {
    let (app, outlet, mut heard) = mount(url("/echo"));
    rendered(&mut heard, |connection| *connection == Connection::Is(State::Open)).await;
    // Somebody kept a handle; the connection ends all the same.
    let handle = outlet.socket.borrow().as_ref().unwrap().handle().unwrap();
    handle.try_send("on its way when it unmounts").unwrap();
    app.destroy();
    let told = outlet.told.clone();
    drop(outlet);
    let mut states = handle.states();
    let closed = within(async {
        loop {
            if let State::Closed(Some(closed)) = states.next().await.unwrap() {
                return closed;
            }
        }
    })
    .await;
    assert_eq!((closed.code, closed.was_clean), (1000, true));
    drop(told);
    let rest: Vec<Told> = within(heard.collect()).await;
    assert!(!rest.iter().any(|told| matches!(told, Told::Message(_) | Told::Event)), "{rest:?}");
}

struct Echo;

impl Endpoint for Echo {
    type ToServer = u32;
    type ToClient = u32;
    type Codec = Json;
    const PATH: &'static str = "/echo";
    const SUBPROTOCOL: Option<&'static str> = Some("numbers.v1");
}

#[component]
fn Numbers(props: &Props) -> Html {
    let told = props.outlet.told.clone();
    let on_message = Callback::from(move |number: Result<u32, rejoin::Undecodable>| {
        let text = number.map_or_else(|odd| format!("odd {}", odd.raw.to_text().unwrap()), |n| n.to_string());
        told.unbounded_send(Told::Message(text)).unwrap();
    });
    let to = props.url.clone();
    let socket = use_endpoint::<Echo>(move || Builder::endpoint::<Echo>(&to), on_message, Callback::noop());
    if *socket.state() == Connection::Is(State::Open) {
        socket.try_send(&7).unwrap();
        rejoin::Handle::try_send(&socket.sender().unwrap(), "seven").unwrap();
    }
    Html::default()
}

#[wasm_bindgen_test]
async fn an_endpoints_hook_sends_and_receives_values_and_hands_on_what_it_cannot_read() {
    let (outlet, mut heard) = outlet();
    let root = web_sys::window().unwrap().document().unwrap().create_element("div").unwrap();
    let app = yew::Renderer::<Numbers>::with_root_and_props(root, Props { url: url(""), outlet }).render();
    for expected in ["7", "odd seven"] {
        assert!(matches!(within(heard.next()).await, Some(Told::Message(text)) if text == expected));
    }
    app.destroy();
}
