//! Reader and writer beside `serde_json`: of every text both make the same value, or none, and of every value the same
//! text, or none.

use std::collections::BTreeMap;
use std::fmt::Debug;

use rejoin_test_support::Random;
use serde::Serialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;
use serde_json::value::RawValue;

use super::samples::*;
use super::text::read;
use super::write::tests::agree_in_writing;

/// What is put into texts to make others of them.
const PIECES: [&str; 42] = [
    "0",
    "-",
    "1",
    "-0",
    "0.5",
    "1e3",
    "1E-2",
    "e",
    ".",
    "18446744073709551616",
    "-9223372036854775809",
    "255",
    "\"",
    "\\",
    "\\u0041",
    "\\ud83d\\ude00",
    "\\ud800",
    "\\udc00",
    "\\u12",
    "\\n",
    "\\x",
    "\u{1}",
    "é",
    "😀",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    " ",
    "\t\n\r ",
    "null",
    "true",
    "false",
    "nul",
    "\"a\":1,",
    "\"1\":",
    "[[]]",
    "{\"a\":{}}",
    "1e400",
    "340282366920938463463374607431768211456",
];

/// How many texts are made of each.
pub(super) const VARIATIONS: usize = 4_000;

/// A text with one to three changes.
fn vary(random: &mut Random, text: &str) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    for _ in 0..=random.below(3) {
        let at = random.index(characters.len() + 1);
        let end = (at + random.index(4)).min(characters.len());
        match random.below(3) {
            0 => drop(characters.drain(at..end)),
            1 => drop(characters.splice(at..at, random.pick(&PIECES).chars())),
            _ => drop(characters.splice(at..end, random.pick(&PIECES).chars())),
        }
    }
    characters.into_iter().collect()
}

/// Both read a text, and agree on it; says whether it was a value. Values are compared as they are printed, for there
/// minus zero is another number than zero.
fn agree_in_reading<T: DeserializeOwned + Debug>(text: &str) -> Option<T> {
    let ours = read::<T>(text);
    let theirs = serde_json::from_str::<T>(text);
    match (&ours, &theirs) {
        (Ok(ours), Ok(theirs)) => assert_eq!(format!("{ours:?}"), format!("{theirs:?}"), "{text}"),
        (Err(_), Err(_)) => {}
        _ => panic!("{text} as {}: {ours:?} and {theirs:?}", std::any::type_name::<T>()),
    }
    ours.ok()
}

/// Both read a text, and write what they read; says whether it was a value.
fn agree<T: DeserializeOwned + Serialize + Debug>(text: &str) -> bool {
    agree_in_reading::<T>(text).is_some_and(|value| agree_in_writing(&value))
}

/// Both agree on texts of a type, all of which are values, and on many like them, some of which are and some are not.
fn agree_on<T: DeserializeOwned + Serialize + Debug>(texts: &[&str]) {
    agree_on_by(texts, agree::<T>);
}

fn agree_on_by(texts: &[&str], agree: impl Fn(&str) -> bool) {
    let mut random = Random::new(1);
    let (mut read, mut refused) = (0, 0);
    for text in texts {
        assert!(agree(text), "{text}");
        for _ in 0..VARIATIONS {
            let text = vary(&mut random, text);
            *(if agree(&text) { &mut read } else { &mut refused }) += 1;
        }
    }
    assert!(read > 0 && refused > 0, "{read} and {refused}");
}

#[test]
fn values_of_any_type() {
    agree_on::<Value>(&[
        " {\"a\": [1, -2, 3.5, 1e2, null, true, false], \"b\": {\"c\": \"d\\u00e9\\ud83d\\ude00\\n\\/\"}} ",
        "[[], {}, [[[]]], {\"\": {\"x\": []}}]",
        "\"plain\"",
        "-12.5E+3",
        "18446744073709551615",
        "-9223372036854775808",
    ]);
    let passed_over = [
        "{\"a\": [1, -2, 3.5e1, null, true, false], \"b\": {\"c\": \"\\ud800\\n\", \"d\": []}}",
        "[[[], [{}]], {\"a\": {\"b\": {}}}]",
        "-0.5",
    ];
    agree_on_by(&passed_over, |text| agree_in_reading::<IgnoredAny>(text).is_some());
}

#[test]
fn scalars() {
    agree_on::<u8>(&["0", " 255 "]);
    agree_on::<i8>(&["-128", "127"]);
    agree_on::<u64>(&["18446744073709551615"]);
    agree_on::<i64>(&["-9223372036854775808", "9223372036854775807"]);
    agree_on::<u128>(&["340282366920938463463374607431768211455"]);
    agree_on::<i128>(&["-170141183460469231731687303715884105728", "1"]);
    agree_on::<f32>(&["1", "-0.1", "3.4e38"]);
    agree_on::<f64>(&[
        "0.30000000000000004",
        "-1.7976931348623157e308",
        "5e-324",
        "-0",
        "123456789012345678901234567890",
    ]);
    agree_on::<bool>(&["true", "false"]);
    agree_on::<()>(&["null"]);
    agree_on::<Nothing>(&["null"]);
    agree_on::<char>(&["\"é\"", "\"\\u00e9\"", "\"\\ud83d\\ude00\""]);
    agree_on::<String>(&["\"\"", "\"a\\\"b\\\\c\\/\\b\\f\\n\\r\\t\\u0000\\uD834\\uDD1E😀\""]);
}

#[test]
fn a_string_ends_wherever_it_ends() {
    for before in 0..20 {
        for after in 0..20 {
            for odd in [
                "",
                "\\n",
                "\\ud83d\\ude00",
                "\u{0}",
                "\u{1f}",
                " ",
                "!",
                "#",
                "\"",
                "\\",
                "\u{7f}",
                "é",
                "😀",
            ] {
                agree::<String>(&format!("\"{}{odd}{}\"", "a".repeat(before), "ü".repeat(after)));
            }
        }
    }
}

#[test]
fn what_is_made_of_several() {
    agree_on::<Option<Vec<Option<i32>>>>(&["null", "[1, null, -3]"]);
    agree_on::<[u8; 3]>(&["[1,2,3]"]);
    agree_on::<(u8, String, Option<bool>)>(&["[1, \"a\", null]"]);
    agree_on::<Wrapped>(&["[1, 2]", "[]"]);
    agree_on::<Pair>(&["[-1, 2.5]"]);
    agree_on::<Fielded>(&[
        "{\"a\":1}",
        "{\"c\": {\"a\": 2, \"b\": null}, \"x\": [{\"y\": \"\\ud800\"}], \"a\": 7, \"b\": \"t\", \"d\": [-1, \"z\"]}",
        "[1, \"b\", null, [1, \"c\"]]",
    ]);
    agree_on::<Strict>(&["{\"a\": null, \"z\": true}"]);
}

#[test]
fn variants() {
    agree_on::<Vec<Shape>>(&[
        "[\"Point\", {\"Circle\": 4}, {\"Line\": [1, -2]}, {\"Box\": {\"wide\": 1, \"high\": null}}]",
        "[{\"Point\": null}]",
    ]);
    agree_on::<Tagged>(&[
        "{\"kind\":\"One\",\"x\":1.5}",
        "{\"y\":[\"a\"],\"kind\":\"Two\"}",
        "{\"kind\":\"Three\"}",
    ]);
    agree_on::<Adjacent>(&[
        "{\"t\":\"Text\",\"c\":\"a\"}",
        "{\"c\":[1,2],\"t\":\"Pair\"}",
        "{\"t\":\"None\"}",
    ]);
    agree_on::<Untagged>(&["1", "1.5", "\"a\"", "[true, -1]", "{\"a\": 1, \"b\": {\"c\": []}}", "[1, null]"]);
    agree_on::<Flat>(&["{\"id\": 1, \"x\": [1.5], \"y\": null}"]);
}

#[test]
fn keys_of_maps() {
    agree_on::<BTreeMap<String, u8>>(&["{\"a\": 1, \"\\u0062\": 2}"]);
    agree_on::<BTreeMap<i32, u8>>(&["{\"-1\": 1, \"20\": 2}"]);
    agree_on::<BTreeMap<u64, Option<u8>>>(&["{\"18446744073709551615\": null}"]);
    agree_on::<BTreeMap<i128, u8>>(&["{\"-170141183460469231731687303715884105728\": 1}"]);
    agree_on::<BTreeMap<u128, u8>>(&["{\"7\": 1}"]);
    // `serde_json` takes what follows the first byte of such a key for a `str`, also in the middle of a character: it may
    // panic while it words its error.
    let within_ascii = |text: &str| !text.split('"').any(|part| part.starts_with(|c: char| !c.is_ascii()));
    agree_on_by(&["{\"true\": 1, \"false\": 2}"], |text| {
        within_ascii(text) && agree::<BTreeMap<bool, u8>>(text)
    });
    agree_on::<BTreeMap<char, u8>>(&["{\"é\": 1}"]);
    agree_on::<BTreeMap<Option<u8>, u8>>(&["{\"1\": 1}"]);
    agree_on::<BTreeMap<Id, u8>>(&["{\"-7\": 1}"]);
    agree_on::<BTreeMap<Degree, u8>>(&["{\"1.5\": 1, \"-2e3\": 2}"]);
    agree_on::<BTreeMap<Shape, u8>>(&["{\"Point\": 1}"]);
}

#[test]
fn what_is_kept_as_it_is_written() {
    agree_on::<Box<RawValue>>(&[" {\"a\" : [1.50, \"\\u0061\"]} ", "1e0"]);
    agree_on::<Kept>(&["{\"raw\": [ 1 , {\"a\":\"\\ud800\"} ] , \"after\": 1}"]);
    agree_on::<Vec<Box<RawValue>>>(&["[ 1.0 , \"a\" ]"]);
}

#[test]
fn who_goes_on_after_an_error_gets_no_panic() {
    let mut random = Random::new(7);
    let mut read_whole = 0;
    for text in ["[[1],[2],[3]]", "[\"\\", "[[[[[[[[", "[\"\\u12", "[-", "[tru"] {
        for _ in 0..VARIATIONS {
            read_whole += usize::from(read::<Lenient>(&vary(&mut random, text)).is_ok());
        }
    }
    assert!(read_whole > 0);
}

#[test]
fn bytes_are_an_array_or_a_string_of_unicode() {
    for text in ["[1, 2, 255]", "\"é\\n\"", "[]", "\"\"", "[256]", "1", "\"", "[1,]"] {
        agree::<Bytes>(text);
    }
    // As the codec's documentation says.
    assert!(read::<Bytes>("\"\\ud800\"").is_err());
}

#[test]
fn depth_is_limited_where_it_takes_room() {
    for depth in [1, 126, 127, 128, 129, 10_000] {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let text = format!("{}1{}", open.repeat(depth), close.repeat(depth));
            assert_eq!(agree::<Value>(&text), depth < 128, "{depth}");
            assert!(agree_in_reading::<IgnoredAny>(&text).is_some());
        }
    }
    // Siblings do not add up.
    assert!(agree::<Value>(&format!("[{}[]]", "[[]],".repeat(1_000))));
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let cases = [
        (read::<String>(" 7").map(drop), "invalid type: a number, expected a string, at byte 1"),
        (read::<u8>("300").map(drop), "invalid value: an integer, expected u8, at byte 3"),
        (
            read::<u8>("1.5").map(drop),
            "invalid type: a number that is no integer of 64 bits, expected u8, at byte 3",
        ),
        (read::<bool>("").map(drop), "invalid type: the end of the text, expected a boolean, at byte 0"),
        (read::<Vec<u8>>("[1 2]").map(drop), "a comma is missing, at byte 3"),
        (read::<Vec<u8>>("[1,]").map(drop), "a comma too many, at byte 3"),
        (read::<u8>("1 2").map(drop), "more text after the value, at byte 2"),
        (read::<String>("\"a").map(drop), "a string without an end, at byte 2"),
        (read::<Fielded>("{\"b\":null}").map(drop), "missing field `a`, at byte 9"),
        (
            read::<Shape>("\"Star\"").map(drop),
            "unknown variant `Star`, expected one of `Point`, `Circle`, `Line`, `Box`, at byte 6",
        ),
    ];
    for (outcome, words) in cases {
        assert_eq!(outcome, Err(words.to_owned()));
    }
}
