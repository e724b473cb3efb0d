//! What is told once, however much there is of it, and not before there is something.

use rejoin_protocol::Time;
use rejoin_protocol::session::{ClientEvent, Request, ServerConnection, SessionLimits, Task, Timing};
use rejoin_protocol::wire::{Body, Data, Frame, Since, Target};

use crate::feeds::{at, event, missing};
use crate::pair::Pair;

const NOW: Time = Time::from_millis(0);

fn whole(text: &str) -> Frame {
    Frame::Data(Data { binary: false, first: true, last: true, ack: None, payload: text.into() })
}

/// The first piece of a message.
fn piece() -> Frame {
    let payload = Body::from(vec![b'x'; 1_024]);
    Frame::Data(Data { binary: false, first: true, last: false, ack: None, payload })
}

fn words(pair: &mut Pair) -> usize {
    std::iter::from_fn(|| pair.client.poll_event()).filter(|event| *event == ClientEvent::Message).count()
}

#[test]
fn of_messages_that_wait_the_application_hears_one_word() {
    let mut pair = Pair::live();
    pair.client.handle(NOW, whole("one")).unwrap();
    pair.client.handle(NOW, whole("two")).unwrap();
    assert_eq!(words(&mut pair), 1);
    assert_eq!(pair.client.untaken(), 2 * (3 + 32));
    while pair.client.take(NOW).is_some() {}
    assert_eq!(pair.client.untaken(), 0);
    pair.client.handle(NOW, piece()).unwrap();
    assert_eq!(words(&mut pair), 0, "it is not there wholly");
    let rest = Data { binary: false, first: false, last: true, ack: None, payload: "y".into() };
    pair.client.handle(NOW, Frame::Data(rest)).unwrap();
    assert_eq!(words(&mut pair), 1);
}

#[test]
fn of_entries_in_a_row_the_application_hears_one_word_for_each_feed() {
    let mut pair = Pair::live();
    let mut follow = |channel| pair.client.subscribe(channel, Since::All).unwrap();
    let (room, hall) = (follow("room"), follow("hall"));
    pair.run();
    while pair.client.poll_event().is_some() {}
    for (number, offset) in [(0, 1), (0, 2), (1, 1), (0, 3)] {
        pair.client.handle(NOW, event(number, offset, 1)).unwrap();
    }
    let told: Vec<_> = std::iter::from_fn(|| pair.client.poll_event()).collect();
    assert_eq!(told, [room, hall, room].map(ClientEvent::Channel));
    pair.client.handle(NOW, Frame::Gap { subscription: 1, at: at(8), missing: missing() }).unwrap();
    assert_eq!(pair.client.poll_event(), Some(ClientEvent::Channel(hall)));
}

#[test]
fn a_server_is_asked_once_to_take_messages_and_for_all_else_as_often_as_it_came() {
    let mut pair = Pair::live();
    let limits = SessionLimits::default();
    let mut connection = ServerConnection::new(NOW, &pair.session, &limits, Timing::default());
    let mut asked = |frames: &[Frame]| {
        for frame in frames {
            connection.handle(NOW, &mut pair.session, frame.clone()).unwrap();
        }
        std::iter::from_fn(|| connection.poll_task()).collect::<Vec<_>>()
    };
    assert_eq!(asked(&[piece()]), [], "it is not there wholly");
    let rest = Data { binary: false, first: false, last: true, ack: None, payload: "y".into() };
    assert_eq!(asked(&[Frame::Data(rest), whole("two")]), [Task::Request(Request::Messages)]);
    let wave = || Frame::Volatile { target: Target::Session, sender: None, payload: "wave".into() };
    let waved = || Task::Request(Request::Volatile { subscription: None, payload: "wave".into() });
    assert_eq!(asked(&[wave(), wave()]), [waved(), waved()]);
}
