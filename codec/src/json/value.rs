//! A value of any type, read from a text.
//!
//! Each type asks for what it expects, and only what is asked for is linked: floating point numbers, for instance, and
//! the words for what they might be instead, are not in a program whose messages have none.

use serde::Deserializer;
use serde::de::value::MapDeserializer;
use serde::de::{Error, Visitor};
use serde_json::Number;

use super::fault::Fault;
use super::parts::{Elements, Fields, Named, Variant};
use super::text::Text;

/// What `serde_json::value::RawValue` calls itself: it asks for a map of this name to the text of the value.
const RAW: &str = "$serde_json::private::RawValue";

impl<'t> Text<'t> {
    /// Reads an integer that fits into 64 bits.
    pub(super) fn integer<V: Visitor<'t>>(&mut self, visitor: V) -> Result<V::Value, Fault> {
        match self.integer_of_64_bits(&visitor)? {
            Integer::Positive(integer) => visitor.visit_u64(integer),
            Integer::Negative(integer) => visitor.visit_i64(integer),
        }
    }

    #[inline(never)]
    fn integer_of_64_bits(&mut self, expected: &dyn serde::de::Expected) -> Result<Integer, Fault> {
        let Some(b'-' | b'0'..=b'9') = self.peek() else { return Err(self.unexpected(expected)) };
        let number = self.number()?;
        let read = match number.parse() {
            Ok(integer) => Some(Integer::Positive(integer)),
            // Minus zero is no integer: it would become another number.
            Err(_) => number.parse().ok().filter(|&integer| integer != 0).map(Integer::Negative),
        };
        read.ok_or_else(|| Fault::kind("a number that is no integer of 64 bits", expected))
    }

    /// Reads a number that may be an integer.
    pub(super) fn float<V: Visitor<'t>>(&mut self, visitor: V) -> Result<V::Value, Fault> {
        let Some(b'-' | b'0'..=b'9') = self.peek() else { return Err(self.unexpected(&visitor)) };
        let number: Number = self.number()?.parse().map_err(Fault::custom::<serde_json::Error>)?;
        if let Some(integer) = number.as_u64() {
            visitor.visit_u64(integer)
        } else if let Some(integer) = number.as_i64() {
            visitor.visit_i64(integer)
        } else if let Some(float) = number.as_f64() {
            visitor.visit_f64(float)
        } else {
            Err(Fault::new("a number out of range"))
        }
    }

    /// Reads an integer that may need more than 64 bits, which is next.
    pub(super) fn wide<I: std::str::FromStr, R>(
        &mut self,
        take: impl FnOnce(I) -> Result<R, Fault>,
    ) -> Result<R, Fault> {
        match self.number()?.parse() {
            Ok(integer) => take(integer),
            Err(_) => Err(Fault::new("a number that is no integer of 128 bits")),
        }
    }

    /// What `serde_json` makes of a number where its type may be any.
    fn any_number<V: Visitor<'t>>(&mut self, visitor: V) -> Result<V::Value, Fault> {
        let number: Number = self.number()?.parse().map_err(Fault::custom::<serde_json::Error>)?;
        number.deserialize_any(visitor).map_err(Fault::custom)
    }

    fn array<V: Visitor<'t>>(&mut self, visitor: V) -> Result<V::Value, Fault> {
        self.within(b']', |text| visitor.visit_seq(Elements::of(text)))
    }

    fn object<V: Visitor<'t>>(&mut self, visitor: V) -> Result<V::Value, Fault> {
        self.within(b'}', |text| visitor.visit_map(Fields::of(text)))
    }

    /// A value as it is written, for who keeps it so.
    pub(super) fn raw<V: Visitor<'t>>(&mut self, visitor: V) -> Result<V::Value, Fault> {
        let raw = self.skip()?;
        visitor.visit_map(MapDeserializer::<_, Fault>::new(std::iter::once((RAW, raw))))
    }
}

/// An integer by its sign, as `serde_json` hands them to a type.
enum Integer {
    Positive(u64),
    Negative(i64),
}

/// Whether a type of this name keeps its value as it is written.
pub(super) fn is_raw(name: &str) -> bool {
    name == RAW
}

macro_rules! integers {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Fault> {
            self.integer(visitor)
        }
    )*};
}

macro_rules! strings {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Fault> {
            match self.peek() {
                Some(b'"') => visitor.visit_str(&self.string()?),
                _ => Err(self.unexpected(&visitor)),
            }
        }
    )*};
}

impl<'t> Deserializer<'t> for &mut Text<'t> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.peek() {
            Some(b'n') => self.deserialize_unit(visitor),
            Some(b't' | b'f') => self.deserialize_bool(visitor),
            Some(b'-' | b'0'..=b'9') => self.any_number(visitor),
            Some(b'"') => self.deserialize_str(visitor),
            Some(b'[') => self.array(visitor),
            Some(b'{') => self.object(visitor),
            _ => Err(self.unexpected(&visitor)),
        }
    }

    fn deserialize_bool<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.peek() {
            Some(b't') => self.word("true").and_then(|()| visitor.visit_bool(true)),
            Some(b'f') => self.word("false").and_then(|()| visitor.visit_bool(false)),
            _ => Err(self.unexpected(&visitor)),
        }
    }

    integers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64
    }

    fn deserialize_i128<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.peek();
        self.wide(|integer| visitor.visit_i128(integer))
    }

    fn deserialize_u128<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.peek();
        self.wide(|integer| visitor.visit_u128(integer))
    }

    fn deserialize_f32<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.float(visitor)
    }

    fn deserialize_f64<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.float(visitor)
    }

    strings! { deserialize_char deserialize_str deserialize_string deserialize_identifier }

    fn deserialize_bytes<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.peek() {
            Some(b'"') => visitor.visit_bytes(self.string()?.as_bytes()),
            _ => self.deserialize_seq(visitor),
        }
    }

    fn deserialize_byte_buf<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_option<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.peek() {
            Some(b'n') => self.word("null").and_then(|()| visitor.visit_none()),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_unit<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.peek() {
            Some(b'n') => self.word("null").and_then(|()| visitor.visit_unit()),
            _ => Err(self.unexpected(&visitor)),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'t>>(self, _: &'static str, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'t>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        if is_raw(name) { self.raw(visitor) } else { visitor.visit_newtype_struct(self) }
    }

    fn deserialize_seq<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.peek() {
            Some(b'[') => self.array(visitor),
            _ => Err(self.unexpected(&visitor)),
        }
    }

    fn deserialize_tuple<V: Visitor<'t>>(self, _: usize, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'t>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.peek() {
            Some(b'{') => self.object(visitor),
            _ => Err(self.unexpected(&visitor)),
        }
    }

    fn deserialize_struct<V: Visitor<'t>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match self.peek() {
            Some(b'[') => self.array(visitor),
            _ => self.deserialize_map(visitor),
        }
    }

    fn deserialize_enum<V: Visitor<'t>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match self.peek() {
            Some(b'"') => visitor.visit_enum(Named(self)),
            Some(b'{') => self.within(b'}', |text| visitor.visit_enum(Variant(text))),
            _ => Err(self.unexpected(&visitor)),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.skip()?;
        visitor.visit_unit()
    }
}
