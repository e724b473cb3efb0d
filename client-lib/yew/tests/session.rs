//! The hook for a session in a browser: no message or event of a burst is lost, and nothing outlives its component.
#![cfg(target_arch = "wasm32")]
// Tests say by a panic what went wrong.
#![allow(clippy::unwrap_used)]

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use futures::channel::mpsc::{self, UnboundedReceiver, UnboundedSender};
use futures::future::{Either, select};
use futures::{FutureExt, StreamExt};
use rejoin::session::{
    ConnectError, SessionBuilder, SessionEvent, SessionHandle, SessionMessage, SessionState,
};
use rejoin_yew::{SessionStanding, UseSessionHandle, use_session, use_session_from};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use yew::prelude::*;

wasm_bindgen_test_configure!(run_in_browser);

fn url(query: &str) -> String {
    let peer = option_env!("REJOIN_TEST_PEER");
    let peer =
        peer.expect("compile the tests with REJOIN_TEST_PEER=ws://127.0.0.1:PORT of a running test-peer");
    format!("{peer}/session{query}")
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
    Event(SessionEvent),
    Rendered(SessionStanding),
}

#[derive(Properties, PartialEq)]
struct Props {
    url: String,
    /// Whether the session is opened in a future.
    later: bool,
    outlet: Outlet,
}

/// The way from a component to its test, and the newest handle.
#[derive(Clone)]
struct Outlet {
    told: UnboundedSender<Told>,
    session: Rc<RefCell<Option<UseSessionHandle>>>,
}

impl PartialEq for Outlet {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.session, &other.session)
    }
}

impl Outlet {
    fn handle(&self) -> SessionHandle {
        self.session.borrow().as_ref().unwrap().handle().unwrap()
    }
}

#[component]
fn Echoes(props: &Props) -> Html {
    let (of_messages, of_events) = (props.outlet.told.clone(), props.outlet.told.clone());
    let on_message = Callback::from(move |message: SessionMessage| {
        let text = message.as_text().unwrap().to_owned();
        of_messages.unbounded_send(Told::Message(text)).unwrap();
    });
    let on_event =
        Callback::from(move |event: SessionEvent| of_events.unbounded_send(Told::Event(event)).unwrap());
    let (url, outlet) = (props.url.clone(), props.outlet.clone());
    if props.later {
        html! { <Later {on_message} {on_event} {url} {outlet} /> }
    } else {
        html! { <Once {on_message} {on_event} {url} {outlet} /> }
    }
}

#[derive(Properties, PartialEq)]
struct HookProps {
    on_message: Callback<SessionMessage>,
    on_event: Callback<SessionEvent>,
    url: String,
    outlet: Outlet,
}

fn told(session: UseSessionHandle, outlet: &Outlet) -> Html {
    outlet.told.unbounded_send(Told::Rendered(session.state().clone())).unwrap();
    outlet.session.replace(Some(session));
    Html::default()
}

#[component]
fn Once(props: &HookProps) -> Html {
    let to = props.url.clone();
    let builder = move || SessionBuilder::new(to);
    told(use_session(builder, props.on_message.clone(), props.on_event.clone()), &props.outlet)
}

#[component]
fn Later(props: &HookProps) -> Html {
    let to = props.url.clone();
    let open = move || async move {
        gloo_timers::future::TimeoutFuture::new(1).await;
        SessionBuilder::new(to).open()
    };
    told(use_session_from(open, props.on_message.clone(), props.on_event.clone()), &props.outlet)
}

fn mount(url: String, later: bool) -> (AppHandle<Echoes>, Outlet, UnboundedReceiver<Told>) {
    let (told, heard) = mpsc::unbounded();
    let outlet = Outlet { told, session: Rc::default() };
    let root = web_sys::window().unwrap().document().unwrap().create_element("div").unwrap();
    let props = Props { url, later, outlet: outlet.clone() };
    (yew::Renderer::<Echoes>::with_root_and_props(root, props).render(), outlet, heard)
}

async fn rendered(heard: &mut UnboundedReceiver<Told>, is: impl Fn(&SessionStanding) -> bool) {
    within(async {
        loop {
            if matches!(heard.next().await.unwrap(), Told::Rendered(standing) if is(&standing)) {
                return;
            }
        }
    })
    .await;
}

fn is_live(standing: &SessionStanding) -> bool {
    *standing == SessionStanding::Is(SessionState::Live)
}

#[wasm_bindgen_test]
async fn every_message_of_a_burst_reaches_the_callback_in_order_over_cuts() {
    for later in [false, true] {
        let (app, outlet, mut heard) = mount(url("?cut_every=7"), later);
        rendered(&mut heard, is_live).await;
        let sender = outlet.handle();
        wasm_bindgen_futures::spawn_local(async move {
            for number in 0..2_000 {
                sender.send(number.to_string()).await.unwrap();
                if number % 100 == 0 {
                    gloo_timers::future::TimeoutFuture::new(1).await;
                }
            }
        });
        let mut welcomes = 1;
        within(async {
            let mut next = 0;
            while next < 2_000 {
                match heard.next().await.unwrap() {
                    Told::Message(text) => {
                        assert_eq!(text, next.to_string());
                        next += 1;
                    }
                    Told::Event(SessionEvent::Live { .. }) => welcomes += 1,
                    Told::Event(SessionEvent::Lost(lost)) => panic!("{lost:?}"),
                    _ => {}
                }
            }
        })
        .await;
        assert!(welcomes > 1, "no connection was cut");
        app.destroy();
    }
}

#[wasm_bindgen_test]
async fn settings_that_cannot_work_are_a_state() {
    for later in [false, true] {
        let (app, outlet, mut heard) = mount("http//bad".into(), later);
        let open_failed =
            |standing: &SessionStanding| matches!(standing, SessionStanding::Failed(ConnectError::Open(_)));
        rendered(&mut heard, open_failed).await;
        assert!(outlet.session.borrow().as_ref().unwrap().handle().is_none());
        app.destroy();
    }
}

#[wasm_bindgen_test]
async fn an_unmounted_component_ends_its_session_and_hears_no_more() {
    let (app, outlet, mut heard) = mount(url(""), false);
    rendered(&mut heard, is_live).await;
    // Somebody kept a handle; the session ends all the same.
    let handle = outlet.handle();
    handle.try_send("on its way when it unmounts").unwrap();
    app.destroy();
    drop(outlet);
    let mut states = handle.states();
    within(async { while !states.next().await.unwrap().is_ended() {} }).await;
    let rest: Vec<Told> = within(heard.collect()).await;
    assert!(!rest.iter().any(|told| matches!(told, Told::Message(_))), "{rest:?}");
}
