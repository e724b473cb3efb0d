//! The writer beside `serde_json`: of every value both make the same text, or none.

use std::collections::BTreeMap;
use std::fmt::Debug;

use rejoin_test_support::Random;
use serde::Serialize;
use serde_json::value::RawValue;

use super::super::samples::{Degree, Digits, InTag, Posing, PosingInVain, Shape};
use super::super::tests::VARIATIONS;
use super::write;

/// Both write a value, and agree on its text; says whether it has one.
pub(in crate::json) fn agree_in_writing<T: Serialize + Debug + ?Sized>(value: &T) -> bool {
    let ours = write(value);
    match (&ours, serde_json::to_string(value)) {
        (Ok(ours), Ok(theirs)) => assert_eq!(*ours, theirs),
        (Err(_), Err(_)) => {}
        (ours, theirs) => panic!("{value:?} is {ours:?} and {theirs:?}"),
    }
    ours.is_ok()
}

#[test]
fn what_is_raw_is_one_string_and_nothing_else() {
    let raw = RawValue::from_string("{\"x\": 1.50}".into()).unwrap();
    assert!(agree_in_writing(&InTag::Plain));
    assert!(!agree_in_writing(&InTag::Raw(raw.clone())));
    assert!(!agree_in_writing(&[InTag::Raw(raw.clone()), InTag::Plain]));
    assert!(agree_in_writing(&BTreeMap::from([("a", Some((raw.clone(), "b")))])));
    assert!(agree_in_writing(&Posing { raw: "[1,  2]" }));
    assert!(!agree_in_writing(&Posing { raw: 1 }));
    assert!(!agree_in_writing(&Posing { raw: ["x"] }));
    assert!(!agree_in_writing(&Posing { raw: BTreeMap::from([("x", "y")]) }));
    assert!(!agree_in_writing(&PosingInVain { other: "x" }));
    // A number of every digit, as `serde_json` hands one over with its feature for that.
    let digits = [Digits { digits: "1.50" }, Digits { digits: "-123456789012345678901234567890" }];
    assert_eq!(write(&digits).unwrap(), "[1.50,-123456789012345678901234567890]");
}

#[test]
fn numbers_are_written_alike() {
    let mut random = Random::new(3);
    for _ in 0..VARIATIONS {
        let bits = random.next_u64();
        assert!(agree_in_writing(&f64::from_bits(bits)));
        assert!(agree_in_writing(&f32::from_bits(u32::try_from(bits >> 32).unwrap())));
        assert!(agree_in_writing(&[bits, bits % 100_000]));
        assert!(agree_in_writing(&bits.cast_signed()));
    }
    for float in [0.0, -0.0, 1.0, 1e15, 1e16, 1e17, 1e-5, 1e-7, 123_456.789, f64::NAN, f64::INFINITY] {
        assert!(agree_in_writing(&float));
        // As a key it is to be a number.
        assert_eq!(agree_in_writing(&BTreeMap::from([(Degree(float), 1)])), float.is_finite());
    }
    assert!(agree_in_writing(&[i128::MIN, i128::MAX]));
    assert!(agree_in_writing(&(u128::MAX, i8::MIN, u8::MAX, i16::MIN, f32::MIN_POSITIVE)));
}

#[test]
fn every_character_is_written_alike() {
    for character in '\0'..='\u{2fff}' {
        assert!(agree_in_writing(&character));
        assert!(agree_in_writing(&format!("a{character}\u{0}é{character}")));
        assert!(agree_in_writing(&BTreeMap::from([(character, character)])));
    }
}

#[test]
fn what_can_t_be_a_name_is_refused_as_a_key() {
    assert!(!agree_in_writing(&BTreeMap::from([((), 1)])));
    assert!(!agree_in_writing(&BTreeMap::from([(None::<u8>, 1)])));
    assert!(!agree_in_writing(&BTreeMap::from([((1, 2), 1)])));
    assert!(!agree_in_writing(&BTreeMap::from([([1], 1)])));
    assert!(!agree_in_writing(&BTreeMap::from([(vec!["a"], 1)])));
    assert!(!agree_in_writing(&BTreeMap::from([(BTreeMap::from([(1, 2)]), 1)])));
    for shape in [Shape::Circle(1), Shape::Line(1, 2), Shape::Box { wide: 1, high: None }] {
        assert!(!agree_in_writing(&BTreeMap::from([(shape, 1)])));
    }
    assert!(agree_in_writing(&BTreeMap::from([(Shape::Point, Shape::Point)])));
    let words = write(&BTreeMap::from([((), 1)])).unwrap_err();
    assert_eq!(words, "a key is neither text, a number, a boolean nor the name of a variant");
}

#[test]
fn what_a_type_says_of_itself_reaches_who_writes_it() {
    use serde::ser::Error;

    #[derive(Debug)]
    struct Unwritable;
    impl Serialize for Unwritable {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(S::Error::custom("not today"))
        }
    }
    assert!(!agree_in_writing(&[Some(Unwritable)]));
    assert_eq!(write(&Unwritable), Err("not today".to_owned()));
    // What is given piece by piece, and by its words.
    assert!(agree_in_writing(&std::net::Ipv4Addr::LOCALHOST));
    assert!(agree_in_writing(&format_args!("\"{}\n", 1)));
}
