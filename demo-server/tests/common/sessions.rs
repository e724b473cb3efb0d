//! Sessions with the demo's server, by this project's own client.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)] // Each test file uses a part of it, and a failing helper is a failing test.

use std::future::Future;
use std::time::Duration;

use demo_messages::room::{About, Answer, Question, Room, RoomInfo, SESSION_PATH, Said};
use futures::StreamExt;
use rejoin::session::{CallError, Denial, Entry, PublishError, Since, TypedFeed, TypedItem};
use rejoin::session::{FeedItem, Position};
use rejoin::{Backoff, Session};
use rejoin_test_support::{PATIENCE, within};
use serde::Serialize;

use crate::common::Demo;

/// Runs a test on one thread, as a program would run its sessions.
pub fn on_one_thread(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(tokio::task::LocalSet::new().run_until(within(test)));
}

/// A session that comes back at once.
pub async fn connect(demo: &Demo) -> Session {
    let least = Duration::from_millis(1);
    let at_once = Backoff::default().with_first(least).with_cap(least).with_floor(Duration::ZERO);
    let url = format!("ws://{}{SESSION_PATH}", demo.address);
    within(Session::builder(url).reconnect(at_once).connect()).await.unwrap()
}

pub fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap()
}

pub fn about(name: &str) -> About {
    About { name: name.into() }
}

pub fn room(name: &str) -> Room {
    Room(name.into())
}

pub fn said(text: &str) -> Said {
    Said { name: "Ada".into(), text: text.into() }
}

/// Says something, and waits for what becomes of it.
pub async fn say(session: &Session, name: &str, text: &str) -> Result<Position, PublishError> {
    within(session.channel(&room(name)).publish(&said(text)).await.unwrap()).await
}

/// Goes into a room, under a name; or the server's refusal.
pub async fn enter(session: &Session, name: &str, person: &str) -> Result<TypedFeed<Room>, Denial> {
    let mut feed = session.channel(&room(name)).subscribe_as(Since::All, &about(person)).unwrap();
    match item(&mut feed).await {
        FeedItem::Started(_) => Ok(feed),
        FeedItem::Ended(denial) => Err(denial),
        other => panic!("{other:?}"),
    }
}

pub async fn item(feed: &mut TypedFeed<Room>) -> TypedItem<Room> {
    within(feed.next()).await.expect("the feed has ended")
}

/// The next entry.
pub async fn entry(feed: &mut TypedFeed<Room>) -> Entry<Said> {
    loop {
        if let FeedItem::Entry(Entry { position, time, publisher, number, own, payload }) = item(feed).await {
            return Entry { position, time, publisher, number, own, payload: payload.unwrap() };
        }
    }
}

/// Reads on until so many are listed; their names in order.
pub async fn people(feed: &mut TypedFeed<Room>, count: usize) -> Vec<String> {
    loop {
        let members = feed.members();
        if members.len() == count {
            let mut names: Vec<String> =
                members.into_iter().map(|member| member.about.unwrap().name).collect();
            names.sort();
            return names;
        }
        item(feed).await;
    }
}

/// Asks the server.
pub async fn ask(session: &Session, question: &Question) -> Result<Answer, CallError> {
    let answer = within(session.call(json(question), PATIENCE)).await?;
    Ok(serde_json::from_slice(&answer).unwrap())
}

/// The list of rooms.
pub async fn rooms(session: &Session) -> Vec<RoomInfo> {
    match ask(session, &Question::Rooms).await.unwrap() {
        Answer::Rooms { rooms } => rooms,
        other => panic!("{other:?}"),
    }
}

/// The names of the rooms.
pub async fn room_names(session: &Session) -> Vec<String> {
    rooms(session).await.into_iter().map(|room| room.name).collect()
}
