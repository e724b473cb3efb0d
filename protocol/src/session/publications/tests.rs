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
    publications.agree(agreed(3, 9, 9));
    let large = publications.publish("room", Body::from(b"abcd"), 0).unwrap_err();
    assert_eq!((large.reason, large.message), (Refusal::TooLarge { limit: 3 }, Body::from(b"abcd")));
    publications.publish("room", Body::new(), 0).unwrap();
    assert_eq!(publications.publish("room", Body::new(), 1).unwrap_err().reason, Refusal::Full);
}

fn agreed(payload: u64, publications: u64, channels: u64) -> Agreed {
    Agreed { payload, publications, channels }
}

/// Answers the oldest publication of a channel that was sent.
fn answer(publications: &mut Publications, channel: &str, number: u64) {
    let consequence = publications.answered(NOW, channel, number, at(number)).unwrap();
    assert!(matches!(consequence, Consequence::Settled(..)), "{channel} {number}: {consequence:?}");
}

#[test]
fn a_thousand_channels_one_after_another_keep_their_numbers() {
    let mut publications = publications();
    for round in 0..3 {
        for channel in 0..1_000 {
            let name = alloc::format!("room {channel}");
            assert_eq!(publications.publish(&name, Body::new(), 1).unwrap().1, round);
            assert_eq!(sent(&mut publications, NOW), [round]);
            if channel % 7 == 0 {
                publications.connected();
                assert_eq!(sent(&mut publications, NOW), [round], "it goes again after a cut");
            }
            answer(&mut publications, &name, round);
            assert!(publications.channels.is_empty());
        }
    }
    assert_eq!(publications.numbered.len(), 1_000);
}

#[test]
fn too_many_channels_without_answers_are_named_and_make_room_by_answers() {
    let mut publications = publications();
    let name = |channel: usize| alloc::format!("room {channel}");
    for channel in 0..256 {
        publications.publish(&name(channel), Body::new(), 1).unwrap();
    }
    let refused = publications.publish("one more", Body::from(b"x"), 1).unwrap_err();
    assert_eq!(
        (refused.reason, refused.message),
        (Refusal::TooManyChannels { limit: 256 }, Body::from(b"x"))
    );
    assert!(refused.reason.is_retryable());
    assert!(alloc::format!("{}", refused.reason).contains("256 channels"));
    publications.publish(&name(9), Body::new(), 2).unwrap();
    assert_eq!(sent(&mut publications, NOW).len(), 257);
    publications.connected();
    assert_eq!(sent(&mut publications, NOW).len(), 257);
    answer(&mut publications, &name(9), 0);
    assert!(publications.publish("one more", Body::new(), 1).is_err(), "another has no answer there");
    answer(&mut publications, &name(9), 1);
    assert_eq!(publications.publish("one more", Body::new(), 1).unwrap().1, 0);
}

#[test]
fn the_channels_whose_numbers_are_kept_are_bounded() {
    let limits = SessionLimits { channels: 1, numbered_channels: 2, ..SessionLimits::default() };
    let mut publications = Publications::new(&limits, false);
    for name in ["a", "b"] {
        publications.publish(name, Body::new(), 1).unwrap();
        sent(&mut publications, NOW);
        answer(&mut publications, name, 0);
    }
    let reason = publications.publish("c", Body::new(), 1).unwrap_err().reason;
    assert_eq!(reason, Refusal::TooMany { limit: 2 });
    assert_eq!(publications.publish("a", Body::new(), 1).unwrap().1, 1);
    while publications.lose().is_some() {}
    assert_eq!(publications.publish("c", Body::new(), 1).unwrap().1, 0, "of another identity there are none");
}

#[test]
fn a_channel_is_kept_until_the_store_has_forgotten_its_publications() {
    let mut publications = Publications::new(&SessionLimits::default(), true);
    let (first, _) = publications.publish("room", Body::new(), 7).unwrap();
    publications.stored(first);
    sent(&mut publications, NOW);
    answer(&mut publications, "room", 0);
    assert_eq!(publications.channels.len(), 1);
    publications.forgotten("room", 1);
    assert!(publications.channels.is_empty());
    let (second, number) = publications.publish("room", Body::new(), 8).unwrap();
    publications.stored(second);
    let publish = publications.next_frame(NOW).unwrap();
    assert_eq!((number, publish.number, publish.settled), (1, 1, 1));
    let mut reloaded = Publications::new(&SessionLimits::default(), true);
    assert!(reloaded.restore("room", 5, Vec::new()).is_empty());
    assert!(reloaded.channels.is_empty());
    assert_eq!(reloaded.publish("room", Body::new(), 9).unwrap().1, 5);
}

#[test]
fn no_more_go_without_an_answer_than_the_server_takes_and_each_channel_has_its_turn() {
    let mut publications = publications();
    publications.agree(agreed(100, 3, 2));
    for channel in ["a", "b", "c"] {
        for id in 0..4 {
            publications.publish(channel, Body::new(), id).unwrap();
        }
    }
    let mut order = alloc::string::String::new();
    let mut asked = VecDeque::new();
    loop {
        while let Some(publish) = publications.next_frame(NOW) {
            order.push_str(&publish.channel);
            asked.push_back((publish.channel, publish.number));
        }
        let channels: alloc::collections::BTreeSet<_> = asked.iter().map(|(channel, _)| channel).collect();
        assert!(asked.len() <= 3 && channels.len() <= 2, "{asked:?}");
        let Some((channel, number)) = asked.pop_front() else { break };
        answer(&mut publications, &channel, number);
    }
    assert_eq!((order.len(), publications.pending()), (12, (0, 0)));
    assert!(order.starts_with("abc"), "one waits until a channel has all its answers: {order}");
}

#[test]
fn what_waited_and_is_too_large_for_the_server_goes_without_its_payload_and_holds_nothing_back() {
    let mut publications = publications();
    for len in [4, 3] {
        publications.publish("room", Body::from(alloc::vec![1; len]), 1).unwrap();
    }
    publications.agree(agreed(3, 9, 9));
    let large = publications.next_frame(NOW).unwrap();
    assert_eq!((large.number, large.payload, large.withheld), (0, Body::new(), Some(4)));
    let small = publications.next_frame(NOW).unwrap();
    assert_eq!((small.number, small.payload.len(), small.withheld), (1, 3, None));
    let denial = Denial { code: 1009, reason: "3 bytes are the most".into() };
    let refused = publications.answered(NOW, "room", 0, Answer::Refused(denial.clone())).unwrap();
    assert!(matches!(refused, Consequence::Settled(_, Settlement::Refused(why)) if why == denial));
    answer(&mut publications, "room", 1);
    // Another server takes more.
    publications.agree(agreed(100, 9, 9));
    publications.publish("room", Body::from(alloc::vec![1; 100]), 1).unwrap();
    assert_eq!(publications.next_frame(NOW).unwrap().withheld, None);
    publications.agree(agreed(99, 9, 9));
    publications.connected();
    assert_eq!(publications.next_frame(NOW).unwrap().withheld, Some(100));
}

#[test]
fn a_server_can_put_a_publication_off_for_ten_minutes_at_most() {
    let mut publications = publications();
    publish(&mut publications, 1);
    for wait in [u64::MAX, 1 << 53, 600_001] {
        sent(&mut publications, Time::from_millis(600_000));
        publications.answered(NOW, "room", 0, Answer::RetryAfter(wait)).unwrap();
        assert_eq!(publications.deadline(), Some(Time::from_millis(600_000)));
    }
}
