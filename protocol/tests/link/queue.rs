//! Sending in every state, and the queue's limits.

use rejoin_protocol::{Event, LinkConfig, Output, Overflow, Refusal, Refused};

use crate::rig::{Rig, in_every_state};

fn limited(messages: usize, bytes: usize, overflow: Overflow) -> LinkConfig {
    let mut config = LinkConfig::default();
    config.queue.messages = messages;
    config.queue.bytes = bytes;
    config.queue.overflow = overflow;
    config
}

#[test]
fn a_message_is_transmitted_queued_or_handed_back_in_every_state() {
    for (name, mut rig) in in_every_state(&LinkConfig::default()) {
        let room = rig.link.has_room(3);
        let sent = rig.send(7, 3);
        match name {
            "open" => {
                assert!(sent.is_ok() && room);
                assert_eq!(rig.transmitted(), [7]);
            }
            "closing" | "closed" => {
                assert_eq!(sent, Err(Refused { message: 7, reason: Refusal::Closed }), "{name}");
                assert!(!room, "{name}");
            }
            _ => {
                assert!(sent.is_ok() && room, "{name}");
                assert_eq!(rig.link.queued(), (1, 3), "{name}");
                assert!(!rig.link.is_drained(), "{name}");
            }
        }
    }
}

#[test]
fn a_full_queue_hands_the_message_back() {
    for overflow in [Overflow::Wait, Overflow::Refuse] {
        let mut rig = Rig::new(limited(2, 10, overflow));
        assert_eq!(rig.link.overflow(), overflow);
        rig.open();
        rig.send(0, 6).unwrap();
        assert!(!rig.link.has_room(5));
        assert_eq!(rig.send(1, 5), Err(Refused { message: 1, reason: Refusal::Full }));
        rig.send(2, 4).unwrap();
        assert_eq!(rig.send(3, 0), Err(Refused { message: 3, reason: Refusal::Full }));
        rig.accept();
        assert_eq!(rig.transmitted(), [0, 2]);
        assert!(rig.link.has_room(5));
    }
}

#[test]
fn dropping_the_oldest_tells_which() {
    let mut rig = Rig::new(limited(2, 10, Overflow::DropOldest));
    rig.open();
    rig.send(0, 4).unwrap();
    rig.send(1, 4).unwrap();
    rig.take();
    rig.send(2, 10).unwrap();
    assert_eq!(rig.take(), [Output::Event(Event::Evicted(vec![0, 1]))]);
    rig.accept();
    assert_eq!(rig.transmitted(), [2]);
}

#[test]
fn a_message_larger_than_the_queue_goes_while_the_link_is_open_and_only_then() {
    let mut rig = Rig::new(limited(2, 10, Overflow::Wait));
    rig.open();
    let refused = rig.send(0, 11).unwrap_err();
    assert_eq!(refused.reason, Refusal::TooLarge { limit: 10 });
    assert!(!refused.reason.is_retryable());
    rig.accept();
    rig.send(1, 2 << 20).unwrap();
    assert_eq!(rig.transmitted(), [1]);
    // It may wait: its turn comes when the buffer has room.
    let refused = rig.send(2, 11).unwrap_err();
    assert_eq!(refused.reason, Refusal::Full);
    assert!(refused.reason.is_retryable());
    rig.says_buffered(0);
    assert!(rig.link.has_room(11));
    rig.send(2, 11).unwrap();
    assert_eq!(rig.transmitted(), [2]);
}

#[test]
fn a_queue_that_was_taken_goes_to_nobody_else() {
    let mut rig = Rig::opened(LinkConfig::default());
    rig.ends(1006);
    for message in 0..3 {
        rig.send(message, 5).unwrap();
    }
    assert_eq!(rig.link.take_queue(), [0, 1, 2]);
    assert_eq!(rig.link.queued(), (0, 0));
    rig.run_to_wake();
    rig.accept();
    assert_eq!(rig.transmitted(), [0; 0]);
}

#[test]
fn refusals_say_what_would_be_right() {
    assert!(Refusal::Full.to_string().contains("raise its limits"));
    assert!(Refusal::TooLarge { limit: 10 }.to_string().contains("10 bytes"));
    assert!(Refusal::Closed.to_string().contains("call reconnect first"));
}

#[test]
fn a_refused_message_is_spoken_of_by_its_reason() {
    let refused = Refused { message: 7, reason: Refusal::TooLarge { limit: 1_024 } };
    let said = refused.to_string();
    assert_eq!(said, Refusal::TooLarge { limit: 1_024 }.to_string());
    assert!(said.contains("1024") || said.contains("1,024"), "{said}");
}
