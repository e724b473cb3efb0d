//! Channels of types against a real hub: entries, volatile messages and presence, read at both ends; what can't be read
//! is an item or a member, and the feed goes on.

use std::collections::BTreeMap;

use rejoin::session::{
    Channel, ChannelError, FeedItem, Nothing, PublishError, Refusal, Since, TypedFeed, TypedItem,
};
use rejoin::{CodecError, Decode, Json};
use rejoin_server::hub::{Action, Denial, TypedAction};
use rejoin_test_support::within;
use serde::{Deserialize, Serialize};

use crate::rig::on_one_thread;
use crate::session_rig::World;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Note {
    text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
enum Hint {
    Typing(bool),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Person {
    name: String,
}

/// A channel that has everything. Of the one that is called `board` the application reads what is done there.
struct Board(&'static str);

impl Channel for Board {
    type Entry = Note;
    type Volatile = Hint;
    type Presence = Person;
    type Codec = Json;

    fn name(&self) -> String {
        self.0.into()
    }
}

/// What the application says to what somebody wants to do in the channel `board`.
pub(crate) fn judge(action: Action<'_>) -> Result<(), Denial> {
    let denial = |reason: String| Denial { code: 400, reason };
    match action.read::<Board>().map_err(|error| denial(error.to_string()))? {
        TypedAction::Publish(Note { text }) if text.is_empty() => Err(denial("an empty note".into())),
        TypedAction::Volatile(Hint::Typing(false)) => Err(denial("nobody cares".into())),
        TypedAction::Appear(Person { name }) if name.is_empty() => Err(denial("no name".into())),
        _ => Ok(()),
    }
}

/// The same name, where nothing is volatile and nobody is listed.
struct Plain(&'static str);

impl Channel for Plain {
    type Entry = Note;
    type Volatile = Nothing;
    type Presence = Nothing;
    type Codec = Json;

    fn name(&self) -> String {
        self.0.into()
    }
}

/// A channel of values that JSON can't write: its keys are no strings.
struct Unwritable;

impl Channel for Unwritable {
    type Entry = BTreeMap<(u8, u8), u8>;
    type Volatile = BTreeMap<(u8, u8), u8>;
    type Presence = BTreeMap<(u8, u8), u8>;
    type Codec = Json;

    fn name(&self) -> String {
        "room".into()
    }
}

fn note(text: &str) -> Note {
    Note { text: text.into() }
}

fn person(name: &str) -> Person {
    Person { name: name.into() }
}

async fn item<C: Channel>(feed: &mut TypedFeed<C>) -> TypedItem<C>
where
    C::Codec: Decode<C::Entry> + Decode<C::Volatile>,
{
    within(feed.next_item()).await.expect("the feed has ended")
}

/// The next volatile message: its sender, and its value or the bytes that are none.
async fn volatile<C: Channel>(feed: &mut TypedFeed<C>) -> (u64, Result<C::Volatile, Vec<u8>>)
where
    C::Codec: Decode<C::Entry> + Decode<C::Volatile>,
{
    loop {
        if let FeedItem::Volatile { sender, payload } = item(feed).await {
            return (sender, payload.map_err(|odd| odd.raw.to_vec()));
        }
    }
}

/// The next entry, or the bytes that are none.
async fn entry<C: Channel>(feed: &mut TypedFeed<C>) -> Result<C::Entry, Vec<u8>>
where
    C::Codec: Decode<C::Entry> + Decode<C::Volatile>,
{
    loop {
        if let FeedItem::Entry(entry) = item(feed).await {
            return entry.payload.map_err(|odd| odd.raw.to_vec());
        }
    }
}

/// Reads on until those who are there are listed with these values, or bytes that are none, in any order.
async fn listed(feed: &mut TypedFeed<Board>, expected: &[Result<Person, Vec<u8>>]) {
    loop {
        let members = feed.members().into_iter();
        let about: Vec<_> = members.map(|member| member.about.map_err(|odd| odd.raw.to_vec())).collect();
        if about.len() == expected.len() && expected.iter().all(|one| about.contains(one)) {
            return;
        }
        item(feed).await;
    }
}

#[test]
fn entries_volatile_messages_and_presence_are_of_the_channel_s_types() {
    on_one_thread(async {
        let world = World::new().await;
        let (ada, bob) = (world.connect().await, world.connect().await);
        let mut of_ada = ada.channel(&Board("board")).subscribe_as(Since::Now, &person("Ada")).unwrap();
        assert_eq!(of_ada.volatile(&Hint::Typing(true)), Ok(false), "the feed has not begun");
        let room = bob.channel(&Board("board"));
        let mut of_bob = room.subscribe_as(Since::Now, &person("Bob")).unwrap();
        for feed in [&mut of_ada, &mut of_bob] {
            listed(feed, &[Ok(person("Ada")), Ok(person("Bob"))]).await;
        }
        assert_eq!(of_bob.volatile(&Hint::Typing(true)), Ok(true));
        assert_eq!(volatile(&mut of_ada).await, (bob.pair().unwrap().alias, Ok(Hint::Typing(true))));
        of_bob.set_presence(&person("Robert")).unwrap();
        listed(&mut of_ada, &[Ok(person("Ada")), Ok(person("Robert"))]).await;
        let at = within(room.publish(&note("hello")).await.unwrap()).await.unwrap();
        assert_eq!(entry(&mut of_ada).await, Ok(note("hello")));
        assert_eq!(of_ada.position(), Some(at));
        assert_eq!(of_ada.as_feed().position(), Some(at));
    });
}

#[test]
fn what_is_of_another_type_is_an_item_or_a_member_and_the_feed_goes_on() {
    on_one_thread(async {
        let world = World::new().await;
        let (ada, bob) = (world.connect().await, world.connect().await);
        let mut feed = ada.channel(&Board("room")).subscribe_as(Since::Now, &person("Ada")).unwrap();
        // Whoever has no types says anything in a channel that the application does not read.
        let mut untyped = bob.subscribe_as("room", Since::Now, "a bob").unwrap();
        while !matches!(crate::session_rig::item(&mut untyped).await, FeedItem::Started(_)) {}
        listed(&mut feed, &[Ok(person("Ada")), Err(b"a bob".to_vec())]).await;
        let alias = bob.pair().unwrap().alias;
        assert!(untyped.volatile("a whisper"));
        assert_eq!(volatile(&mut feed).await, (alias, Err(b"a whisper".to_vec())));
        within(bob.publish("room", "an entry").await.unwrap()).await.unwrap();
        assert_eq!(entry(&mut feed).await, Err(b"an entry".to_vec()));
        // And what can be read comes behind it.
        assert!(untyped.volatile(r#"{"Typing":false}"#));
        assert_eq!(volatile(&mut feed).await, (alias, Ok(Hint::Typing(false))));
        within(bob.publish("room", r#"{"text":"good"}"#).await.unwrap()).await.unwrap();
        assert_eq!(entry(&mut feed).await, Ok(note("good")));
        untyped.set_presence(r#"{"name":"Bob"}"#).unwrap();
        listed(&mut feed, &[Ok(person("Ada")), Ok(person("Bob"))]).await;
    });
}

#[test]
fn the_application_reads_what_is_done_in_a_channel_by_its_types() {
    on_one_thread(async {
        let world = World::new().await;
        let (ada, bob) = (world.connect().await, world.connect().await);
        let mut of_ada = ada.channel(&Board("board")).subscribe_as(Since::Now, &person("Ada")).unwrap();
        let board = bob.channel(&Board("board"));
        // Without a name one sees and is not listed.
        let mut of_bob = board.subscribe_as(Since::Now, &person("")).unwrap();
        listed(&mut of_bob, &[Ok(person("Ada"))]).await;
        // With bytes that are none neither.
        of_bob.as_feed().set_presence("Bob").unwrap();
        for refused in ["an entry", r#"{"text":""}"#] {
            let refused = within(bob.publish("board", refused).await.unwrap()).await;
            assert!(matches!(refused, Err(PublishError::Refused(denial)) if denial.code == 400));
        }
        // By the second receipt the server has read what was said before the first publication.
        let present = world.hub.hub.sessions()[0].present("board");
        assert_eq!(present.len(), 1);
        assert_eq!(present[0].alias, ada.pair().unwrap().alias);
        assert!(of_bob.as_feed().volatile("a whisper"));
        assert_eq!(of_bob.volatile(&Hint::Typing(false)), Ok(true));
        assert_eq!(of_bob.volatile(&Hint::Typing(true)), Ok(true));
        assert_eq!(volatile(&mut of_ada).await.1, Ok(Hint::Typing(true)), "the others go to nobody");
        of_bob.set_presence(&person("Bob")).unwrap();
        listed(&mut of_ada, &[Ok(person("Ada")), Ok(person("Bob"))]).await;
        within(board.publish(&note("seen")).await.unwrap()).await.unwrap();
        assert_eq!(entry(&mut of_ada).await, Ok(note("seen")));
    });
}

#[test]
fn what_a_channel_does_not_have_can_t_be_read_and_does_not_end_its_feed() {
    on_one_thread(async {
        let world = World::new().await;
        let (ada, bob) = (world.connect().await, world.connect().await);
        let mut plain = ada.channel(&Plain("board")).subscribe(Since::Now).unwrap();
        while !matches!(item(&mut plain).await, FeedItem::Started(_)) {}
        let mut board = bob.channel(&Board("board")).subscribe(Since::Now).unwrap();
        while !matches!(item(&mut board).await, FeedItem::Started(_)) {}
        assert_eq!(board.volatile(&Hint::Typing(true)), Ok(true));
        let raw = br#"{"Typing":true}"#.to_vec();
        assert_eq!(volatile(&mut plain).await, (bob.pair().unwrap().alias, Err(raw)));
        assert!(plain.members().is_empty());
        within(bob.channel(&Board("board")).publish(&note("read")).await.unwrap()).await.unwrap();
        assert_eq!(entry(&mut plain).await, Ok(note("read")));
    });
}

#[test]
fn a_value_that_can_t_go_is_refused_with_the_reason() {
    on_one_thread(async {
        let world = World::new().await;
        let session = world.connect().await;
        let unwritable = session.channel(&Unwritable);
        let value = BTreeMap::from([((1, 2), 3)]);
        let refused = unwritable.subscribe_as(Since::Now, &value).err();
        assert!(matches!(refused, Some(ChannelError::Encode(CodecError::Unencodable { .. }))));
        let mut feed = unwritable.subscribe(Since::Now).unwrap();
        while !matches!(item(&mut feed).await, FeedItem::Started(_)) {}
        assert!(matches!(feed.volatile(&value), Err(CodecError::Unencodable { .. })));
        let refused = feed.set_presence(&value);
        assert!(matches!(refused, Err(ChannelError::Encode(CodecError::Unencodable { .. }))));
        // What can be written and is larger than one may be listed with.
        let (board, large) = (session.channel(&Board("room")), person(&"x".repeat(300)));
        let refused = board.subscribe_as(Since::Now, &large).err();
        assert_eq!(refused, Some(ChannelError::Refused(Refusal::TooLarge { limit: 256 })));
        let feed = board.subscribe_as(Since::Now, &person("Ada")).unwrap();
        let refused = feed.set_presence(&large);
        assert_eq!(refused, Err(ChannelError::Refused(Refusal::TooLarge { limit: 256 })));
        assert_eq!(refused.unwrap_err().to_string(), "the value is larger than the limit of 256 bytes");
        // It is not the session's end that keeps a publication from a channel that can't be named.
        let nameless = session.channel(&Board("x".repeat(256).leak()));
        let too_long = ChannelError::Refused(Refusal::NameTooLong { limit: 255 });
        assert_eq!(nameless.try_publish(&note("lost")).err(), Some(too_long.clone()));
        assert_eq!(nameless.publish(&note("lost")).await.err(), Some(too_long.clone()));
        assert!(!too_long.is_retryable() && ChannelError::Refused(Refusal::Full).is_retryable());
    });
}
