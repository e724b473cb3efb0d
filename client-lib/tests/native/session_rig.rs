//! A hub over a log, with an application that the tests know, and what the tests of sessions share.

use std::rc::Rc;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use futures::StreamExt;
use rejoin::session::{Feed, FeedItem, SessionEvent, SessionHandle, SessionState};
use rejoin::{Session, SessionBuilder};
use rejoin_server::hub::{
    Action, Application, AuthError, Body, Credentials, Denial, Hub, HubSettings, Identity, Key,
    SessionHandle as Peer, SessionMessage,
};
use rejoin_server::log::MemoryLog;
use rejoin_server::{Connections, Upgrade};

use crate::rig::at_once;
use crate::server::Server;
use rejoin_test_support::proxy::{Fault, Proxy};
use rejoin_test_support::within;

/// Answers each message with its capitals, keeps what it was sent, and takes no tokens but `ada`, `bob` and
/// long ones. In the channel `board` it reads what is done there by its types.
#[derive(Default)]
pub(crate) struct Shouter {
    pub(crate) heard: Mutex<Vec<String>>,
}

impl Application for Shouter {
    type Context = ();

    async fn authenticate(&self, credentials: Credentials<'_>) -> Result<Identity<()>, AuthError> {
        match credentials.token {
            None => Ok(Identity::anonymous(())),
            Some(b"ada") => Ok(Identity::named("ada", ())),
            Some(b"bob") => Ok(Identity::named("bob", ())),
            Some(long) if long.len() > 100 => Ok(Identity::named("long", ())),
            Some(_) => Err(AuthError::Unauthenticated),
        }
    }

    fn authorize(&self, _: &Peer<Self>, channel: &str, action: Action<'_>) -> Result<(), Denial> {
        if channel == "board" {
            return crate::typed_channels::judge(action);
        }
        let denied = channel == "secret" || matches!(action, Action::Publish(body) if &body[..] == b"spam");
        if denied { Err(Denial { code: 403, reason: "no".into() }) } else { Ok(()) }
    }

    async fn message(&self, session: &Peer<Self>, message: SessionMessage) {
        let text = String::from_utf8_lossy(&message.body).into_owned();
        let answer = SessionMessage::text(&text.to_uppercase());
        self.heard.lock().unwrap().push(text);
        let _over = session.send(answer).await;
    }

    async fn call(&self, _: &Peer<Self>, question: Body) -> Result<Body, Denial> {
        match &question[..] {
            b"large" => Ok(Body::from(vec![7; 2 << 20])),
            b"never" => std::future::pending().await,
            b"no" => Err(Denial { code: 404, reason: "no answer".into() }),
            _ => Ok(Body::from([b"you asked ", &question[..]].concat())),
        }
    }

    fn volatile(&self, session: &Peer<Self>, payload: Body) {
        session.volatile(payload);
    }
}

pub(crate) struct HubServer {
    pub(crate) server: Server,
    pub(crate) hub: Hub<Shouter>,
}

impl HubServer {
    pub(crate) async fn over(log: &Arc<MemoryLog>) -> Self {
        Self::with(log, HubSettings::default()).await
    }

    pub(crate) async fn with(log: &Arc<MemoryLog>, settings: HubSettings) -> Self {
        let connections = Connections::default();
        let builder = Hub::over(Shouter::default(), log.clone()).key(Key::new([7; 32]));
        let hub = builder.settings(settings).build(&connections).unwrap();
        let ws = |State(hub): State<Hub<Shouter>>, upgrade: Upgrade| async move { hub.accept(upgrade) };
        let router = Router::new().route("/", get(ws)).with_state(hub.clone());
        Self { server: Server::start(router, connections).await, hub }
    }

    pub(crate) fn heard(&self) -> Vec<String> {
        self.hub.application().heard.lock().unwrap().clone()
    }
}

/// A log, a hub over it, and a proxy to it.
pub(crate) struct World {
    pub(crate) log: Arc<MemoryLog>,
    pub(crate) hub: HubServer,
    pub(crate) proxy: Rc<Proxy>,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::set(|_| {}).await
    }

    /// One whose server has other settings.
    pub(crate) async fn set(set: impl FnOnce(&mut HubSettings)) -> Self {
        let log = Arc::new(MemoryLog::default());
        let mut settings = HubSettings::default();
        set(&mut settings);
        let hub = HubServer::with(&log, settings).await;
        let proxy = Rc::new(Proxy::start(hub.server.address).await.unwrap());
        Self { log, hub, proxy }
    }

    /// A session over the proxy that comes back at once.
    pub(crate) fn builder(&self) -> SessionBuilder {
        Session::builder(self.proxy.url("/")).reconnect(at_once())
    }

    pub(crate) async fn connect(&self) -> Session {
        within(self.builder().connect()).await.unwrap()
    }

    /// Another server over the same log takes the place of the present one, which remembers the sessions and is never
    /// asked again.
    pub(crate) async fn restart(&mut self) -> HubServer {
        self.restart_set(|_| {}).await
    }

    /// The same, with other settings.
    pub(crate) async fn restart_set(&mut self, set: impl FnOnce(&mut HubSettings)) -> HubServer {
        let mut settings = HubSettings::default();
        set(&mut settings);
        let next = HubServer::with(&self.log, settings).await;
        self.proxy.lead(Some(next.server.address));
        self.proxy.strike(Fault::Reset);
        std::mem::replace(&mut self.hub, next)
    }
}

/// The first state for which `is` holds.
pub(crate) async fn until(session: &SessionHandle, is: impl Fn(&SessionState) -> bool) -> SessionState {
    let mut states = session.states();
    within(async {
        loop {
            let state = states.next().await.expect("the session was dropped");
            if is(&state) {
                return state;
            }
        }
    })
    .await
}

/// The next message's text.
pub(crate) async fn recv(session: &mut Session) -> String {
    within(session.recv()).await.expect("the session is over").as_text().expect("a text").to_owned()
}

/// The next event that is picked out.
pub(crate) async fn event<T>(session: &SessionHandle, pick: impl Fn(SessionEvent) -> Option<T>) -> T {
    let mut events = session.events();
    within(async {
        loop {
            let event = events.next().await.expect("events never end");
            if let Some(picked) = pick(event) {
                return picked;
            }
        }
    })
    .await
}

pub(crate) async fn item(feed: &mut Feed) -> FeedItem {
    within(feed.next()).await.expect("the feed has ended")
}

/// The payloads of the next so many entries, as text. A gap is a failure.
pub(crate) async fn entries(feed: &mut Feed, count: usize) -> Vec<String> {
    let mut payloads = Vec::new();
    while payloads.len() < count {
        match item(feed).await {
            FeedItem::Entry(entry) => payloads.push(String::from_utf8(entry.payload.to_vec()).unwrap()),
            FeedItem::Started(_) | FeedItem::Members => {}
            other => panic!("{other:?}"),
        }
    }
    payloads
}
