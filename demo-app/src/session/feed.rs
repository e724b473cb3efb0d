//! The feed of the room that the person is in.

use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::Poll;

use demo_messages::room::{About, Answer, Question, Room, Whisper};
use futures_util::{FutureExt, Stream};
use rejoin::session::{ChannelError, FeedItem, Refusal, SessionHandle, Since, TypedFeed, TypedItem};
use rejoin_yew::UseSessionHandle;
use yew::platform::spawn_local;
use yew::prelude::*;

use super::ChatHandle;
use super::reading::{Reading, Step};
use crate::browser;
use crate::chat::state::{ChatAction, Fed};
use crate::local_time::now_ms;
use crate::wire;

/// So many of the newest messages are shown of a room that is entered.
const ENTERING: u64 = 50;

type Shared = Rc<RefCell<TypedFeed<Room>>>;

/// The person's place in the room, while there is one.
#[derive(Clone, Default)]
pub(super) struct Present(Rc<RefCell<Option<Shared>>>);

impl PartialEq for Present {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl Present {
    /// Tells the others in the room what may be lost.
    pub(super) fn whisper(&self, whisper: Whisper) {
        let feed = self.0.borrow().clone();
        if let Some(feed) = feed {
            // One that can't go now need not go.
            let _sent = feed.borrow().volatile(&whisper);
        }
    }
}

type Read = Rc<RefCell<Option<Reading>>>;

/// Follows the room, once there is a name, and lists the person there under it.
#[hook]
pub(super) fn use_feed(wire: &UseSessionHandle, chat: &ChatHandle, name: Option<&str>) -> Present {
    let present = use_memo((), |()| Present::default());
    let read: Read = use_mut_ref(|| None);
    let about = name.map(|name| About { name: name.to_owned() });
    {
        let (wire, present, dispatcher) = (wire.clone(), Present::clone(&present), chat.dispatcher());
        let (room, about) = (chat.room.clone(), about.clone());
        let deps = (chat.feed, about.is_some(), wire.handle().is_some());
        use_effect_with(deps, move |(number, ..)| {
            let feed = *number;
            let entered = wire.handle().zip(about).map(|(session, about)| {
                let teller = dispatcher.clone();
                let tell = move |items| {
                    teller.dispatch(ChatAction::Fed { feed, items, at_ms: now_ms() });
                };
                let history = move |up_to| dispatcher.dispatch(ChatAction::History { feed, up_to });
                enter(&session, &room, &about, &read, (tell, history))
            });
            present.0.replace(entered.flatten());
            move || drop(present.0.take())
        });
    }
    {
        let present = Present::clone(&present);
        use_effect_with(about, move |about| {
            let feed = present.0.borrow().clone();
            if let (Some(feed), Some(about)) = (feed, about) {
                // Names are shorter than the limit; a feed that is over says so itself.
                let _over = feed.borrow().set_presence(about);
            }
        });
    }
    Present::clone(&present)
}

/// Subscribes, from where the room was read last if that was the last one, and reads on in a task. The task ends with
/// the feed.
fn enter(
    session: &SessionHandle,
    room: &str,
    about: &About,
    read: &Read,
    (tell, history): (impl Fn(Vec<Fed>) + 'static, impl Fn(u64) + 'static),
) -> Option<Shared> {
    let known = read.borrow().clone().filter(|known| known.room == room);
    let since = known.as_ref().map_or(Since::Last(ENTERING), Reading::since);
    let channel = session.channel(&Room(room.to_owned()));
    let feed = match channel.subscribe_as(since, about) {
        Ok(feed) => Rc::new(RefCell::new(feed)),
        Err(error) => {
            // Where the session is over, the next one begins another feed. Nothing else is expected.
            if error != ChannelError::Refused(Refusal::Closed) {
                browser::warn("a room can't be followed", &error.to_string().into());
            }
            tell(vec![Fed::Ended(None)]);
            return None;
        }
    };
    let weak = Rc::downgrade(&feed);
    let (read, room, session) = (Rc::clone(read), room.to_owned(), session.clone());
    spawn_local(async move {
        while let Some(first) = next(&weak).await {
            let mut items = vec![first];
            // A burst is one change of the page.
            while let Some(Some(more)) = next(&weak).now_or_never() {
                items.push(more);
            }
            let began = items.iter().any(|item| matches!(item, FeedItem::Started(_)));
            let (mut fed, mut step) = (Vec::new(), Step::Show);
            for item in items {
                step = Reading::note(&mut read.borrow_mut(), &room, &item);
                if step != Step::Skip {
                    fed.extend(wire::fed(item, || members(&weak)));
                }
                if step == Step::Leave {
                    break;
                }
            }
            tell(fed);
            if step == Step::Leave {
                return;
            }
            if began && known.is_none() {
                history(newest(&session, &room).await);
            }
        }
    });
    Some(feed)
}

async fn next(feed: &Weak<RefCell<TypedFeed<Room>>>) -> Option<TypedItem<Room>> {
    poll_fn(|context| match feed.upgrade() {
        Some(feed) => Pin::new(&mut *feed.borrow_mut()).poll_next(context),
        None => Poll::Ready(None),
    })
    .await
}

fn members(feed: &Weak<RefCell<TypedFeed<Room>>>) -> Vec<(u64, About)> {
    let Some(feed) = feed.upgrade() else { return Vec::new() };
    let members = feed.borrow().members();
    members.into_iter().filter_map(|member| Some((member.alias, wire::readable(member.about)?))).collect()
}

/// The offset of the room's newest entry.
async fn newest(session: &SessionHandle, room: &str) -> u64 {
    let question = Question::Older { room: room.to_owned(), before: u64::MAX, count: 1 };
    match wire::ask(session, &question).await {
        Some(Answer::Older { entries }) => entries.last().map_or(0, |entry| entry.offset),
        _ => 0,
    }
}
