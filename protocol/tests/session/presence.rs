//! Who follows a channel, and what those who follow tell each other without keeping it.

use rejoin_protocol::Time;
use rejoin_protocol::session::{ChannelEvent, ClientConfig, ClientSession, SubscriptionId};
use rejoin_protocol::wire::{Body, Frame, Member, Presence, Since, Target};

use crate::pair::Pair;

const NOW: Time = Time::from_millis(0);

/// A client that follows one channel and is listed in it, with so much room for volatile messages.
fn following(volatile_bytes: usize) -> (Pair, SubscriptionId) {
    let mut config = ClientConfig::default();
    config.limits.volatile_bytes = volatile_bytes;
    let mut pair = Pair::new();
    pair.client = ClientSession::new(config);
    pair.connect();
    pair.run();
    let feed = pair.client.subscribe_as("room", Since::Now, "here".into()).unwrap();
    assert!(!pair.client.volatile(Some(feed), "early".into()), "its feed has not begun");
    pair.run();
    assert!(matches!(pair.client.take_channel_event(feed), Some(ChannelEvent::Started(_))));
    (pair, feed)
}

#[test]
fn who_is_there_is_known_and_a_change_of_ones_own_is_told() {
    let (mut pair, feed) = following(1_000);
    let member = |alias, about: &str| Member { alias, about: about.into() };
    let all = vec![member(3, "here"), member(4, "there")];
    let presence = Presence::Full(all.clone());
    pair.client.handle(NOW, Frame::Presence { subscription: 0, presence }).unwrap();
    assert_eq!(pair.client.take_channel_event(feed), Some(ChannelEvent::Members));
    assert_eq!(pair.client.members(feed), all);
    pair.client.set_presence(feed, "busy".into()).unwrap();
    let presence = Presence::Changed(member(0, "busy"));
    assert_eq!(pair.client.poll_transmit(NOW), Some(Frame::Presence { subscription: 0, presence }));
}

#[test]
fn a_volatile_message_to_the_others_names_the_subscription() {
    let (mut pair, feed) = following(1_000);
    assert!(pair.client.volatile(Some(feed), "typing".into()));
    let target = Target::Subscription(0);
    let frame = Frame::Volatile { target, sender: None, payload: "typing".into() };
    assert_eq!(pair.client.poll_transmit(NOW), Some(frame));
}

#[test]
fn volatile_messages_that_are_not_taken_make_room_from_the_oldest_and_no_more_than_is_needed() {
    let (mut pair, feed) = following(100);
    // Each costs 32 bytes and its payload.
    let come = |pair: &mut Pair, lens: &[usize]| {
        for len in lens {
            let payload = Body::from(vec![b'x'; *len]);
            let target = Target::Subscription(0);
            pair.client.handle(NOW, Frame::Volatile { target, sender: Some(4), payload }).unwrap();
        }
        let told = std::iter::from_fn(|| pair.client.take_channel_event(feed)).map(|event| match event {
            ChannelEvent::Volatile { payload, .. } => payload.len(),
            other => panic!("{other:?} was not sent"),
        });
        told.collect::<Vec<_>>()
    };
    assert_eq!(come(&mut pair, &[68]), [68], "one may fill all of it");
    assert_eq!(come(&mut pair, &[18, 18]), [18, 18], "what was taken has made room");
    assert_eq!(come(&mut pair, &[8, 28, 8]), [28, 8], "the first has made room for the third");
    assert_eq!(come(&mut pair, &[69, 1]), [1], "one that never fits costs nobody its place");
}
