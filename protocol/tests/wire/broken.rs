//! What breaks the format is refused, by name and place, and nothing panics.

use rejoin_protocol::wire::{Body, Fault, Frame, MAX_INTEGER, WireError, WireLimits, decode};
use rejoin_test_support::Random;

use crate::samples::{bytes, frames, read};

fn fault(message: &[u8]) -> (Fault, &'static str, usize) {
    let error = read(message).expect_err("it is broken");
    (error.fault, error.field, error.at)
}

#[test]
fn a_frame_that_breaks_off_is_refused_unless_its_payload_takes_the_rest() {
    for turn in 0..8 {
        for frame in frames(turn) {
            let message = bytes(&frame);
            let payload = payload_length(&frame);
            for length in 0..message.len() {
                let short = read(&message[..length]);
                match payload {
                    Some(payload) if length + payload >= message.len() => {
                        let short = short.unwrap();
                        assert_eq!(bytes(&short[0]), message[..length], "{frame:?} at {length}");
                    }
                    _ => assert!(short.is_err(), "{frame:?} at {length}"),
                }
            }
        }
    }
}

/// The length of the payload that takes the rest of a frame, if it has one.
fn payload_length(frame: &Frame) -> Option<usize> {
    use rejoin_protocol::wire::Presence;
    Some(match frame {
        Frame::Data(data) => data.payload.len(),
        Frame::Event(event) => event.payload.len(),
        Frame::Pub(publish) => publish.payload.len(),
        Frame::Volatile { payload, .. } | Frame::Call { payload, .. } | Frame::Auth(payload) => payload.len(),
        Frame::Reply { result, .. } => result.as_ref().ok()?.len(),
        Frame::Sub(subscribe) => subscribe.presence.as_ref()?.len(),
        Frame::Presence { presence: Presence::Joined(member) | Presence::Changed(member), .. } => {
            member.about.len()
        }
        _ => return None,
    })
}

#[test]
fn bytes_behind_the_last_field_are_refused() {
    let withheld = |frame: &Frame| matches!(frame, Frame::Pub(publish) if publish.withheld.is_some());
    for frame in frames(1).iter().filter(|frame| payload_length(frame).is_none() || withheld(frame)) {
        let mut message = bytes(frame);
        let end = message.len();
        message.extend([0, 0]);
        assert_eq!(fault(&message), (Fault::Trailing { bytes: 2 }, "end", end), "{frame:?}");
    }
}

#[test]
fn no_flipped_bit_panics_and_what_is_still_read_is_written_the_same() {
    let limits = WireLimits::default();
    for frame in frames(2).iter().chain(&frames(5)) {
        let message = bytes(frame);
        for bit in 0..message.len() * 8 {
            let mut flipped = message.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let body = Body::from(flipped.clone());
            for read in decode(&body, &limits).flatten() {
                // A HELLO of a newer version is written as one of this.
                if flipped[0] != 0x08 && flipped[0] != 0x01 {
                    assert_eq!(bytes(&read), flipped, "{frame:?}, bit {bit}");
                }
            }
        }
    }
}

#[test]
fn random_bytes_never_panic() {
    let mut random = Random::new(1);
    for _ in 0..100_000 {
        let length = random.index(40);
        let mut message = random.bytes(length);
        if let Some(first) = message.first_mut() {
            *first &= 0x4f;
        }
        let _ = read(&message);
    }
}

#[test]
fn an_empty_message_is_refused() {
    assert_eq!(fault(&[]), (Fault::Empty, "type", 0));
}

#[test]
fn integers_have_one_form_and_an_end() {
    assert_eq!(fault(&[0x42, 0x80, 0x00]), (Fault::Overlong, "id", 1));
    assert_eq!(fault(&[0x07, 0x01, 0x81, 0x00]), (Fault::Overlong, "credit", 2));
    let two_to_the_53 = [0x42, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10];
    assert_eq!(fault(&two_to_the_53), (Fault::TooLarge { found: 1 << 53, most: MAX_INTEGER }, "id", 1));
    assert_eq!(fault(&bytes(&Frame::Cancel { id: 1 << 53 })).1, "id");
    assert_eq!(fault(&bytes(&Frame::Cancel { id: u64::MAX })), (Fault::TooManyBytes, "id", 1));
}

#[test]
fn text_is_utf_8() {
    // PUB, whose channel is "a", a lone continuation byte, "b".
    assert_eq!(fault(b"\x30\x03a\x80b\0\0........"), (Fault::NotUtf8, "channel", 3));
    // A surrogate, as some JavaScript would write it, and a character that breaks off.
    assert_eq!(fault(b"\x30\x03\xed\xa0\x80\0\0........"), (Fault::NotUtf8, "channel", 2));
    assert_eq!(fault(b"\x30\x02a\xc3\0\0........"), (Fault::NotUtf8, "channel", 3));
}

#[test]
fn unknown_types_values_and_flags_are_refused() {
    for unknown in [0x00, 0x09, 0x28, 0x33, 0x43, 0x80, 0xff] {
        assert_eq!(fault(&[unknown]), (Fault::UnknownType(unknown), "type", 0));
    }
    assert_eq!(fault(&[0x41, 0, 2]), (Fault::UnknownValue { found: 2, most: 1 }, "result", 2));
    assert_eq!(fault(&[0x27, 4]), (Fault::UnknownFlags { found: 4, known: 3 }, "flags", 1));
    assert_eq!(fault(&[0x01, 0, 0, 8]), (Fault::UnknownFlags { found: 8, known: 7 }, "flags", 3));
    // The incarnation of a session that is not named.
    assert_eq!(fault(&[0x01, 0, 0, 2]), (Fault::UnknownFlags { found: 2, known: 5 }, "flags", 3));
}

#[test]
fn a_code_has_sixteen_bits() {
    let message = |code: &[u8]| [&[0x21, 0][..], code, &[0]].concat();
    assert!(read(&message(&[0xff, 0xff, 0x03])).is_ok());
    let beyond = fault(&message(&[0x80, 0x80, 0x04]));
    assert_eq!(beyond, (Fault::TooLarge { found: 65_536, most: 65_535 }, "code", 2));
}

#[test]
fn a_hello_of_a_newer_version_is_read_as_far_as_it_is_known() {
    let Frame::Hello(mut hello) = frames(3).swap_remove(2) else { panic!("it is a HELLO") };
    hello.features = MAX_INTEGER;
    let frame = Frame::Hello(hello);
    let mut message = bytes(&frame);
    message[1] = 1;
    message.extend(b"what nobody knows");
    // An unknown flag, behind two bytes of type and version and the eight of the features.
    message[10] |= 0x80;
    assert_eq!(read(&message), Ok(vec![frame]));
    message[1] = 0;
    assert_eq!(fault(&message).1, "flags");
}

#[test]
fn errors_say_what_and_where_in_words_and_can_be_passed_on() {
    fn passed_on<T: Send + Sync + Clone + std::error::Error + 'static>(error: T) -> String {
        error.clone().to_string()
    }
    let error: WireError = read(&[0x41, 0, 2]).unwrap_err();
    assert_eq!(passed_on(error), "bad frame at byte 2 (result): 2 where 0 to 1 are known");
}
