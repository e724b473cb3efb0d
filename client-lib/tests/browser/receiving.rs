//! Receiving: payloads that stay the browser's, Blobs, the limit, and the callback beside the stream.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use futures::StreamExt;
use rejoin::{BinaryType, ClosedBy, CopyError, Message, ReceiveLimits, State};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::common::{Place, is_closed, next, next_text, until, within};

#[wasm_bindgen_test]
async fn a_received_payload_is_read_in_every_way_offered() {
    let place = Place::new();
    let mut socket = place.connect("/echo").await;
    socket.send("grüße").await.unwrap();
    socket.send(&[1u8, 2, 3]).await.unwrap();
    let text = next(&mut socket).await;
    assert!(text.is_text() && !text.is_binary() && !text.is_blob() && !text.is_empty());
    assert_eq!((text.len(), text.to_text().as_deref(), text.to_vec()), (5, Some("grüße"), None));
    assert_eq!(text.copy_to(&mut [0; 5]), Err(CopyError::NotInMemory));
    assert_eq!(text.bytes().await.unwrap(), "grüße".as_bytes());
    assert!(matches!(text.to_frame(), Some(rejoin::Frame::Text(t)) if t == "grüße"));
    assert_eq!(text.clone().into_js().as_string().as_deref(), Some("grüße"));
    let binary = next(&mut socket).await;
    assert!(binary.is_binary() && !binary.is_text());
    assert_eq!((binary.len(), binary.to_text(), binary.to_vec()), (3, None, Some(vec![1, 2, 3])));
    let mut target = [0; 3];
    binary.copy_to(&mut target).unwrap();
    assert_eq!(target, [1, 2, 3]);
    assert_eq!(binary.copy_to(&mut [0; 4]), Err(CopyError::Length { message: 3, target: 4 }));
    assert_eq!(binary.bytes().await.unwrap(), [1, 2, 3]);
    assert!(js_sys::ArrayBuffer::is_view(&js_sys::Uint8Array::new(binary.as_js())));
    // A received message goes out again without a copy in Rust.
    for message in [text.to_message(), binary.to_message()] {
        socket.send(message).await.unwrap();
    }
    assert_eq!(next_text(&mut socket).await, "grüße");
    assert_eq!(next(&mut socket).await.to_vec().unwrap(), [1, 2, 3]);
}

#[wasm_bindgen_test]
async fn blobs_are_received_read_and_sent_on() {
    let place = Place::new();
    let builder = place.builder("/echo").binary_type(BinaryType::Blob);
    let mut socket = within(builder.connect()).await.unwrap();
    assert_eq!(socket.binary_type(), Some(BinaryType::Blob));
    socket.send(&[7u8, 8]).await.unwrap();
    socket.send("text").await.unwrap();
    let blob = next(&mut socket).await;
    assert!(blob.is_blob() && blob.is_binary());
    assert_eq!((blob.len(), blob.to_vec(), blob.to_text()), (2, None, None));
    assert!(blob.to_frame().is_none());
    assert_eq!(blob.copy_to(&mut [0; 2]), Err(CopyError::NotInMemory));
    assert_eq!(blob.bytes().await.unwrap(), [7, 8]);
    assert_eq!(next_text(&mut socket).await, "text");
    socket.send(blob.to_message()).await.unwrap();
    assert_eq!(next(&mut socket).await.bytes().await.unwrap(), [7, 8]);
}

#[wasm_bindgen_test]
async fn a_burst_of_ten_thousand_arrives_whole_and_in_order_through_the_stream() {
    let place = Place::new();
    let mut socket = place.connect("/burst?count=10000&size=20&kind=mixed").await;
    within(async {
        for n in 0..10_000u32 {
            let message = socket.next().await.unwrap();
            if n.is_multiple_of(2) {
                assert!(message.to_text().unwrap().starts_with(&format!("{n} ")));
            } else {
                assert_eq!(message.to_vec().unwrap()[..4], n.to_le_bytes());
            }
        }
    })
    .await;
    assert_eq!(socket.metrics().received, 10_000);
}

#[wasm_bindgen_test]
async fn a_burst_of_ten_thousand_arrives_whole_and_in_order_through_the_callback() {
    let place = Place::new();
    let socket = place.builder("/burst?count=10000&size=20").open().unwrap();
    let seen = Rc::new(Cell::new(0u32));
    let (counted, mut done) = (seen.clone(), futures::channel::mpsc::unbounded());
    let finished = done.0.clone();
    socket.set_on_message(Some(Box::new(move |message| {
        let n = counted.replace(counted.get() + 1);
        assert!(message.to_text().unwrap().starts_with(&format!("{n} ")));
        if n == 9_999 {
            finished.unbounded_send(()).unwrap();
        }
    })));
    within(done.1.next()).await.unwrap();
    assert_eq!((seen.get(), socket.untaken()), (10_000, 0));
}

#[wasm_bindgen_test]
async fn a_callback_set_late_gets_first_what_the_stream_had_not_yielded() {
    let place = Place::new();
    let mut socket = place.connect("/echo").await;
    for text in ["0", "1", "2"] {
        socket.send(text).await.unwrap();
    }
    assert_eq!(next_text(&mut socket).await, "0");
    while socket.untaken() < 2 {
        crate::common::settle().await;
    }
    let seen = Rc::new(RefCell::new(Vec::new()));
    let list = seen.clone();
    socket.set_on_message(Some(Box::new(move |message| list.borrow_mut().push(message.to_text().unwrap()))));
    assert_eq!(*seen.borrow(), ["1", "2"]);
    // Taken off again: the stream goes on.
    socket.set_on_message(None);
    socket.send("3").await.unwrap();
    assert_eq!(next_text(&mut socket).await, "3");
    assert_eq!(seen.borrow().len(), 2);
}

#[wasm_bindgen_test]
async fn a_callback_that_takes_itself_off_while_it_is_handed_the_backlog_leaves_the_rest_to_the_stream() {
    let place = Place::new();
    let mut socket = place.connect("/burst?count=3&size=1").await;
    while socket.untaken() < 3 {
        crate::common::settle().await;
    }
    let seen = Rc::new(Cell::new(0));
    let (counted, handle) = (seen.clone(), Rc::new(RefCell::new(Some(socket.handle()))));
    let taken = handle.clone();
    socket.set_on_message(Some(Box::new(move |_| {
        counted.set(counted.get() + 1);
        if let Some(handle) = taken.take() {
            handle.set_on_message(None);
        }
    })));
    assert_eq!(seen.get(), 1);
    assert!(next_text(&mut socket).await.starts_with("1 "));
    assert!(next_text(&mut socket).await.starts_with("2 "));
}

#[wasm_bindgen_test]
async fn more_received_than_taken_closes_the_connection_and_keeps_what_was_within_the_limit() {
    let place = Place::new();
    for limits in [ReceiveLimits::new(10, 1 << 20), ReceiveLimits::new(1_000, 640)] {
        let builder = place.builder("/burst?count=100&size=64").receive(limits);
        let mut socket = within(builder.connect()).await.unwrap();
        let State::Closed(Some(closed)) = until(&socket, is_closed).await else { unreachable!() };
        assert_eq!((closed.by, closed.was_open), (ClosedBy::Overflow, true));
        assert!(closed.reason.contains("receive limits"), "{}", closed.reason);
        for n in 0..10 {
            assert!(next_text(&mut socket).await.starts_with(&format!("{n} ")));
        }
        assert!(within(socket.next()).await.is_none(), "the stream ends behind what it had");
    }
    place.stats("opened.ge.2,alive.le.0").await;
}

#[wasm_bindgen_test]
async fn one_message_larger_than_the_byte_limit_is_taken_if_nothing_else_waits() {
    let place = Place::new();
    let builder = place.builder("/echo").receive(ReceiveLimits::new(10, 10));
    let mut socket = within(builder.connect()).await.unwrap();
    socket.send("x".repeat(1_000)).await.unwrap();
    assert_eq!(next(&mut socket).await.len(), 1_000);
    assert_eq!(socket.state(), State::Open);
}

#[wasm_bindgen_test]
async fn ten_megabytes_arrive_as_one_message() {
    let place = Place::new();
    let mut socket = place.connect("/echo").await;
    let big = Message::Binary(vec![0xa5; 10_000_000]);
    assert_eq!(big.len(), 10_000_000);
    socket.send(big).await.unwrap();
    let back = next(&mut socket).await;
    assert_eq!(back.len(), 10_000_000);
    assert!(back.to_vec().unwrap().iter().all(|byte| *byte == 0xa5));
}
