//! The application: it does everything at the wrong moment.

use rejoin_protocol::{Close, ClosedBy, Link, Overflow, Refusal, State};

use crate::plan::{MILLI, SECOND};
use crate::socket::Freight;
use crate::world::{Happening, World};

impl World {
    pub(crate) fn act(&mut self) {
        if self.calm {
            if self.link.state() == State::Closed {
                self.open();
            }
            self.after(5 * SECOND, Happening::Act);
            return;
        }
        match self.random.between(0, 99) {
            0..=97 if self.plan.chatter => {
                self.send();
                self.tell_buffered("buffered");
            }
            0..=59 => {
                for _ in 0..self.random.pick(&[1, 1, 1, 3, 20]) {
                    self.send();
                }
            }
            60..=69 => self.transmit_directly(),
            70..=74 => self.watch_drain(),
            75..=82 => self.tell_buffered("buffered"),
            83 | 84 => self.close(),
            85 | 86 => self.reconnect(),
            87 => self.abort(),
            88 => self.stop(),
            89 => self.take_queue(),
            _ => self.open(),
        }
        let pause = match self.random.percent(20) {
            true => self.random.between(0, MILLI),
            false => self.random.between(MILLI, self.plan.idle),
        };
        self.after(pause, Happening::Act);
    }

    fn open(&mut self) {
        self.ledger.begin_step();
        if self.link.state() == State::Closed {
            self.ledger.asked_to_connect();
        }
        self.step("open", Link::open);
        assert_ne!(self.link.state(), State::Closed, "opened, and closed");
    }

    fn reconnect(&mut self) {
        self.ledger.begin_step();
        self.ledger.asked_to_connect();
        self.step("reconnect", Link::reconnect);
        assert!(matches!(self.link.state(), State::Connecting { attempt: 1 }));
    }

    fn close(&mut self) {
        self.ledger.begin_step();
        self.ledger.asked_to_close();
        let close = self.random.pick(&[None, Some(1000), Some(3000), Some(4999)]);
        let close = close.map_or_else(Close::without_code, |code| Close::new(code, "bye").unwrap());
        self.step("close", |link, now| link.close(now, close));
        assert!(matches!(self.link.state(), State::Closing | State::Closed));
    }

    fn abort(&mut self) {
        self.ledger.begin_step();
        self.ledger.aborting = true;
        let by = self.random.pick(&[ClosedBy::Overflow, ClosedBy::Network]);
        let had_socket = self.link.generation().is_some();
        self.step("abort", |link, now| link.abort(now, by, "too much"));
        let left = matches!(self.link.state(), State::Waiting { .. } | State::Closed);
        assert!(!had_socket || left, "aborted, and goes on");
        assert!(!had_socket || by != ClosedBy::Overflow || self.link.state() == State::Closed);
    }

    fn stop(&mut self) {
        self.ledger.begin_step();
        let waiting = matches!(self.link.state(), State::Waiting { .. });
        self.step("stop", Link::stop);
        assert!(!waiting || self.link.state() == State::Closed, "stopped, and waits");
    }

    fn take_queue(&mut self) {
        self.ledger.begin_step();
        self.coverage.note("take_queue", self.link.state());
        let taken = self.link.take_queue();
        self.ledger.taken(&taken);
        self.drain("take_queue");
    }

    fn watch_drain(&mut self) {
        self.ledger.begin_step();
        self.step("watch_drain", Link::watch_drain);
        let (state, drained) = (self.link.state(), self.link.is_drained());
        if state == State::Open && !drained {
            self.coverage.note("watches drain", state);
        }
    }

    fn transmit_directly(&mut self) {
        self.ledger.begin_step();
        let (message, len) = self.next();
        let generation = self.link.try_transmit(len as usize);
        self.coverage.note("try_transmit", self.link.state());
        self.trace(&format_args!("try_transmit {message} of {len} bytes: {generation:?}"));
        if let Some(generation) = generation {
            self.coverage.note("transmitted directly", self.link.state());
            self.ledger.transmitted_directly(generation, len as usize);
            self.push_up(generation, Freight::Message(message), len);
            self.drain("try_transmit");
        }
    }

    fn next(&mut self) -> (u32, u64) {
        let message = self.next_message;
        self.next_message += 1;
        (message, self.message_len(message))
    }

    /// Sends the next message and checks that what is said of it is true.
    pub(crate) fn send(&mut self) {
        let (message, len) = self.next();
        let len = len as usize;
        self.ledger.begin_step();
        let state = self.link.state();
        let has_room = self.link.has_room(len);
        let overflow = self.link.overflow();
        let before = self.link.queued();
        self.coverage.note("send", state);
        let sent = self.link.send(rejoin_protocol::Time::from_micros(self.now), message, len);
        self.trace(&format_args!("send {message} of {len} bytes: {sent:?}"));
        match sent {
            Ok(()) => {
                assert!(has_room || overflow == Overflow::DropOldest, "taken without room");
                self.ledger.accepted(message, len);
            }
            Err(refused) => {
                assert_eq!(refused.message, message, "hands back another message");
                assert!(!has_room, "refused although there is room");
                assert_eq!(self.link.queued(), before, "refused, and the queue is another");
                self.refused(refused.reason, state, overflow, len);
            }
        }
        self.drain("send");
    }

    fn refused(&mut self, reason: Refusal, state: State, overflow: Overflow, len: usize) {
        let limits = self.plan.config.queue;
        let what = match reason {
            Refusal::Full => {
                let never = limits.messages == 0 || len > limits.bytes;
                assert!(overflow != Overflow::DropOldest || never, "full although the oldest could go");
                "refused: full"
            }
            Refusal::TooLarge { limit } => {
                assert!(len > limit && limit == limits.bytes && state != State::Open);
                "refused: too large"
            }
            Refusal::Closed => {
                assert!(matches!(state, State::Closed | State::Closing), "closed in {state:?}");
                "refused: closed"
            }
            other => panic!("an unknown refusal: {other:?}"),
        };
        self.coverage.note(what, state);
    }
}
