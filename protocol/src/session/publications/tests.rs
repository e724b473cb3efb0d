//! Tests of publications.

use super::*;

const NOW: Time = Time::from_millis(0);

fn publications() -> Publications {
    Publications::new(&SessionLimits::default(), false)
}

fn at(offset: u64) -> Answer {
    Answer::Appended(Position { offset, ..Position::default() })
}

fn publish(publications: &mut Publications, count: u64) {
    for n in 0..count {
        publications.publish("room", Body::from(b"x"), n).unwrap();
    }
}

fn sent(publications: &mut Publications, now: Time) -> Vec<u64> {
    core::iter::from_fn(|| publications.next_frame(now)).map(|publish| publish.number).collect()
}

#[test]
fn all_that_is_unanswered_goes_again_over_a_new_connection() {
    let mut publications = publications();
    publish(&mut publications, 3);
    assert_eq!(sent(&mut publications, NOW), [0, 1, 2]);
    let settled = publications.answered(NOW, "room", 0, at(1)).unwrap();
    assert!(matches!(settled, Consequence::Settled(Publication(0), Settlement::Durable(_))));
    publications.connected();
    assert_eq!(sent(&mut publications, NOW), [1, 2]);
}

#[test]
fn a_passing_refusal_holds_back_what_follows_and_is_heeded_once() {
    let mut publications = publications();
    publish(&mut publications, 3);
    sent(&mut publications, NOW);
    publications.answered(NOW, "room", 0, Answer::RetryAfter(500)).unwrap();
    assert_eq!(publications.deadline(), Some(Time::from_millis(500)));
    assert_eq!(publications.answered(NOW, "room", 1, Answer::Expected(0)), Ok(Consequence::Nothing));
    assert!(sent(&mut publications, Time::from_millis(499)).is_empty());
    assert_eq!(sent(&mut publications, Time::from_millis(500)), [0, 1, 2]);
    // The answer to the third of the first round comes late and turns nobody back again.
    publications.answered(NOW, "room", 2, Answer::Expected(0)).unwrap();
    assert!(sent(&mut publications, Time::from_millis(600)).is_empty());
    for number in 0..3 {
        let consequence = publications.answered(NOW, "room", number, at(number)).unwrap();
        assert!(matches!(consequence, Consequence::Settled(..)), "{number}");
    }
    assert_eq!(publications.pending(), (0, 0));
}

#[test]
fn an_expectation_alone_sends_the_client_back_too() {
    let mut publications = publications();
    publish(&mut publications, 3);
    sent(&mut publications, NOW);
    publications.answered(NOW, "room", 0, at(1)).unwrap();
    assert_eq!(publications.answered(NOW, "room", 1, Answer::Expected(1)), Ok(Consequence::Nothing));
    assert_eq!(sent(&mut publications, NOW), [1, 2]);
}

#[test]
fn an_answer_ahead_of_its_turn_to_what_was_sent_before_going_back_is_heard_later() {
    let mut publications = publications();
    publish(&mut publications, 3);
    sent(&mut publications, NOW);
    publications.answered(NOW, "room", 0, Answer::RetryAfter(0)).unwrap();
    publications.answered(NOW, "room", 1, Answer::Expected(0)).unwrap();
    // An older connection's publications reach the log just now.
    let already = |offset| Answer::Already(Position { offset, ..Position::default() });
    assert_eq!(publications.answered(NOW, "room", 2, already(3)), Ok(Consequence::Nothing));
    assert_eq!(sent(&mut publications, NOW), [0, 1, 2]);
    for number in 0..3 {
        let settled = publications.answered(NOW, "room", number, already(number + 1)).unwrap();
        assert!(matches!(settled, Consequence::Settled(..)), "{number}");
    }
    // Behind a conflict nothing is believed.
    publish(&mut publications, 2);
    sent(&mut publications, NOW);
    assert_eq!(publications.answered(NOW, "room", 3, Answer::Conflict), Ok(Consequence::Conflict));
    assert_eq!(publications.answered(NOW, "room", 4, already(5)).unwrap_err().code, 4400);
}

#[test]
fn an_expectation_below_what_is_settled_means_that_the_log_went_back() {
    let mut publications = publications();
    publish(&mut publications, 3);
    sent(&mut publications, NOW);
    for number in 0..2 {
        publications.answered(NOW, "room", number, at(number)).unwrap();
    }
    publications.connected();
    assert_eq!(sent(&mut publications, NOW), [2]);
    let consequence = publications.answered(NOW, "room", 2, Answer::Expected(1)).unwrap();
    assert_eq!(consequence, Consequence::LogWentBack);
    let lost: Vec<_> = core::iter::from_fn(|| publications.lose()).collect();
    assert_eq!(lost, [(Publication(2), Settlement::Unknown)]);
}

#[test]
fn no_more_lie_beyond_the_first_unanswered_than_a_server_remembers() {
    let mut publications = publications();
    publish(&mut publications, 2_000);
    assert_eq!(sent(&mut publications, NOW).len(), 1_024);
    publications.answered(NOW, "room", 0, at(0)).unwrap();
    assert_eq!(sent(&mut publications, NOW), [1_024]);
}

#[test]
fn answers_out_of_order_are_violations() {
    let mut publications = publications();
    publish(&mut publications, 2);
    assert!(publications.answered(NOW, "room", 0, at(0)).is_err(), "nothing was asked");
    sent(&mut publications, NOW);
    assert!(publications.answered(NOW, "hall", 0, at(0)).is_err());
    assert!(publications.answered(NOW, "room", 1, at(0)).is_err());
}

#[test]
fn what_was_never_transmitted_comes_back_when_the_identity_ends() {
    let mut publications = publications();
    publish(&mut publications, 1);
    sent(&mut publications, NOW);
    publish(&mut publications, 1);
    let lost: Vec<_> = core::iter::from_fn(|| publications.lose()).collect();
    assert_eq!(lost[0].1, Settlement::Unknown);
    assert_eq!(lost[1].1, Settlement::Unsent(Body::from(b"x")));
    assert_eq!(publications.publish("room", Body::new(), 9).unwrap().1, 0, "numbers begin anew");
}

#[test]
fn persistent_publications_go_once_stored_and_settle_once_forgotten() {
    let mut publications = Publications::new(&SessionLimits::default(), true);
    let (first, number) = publications.publish("room", Body::from(b"x"), 7).unwrap();
    assert_eq!(number, 0);
    assert!(!publications.wants_to_send(NOW));
    publications.stored(first);
    assert_eq!(sent(&mut publications, NOW), [0]);
    publications.answered(NOW, "room", 0, at(1)).unwrap();
    let (second, _) = publications.publish("room", Body::from(b"y"), 8).unwrap();
    publications.stored(second);
    assert_eq!(publications.next_frame(NOW).unwrap().settled, 0);
    publications.forgotten("room", 1);
    publications.connected();
    assert_eq!(publications.next_frame(NOW).unwrap().settled, 1);
}

#[test]
fn a_reloaded_page_goes_on_with_the_numbers_it_had_stored() {
    let mut publications = Publications::new(&SessionLimits::default(), true);
    let stored = Stored { number: 5, id: 1, payload: Body::from(b"x") };
    assert_eq!(publications.restore("room", 5, alloc::vec![stored]).len(), 1);
    assert_eq!(publications.publish("room", Body::new(), 2).unwrap().1, 6);
    assert_eq!(sent(&mut publications, NOW), [5]);
}

#[test]
fn limits_hand_the_payload_back() {
    let limits = SessionLimits { publications: 1, channels: 1, ..SessionLimits::default() };
    let mut publications = Publications::new(&limits, false);
    publications.agree(3);
    let large = publications.publish("room", Body::from(b"abcd"), 0).unwrap_err();
    assert_eq!((large.reason, large.message), (Refusal::TooLarge { limit: 3 }, Body::from(b"abcd")));
    publications.publish("room", Body::new(), 0).unwrap();
    assert_eq!(publications.publish("room", Body::new(), 1).unwrap_err().reason, Refusal::Full);
    sent(&mut publications, NOW);
    publications.answered(NOW, "room", 0, at(1)).unwrap();
    let reason = publications.publish("hall", Body::new(), 1).unwrap_err().reason;
    assert_eq!(reason, Refusal::TooMany { limit: 1 });
}
