//! The chat over real sockets: rooms, history, presence, repeated keys, refusals, limits.
#![allow(clippy::unwrap_used)] // A helper that fails is a test that fails.

mod common;

use common::{Client, Demo};
use demo_messages::chat::{Author, Event, Key, Refusal, Request};
use demo_server::Config;
use tokio_tungstenite::tungstenite::Message;

const PATH: &str = "/ws/chat";
const PROTOCOL: Option<&str> = Some("chat.rejoin.v1");

async fn hello(demo: &Demo, secret: &str, name: &str) -> (Client, Author) {
    let mut client = demo.open(PATH, PROTOCOL).await;
    client.ask(&Request::Hello { secret: secret.repeat(16), name: name.into() }).await;
    let Event::Welcome { you, pace, .. } = client.event().await else { panic!("no welcome") };
    assert_eq!(pace.burst, pace.per_second * 6);
    (client, you)
}

/// The next event that is not the list of rooms, which comes at its own pace.
async fn event(client: &mut Client) -> Event {
    loop {
        match client.event().await {
            Event::Rooms { .. } => {}
            event => return event,
        }
    }
}

async fn join(client: &mut Client, room: &str) -> (Vec<String>, Vec<String>) {
    client.ask(&Request::Join { room: room.into() }).await;
    loop {
        if let Event::Joined { history, members, .. } = event(client).await {
            let texts = history.into_iter().map(|entry| entry.text).collect();
            return (texts, members.into_iter().map(|member| member.name).collect());
        }
    }
}

async fn say(client: &mut Client, room: &str, key: u32, text: &str) {
    client.ask(&Request::Say { room: room.into(), key: Key(key), text: text.into() }).await;
}

#[tokio::test]
async fn two_people_meet_in_a_room_and_a_third_finds_the_history() {
    let demo = Demo::start(Config::default()).await;
    let (mut ada, ada_id) = hello(&demo, "a", "Ada").await;
    assert_eq!(join(&mut ada, "general").await, (vec![], vec!["Ada".to_owned()]));
    let (mut bob, bob_id) = hello(&demo, "b", " Bob ").await;
    assert_ne!(ada_id, bob_id);
    join(&mut bob, "general").await;
    let Event::Entered { member } = event(&mut ada).await else { panic!("nobody entered") };
    assert_eq!((member.author, member.name.as_str()), (bob_id, "Bob"));

    bob.ask(&Request::Typing { typing: true }).await;
    assert_eq!(event(&mut ada).await, Event::Typing { author: bob_id, typing: true });
    say(&mut bob, "general", 7, "hello <b>").await;
    let Event::Accepted { key: Key(7), id, at_ms } = event(&mut bob).await else { panic!("refused") };
    assert!(at_ms > 1_600_000_000_000);
    let Event::Said { entry, .. } = event(&mut bob).await else { panic!("not said") };
    assert_eq!((entry.id, entry.author, entry.text.as_str()), (id, bob_id, "hello <b>"));
    let Event::Said { room, entry: same } = event(&mut ada).await else { panic!("not said") };
    assert_eq!((room.as_str(), &same), ("general", &entry));
    assert_eq!(event(&mut ada).await, Event::Typing { author: bob_id, typing: false });

    let (mut eve, _) = hello(&demo, "e", "Eve").await;
    let (history, members) = join(&mut eve, "general").await;
    assert_eq!(history, ["hello <b>"]);
    assert_eq!(members, ["Ada", "Bob", "Eve"]);

    bob.close().await;
    let Event::Entered { .. } = event(&mut ada).await else { panic!("Eve did not enter") };
    assert_eq!(event(&mut ada).await, Event::Left { author: bob_id });
}

#[tokio::test]
async fn two_tabs_with_one_secret_are_one_person_until_the_last_leaves() {
    let demo = Demo::start(Config::default()).await;
    let (mut other, _) = hello(&demo, "o", "Other").await;
    join(&mut other, "general").await;
    let (mut one, first) = hello(&demo, "s", "Sam").await;
    join(&mut one, "general").await;
    let Event::Entered { .. } = event(&mut other).await else { panic!("nobody entered") };
    let (mut two, second) = hello(&demo, "s", "Sam").await;
    assert_eq!(first, second);
    let (_, members) = join(&mut two, "general").await;
    assert_eq!(members.len(), 2);
    one.close().await;
    say(&mut two, "general", 1, "still here").await;
    let Event::Said { .. } = event(&mut other).await else { panic!("left too early") };
    two.close().await;
    assert_eq!(event(&mut other).await, Event::Left { author: first });
}

#[tokio::test]
async fn a_message_said_again_with_its_key_is_accepted_and_not_repeated() {
    let demo = Demo::start(Config::default()).await;
    let (mut ada, _) = hello(&demo, "a", "Ada").await;
    join(&mut ada, "general").await;
    say(&mut ada, "general", 1, "once").await;
    let first = event(&mut ada).await;
    let Event::Said { .. } = event(&mut ada).await else { panic!("not said") };
    ada.close().await;
    // The same person after a cut, not sure whether the message arrived.
    let (mut again, _) = hello(&demo, "a", "Ada").await;
    join(&mut again, "general").await;
    say(&mut again, "general", 1, "once").await;
    assert_eq!(event(&mut again).await, first);
    let (mut bob, _) = hello(&demo, "b", "Bob").await;
    assert_eq!(join(&mut bob, "general").await.0, ["once"]);
}

#[tokio::test]
async fn what_may_not_be_is_refused_with_a_reason_and_the_connection_stays() {
    let demo = Demo::start(Config { max_rooms: 1, ..Config::default() }).await;
    let mut client = demo.open(PATH, PROTOCOL).await;
    let refused = async |client: &mut Client, request: Request| {
        client.ask(&request).await;
        let Event::Refused { code, reason, key } = event(client).await else { panic!("done: {request:?}") };
        assert!(!reason.is_empty());
        (code, key)
    };
    let say = |key, room: &str, text: String| Request::Say { room: room.into(), key: Key(key), text };
    let hello = |secret: &str, name: &str| Request::Hello { secret: secret.into(), name: name.into() };
    let join = |room: &str| Request::Join { room: room.into() };
    let good = "0123456789abcdef";
    assert_eq!(refused(&mut client, join("a")).await, (Refusal::HelloFirst, None));
    assert_eq!(refused(&mut client, say(4, "a", "x".into())).await, (Refusal::HelloFirst, Some(Key(4))));
    assert_eq!(refused(&mut client, hello("short", "Ada")).await.0, Refusal::BadSecret);
    assert_eq!(refused(&mut client, hello("sixteen-letters-", "Ada")).await.0, Refusal::BadSecret);
    assert_eq!(refused(&mut client, hello(good, "  ")).await.0, Refusal::BadName);
    assert_eq!(refused(&mut client, hello(good, &"n".repeat(33))).await.0, Refusal::BadName);
    assert_eq!(refused(&mut client, hello(good, "a\u{7}b")).await.0, Refusal::BadName);
    client.ask(&hello(good, &"ä".repeat(32))).await;
    let Event::Welcome { .. } = event(&mut client).await else { panic!("no welcome") };
    for room in ["", "Upper", "with space", "ä", &"r".repeat(33)] {
        assert_eq!(refused(&mut client, join(room)).await.0, Refusal::BadRoom, "{room}");
    }
    client.ask(&join("a")).await;
    let Event::Joined { .. } = event(&mut client).await else { panic!("not joined") };
    assert_eq!(refused(&mut client, say(5, "b", "x".into())).await, (Refusal::NotInRoom, Some(Key(5))));
    assert_eq!(refused(&mut client, say(6, "a", " \n".into())).await, (Refusal::Empty, Some(Key(6))));
    assert_eq!(refused(&mut client, say(7, "a", "🦀".repeat(2_001))).await, (Refusal::TooLong, Some(Key(7))));
    client.ask(&say(8, "a", "🦀".repeat(2_000))).await;
    let Event::Accepted { key: Key(8), .. } = event(&mut client).await else { panic!("refused") };

    let (mut second, _) = self::hello(&demo, "b", "Bob").await;
    assert_eq!(refused(&mut second, join("b")).await.0, Refusal::TooManyRooms);
}

#[tokio::test]
async fn the_list_of_rooms_reaches_everybody_when_it_changes() {
    let demo = Demo::start(Config::default()).await;
    let (mut ada, _) = hello(&demo, "a", "Ada").await;
    let (mut bob, _) = hello(&demo, "b", "Bob").await;
    join(&mut bob, "kitchen").await;
    let rooms = loop {
        if let Event::Rooms { rooms } = ada.event().await {
            break rooms;
        }
    };
    assert_eq!(
        rooms.iter().map(|room| (room.name.as_str(), room.members)).collect::<Vec<_>>(),
        [("kitchen", 1)]
    );
}

#[tokio::test]
async fn a_new_name_is_told_to_the_room() {
    let demo = Demo::start(Config::default()).await;
    let (mut ada, author) = hello(&demo, "a", "Ada").await;
    ada.ask(&Request::Rename { name: "Ada L.".into() }).await;
    assert_eq!(event(&mut ada).await, Event::Renamed { author, name: "Ada L.".into() });
    let (mut bob, _) = hello(&demo, "b", "Bob").await;
    join(&mut bob, "general").await;
    join(&mut ada, "general").await;
    let Event::Entered { member } = event(&mut bob).await else { panic!("nobody entered") };
    assert_eq!(member.name, "Ada L.");
    ada.ask(&Request::Rename { name: "Lovelace".into() }).await;
    assert_eq!(event(&mut bob).await, Event::Renamed { author, name: "Lovelace".into() });
}

#[tokio::test]
async fn too_many_requests_are_refused_first_and_cut_off_far_beyond() {
    let demo = Demo::start(Config { chat_rate: 1, ..Config::default() }).await;
    let (mut ada, _) = hello(&demo, "a", "Ada").await;
    join(&mut ada, "general").await;
    for key in 0..10 {
        say(&mut ada, "general", key, "x").await;
    }
    let refused = async {
        loop {
            if let Event::Refused { code, key, .. } = event(&mut ada).await {
                return (code, key);
            }
        }
    };
    let (code, key) = refused.await;
    assert_eq!(code, Refusal::TooFast);
    assert!(key.is_some());
    // Ten times as much: the connection is closed, perhaps before all of it is written.
    for key in 10..200 {
        let request = Request::Say { room: "general".into(), key: Key(key), text: "x".into() };
        let text = serde_json::to_string(&request).unwrap();
        if futures_util::SinkExt::send(&mut ada.socket, Message::text(text)).await.is_err() {
            break;
        }
    }
    assert_eq!(ada.closed().await.0, 1008);
}

#[tokio::test]
async fn json_that_is_no_request_is_answered_with_4400_and_binary_with_1003() {
    let demo = Demo::start(Config::default()).await;
    for bad in ["", "{", "null", "{\"type\":\"dance\"}", "{\"type\":\"join\"}", "\u{0}"] {
        let mut client = demo.open(PATH, PROTOCOL).await;
        client.send_text(bad).await;
        let (code, reason) = client.closed().await;
        assert_eq!(code, 4400, "{bad}");
        assert!(reason.contains("chat.rejoin.v1"), "{reason}");
    }
    let mut client = demo.open(PATH, PROTOCOL).await;
    client.send(Message::binary(vec![1])).await;
    assert_eq!(client.closed().await.0, 1003);
}

#[tokio::test]
async fn a_message_over_the_chats_limit_is_answered_with_1009() {
    let demo = Demo::start(Config::default()).await;
    let mut client = demo.open(PATH, PROTOCOL).await;
    client.send_text(&"x".repeat(40_000)).await;
    assert_eq!(client.closed().await.0, 1009);
}

#[tokio::test]
async fn the_classic_chat_sends_each_text_to_everybody_cut_to_fifty_characters() {
    let demo = Demo::start(Config::default()).await;
    let mut one = demo.open(PATH, None).await;
    one.send_text("alone").await;
    assert_eq!(one.text().await, "alone");
    let mut two = demo.open(PATH, None).await;
    two.send_text(&"🦀".repeat(60)).await;
    assert_eq!(one.text().await, "🦀".repeat(50));
    assert_eq!(two.text().await, "🦀".repeat(50));
    // The typed rooms are another world.
    let (mut typed, _) = hello(&demo, "a", "Ada").await;
    join(&mut typed, "general").await;
    say(&mut typed, "general", 1, "typed").await;
    one.send(Message::binary(vec![1])).await;
    assert_eq!(one.closed().await.0, 1003);
    two.send_text("still here").await;
    assert_eq!(two.text().await, "still here");
}

#[tokio::test]
async fn a_slow_reader_of_the_chat_is_cut_off_and_the_others_do_not_notice() {
    let config = Config { send_queue_bytes: 64 << 10, chat_rate: 1_000, ..Config::default() };
    let demo = Demo::start(config).await;
    let slow = narrow(&demo).await;
    let (mut ada, _) = hello(&demo, "a", "Ada").await;
    join(&mut ada, "general").await;
    let (mut slow, slow_author) = {
        let mut client = slow;
        client.ask(&Request::Hello { secret: "s".repeat(16), name: "Slow".into() }).await;
        let Event::Welcome { you, .. } = client.event().await else { panic!("no welcome") };
        join(&mut client, "general").await;
        (client, you)
    };
    let text = "x".repeat(2_000);
    let mut key = 0;
    // Ada says much and reads all; the other reads nothing, and has left the room at last.
    'outer: loop {
        say(&mut ada, "general", key, &text).await;
        key += 1;
        loop {
            match event(&mut ada).await {
                Event::Left { author } => {
                    assert_eq!(author, slow_author);
                    break 'outer;
                }
                Event::Said { .. } => break,
                Event::Refused { reason, .. } => panic!("{reason}"),
                _ => {}
            }
        }
        assert!(key < 5_000, "nobody was cut off");
    }
    assert_eq!(slow.closed().await.0, 1013);
}

/// A client whose system takes few bytes that it does not read.
async fn narrow(demo: &Demo) -> Client {
    use tokio_tungstenite::tungstenite::client::IntoClientRequest;
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let stream = socket.connect(demo.address).await.unwrap();
    let mut request = format!("ws://{}{PATH}", demo.address).into_client_request().unwrap();
    request.headers_mut().insert("sec-websocket-protocol", "chat.rejoin.v1".parse().unwrap());
    let (socket, _) = tokio_tungstenite::client_async(request, stream).await.unwrap();
    Client { socket }
}

#[tokio::test]
async fn a_ping_is_answered_before_hello_and_however_many_requests_were_refused() {
    let demo = Demo::start(Config { chat_rate: 1, ..Config::default() }).await;
    let mut client = demo.open(PATH, PROTOCOL).await;
    client.ask(&Request::Ping).await;
    assert_eq!(event(&mut client).await, Event::Pong);
    for _ in 0..20 {
        client.ask(&Request::Join { room: "general".into() }).await;
    }
    // Typing is never answered, so this is let drop.
    client.ask(&Request::Typing { typing: true }).await;
    client.ask(&Request::Ping).await;
    let (mut refusals, mut refused_for_haste) = (0, false);
    loop {
        match event(&mut client).await {
            Event::Refused { code, .. } => {
                refusals += 1;
                refused_for_haste |= code == Refusal::TooFast;
            }
            event => {
                assert_eq!(event, Event::Pong);
                break;
            }
        }
    }
    assert!(refused_for_haste);
    assert_eq!(refusals, 20);
}
