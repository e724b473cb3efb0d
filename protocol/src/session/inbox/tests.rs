//! Tests of the receiving half.

use super::*;
use alloc::vec;

const NOW: Time = Time::from_millis(1_000);

fn inbox() -> Inbox {
    sized(1_000)
}

fn sized(window: u64) -> Inbox {
    Inbox::new(&SessionLimits { window, max_message: 5_000, ..SessionLimits::default() }, false)
}

fn whole(len: usize) -> Data {
    piece(len, true, true)
}

fn piece(len: usize, first: bool, last: bool) -> Data {
    Data { binary: true, first, last, ack: None, payload: vec![1; len].into() }
}

#[test]
fn credit_grows_when_messages_are_taken_not_when_they_come() {
    let mut inbox = inbox();
    inbox.arrive(NOW, whole(468)).unwrap();
    inbox.arrive(NOW, whole(468)).unwrap();
    assert_eq!(inbox.arrive(NOW, whole(0)).unwrap_err().code, 4400);
    assert!(!inbox.ack_due(NOW + Duration::from_secs(9)), "there is nothing to tell");
    inbox.take(NOW).unwrap();
    assert!(inbox.ack_due(NOW));
    assert_eq!(inbox.tell(), Ack { released: 1, credit: 1_500 });
    inbox.arrive(NOW, whole(468)).unwrap();
}

#[test]
fn a_message_larger_than_the_window_makes_its_own_room() {
    let mut inbox = sized(1_100);
    let mut sent = 0;
    for n in 0..4 {
        inbox.arrive(NOW, piece(1_024, n == 0, n == 3)).unwrap();
        sent += 1_056;
        if n < 3 {
            assert!(inbox.ack_due(NOW));
            assert_eq!(inbox.tell().credit, sent + 1_100);
        }
    }
    assert_eq!(inbox.take(NOW).unwrap().0.body.len(), 4_096);
    let mut inbox = sized(1_100);
    for n in 0..4 {
        inbox.arrive(NOW, piece(1_024, n == 0, false)).unwrap();
        inbox.tell();
    }
    assert_eq!(inbox.arrive(NOW, piece(905, false, true)).unwrap_err().code, 4400);
    inbox.arrive(NOW, piece(904, false, true)).unwrap();
}

#[test]
fn fragments_that_do_not_fit_together_are_violations() {
    let mut inbox = sized(4_000);
    assert!(inbox.arrive(NOW, piece(1, false, true)).is_err());
    assert!(inbox.arrive(NOW, piece(1_023, true, false)).is_err());
    inbox.arrive(NOW, piece(1_024, true, false)).unwrap();
    assert!(inbox.arrive(NOW, whole(1)).is_err());
    assert!(inbox.arrive(NOW, piece(1_023, false, false)).is_err());
    assert!(inbox.arrive(NOW, piece(0, false, true)).is_err());
    assert!(inbox.arrive(NOW, Data { binary: false, ..piece(1, false, true) }).is_err());
    inbox.arrive(NOW, piece(1, false, true)).unwrap();
    let text = Data { binary: false, payload: b"\xff".into(), ..whole(0) };
    assert!(inbox.arrive(NOW, text).is_err());
}

#[test]
fn an_acknowledgement_waits_for_its_delay_at_most() {
    let mut inbox = sized(10_000);
    inbox.arrive(NOW, whole(1)).unwrap();
    inbox.take(NOW).unwrap();
    assert!(!inbox.ack_due(NOW));
    assert_eq!(inbox.ack_deadline(), Some(NOW + Duration::from_millis(250)));
    assert!(inbox.ack_due(NOW + Duration::from_millis(250)));
    assert!(!inbox.ack_rides(NOW) && inbox.ack_rides(NOW + Duration::from_millis(125)));
    inbox.hurry();
    assert!(inbox.ack_due(NOW));
}

#[test]
fn by_hand_a_message_is_released_when_it_was_stored() {
    let limits = SessionLimits::default();
    let mut inbox = Inbox::new(&limits, true);
    inbox.arrive(NOW, whole(1)).unwrap();
    let (_, taken) = inbox.take(NOW).unwrap();
    assert_eq!(inbox.tell(), Ack { released: 0, credit: limits.window + 33 });
    inbox.release(NOW, taken);
    assert_eq!(inbox.tell().released, 1);
}

#[test]
fn messages_of_a_lost_numbering_are_still_taken_and_count_against_the_window() {
    let mut inbox = Inbox::new(&SessionLimits { window: 2_000, ..SessionLimits::default() }, true);
    inbox.arrive(NOW, whole(468)).unwrap();
    inbox.arrive(NOW, piece(1_024, true, false)).unwrap();
    inbox.lose();
    assert_eq!((inbox.received(), inbox.pending(), inbox.tell().credit), (0, 500, 1_500));
    inbox.arrive(NOW, whole(100)).unwrap();
    let (old, stale) = inbox.take(NOW).unwrap();
    assert_eq!(old.body.len(), 468);
    inbox.release(NOW, stale);
    assert_eq!(inbox.tell(), Ack { released: 0, credit: 2_000 });
    let (_, taken) = inbox.take(NOW).unwrap();
    inbox.release(NOW, taken);
    assert_eq!(inbox.tell(), Ack { released: 1, credit: 2_132 });
}

#[test]
fn what_was_offered_for_another_numbering_is_made_up_for_at_once() {
    let mut inbox = sized(2_000);
    inbox.arrive(NOW, piece(1_900, true, false)).unwrap();
    assert_eq!(inbox.offer_credit(), 68);
    inbox.lose();
    assert_eq!(inbox.arrive(NOW, whole(37)).unwrap_err().code, 4400, "it has not been told of more");
    inbox.resume(NOW, 0);
    assert!(inbox.ack_due(NOW), "the sender could do nothing with so little");
    assert_eq!(inbox.tell().credit, 2_000);
}

#[test]
fn what_the_sender_holds_for_nothing_is_told_at_once_after_a_resume() {
    let mut inbox = inbox();
    inbox.arrive(NOW, whole(1)).unwrap();
    inbox.take(NOW).unwrap();
    inbox.tell();
    inbox.resume(NOW, 0);
    assert!(inbox.ack_due(NOW));
    inbox.tell();
    inbox.resume(NOW, 1);
    assert!(!inbox.ack_due(NOW));
}

#[test]
fn an_acknowledgement_rides_once_it_says_enough() {
    let mut inbox = Inbox::new(&SessionLimits { window: 64_000, ..SessionLimits::default() }, false);
    // Told of much before: only what is new counts.
    for _ in 0..20 {
        inbox.arrive(NOW, whole(100)).unwrap();
        inbox.take(NOW).unwrap();
    }
    inbox.tell();
    for n in 0..16 {
        assert!(!inbox.ack_rides(NOW), "{n} frames and {} bytes are not enough", n * 32);
        inbox.arrive(NOW, whole(0)).unwrap();
        inbox.take(NOW).unwrap();
    }
    assert!(inbox.ack_rides(NOW), "16 frames are a quarter of 64");
    inbox.tell();
    inbox.arrive(NOW, whole(967)).unwrap();
    inbox.take(NOW).unwrap();
    assert!(!inbox.ack_rides(NOW), "999 bytes");
    inbox.arrive(NOW, whole(0)).unwrap();
    inbox.take(NOW).unwrap();
    assert!(inbox.ack_rides(NOW), "a thousand are a sixty-fourth of the window");
}

#[test]
fn credit_alone_waits_for_its_delay_after_a_resume() {
    let mut inbox = Inbox::new(&SessionLimits::default(), true);
    inbox.arrive(NOW, whole(1)).unwrap();
    inbox.take(NOW).unwrap();
    inbox.resume(NOW, 0);
    assert!(!inbox.ack_due(NOW) && inbox.ack_due(NOW + Duration::from_millis(250)));
}
