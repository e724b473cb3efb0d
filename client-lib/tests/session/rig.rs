//! What the tests of sessions share.

use std::cell::RefCell;
use std::rc::Rc;

use futures::StreamExt;
use rejoin::session::{FeedItem, SessionEvent, SessionHandle, SessionState};
use rejoin::{Session, SessionBuilder};

use crate::common::{Place, at_once, within};

/// A session with the peer that comes back at once.
pub(crate) fn builder(place: &Place, query: &str) -> SessionBuilder {
    Session::builder(place.url(&format!("/session{query}"))).reconnect(at_once())
}

pub(crate) async fn connect(place: &Place, query: &str) -> Session {
    within(builder(place, query).connect()).await.unwrap()
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

pub(crate) async fn item(feed: &mut rejoin::session::Feed) -> FeedItem {
    within(feed.next()).await.expect("the feed has ended")
}

/// The payloads of the next so many entries, as text.
pub(crate) async fn entries(feed: &mut rejoin::session::Feed, count: usize) -> Vec<String> {
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

/// Every event of a session from now on, as it comes.
pub(crate) fn events(session: &SessionHandle) -> Rc<RefCell<Vec<SessionEvent>>> {
    let events = Rc::new(RefCell::new(Vec::new()));
    let list = events.clone();
    session.set_on_event(Some(Box::new(move |event| list.borrow_mut().push(event))));
    events
}
