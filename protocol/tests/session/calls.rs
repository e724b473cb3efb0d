//! Calls at the server's end: how many may be under way, and for how long.

use std::time::Duration;

use rejoin_protocol::Time;
use rejoin_protocol::session::{Request, ServerConnection, SessionLimits, Task, Timing, code};
use rejoin_protocol::wire::{Body, Frame};

use crate::pair::Pair;

const NOW: Time = Time::from_millis(0);

struct Server {
    connection: ServerConnection,
    pair: Pair,
}

impl Server {
    fn new(call_bytes: u64) -> Self {
        let pair = Pair::live();
        let mut limits = SessionLimits::default();
        limits.call_bytes = call_bytes;
        let connection = ServerConnection::new(NOW, &pair.session, &limits, Timing::default());
        Self { connection, pair }
    }

    fn call(&mut self, id: u64, timeout: u64, len: usize) -> Option<Task> {
        let payload = Body::from(vec![1; len]);
        let frame = Frame::Call { id, timeout, payload };
        self.connection.handle(NOW, &mut self.pair.session, frame).unwrap();
        self.connection.poll_task()
    }

    /// Whether a call of so many bytes is taken; one that is not is denied at once.
    fn takes(&mut self, id: u64, len: usize) -> bool {
        let taken = self.call(id, 1_000, len).is_some();
        match self.connection.poll_transmit(NOW, &mut self.pair.session) {
            None => assert!(taken),
            Some(Frame::Reply { id: denied, result: Err(denial) }) => {
                assert_eq!((taken, denied, denial.code), (false, id, code::TOO_MANY));
            }
            other => panic!("{other:?} was not asked for"),
        }
        taken
    }
}

#[test]
fn calls_under_way_are_bounded_in_bytes_to_the_last_one_and_make_room_when_they_are_answered() {
    // Each costs 32 bytes and its payload.
    let mut server = Server::new(100);
    assert!(server.takes(1, 4));
    assert!(!server.takes(2, 33));
    assert!(server.takes(3, 32), "that fills it");
    server.connection.reply(1, Ok(Body::new()));
    assert!(server.connection.poll_transmit(NOW, &mut server.pair.session).is_some());
    assert!(server.takes(4, 4), "as much as was given back");
    assert!(!server.takes(5, 0));
}

#[test]
fn a_call_is_waited_for_as_long_as_it_says_and_a_day_at_most() {
    let mut server = Server::new(1_000);
    let day = 24 * 3_600 * 1_000;
    for (id, (said, waited)) in [(5, 5), (day, day), (day + 1, day), (1 << 50, day)].into_iter().enumerate() {
        let Some(Task::Request(Request::Call { timeout, .. })) = server.call(id as u64, said, 1) else {
            panic!("it is to be answered")
        };
        assert_eq!(timeout, Duration::from_millis(waited));
    }
}
