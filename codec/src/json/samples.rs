//! Types of every making, for the tests.

use std::collections::BTreeMap;

use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

#[derive(Debug, Deserialize, Serialize)]
#[allow(dead_code)]
pub(super) struct Fielded {
    a: u32,
    #[serde(default)]
    b: Option<String>,
    c: Option<Box<Fielded>>,
    #[serde(default)]
    d: (i8, char),
}

#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Nothing;

#[derive(Debug, Deserialize, Serialize)]
#[allow(dead_code)]
pub(super) struct Wrapped(Vec<u16>);

#[derive(Debug, Deserialize, Serialize)]
#[allow(dead_code)]
pub(super) struct Pair(i64, f32);

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
pub(super) struct Strict {
    a: (),
    z: bool,
}

#[derive(Debug, Deserialize, Serialize, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Shape {
    Point,
    Circle(u64),
    Line(i8, i8),
    Box { wide: u8, high: Option<u8> },
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(tag = "kind")]
#[allow(dead_code)]
pub(super) enum Tagged {
    One { x: f64 },
    Two { y: Vec<String> },
    Three,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(tag = "t", content = "c")]
#[allow(dead_code)]
pub(super) enum Adjacent {
    Text(String),
    Pair(u8, u8),
    None,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(untagged)]
#[allow(dead_code)]
pub(super) enum Untagged {
    Whole(u64),
    Float(f64),
    Text(String),
    Pair(bool, i32),
    Map(BTreeMap<String, Untagged>),
    Rest(Value),
}

#[derive(Debug, Deserialize, Serialize)]
#[allow(dead_code)]
pub(super) struct Flat {
    id: u8,
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

#[derive(Debug, Deserialize, Serialize)]
#[allow(dead_code)]
pub(super) struct Kept {
    raw: Box<RawValue>,
    after: u8,
}

#[derive(Debug, Deserialize, Serialize, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Id(i16);

/// What is kept as it is written has no place for a tag.
#[derive(Debug, Serialize)]
#[serde(tag = "t")]
pub(super) enum InTag {
    Raw(Box<RawValue>),
    Plain,
}

/// Types of the names by which `serde_json` tells what is kept as it is written.
#[derive(Debug, Serialize)]
#[serde(rename = "$serde_json::private::Number")]
pub(super) struct Digits<T> {
    #[serde(rename = "$serde_json::private::Number")]
    pub(super) digits: T,
}

#[derive(Debug, Serialize)]
#[serde(rename = "$serde_json::private::RawValue")]
pub(super) struct Posing<T> {
    #[serde(rename = "$serde_json::private::RawValue")]
    pub(super) raw: T,
}

#[derive(Debug, Serialize)]
#[serde(rename = "$serde_json::private::RawValue")]
pub(super) struct PosingInVain {
    pub(super) other: &'static str,
}

/// Bytes, which may be written as an array or a string.
#[derive(Debug)]
#[allow(dead_code)]
pub(super) struct Bytes(Vec<u8>);

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Of;
        impl<'de> Visitor<'de> for Of {
            type Value = Bytes;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("bytes")
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Bytes, E> {
                Ok(Bytes(bytes.to_vec()))
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut all: A) -> Result<Bytes, A::Error> {
                let mut bytes = Vec::new();
                while let Some(byte) = all.next_element()? {
                    bytes.push(byte);
                }
                Ok(Bytes(bytes))
            }
        }
        deserializer.deserialize_byte_buf(Of)
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

/// A floating point number as a key.
#[derive(Debug, Deserialize, Serialize, PartialEq)]
pub(super) struct Degree(pub(super) f64);

impl Eq for Degree {}

impl PartialOrd for Degree {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Degree {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

/// A list of what can be read of an array, by a type that goes on after an error.
#[derive(Debug)]
#[allow(dead_code)]
pub(super) struct Lenient(Vec<Vec<u8>>);

impl<'de> Deserialize<'de> for Lenient {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Of;
        impl<'de> Visitor<'de> for Of {
            type Value = Lenient;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an array")
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut all: A) -> Result<Lenient, A::Error> {
                let mut read = Vec::new();
                for _ in 0..300 {
                    if let Ok(Some(one)) = all.next_element() {
                        read.push(one);
                    }
                }
                Ok(Lenient(read))
            }
        }
        deserializer.deserialize_seq(Of)
    }
}
