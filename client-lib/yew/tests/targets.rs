//! Hooks whose target changes: the old connection is closed, another is opened, and neither is taken for the other.
#![cfg(target_arch = "wasm32")]
// Tests say by a panic what went wrong.
#![allow(clippy::unwrap_used)]

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use futures::channel::mpsc::{self, UnboundedReceiver, UnboundedSender};
use futures::future::{Either, select};
use futures::{FutureExt, StreamExt};
use rejoin::session::{SessionBuilder, SessionHandle, SessionMessage, SessionState};
use rejoin::{Builder, Closed, Endpoint, Event, Handle, Incoming, Json, State};
use rejoin_yew::{
    Connection, SessionStanding, UseSessionHandle, UseSocketHandle, use_endpoint, use_session,
    use_session_from_with, use_socket_with_events,
};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use yew::prelude::*;

wasm_bindgen_test_configure!(run_in_browser);

fn url(path: &str) -> String {
    let peer = option_env!("REJOIN_TEST_PEER");
    let peer =
        peer.expect("compile the tests with REJOIN_TEST_PEER=ws://127.0.0.1:PORT of a running test-peer");
    format!("{peer}{path}")
}

/// The future's output, or a panic when it takes too long.
async fn within<T>(future: impl Future<Output = T>) -> T {
    let late = gloo_timers::future::sleep(Duration::from_secs(15)).fuse();
    match select(std::pin::pin!(future), std::pin::pin!(late)).await {
        Either::Left((output, _)) => output,
        Either::Right(_) => panic!("not within 15 s"),
    }
}

/// What a component was given to connect to, and under which of it something came.
#[derive(Clone, PartialEq, Debug, Default)]
struct To {
    url: String,
    protocol: Option<&'static str>,
}

impl To {
    fn new(path: &str) -> Self {
        Self { url: url(path), protocol: None }
    }

    fn builder(&self) -> Builder {
        self.protocol.into_iter().fold(Builder::new(&*self.url), Builder::protocol)
    }
}

#[derive(Debug)]
enum Told {
    Rendered(To, bool),
    Message(To, String),
    Event,
}

/// The way from a component to its test, and the newest handles.
#[derive(Clone)]
struct Outlet {
    told: UnboundedSender<Told>,
    socket: Rc<RefCell<Option<UseSocketHandle>>>,
    session: Rc<RefCell<Option<UseSessionHandle>>>,
    set: Rc<RefCell<Option<UseStateSetter<To>>>>,
}

impl PartialEq for Outlet {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.set, &other.set)
    }
}

impl Outlet {
    /// Renders with another target.
    fn go(&self, to: To) {
        self.set.borrow().as_ref().unwrap().set(to);
    }

    fn say(&self, told: Told) {
        self.told.unbounded_send(told).unwrap();
    }

    fn socket(&self) -> Option<Handle> {
        self.socket.borrow().as_ref().unwrap().handle()
    }

    fn session(&self) -> Option<SessionHandle> {
        self.session.borrow().as_ref().unwrap().handle()
    }
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Hook {
    Socket,
    Endpoint,
    Session,
    SessionFrom,
}

#[derive(Properties, PartialEq)]
struct Props {
    hook: Hook,
    first: To,
    outlet: Outlet,
}

#[component]
fn Parent(props: &Props) -> Html {
    let to = use_state(|| props.first.clone());
    props.outlet.set.replace(Some(to.setter()));
    let (to, outlet) = ((*to).clone(), props.outlet.clone());
    match props.hook {
        Hook::Socket => html! { <Socket {to} {outlet} /> },
        Hook::Endpoint => html! { <Numbers {to} {outlet} /> },
        Hook::Session => html! { <Session {to} {outlet} /> },
        Hook::SessionFrom => html! { <SessionFrom {to} {outlet} /> },
    }
}

#[derive(Properties, PartialEq)]
struct ChildProps {
    to: To,
    outlet: Outlet,
}

#[component]
fn Socket(props: &ChildProps) -> Html {
    let (builder, to, outlet) = (props.to.clone(), props.to.clone(), props.outlet.clone());
    let of_events = outlet.clone();
    let on_message = Callback::from(move |message: Incoming| {
        outlet.say(Told::Message(to.clone(), message.to_text().unwrap()));
    });
    let on_event = Callback::from(move |_: Event| of_events.say(Told::Event));
    let socket = use_socket_with_events(move || builder.builder(), on_message, on_event);
    let is_open = *socket.state() == Connection::Is(State::Open);
    props.outlet.socket.replace(Some(socket));
    props.outlet.say(Told::Rendered(props.to.clone(), is_open));
    Html::default()
}

struct Echo;

impl Endpoint for Echo {
    type ToServer = u32;
    type ToClient = u32;
    type Codec = Json;
    const PATH: &'static str = "";
    const SUBPROTOCOL: Option<&'static str> = None;
}

#[component]
fn Numbers(props: &ChildProps) -> Html {
    let (base, to, outlet) = (props.to.url.clone(), props.to.clone(), props.outlet.clone());
    let on_message = Callback::from(move |number: Result<u32, rejoin::Undecodable>| {
        outlet.say(Told::Message(to.clone(), number.unwrap().to_string()));
    });
    let numbers =
        use_endpoint::<Echo>(move || Builder::endpoint::<Echo>(&base), on_message, Callback::noop());
    let is_open = *numbers.state() == Connection::Is(State::Open);
    if is_open {
        numbers.try_send(&7).unwrap();
    }
    props.outlet.say(Told::Rendered(props.to.clone(), is_open));
    Html::default()
}

fn session_message(props: &ChildProps) -> Callback<SessionMessage> {
    let (to, outlet) = (props.to.clone(), props.outlet.clone());
    Callback::from(move |message: SessionMessage| {
        outlet.say(Told::Message(to.clone(), message.as_text().unwrap().to_owned()));
    })
}

fn session_rendered(props: &ChildProps, session: UseSessionHandle) -> Html {
    let is_live = *session.state() == SessionStanding::Is(SessionState::Live);
    props.outlet.session.replace(Some(session));
    props.outlet.say(Told::Rendered(props.to.clone(), is_live));
    Html::default()
}

#[component]
fn Session(props: &ChildProps) -> Html {
    let to = props.to.url.clone();
    let session = use_session(move || SessionBuilder::new(to), session_message(props), Callback::noop());
    session_rendered(props, session)
}

#[component]
fn SessionFrom(props: &ChildProps) -> Html {
    let to = props.to.url.clone();
    let open = move || async move {
        gloo_timers::future::TimeoutFuture::new(1).await;
        SessionBuilder::new(to).open()
    };
    let deps = props.to.url.clone();
    let session = use_session_from_with(deps, open, session_message(props), Callback::noop());
    session_rendered(props, session)
}

fn mount(hook: Hook, first: To) -> (AppHandle<Parent>, Outlet, UnboundedReceiver<Told>) {
    let (told, heard) = mpsc::unbounded();
    let outlet = Outlet { told, socket: Rc::default(), session: Rc::default(), set: Rc::default() };
    let root = web_sys::window().unwrap().document().unwrap().create_element("div").unwrap();
    let props = Props { hook, first, outlet: outlet.clone() };
    (yew::Renderer::<Parent>::with_root_and_props(root, props).render(), outlet, heard)
}

/// Waits until this target is rendered as open, and checks that it was not before it could be: the first rendering with
/// another target is never that of an open connection.
async fn open(heard: &mut UnboundedReceiver<Told>, to: &To) {
    within(async {
        let mut renderings = 0;
        loop {
            if let Told::Rendered(rendered, is_open) = heard.next().await.unwrap()
                && rendered == *to
            {
                assert!(renderings > 0 || !is_open, "the state of another connection");
                renderings += 1;
                if is_open {
                    return;
                }
            }
        }
    })
    .await;
}

async fn message(heard: &mut UnboundedReceiver<Told>) -> (To, String) {
    within(async {
        loop {
            if let Told::Message(to, text) = heard.next().await.unwrap() {
                return (to, text);
            }
        }
    })
    .await
}

async fn closed(handle: &Handle) -> Closed {
    let mut states = handle.states();
    within(async {
        loop {
            if let State::Closed(Some(closed)) = states.next().await.unwrap() {
                return closed;
            }
        }
    })
    .await
}

async fn ended(session: &SessionHandle) {
    let mut states = session.states();
    within(async { while !states.next().await.unwrap().is_ended() {} }).await;
}

/// A place at the peer that no other test has.
fn some_key() -> String {
    thread_local! { static KEYS: Cell<u32> = const { Cell::new(0) }; }
    format!("targets-{}", KEYS.replace(KEYS.get() + 1))
}

#[wasm_bindgen_test]
async fn a_changed_url_or_subprotocol_reconnects() {
    let first = To::new("/echo?to=1");
    let (app, outlet, mut heard) = mount(Hook::Socket, first.clone());
    open(&mut heard, &first).await;
    let mut before = outlet.socket().unwrap();
    let second = To::new("/echo?to=2");
    let third = To { protocol: Some("numbers.v1"), ..second.clone() };
    for to in [second, third] {
        outlet.go(to.clone());
        open(&mut heard, &to).await;
        let closed = closed(&before).await;
        assert_eq!((closed.code, closed.was_clean), (1000, true));
        let now = outlet.socket().unwrap();
        assert_eq!(now.protocol(), to.protocol.unwrap_or_default());
        now.try_send("hello").unwrap();
        assert_eq!(message(&mut heard).await, (to, "hello".to_owned()));
        before = now;
    }
    app.destroy();
    closed(&before).await;
}

#[wasm_bindgen_test]
async fn an_endpoint_follows_its_url() {
    let first = To::new("/echo?to=1");
    let (app, outlet, mut heard) = mount(Hook::Endpoint, first.clone());
    assert_eq!(message(&mut heard).await, (first, "7".to_owned()));
    let second = To::new("/echo?to=2");
    outlet.go(second.clone());
    assert_eq!(message(&mut heard).await, (second, "7".to_owned()));
    app.destroy();
}

#[wasm_bindgen_test]
async fn a_session_follows_its_url() {
    for hook in [Hook::Session, Hook::SessionFrom] {
        let first = To::new(&format!("/session?key={}", some_key()));
        let (app, outlet, mut heard) = mount(hook, first.clone());
        open(&mut heard, &first).await;
        let before = outlet.session().unwrap();
        let second = To::new(&format!("/session?key={}", some_key()));
        outlet.go(second.clone());
        open(&mut heard, &second).await;
        ended(&before).await;
        let now = outlet.session().unwrap();
        now.try_send("hello").unwrap();
        assert_eq!(message(&mut heard).await, (second, "hello".to_owned()));
        app.destroy();
        ended(&now).await;
    }
}

#[wasm_bindgen_test]
async fn a_rendering_with_the_same_target_keeps_the_connection() {
    let to = To::new("/echo");
    let (app, outlet, mut heard) = mount(Hook::Socket, to.clone());
    open(&mut heard, &to).await;
    let before = outlet.socket().unwrap();
    for _ in 0..3 {
        outlet.go(to.clone());
        before.try_send("still here").unwrap();
        assert_eq!(message(&mut heard).await.1, "still here");
        assert_eq!(outlet.socket().unwrap().state(), State::Open);
    }
    assert_eq!(before.state(), State::Open);
    assert_eq!(before.metrics().opened, 1);
    app.destroy();
}

/// The first one still connects when the second is asked for, and so on.
#[wasm_bindgen_test]
async fn going_back_and_forth_quickly_ends_at_the_last_target_alone() {
    for hook in [Hook::Socket, Hook::Session, Hook::SessionFrom] {
        let path = if hook == Hook::Socket { "/burst?count=200&size=20" } else { "/session" };
        let separator = if path.contains('?') { '&' } else { '?' };
        let of = |name: &str| To::new(&format!("{path}{separator}key={}-{name}", some_key()));
        let (one, two) = (of("one"), of("two"));
        let (app, outlet, mut heard) = mount(hook, one.clone());
        for to in [&two, &one, &two, &one, &two] {
            // Rendered, and not yet open.
            gloo_timers::future::TimeoutFuture::new(0).await;
            outlet.go(to.clone());
        }
        open(&mut heard, &two).await;
        // All that comes from now on comes to the last target, and whole.
        if hook == Hook::Socket {
            for number in 0..200 {
                let (to, text) = message(&mut heard).await;
                assert!(to == two && text.starts_with(&format!("{number} ")), "{to:?} {text}");
            }
        } else {
            outlet.session().unwrap().try_send("hello").unwrap();
            assert_eq!(message(&mut heard).await, (two, "hello".to_owned()), "{hook:?}");
        }
        app.destroy();
    }
}

#[wasm_bindgen_test]
async fn unmounting_while_the_other_one_still_connects_leaves_neither() {
    let first = To::new("/echo?to=1");
    let (app, outlet, mut heard) = mount(Hook::Socket, first.clone());
    open(&mut heard, &first).await;
    let before = outlet.socket().unwrap();
    outlet.go(To::new("/echo?to=2"));
    // The rendering and its effect run in microtasks.
    let connecting = within(async {
        loop {
            heard.next().await.unwrap();
            if let Some(handle) = outlet.socket().filter(|handle| handle.state() != State::Open) {
                return handle;
            }
        }
    })
    .await;
    assert!(matches!(connecting.state(), State::Connecting { .. }));
    app.destroy();
    closed(&before).await;
    let mut states = connecting.states();
    within(async { while !matches!(states.next().await.unwrap(), State::Closed(_)) {} }).await;
    drop((outlet, before, connecting));
    let rest: Vec<Told> = within(heard.collect()).await;
    assert!(!rest.iter().any(|told| matches!(told, Told::Message(..) | Told::Event)), "{rest:?}");
}
