//! Tests of subscriptions.

use super::*;
use crate::session::code;
use crate::wire::{Epoch, GapReason};

const ROOM: &str = "room";

fn subscriptions(window: u64) -> Subscriptions {
    Subscriptions::new(&SessionLimits {
        subscription_window: window,
        subscriptions: 2,
        ..SessionLimits::default()
    })
}

fn at(offset: u64) -> Position {
    Position { epoch: Epoch { ordinal: 1, id: 7 }, offset }
}

fn event(offset: u64, distance: u64, len: usize) -> Event {
    Event {
        subscription: 0,
        offset,
        distance,
        epoch: None,
        time: 0,
        publisher: 1,
        number: 0,
        payload: alloc::vec![0; len].into(),
    }
}

fn started(offset: u64, recovered: bool) -> SubOutcome {
    SubOutcome::Started { at: at(offset), recovered }
}

fn denial(code: u16) -> Denial {
    Denial { code, reason: String::new() }
}

/// One that follows from its beginning.
fn following(window: u64) -> (Subscriptions, SubscriptionId) {
    following_by(window, |all| all.subscribe(ROOM, Since::All).unwrap())
}

/// One that is listed as well.
fn listed(window: u64) -> (Subscriptions, SubscriptionId) {
    following_by(window, |all| all.subscribe_as(ROOM, Since::All, "me".into()).unwrap())
}

fn following_by(
    window: u64,
    subscribe: impl FnOnce(&mut Subscriptions) -> SubscriptionId,
) -> (Subscriptions, SubscriptionId) {
    let mut all = subscriptions(window);
    let id = subscribe(&mut all);
    all.next_sub().unwrap();
    all.started(0, started(0, true)).unwrap();
    assert_eq!(all.take(id), Some(ChannelEvent::Started(at(0))));
    (all, id)
}

fn sub(all: &mut Subscriptions) -> Subscribe {
    match all.next_sub() {
        Some(Frame::Sub(sub)) => sub,
        other => panic!("{other:?} came instead of SUB"),
    }
}

#[test]
fn a_cut_asks_again_from_where_it_stands_and_says_nothing_of_it() {
    let (mut all, id) = following(1_000);
    all.event(event(3, 3, 1)).unwrap();
    all.disconnected();
    all.connected();
    assert!(all.wants_sub());
    let again = sub(&mut all);
    assert_eq!((again.subscription, again.since), (0, Since::Position(at(3))));
    assert_eq!(again.credit, 1_000 - 33, "what waits counts");
    all.started(0, started(3, true)).unwrap();
    assert!(matches!(all.take(id), Some(ChannelEvent::Entry { position, .. }) if position == at(3)));
    assert_eq!((all.take(id), all.position(id)), (None, Some(at(3))));
}

#[test]
fn a_feed_that_goes_on_elsewhere_is_refused_unless_it_says_so() {
    for outcome in [started(4, true), started(3, false)] {
        let (mut all, _) = following(1_000);
        all.event(event(3, 3, 1)).unwrap();
        all.connected();
        all.next_sub();
        assert_eq!(all.started(0, outcome).unwrap_err().code, 4402);
    }
    let (mut all, id) = following(1_000);
    all.connected();
    all.next_sub();
    let missing = Missing { from: 1, to: 9, reason: GapReason::Trimmed };
    all.started(0, SubOutcome::Gap { at: at(9), missing }).unwrap();
    assert_eq!(all.take(id), Some(ChannelEvent::Gap { at: at(9), missing }));
    all.event(event(10, 1, 1)).unwrap();
}

#[test]
fn an_entry_must_be_the_next_and_paid_for() {
    for (offset, distance) in [(2, 1), (1, 0), (1, 2), (0, 0)] {
        let (mut all, _) = following(1_000);
        assert_eq!(all.event(event(offset, distance, 1)).unwrap_err().code, 4402, "{offset} {distance}");
    }
    let (mut all, _) = following(33);
    all.event(event(1, 1, 900)).unwrap();
    assert_eq!(all.event(event(2, 1, 1)).unwrap_err().code, 4400, "there is no credit");
    let mut asked = subscriptions(1_000);
    asked.subscribe(ROOM, Since::All).unwrap();
    assert_eq!(asked.event(event(1, 1, 1)).unwrap_err().code, 4400, "it was never asked for");
    asked.next_sub();
    assert_eq!(asked.event(event(1, 1, 1)).unwrap_err().code, 4400, "it was not answered");
    assert_eq!(
        asked.gap(0, at(1), Missing { from: 1, to: 1, reason: GapReason::Trimmed }).unwrap_err().code,
        4400
    );
    asked.started(0, started(0, true)).unwrap();
    assert_eq!(asked.started(0, started(0, true)).unwrap_err().code, 4400, "it is answered twice");
}

#[test]
fn credit_is_given_by_the_quarter_and_at_once_to_a_feed_that_waits() {
    let (mut all, id) = following(1_000);
    for offset in 1..=3 {
        all.event(event(offset, 1, 68)).unwrap();
    }
    for _ in 0..2 {
        all.take(id);
    }
    assert!(!all.wants_control());
    all.take(id);
    assert!(all.wants_control());
    assert_eq!(all.next_control(), Some(Frame::Credit { subscription: 0, credit: 1_300 }));
    assert_eq!(all.next_control(), None);
    all.event(event(4, 1, 968)).unwrap();
    assert!(!all.wants_control(), "there is no room");
    all.take(id);
    assert_eq!(all.next_control(), Some(Frame::Credit { subscription: 0, credit: 2_300 }));
}

#[test]
fn a_feed_that_was_ended_for_its_slowness_rests_until_there_is_room() {
    let (mut all, id) = following(200);
    for offset in 1..=2 {
        all.event(event(offset, 1, 68)).unwrap();
    }
    all.ended(0, denial(SLOW)).unwrap();
    assert!(!all.wants_sub() && all.number(id).is_none());
    all.take(id);
    assert_eq!(sub(&mut all).since, Since::Position(at(2)));
    all.started(1, started(2, true)).unwrap();
    all.ended(1, denial(SLOW)).unwrap();
    assert!(all.wants_sub(), "there is room enough by now");
}

#[test]
fn an_end_is_the_last_thing_that_is_told() {
    let (mut all, id) = listed(1_000);
    let member = Member { alias: 1, about: Body::new() };
    all.presence(0, Presence::Full(alloc::vec![member])).unwrap();
    all.ended(0, denial(4403)).unwrap();
    all.disconnected();
    all.connected();
    all.end(&denial(1000), |_| ());
    assert_eq!(all.take(id), Some(ChannelEvent::Members));
    assert_eq!((all.take(id), all.take(id)), (Some(ChannelEvent::Ended(denial(4403))), None));
    assert!(!all.wants_sub());
    let (mut all, id) = following(1_000);
    all.end(&denial(1000), |_| ());
    assert_eq!(all.take(id), Some(ChannelEvent::Ended(denial(1000))));
}

#[test]
fn a_refused_subscription_ends_and_makes_room_when_it_is_given_up() {
    let mut all = subscriptions(1_000);
    let first = all.subscribe(ROOM, Since::Now).unwrap();
    all.subscribe(ROOM, Since::Now).unwrap();
    assert_eq!(all.subscribe(ROOM, Since::Now).unwrap_err().reason, Refusal::TooMany { limit: 2 });
    all.next_sub();
    all.started(0, SubOutcome::Refused(denial(4403))).unwrap();
    assert!(all.has_event(first));
    all.unsubscribe(first);
    assert!(!all.has_event(first) && !all.wants_control(), "the server knows it");
    all.subscribe(ROOM, Since::Now).unwrap();
}

#[test]
fn what_still_comes_for_one_that_was_given_up_is_nobodys() {
    let (mut all, id) = following(1_000);
    all.unsubscribe(id);
    assert!(all.wants_control());
    assert_eq!(all.event(event(1, 1, 1)), Ok(None));
    assert_eq!(all.ended(0, denial(1)), Ok(None));
    assert_eq!(all.volatile(0, 1, Body::new()), Ok(None));
    assert_eq!(all.presence(0, Presence::Left(1)), Ok(None));
    assert_eq!(all.next_control(), Some(Frame::Unsub { subscription: 0, denial: denial(1000) }));
    assert!(!all.wants_control());
    assert_eq!(all.event(Event { subscription: 1, ..event(1, 1, 1) }).unwrap_err().code, 4400);
    let (mut all, id) = following(1_000);
    all.unsubscribe(id);
    all.connected();
    assert!(!all.wants_control(), "another connection does not know it");
}

#[test]
fn a_subscription_with_more_members_than_are_kept_ends_and_the_others_go_on() {
    let member = |alias, about: &str| Member { alias, about: about.into() };
    let kept = [
        Presence::Refused(denial(400)),
        Presence::Joined(member(1, "12345")),
        Presence::Joined(member(2, "12345")),
        // A change takes the place of what was there.
        Presence::Changed(member(2, "54321")),
        Presence::Left(1),
        Presence::Left(1),
        Presence::Joined(member(3, "1234")),
    ];
    let beyond = [
        Presence::Changed(member(3, "123456")),
        Presence::Joined(member(4, "")),
        Presence::Full((1..=3).map(|alias| member(alias, "")).collect()),
        Presence::Full(alloc::vec![member(1, "12345678901")]),
    ];
    for beyond in beyond {
        let limits =
            SessionLimits { members: 2, member_bytes: 10, presence_bytes: 0, ..SessionLimits::default() };
        let mut all = Subscriptions::new(&limits);
        let id = all.subscribe_as(ROOM, Since::All, Body::new()).unwrap();
        let other = all.subscribe("hall", Since::All).unwrap();
        for number in 0..2 {
            all.next_sub().unwrap();
            all.started(number, started(0, true)).unwrap();
        }
        while all.next_control().is_some() {}
        for presence in kept.clone() {
            assert_eq!(all.presence(0, presence), Ok(Some(id)));
        }
        assert_eq!(all.presence(0, beyond.clone()), Ok(Some(id)));
        let told: Vec<_> = core::iter::from_fn(|| all.take(id)).collect();
        assert!(
            matches!(told.last(), Some(ChannelEvent::Ended(denial)) if denial.code == code::TOO_MANY),
            "{beyond:?}: {told:?}"
        );
        assert!(matches!(all.next_control(), Some(Frame::Unsub { subscription: 0, .. })));
        assert_eq!(all.presence(0, Presence::Left(1)), Ok(None));
        assert_eq!(all.event(Event { subscription: 1, ..event(1, 1, 1) }), Ok(Some(other)));
    }
}

#[test]
fn members_come_go_and_are_forgotten_with_the_connection() {
    let (mut all, id) = listed(1_000);
    let member = |alias, about: &str| Member { alias, about: about.into() };
    all.presence(0, Presence::Full(alloc::vec![member(1, "a"), member(2, "b")])).unwrap();
    all.presence(0, Presence::Joined(member(3, "c"))).unwrap();
    all.presence(0, Presence::Changed(member(1, "d"))).unwrap();
    all.presence(0, Presence::Left(2)).unwrap();
    assert_eq!(all.members(id), [member(1, "d"), member(3, "c")]);
    assert_eq!((all.take(id), all.take(id)), (Some(ChannelEvent::Members), None), "one word is enough");
    all.disconnected();
    assert!(all.members(id).is_empty());
    assert_eq!(all.take(id), Some(ChannelEvent::Members));
    all.disconnected();
    assert_eq!(all.take(id), None);
}

#[test]
fn who_is_not_listed_knows_of_nobody_until_it_is() {
    let (mut all, id) = following(1_000);
    let member = Member { alias: 1, about: "a".into() };
    assert_eq!(all.presence(0, Presence::Joined(member.clone())), Ok(None));
    assert_eq!(all.take(id), None);
    assert!(all.members(id).is_empty());
    all.set_presence(id, "me".into()).unwrap();
    assert_eq!(all.presence(0, Presence::Joined(member.clone())), Ok(Some(id)));
    assert_eq!(all.take(id), Some(ChannelEvent::Members));
    assert_eq!(all.members(id), [member]);
}

#[test]
fn what_one_is_listed_with_is_told_once() {
    let mut all = subscriptions(1_000);
    let id = all.subscribe_as(ROOM, Since::Now, "a".into()).unwrap();
    all.set_presence(id, "b".into()).unwrap();
    assert_eq!(sub(&mut all).presence, Some("b".into()));
    all.set_presence(id, "c".into()).unwrap();
    assert!(!all.wants_control(), "it waits for its answer");
    all.started(0, started(0, true)).unwrap();
    assert!(all.wants_control());
    let presence = Presence::Changed(Member { alias: 0, about: "c".into() });
    assert_eq!(all.next_control(), Some(Frame::Presence { subscription: 0, presence }));
    assert_eq!(all.next_control(), None);
}

#[test]
fn volatile_messages_push_out_the_oldest_of_their_kind() {
    let limits = SessionLimits { volatile_bytes: 100, ..SessionLimits::default() };
    let mut all = Subscriptions::new(&limits);
    let id = all.subscribe(ROOM, Since::Now).unwrap();
    all.next_sub();
    all.started(0, started(0, true)).unwrap();
    for text in ["first", "second", "third"] {
        all.volatile(0, 1, text.into()).unwrap();
    }
    assert_eq!(all.volatile(0, 1, alloc::vec![0; 69].into()), Ok(None), "it never fits");
    let told: Vec<_> = core::iter::from_fn(|| all.take(id)).collect();
    let volatile = |text: &str| ChannelEvent::Volatile { sender: 1, payload: text.into() };
    assert_eq!(told, [ChannelEvent::Started(at(0)), volatile("second"), volatile("third")]);
    all.volatile(0, 1, alloc::vec![0; 68].into()).unwrap();
    assert!(all.has_event(id), "there is room again");
}

#[test]
fn one_is_listed_with_no_more_than_the_limit_and_nowhere_once_it_is_over() {
    let mut all = Subscriptions::new(&SessionLimits { presence_bytes: 3, ..SessionLimits::default() });
    let large = Refusal::TooLarge { limit: 3 };
    let refused = all.subscribe_as(ROOM, Since::Now, "four".into()).unwrap_err();
    assert_eq!((refused.message, refused.reason), ("four".into(), large));
    let id = all.subscribe_as(ROOM, Since::Now, "one".into()).unwrap();
    let refused = all.set_presence(id, "four".into()).unwrap_err();
    assert_eq!((refused.reason, refused.message), (large, "four".into()));
    assert_eq!(sub(&mut all).presence, Some("one".into()));
    all.set_presence(id, "two".into()).unwrap();
    all.end(&Denial::new(1000, ""), |_| ());
    let refused = all.set_presence(id, "one".into()).unwrap_err();
    assert_eq!((refused.reason, refused.message), (Refusal::Closed, "one".into()));
}

#[test]
fn a_refused_listing_is_told_once_with_its_newest_reason_and_the_feed_goes_on() {
    let mut all = subscriptions(1_000);
    let id = all.subscribe_as(ROOM, Since::All, "a".into()).unwrap();
    all.next_sub().unwrap();
    all.started(0, started(0, true)).unwrap();
    assert_eq!(all.take(id), Some(ChannelEvent::Started(at(0))));
    all.presence(0, Presence::Full(alloc::vec![Member { alias: 1, about: "a".into() }])).unwrap();
    for code in [400, 429] {
        assert_eq!(all.presence(0, Presence::Refused(denial(code))), Ok(Some(id)));
    }
    assert_eq!(all.take(id), Some(ChannelEvent::Members));
    assert_eq!(all.take(id), Some(ChannelEvent::NotListed(denial(429))));
    assert_eq!((all.take(id), all.members(id).len()), (None, 1));
    assert_eq!(all.presence(0, Presence::Refused(denial(403))), Ok(Some(id)));
    assert_eq!(all.take(id), Some(ChannelEvent::NotListed(denial(403))));
}
