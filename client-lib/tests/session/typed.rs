//! Types over sessions and channels: what can't be read is an item, not the end.

use futures::StreamExt;
use rejoin::Json;
use rejoin::session::{Channel, FeedItem, Since, TypedFeed, TypedSession};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::common::{Place, within};
use crate::rig::connect;

struct Room(u32);

impl Channel for Room {
    type Entry = (String, u32);
    type Volatile = bool;
    type Presence = String;
    type Codec = Json;

    fn name(&self) -> String {
        format!("room/{}", self.0)
    }
}

#[wasm_bindgen_test]
async fn values_go_and_come() {
    let place = Place::new();
    let mut session: TypedSession<(u8, String), (u8, String), Json> = connect(&place, "").await.into_typed();
    session.send(&(4, "soup".into())).await.unwrap();
    assert_eq!(within(session.next()).await.unwrap().unwrap(), (4, "soup".into()));
    place.command("say&text=no%20json").await;
    let odd = within(session.next()).await.unwrap().unwrap_err();
    assert_eq!(odd.raw.as_text(), Some("no json"));
}

#[wasm_bindgen_test]
async fn entries_of_a_type_are_published_and_read_and_odd_ones_are_items() {
    let place = Place::new();
    let session = connect(&place, "").await;
    let room = session.channel(&Room(7));
    within(room.publish(&("hello".into(), 1)).await.unwrap()).await.unwrap();
    within(session.publish("room/7", "odd").await.unwrap()).await.unwrap();
    within(room.publish(&("again".into(), 2)).await.unwrap()).await.unwrap();
    let mut feed = room.subscribe(Since::All).unwrap();
    let mut payloads = Vec::new();
    while payloads.len() < 3 {
        if let FeedItem::Entry(entry) = within(feed.next()).await.unwrap() {
            payloads.push(entry.payload.map_err(|odd| odd.raw.to_vec()));
        }
    }
    let expected = [Ok(("hello".into(), 1)), Err(b"odd".to_vec()), Ok(("again".into(), 2))];
    assert_eq!(payloads, expected);
}

#[wasm_bindgen_test]
async fn volatile_messages_and_presence_are_of_types_and_odd_ones_are_items_and_members() {
    let place = Place::new();
    let session = connect(&place, "").await;
    let mut feed = session.channel(&Room(7)).subscribe_as(Since::Now, &"Ada".into()).unwrap();
    assert_eq!(listed(&mut feed).await, Ok("Ada".into()));
    feed.set_presence(&"Eve".into()).unwrap();
    assert_eq!(listed(&mut feed).await, Ok("Eve".into()));
    feed.as_feed().set_presence("odd").unwrap();
    assert_eq!(listed(&mut feed).await, Err(b"odd".to_vec()));
    // This server sends them back.
    assert_eq!(feed.volatile(&true), Ok(true));
    assert!(feed.as_feed().volatile("odd"));
    assert_eq!(feed.volatile(&false), Ok(true));
    let mut payloads = Vec::new();
    while payloads.len() < 3 {
        if let FeedItem::Volatile { payload, .. } = within(feed.next_item()).await.unwrap() {
            payloads.push(payload.map_err(|odd| odd.raw.to_vec()));
        }
    }
    assert_eq!(payloads, [Ok(true), Err(b"odd".to_vec()), Ok(false)]);
}

/// With what the one who is there is listed after the next change, or the bytes that are none.
async fn listed(feed: &mut TypedFeed<Room>) -> Result<String, Vec<u8>> {
    while !matches!(within(feed.next_item()).await.unwrap(), FeedItem::Members) {}
    let [member] = feed.members().try_into().unwrap();
    member.about.map_err(|odd| odd.raw.to_vec())
}
