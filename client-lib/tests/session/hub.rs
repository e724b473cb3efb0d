//! Sessions with this project's own server: the demo's, which breaks connections on demand.

use std::time::Duration;

use futures::StreamExt;
use rejoin::session::{FeedItem, LostReason, PublishError, SessionEvent, SessionHandle, SessionState, Since};
use rejoin::{Session, SessionBuilder};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::common::{at_once, settle, within};
use crate::rig::{events, item, recv, until};

const LONG: Duration = Duration::from_secs(10);

fn builder() -> SessionBuilder {
    let Some(server) = option_env!("REJOIN_TEST_SERVER") else {
        panic!("compile the tests with REJOIN_TEST_SERVER=ws://127.0.0.1:PORT of a running demo-server")
    };
    Session::builder(format!("{server}/ws/session")).reconnect(at_once())
}

async fn connect() -> Session {
    within(builder().connect()).await.unwrap()
}

/// A room that nobody else is in.
fn room() -> String {
    format!("room/t{:x}", (js_sys::Math::random() * 1e15) as u64)
}

fn said(text: &str) -> String {
    serde_json::json!({ "name": "Ada", "text": text }).to_string()
}

async fn ask(
    session: &SessionHandle,
    question: serde_json::Value,
) -> Result<serde_json::Value, rejoin::session::CallError> {
    let answer = within(session.call(question.to_string(), LONG)).await?;
    Ok(serde_json::from_slice(&answer).unwrap())
}

/// Has the server break the connection, which may cost the answer.
async fn fault(session: &SessionHandle, name: &str, value: serde_json::Value) {
    let question = serde_json::json!({ "type": "fault", name: value });
    let _answer = ask(session, question).await;
}

async fn texts(feed: &mut rejoin::session::Feed, count: usize) -> Vec<String> {
    let mut texts = Vec::new();
    while texts.len() < count {
        if let FeedItem::Entry(entry) = item(feed).await {
            let said: serde_json::Value = serde_json::from_slice(&entry.payload).unwrap();
            texts.push(said["text"].as_str().unwrap().to_owned());
        }
    }
    texts
}

#[wasm_bindgen_test]
async fn messages_are_echoed_once_and_in_order_over_cuts() {
    let mut session = connect().await;
    let sender = session.handle();
    wasm_bindgen_futures::spawn_local(async move {
        for number in 0..200 {
            sender.send(number.to_string()).await.unwrap();
            if number % 50 == 25 {
                fault(&sender, "cut", serde_json::Value::Null).await;
            }
        }
    });
    for number in 0..200 {
        assert_eq!(recv(&mut session).await, number.to_string());
    }
    assert!(session.metrics().welcomes > 1);
}

#[wasm_bindgen_test]
async fn what_is_said_in_a_room_is_durable_and_read_once_over_cuts_and_restarts() {
    let (writer, reader, room) = (connect().await, connect().await, room());
    let mut feed = reader.subscribe_as(&room, Since::All, r#"{"name":"Grace"}"#).unwrap();
    let mut receipts = Vec::new();
    for number in 0..40 {
        receipts.push(writer.publish(&room, said(&number.to_string())).await.unwrap());
        match number {
            10 => fault(&writer, "cut", serde_json::Value::Null).await,
            20 => fault(&reader, "cut", serde_json::Value::Null).await,
            30 => fault(&writer, "forget", serde_json::Value::Null).await,
            _ => settle().await,
        }
    }
    for receipt in receipts {
        within(receipt).await.unwrap();
    }
    let expected: Vec<String> = (0..40).map(|number| number.to_string()).collect();
    assert_eq!(texts(&mut feed, 40).await, expected);
}

#[wasm_bindgen_test]
async fn a_session_that_the_server_forgot_keeps_its_identity_and_says_what_is_lost() {
    let session = connect().await;
    let (id, events) = (session.pair().unwrap().id, events(&session));
    fault(&session, "forget", serde_json::Value::Null).await;
    within(async {
        while session.metrics().welcomes < 2 {
            settle().await;
        }
    })
    .await;
    until(&session, SessionState::is_live).await;
    assert_eq!(session.pair().unwrap().id, id);
    let kept =
        |event: &SessionEvent| matches!(event, SessionEvent::Lost(lost) if lost.reason == LostReason::Kept);
    assert!(events.borrow().iter().any(kept), "{:?}", events.borrow());
}

#[wasm_bindgen_test]
async fn the_rules_of_the_room_are_kept_by_the_server() {
    let (session, room) = (connect().await, room());
    let refused = session.publish(&room, "no JSON").await.unwrap();
    assert!(matches!(within(refused).await, Err(PublishError::Refused(denial)) if denial.code == 400));
    let mut feed = session.subscribe("elsewhere", Since::All).unwrap();
    assert!(matches!(item(&mut feed).await, FeedItem::Ended(denial) if denial.code == 404));
    assert!(within(feed.next()).await.is_none());
}

#[wasm_bindgen_test]
async fn who_is_in_a_room_is_seen_by_others_and_so_is_typing() {
    let (ada, grace, room) = (connect().await, connect().await, room());
    let mut hers = ada.subscribe_as(&room, Since::Now, r#"{"name":"Ada"}"#).unwrap();
    while !matches!(item(&mut hers).await, FeedItem::Members) {}
    let mut theirs = grace.subscribe_as(&room, Since::Now, r#"{"name":"Grace"}"#).unwrap();
    while theirs.members().len() < 2 {
        item(&mut theirs).await;
    }
    while hers.members().len() < 2 {
        item(&mut hers).await;
    }
    let typing = r#"{"type":"typing","typing":true}"#;
    assert!(theirs.volatile(typing));
    let sender = grace.pair().unwrap().alias;
    loop {
        if let FeedItem::Volatile { sender: from, payload } = item(&mut hers).await {
            assert_eq!((from, &payload[..]), (sender, typing.as_bytes()));
            break;
        }
    }
    drop(theirs);
    while hers.members().len() > 1 {
        item(&mut hers).await;
    }
}

#[wasm_bindgen_test]
async fn calls_are_answered_by_the_application() {
    let (session, room) = (connect().await, room());
    within(session.publish(&room, said("hello")).await.unwrap()).await.unwrap();
    let older = serde_json::json!({
        "type": "older", "room": room.strip_prefix("room/").unwrap(), "before": 1_000, "count": 10,
    });
    let answer = ask(&session, older).await.unwrap();
    assert_eq!(answer["entries"][0]["said"]["text"], "hello");
}
