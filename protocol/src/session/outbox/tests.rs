//! Tests of the sending half.

use super::*;
use alloc::vec;

fn outbox(credit: u64) -> Outbox {
    let mut outbox = Outbox::new(&SessionLimits::default());
    outbox.agree(1 << 20, 1 << 24);
    outbox.resume(0, credit);
    outbox
}

fn frames(outbox: &mut Outbox) -> Vec<Data> {
    core::iter::from_fn(|| outbox.next_frame()).collect()
}

#[test]
fn what_was_not_released_is_sent_again_from_what_was_received() {
    let mut outbox = outbox(1 << 20);
    for text in ["a", "b", "c"] {
        outbox.push(SessionMessage::text(text)).unwrap();
    }
    assert_eq!(frames(&mut outbox).len(), 3);
    outbox.acknowledged(Ack { released: 1, credit: 1 << 20 }).unwrap();
    assert!(outbox.can_resume(2, 66) && outbox.can_resume(1, 33) && outbox.can_resume(3, 99));
    assert!(!outbox.can_resume(0, 0) && !outbox.can_resume(4, 132) && !outbox.can_resume(2, 65));
    outbox.resume(2, 0);
    let again = frames(&mut outbox);
    assert_eq!((again.len(), &again[0].payload[..], outbox.resent), (1, &b"c"[..], 1));
}

#[test]
fn a_message_is_cut_to_the_credit_and_never_below_a_kibibyte() {
    let mut outbox = outbox(70_000);
    outbox.push(SessionMessage::binary(vec![7; 100_000])).unwrap();
    let sent = frames(&mut outbox);
    assert_eq!(sent.iter().map(|data| data.payload.len()).collect::<Vec<_>>(), [65_536, 4_400]);
    assert!(sent[0].first && !sent[0].last && !sent[1].first && !sent[1].last);
    outbox.acknowledged(Ack { released: 0, credit: 70_000 + 1_055 }).unwrap();
    assert!(frames(&mut outbox).is_empty());
    outbox.acknowledged(Ack { released: 0, credit: 70_000 + 1_056 }).unwrap();
    assert_eq!(frames(&mut outbox)[0].payload.len(), 1_024);
    outbox.acknowledged(Ack { released: 0, credit: 1 << 20 }).unwrap();
    let last = frames(&mut outbox);
    assert!(last[0].last && last.len() == 1);
}

#[test]
fn an_empty_message_costs_credit_too() {
    let mut outbox = outbox(63);
    outbox.push(SessionMessage::text("")).unwrap();
    outbox.push(SessionMessage::text("")).unwrap();
    let sent = frames(&mut outbox);
    assert_eq!((sent.len(), sent[0].first, sent[0].last), (1, true, true));
}

#[test]
fn what_was_transmitted_and_not_released_counts_against_the_queue() {
    let mut outbox = Outbox::new(&SessionLimits { queue_bytes: 200, ..SessionLimits::default() });
    outbox.resume(0, 1 << 20);
    for _ in 0..2 {
        outbox.push(SessionMessage::binary(vec![0; 68])).unwrap();
    }
    let full = outbox.push(SessionMessage::text("")).unwrap_err();
    assert_eq!(full.reason, Refusal::Full);
    assert_eq!(frames(&mut outbox).len(), 2);
    assert!(outbox.push(SessionMessage::text("")).is_err());
    outbox.acknowledged(Ack { released: 1, credit: 0 }).unwrap();
    outbox.push(SessionMessage::text("")).unwrap();
    let large = outbox.push(SessionMessage::binary(vec![0; 169])).unwrap_err();
    assert_eq!(large.reason, Refusal::TooLarge { limit: 168 });
}

#[test]
fn a_lost_numbering_hands_back_what_was_transmitted_and_keeps_the_rest() {
    let mut outbox = outbox(70_000);
    outbox.push(SessionMessage::text("a")).unwrap();
    outbox.push(SessionMessage::binary(vec![7; 100_000])).unwrap();
    outbox.push(SessionMessage::text("never")).unwrap();
    frames(&mut outbox);
    let unacked = outbox.lose(1 << 20);
    assert_eq!(unacked.iter().map(|message| message.body.len()).collect::<Vec<_>>(), [1, 100_000]);
    let rest = frames(&mut outbox);
    assert_eq!((rest.len(), &rest[0].payload[..]), (1, &b"never"[..]));
    assert_eq!((outbox.waiting(), outbox.unreleased()), ((0, 0), (1, 37)));
}

#[test]
fn releasing_what_was_never_sent_is_a_violation() {
    let mut outbox = outbox(1 << 20);
    outbox.push(SessionMessage::text("a")).unwrap();
    assert_eq!(outbox.acknowledged(Ack { released: 1, credit: 0 }).unwrap_err().code, 4402);
}

#[test]
fn messages_too_large_for_the_other_end_come_back_when_it_says_so() {
    let mut outbox = Outbox::new(&SessionLimits::default());
    outbox.push(SessionMessage::text("small")).unwrap();
    outbox.push(SessionMessage::text("too large")).unwrap();
    assert_eq!(outbox.agree(1 << 20, 5), [SessionMessage::text("too large")]);
    assert_eq!(outbox.waiting(), (1, 37));
}

#[test]
fn what_waits_can_be_taken_but_not_what_has_begun_to_go() {
    let mut outbox = outbox(1_100);
    outbox.push(SessionMessage::binary(vec![1; 2_000])).unwrap();
    outbox.push(SessionMessage::text("x")).unwrap();
    frames(&mut outbox);
    assert_eq!(outbox.take_waiting(), [SessionMessage::text("x")]);
    outbox.acknowledged(Ack { released: 0, credit: 9_999 }).unwrap();
    assert!(frames(&mut outbox)[0].last);
    assert_eq!(outbox.waiting(), (0, 0));
}

#[test]
fn counting_goes_on_beyond_32_bits_and_near_53() {
    for number in [(1_u64 << 32) - 2, (1 << 53) - 10] {
        let mut outbox = outbox(0);
        outbox.begin_at(number, number);
        outbox.acknowledged(Ack { released: number, credit: number + 1_000 }).unwrap();
        for _ in 0..4 {
            outbox.push(SessionMessage::text("x")).unwrap();
        }
        assert_eq!(frames(&mut outbox).len(), 4);
        outbox.acknowledged(Ack { released: number + 3, credit: number + 2_000 }).unwrap();
        assert!(outbox.can_resume(number + 4, number + 4 * 33));
        assert_eq!((outbox.first(), outbox.next()), (number + 3, number + 4));
    }
}
