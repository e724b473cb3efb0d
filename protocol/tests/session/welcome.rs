//! What a server says in WELCOME, and how the client goes by it.

use std::time::Duration;

use rejoin_protocol::session::{
    ClientConfig, ClientSession, Greeting, ServerSession, SessionLimits, SessionMessage,
};
use rejoin_protocol::wire::{Body, Frame, Outcome, SessionId, Welcome};
use rejoin_protocol::{Refusal, Time};

use crate::pair::Pair;

const NOW: Time = Time::from_millis(0);

/// What a server with such a window says to a client that comes for the first time.
fn welcome(client: &mut ClientSession, window: u64, times: [Duration; 2]) -> Welcome {
    client.connected(NOW, None);
    let Some(Frame::Hello(hello)) = client.poll_transmit(NOW) else { panic!("HELLO is the first frame") };
    let mut limits = SessionLimits::default();
    limits.window = window;
    let greeting = Greeting {
        outcome: Outcome::Fresh,
        id: SessionId { born: 1, random: [1; 12] },
        token: [2; 32],
        incarnation: 1,
        alias: 3,
        protocol: None,
        max_publication: 1_000,
        max_publications: 16_384,
        max_channels: 256,
        max_auth: 16 << 10,
        ping_interval: times[0],
        ttl: times[1],
        instance: "one".into(),
    };
    match ServerSession::new(&limits, false).welcome(NOW, &hello, greeting) {
        (Frame::Welcome(welcome), _) => *welcome,
        other => panic!("{other:?} is no welcome"),
    }
}

fn client() -> ClientSession {
    ClientSession::new(ClientConfig::default())
}

#[test]
fn times_are_told_in_milliseconds_and_one_without_end_as_the_longest() {
    let tell = |times| {
        let welcome = welcome(&mut client(), 1 << 20, times);
        (welcome.ping_interval, welcome.ttl)
    };
    assert_eq!(tell([Duration::from_secs(25), Duration::from_secs(120)]), (25_000, 120_000));
    let longest = Duration::from_millis(1 << 50);
    assert_eq!(tell([longest, longest + Duration::from_millis(1)]), (1 << 50, 1 << 50));
    assert_eq!(tell([Duration::ZERO, Duration::MAX]), (0, 1 << 50));
}

#[test]
fn publications_are_bounded_by_what_the_server_takes() {
    let mut client = client();
    let welcome = welcome(&mut client, 1 << 20, [Duration::ZERO; 2]);
    client.handle(NOW, Frame::Welcome(Box::new(welcome))).unwrap();
    client.publish("room", Body::from(vec![1; 1_000]), 1).unwrap();
    let refused = client.publish("room", Body::from(vec![1; 1_001]), 2).unwrap_err();
    assert_eq!((refused.reason, refused.message.len()), (Refusal::TooLarge { limit: 1_000 }, 1_001));
}

#[test]
fn a_message_goes_in_pieces_of_a_quarter_of_the_servers_window() {
    for (window, piece) in [(64 << 10, 16 << 10), (128 << 10, 32 << 10), (1 << 20, 64 << 10)] {
        let mut pair = Pair::new();
        let welcome = welcome(&mut pair.client, window, [Duration::ZERO; 2]);
        pair.client.handle(NOW, Frame::Welcome(Box::new(welcome))).unwrap();
        pair.client.send(SessionMessage::binary(vec![1; 100_000])).unwrap();
        let Some(Frame::Data(data)) = pair.client.poll_transmit(NOW) else { panic!("it waits") };
        assert_eq!((data.payload.len(), data.last), (piece, false), "{window}");
    }
}
