//! What is written comes back.

use rejoin_protocol::session::Pair;
use rejoin_protocol::wire::{Body, Data, Frame, SessionId, WireLimits, decode};

use crate::samples::{INTEGERS, bytes, frames, read};

/// Enough turns for every field to take every value.
const TURNS: usize = 36;

#[test]
fn every_kind_of_frame_comes_back_as_it_was_written() {
    for turn in 0..TURNS {
        for frame in frames(turn) {
            let message = bytes(&frame);
            assert_eq!(read(&message), Ok(vec![frame.clone()]), "{frame:?} {message:02x?}");
        }
    }
}

#[test]
fn no_type_is_without_a_sample() {
    let types: std::collections::BTreeSet<u8> = frames(0).iter().map(|frame| bytes(frame)[0]).collect();
    for first in 0..=255_u8 {
        let known = read(&[first]).err().is_none_or(|error| !error.to_string().contains("no type of frame"));
        assert_eq!(known, types.contains(&first) || first == 0x08, "type {first:#04x}");
    }
}

#[test]
fn frames_of_integers_take_every_edge() {
    for id in INTEGERS {
        assert_eq!(read(&bytes(&Frame::Cancel { id })), Ok(vec![Frame::Cancel { id }]));
    }
}

#[test]
fn a_frame_is_appended_to_what_is_there() {
    let mut out = b"before".to_vec();
    Frame::Cancel { id: 5 }.encode(&mut out);
    assert_eq!(out, b"before\x42\x05");
}

#[test]
fn payloads_are_slices_of_the_message() {
    let data = Data { binary: true, first: true, last: true, ack: None, payload: vec![1; 1000].into() };
    let message = Body::from(bytes(&Frame::Data(data)));
    let Some(Ok(Frame::Data(data))) = decode(&message, &WireLimits::default()).next() else {
        panic!("it is DATA");
    };
    assert!(std::ptr::eq(&raw const message[1], &raw const data.payload[0]));
}

#[test]
fn session_ids_sort_by_birth_in_bytes_too() {
    let write = |born, fill| {
        let id = SessionId { born, random: [fill; 12] };
        let resume = rejoin_protocol::wire::Resume { id, token: [0; 32], incarnation: None };
        bytes(&Frame::Hello(Box::new(rejoin_protocol::wire::Hello {
            resume: Some(resume),
            ..Default::default()
        })))
    };
    assert!(write(255, 9) < write(256, 0));
    assert!(write((1 << 40) - 1, 9) < write(1 << 40, 0));
}

#[test]
fn what_proves_a_session_is_not_shown() {
    let (mut hellos, mut welcomes) = (0, 0);
    for frame in (0..TURNS).flat_map(frames) {
        let token = match &frame {
            Frame::Hello(hello) => {
                let Some(resume) = hello.resume else { continue };
                hellos += 1;
                resume.token
            }
            Frame::Welcome(welcome) => {
                welcomes += 1;
                welcome.token
            }
            _ => continue,
        };
        let shown = format!("{frame:?}");
        assert!(!shown.contains(&format!("{token:?}")) && !shown.contains("token"), "{shown}");
    }
    assert!(hellos > 0 && welcomes > 0);
    let pair = Pair { id: SessionId { born: 1, random: [2; 12] }, token: [3; 32], alias: 4, attempt: 5 };
    assert!(!format!("{pair:?}").contains("3, 3"), "{pair:?}");
}
