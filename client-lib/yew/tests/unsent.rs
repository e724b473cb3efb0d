//! Messages that wait when the target changes or the component goes are emitted, unless the open connection sends them.
#![cfg(target_arch = "wasm32")]
// Tests say by a panic what went wrong.
#![allow(clippy::unwrap_used)]

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use futures::channel::mpsc::{self, UnboundedReceiver, UnboundedSender};
use futures::future::{Either, select};
use futures::{FutureExt, StreamExt};
use rejoin::{Builder, Event, Incoming, Message, State};
use rejoin_yew::{UseSocketHandle, use_socket_with_events};
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

#[derive(Properties)]
struct Props {
    first: String,
    unsent: UnboundedSender<Vec<usize>>,
    socket: Rc<RefCell<Option<UseSocketHandle>>>,
    set: Rc<RefCell<Option<UseStateSetter<String>>>>,
}

impl PartialEq for Props {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.socket, &other.socket)
    }
}

#[component]
fn Component(props: &Props) -> Html {
    let to = use_state(|| props.first.clone());
    props.set.replace(Some(to.setter()));
    let unsent = props.unsent.clone();
    let on_event = Callback::from(move |event: Event| {
        if let Event::Unsent { messages, .. } = event {
            unsent.unbounded_send(messages.iter().map(Message::len).collect()).unwrap();
        }
    });
    let socket = use_socket_with_events(move || Builder::new(&**to), Callback::<Incoming>::noop(), on_event);
    props.socket.replace(Some(socket));
    Html::default()
}

struct Mounted {
    app: AppHandle<Component>,
    unsent: UnboundedReceiver<Vec<usize>>,
    set: Rc<RefCell<Option<UseStateSetter<String>>>>,
}

/// A component with two messages sent, at the first state for which `is` holds.
async fn mount(path: &str, is: impl Fn(&State) -> bool) -> Mounted {
    let (unsent, received) = mpsc::unbounded();
    let (socket, set) = (Rc::<RefCell<Option<UseSocketHandle>>>::default(), Rc::default());
    let root = web_sys::window().unwrap().document().unwrap().create_element("div").unwrap();
    let props = Props { first: url(path), unsent, socket: Rc::clone(&socket), set: Rc::clone(&set) };
    let app = yew::Renderer::<Component>::with_root_and_props(root, props).render();
    within(async {
        let handle = loop {
            let handle = socket.borrow().as_ref().and_then(UseSocketHandle::handle);
            match handle {
                Some(handle) => break handle,
                None => gloo_timers::future::TimeoutFuture::new(0).await,
            }
        };
        let mut states = handle.states();
        while !is(&states.next().await.unwrap()) {}
        handle.try_send("one").unwrap();
        handle.try_send("three").unwrap();
    })
    .await;
    Mounted { app, unsent: received, set }
}

fn is_waiting(state: &State) -> bool {
    matches!(state, State::Waiting { .. })
}

#[wasm_bindgen_test]
async fn what_waits_when_the_target_changes_is_emitted_as_unsent() {
    for (path, is) in [
        ("/refuse", is_waiting as fn(&State) -> bool),
        ("/silent-handshake", |state: &State| matches!(state, State::Connecting { .. })),
    ] {
        let mut mounted = mount(path, is).await;
        mounted.set.borrow().as_ref().unwrap().set(url("/echo"));
        assert_eq!(within(mounted.unsent.next()).await, Some(vec![3, 5]), "{path}");
        mounted.app.destroy();
    }
}

#[wasm_bindgen_test]
async fn what_waits_when_the_component_goes_is_emitted_as_unsent() {
    let mounted = mount("/refuse", is_waiting).await;
    mounted.app.destroy();
    let emitted: Vec<_> = within(mounted.unsent.take(1).collect()).await;
    assert_eq!(emitted, [[3, 5]]);
}

#[wasm_bindgen_test]
async fn what_an_open_connection_was_given_is_sent_and_not_emitted() {
    let mounted = mount("/echo", |state| *state == State::Open).await;
    mounted.app.destroy();
    drop(mounted.set);
    let emitted: Vec<_> = within(mounted.unsent.collect()).await;
    assert!(emitted.is_empty(), "{emitted:?}");
}
