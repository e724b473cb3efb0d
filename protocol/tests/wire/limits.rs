//! Limits hold to the byte, and before anything is allocated.

use rejoin_protocol::wire::*;

use crate::samples::{batch, bytes, read, read_within};

fn limits(set: impl FnOnce(&mut WireLimits)) -> WireLimits {
    let mut limits = WireLimits::default();
    set(&mut limits);
    limits
}

/// The message is read with a limit of `most`, and refused with one less.
fn holds(message: &[u8], most: usize, field: &str, set: impl Fn(&mut WireLimits, usize)) {
    assert!(read_within(message, &limits(|l| set(l, most))).is_ok(), "{field}: {most}");
    let error = read_within(message, &limits(|l| set(l, most - 1))).expect_err("it is beyond the limit");
    assert_eq!(error.fault, Fault::TooLarge { found: most as u64, most: most as u64 - 1 }, "{field}");
    assert_eq!(error.field, field);
}

fn hello(change: impl FnOnce(&mut Hello)) -> Vec<u8> {
    let mut hello = Hello::default();
    change(&mut hello);
    bytes(&Frame::Hello(Box::new(hello)))
}

#[test]
fn each_limit_is_held_to_the_byte() {
    let auth = bytes(&Frame::Auth(vec![0; 500].into()));
    holds(&auth, 501, "length", |l, n| l.max_frame = n);
    holds(&auth, 501, "length", |l, n| l.max_auth = n - 1);
    holds(&batch(&[auth]), 501, "length", |l, n| l.max_frame = n);

    let greeting = hello(|h| h.auth = Some(vec![0; 100].into()));
    holds(&greeting, greeting.len(), "length", |l, n| (l.max_hello, l.max_auth) = (n - 100, 100));
    holds(&greeting, 100, "auth", |l, n| l.max_auth = n);

    let cancel = bytes(&Frame::Cancel { id: 1 });
    holds(&batch(&vec![cancel; 7]), 7, "frames", |l, n| l.max_frames = n);

    let channel = "c".repeat(20);
    let publish = Publish {
        channel: channel.clone(),
        number: 0,
        settled: 0,
        id: 0,
        payload: Body::new(),
        withheld: None,
    };
    holds(&bytes(&Frame::Pub(publish)), 20, "channel", |l, n| l.max_channel = n);
    let answered = Frame::PubAck { channel: channel.clone(), number: 0, answer: Answer::Conflict };
    holds(&bytes(&answered), 20, "channel", |l, n| l.max_channel = n);
    let subscribe = Subscribe { subscription: 0, channel, since: Since::Now, credit: 0, presence: None };
    holds(&bytes(&Frame::Sub(subscribe)), 20, "channel", |l, n| l.max_channel = n);

    let denial = Denial { code: 4403, reason: "r".repeat(30) };
    let reply = Frame::Reply { id: 0, result: Err(denial) };
    holds(&bytes(&reply), 30, "reason", |l, n| l.max_reason = n);

    holds(&hello(|h| h.client = "n".repeat(9)), 9, "client", |l, n| l.max_name = n);
    holds(&hello(|h| h.protocols = vec!["n".repeat(9)]), 9, "protocol", |l, n| l.max_name = n);
    holds(&hello(|h| h.protocols = vec!["n".into(); 5]), 5, "protocols", |l, n| l.max_protocols = n);

    let members = vec![Member { alias: 1, about: Body::new() }; 6];
    let full = Frame::Presence { subscription: 0, presence: Presence::Full(members) };
    holds(&bytes(&full), 6, "members", |l, n| l.max_members = n);
}

#[test]
fn the_defaults_are_the_documented_ones() {
    let defaults = WireLimits::default();
    assert_eq!((defaults.max_frame, defaults.max_frames, defaults.max_hello), (1_048_576, 32_768, 4_096));
    assert_eq!((defaults.max_auth, defaults.hello_bytes()), (16_384, 20_480));
    assert_eq!((defaults.max_channel, defaults.max_reason, defaults.max_name), (255, 123, 255));
    assert_eq!((defaults.max_protocols, defaults.max_members), (32, 10_000));
}

#[test]
fn lengths_and_counts_beyond_the_message_are_refused() {
    const LARGEST: [u8; 8] = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f];
    let unlimited = limits(|l| {
        l.max_frame = usize::MAX;
        l.max_channel = usize::MAX;
        l.max_members = usize::MAX;
        l.max_protocols = usize::MAX;
        l.max_name = usize::MAX;
    });
    // PUB with a channel, PRESENCE with a full list, a batch's part, each of the largest length there is.
    for start in [&[0x30][..], &[0x26, 0, 0], &[0x08]] {
        let message = [start, &LARGEST, b"x"].concat();
        let error = read_within(&message, &unlimited).unwrap_err();
        assert!(matches!(error.fault, Fault::Truncated { .. }), "{message:02x?}: {error}");
        let error = read(&message).unwrap_err();
        assert!(matches!(error.fault, Fault::TooLarge { .. }), "{message:02x?}: {error}");
    }
    // HELLO with the largest count of subprotocols, which is the third field from its end.
    let mut message = hello(|_| {});
    message.truncate(message.len() - 3);
    message.extend(LARGEST);
    assert!(matches!(read_within(&message, &unlimited).unwrap_err().fault, Fault::Truncated { .. }));
}
