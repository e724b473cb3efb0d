//! Every codec: what it writes it reads again, and what it can't read it names.

// clippy.toml allows unwrap inside test functions; the helpers of this file are tests too.
#![allow(clippy::unwrap_used)]

use rejoin_codec::{Codec, CodecError, Decode, Encode, Frame, FrameRef, Nothing, Raw, from_bytes};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Shape {
    Point,
    Circle { radius: u32, label: Option<String> },
    Path(Vec<(i32, i32)>),
}

fn shapes() -> Vec<Shape> {
    vec![
        Shape::Point,
        Shape::Circle { radius: u32::MAX, label: None },
        Shape::Circle { radius: 0, label: Some("ä\u{0}\u{1F600}\"".into()) },
        Shape::Path(vec![(i32::MIN, i32::MAX); 300]),
    ]
}

fn keeps_every_shape<C: Encode<Shape> + Decode<Shape>>(text: bool) {
    for shape in shapes() {
        let frame = C::encode(&shape).unwrap();
        assert_eq!(frame.as_ref().is_text(), text, "{} writes the wrong kind", C::NAME);
        assert_eq!(C::decode(frame.as_ref()).unwrap(), shape);
        let wrong = if text { FrameRef::Binary(frame.as_ref().bytes()) } else { FrameRef::Text("x") };
        assert!(matches!(C::decode(wrong), Err(CodecError::WrongKind { .. })));
    }
}

fn names_what_is_malformed<C: Decode<Shape>>(payloads: &[FrameRef<'_>]) {
    for payload in payloads {
        let error = C::decode(*payload).unwrap_err();
        assert!(matches!(error, CodecError::Malformed { .. }), "{payload:?}: {error}");
        assert!(error.to_string().contains(C::NAME), "{error}");
    }
}

#[cfg(feature = "json")]
#[test]
fn json_keeps_every_shape_and_names_what_is_malformed() {
    keeps_every_shape::<rejoin_codec::Json>(true);
    names_what_is_malformed::<rejoin_codec::Json>(&[
        FrameRef::Text(""),
        FrameRef::Text("{"),
        FrameRef::Text(r#""Square""#),
        FrameRef::Text(r#""Point" "Point""#),
    ]);
}

#[cfg(feature = "json")]
#[test]
fn a_value_that_json_can_not_write_is_refused() {
    let keyed_by_pairs = std::collections::BTreeMap::from([((1, 2), 3)]);
    let error = rejoin_codec::Json::encode(&keyed_by_pairs).unwrap_err();
    assert!(matches!(error, CodecError::Unencodable { .. }), "{error}");
}

#[cfg(feature = "msgpack")]
#[test]
fn msgpack_keeps_every_shape_and_names_what_is_malformed() {
    keeps_every_shape::<rejoin_codec::MsgPack>(false);
    let Frame::Binary(mut two) = rejoin_codec::MsgPack::encode(&Shape::Point).unwrap() else {
        unreachable!()
    };
    two.extend(two.clone());
    names_what_is_malformed::<rejoin_codec::MsgPack>(&[
        FrameRef::Binary(b""),
        FrameRef::Binary(b"\xff\xff"),
        FrameRef::Binary(&two),
    ]);
}

#[cfg(feature = "postcard")]
#[test]
fn postcard_keeps_every_shape_and_names_what_is_malformed() {
    keeps_every_shape::<rejoin_codec::Postcard>(false);
    names_what_is_malformed::<rejoin_codec::Postcard>(&[
        FrameRef::Binary(b""),
        FrameRef::Binary(b"\x09"),
        FrameRef::Binary(b"\x00\x00"),
        // A length of 2^63 with nothing behind it must fail before anything is allocated.
        FrameRef::Binary(b"\x02\xff\xff\xff\xff\xff\xff\xff\xff\x7f"),
    ]);
}

/// Compiles for every codec that can write nothing as well, as a channel's has to.
fn reads_nothing_of_anything<C: Encode<Nothing> + Decode<Nothing>>() {
    for bytes in [&b""[..], b"null", b"\"psst\"", b"\x00", b"\xc0", b"\xff\xff"] {
        let reason = "nothing is expected here".to_owned();
        assert_eq!(from_bytes::<Nothing, C>(bytes), Err(CodecError::Malformed { codec: C::NAME, reason }));
        for frame in [FrameRef::Binary(bytes), FrameRef::Text("null")] {
            let error = C::decode(frame).unwrap_err();
            assert!(matches!(error, CodecError::Malformed { .. } | CodecError::WrongKind { .. }), "{error}");
        }
    }
}

#[test]
fn no_codec_reads_a_nothing() {
    reads_nothing_of_anything::<Raw>();
    #[cfg(feature = "json")]
    reads_nothing_of_anything::<rejoin_codec::Json>();
    #[cfg(feature = "msgpack")]
    reads_nothing_of_anything::<rejoin_codec::MsgPack>();
    #[cfg(feature = "postcard")]
    reads_nothing_of_anything::<rejoin_codec::Postcard>();
}

#[test]
fn raw_hands_payloads_through_and_refuses_the_wrong_kind() {
    assert_eq!(Raw::encode("hi").unwrap(), Frame::Text("hi".into()));
    assert_eq!(Raw::encode(&[1u8, 2][..]).unwrap(), Frame::Binary(vec![1, 2]));
    let text: String = Raw::decode(FrameRef::Text("hi")).unwrap();
    let bytes: Vec<u8> = Raw::decode(FrameRef::Binary(&[3])).unwrap();
    let either: Frame = Raw::decode(FrameRef::Binary(&[3])).unwrap();
    assert_eq!((text.as_str(), &bytes[..], either), ("hi", &[3][..], Frame::Binary(vec![3])));
    let wrong: Result<String, _> = Raw::decode(FrameRef::Binary(&[3]));
    assert_eq!(wrong, Err(CodecError::WrongKind { codec: Raw::NAME, got: "binary" }));
}
