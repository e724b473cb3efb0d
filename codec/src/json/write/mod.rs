//! Writing a value as JSON, in little code.

mod key;
mod parts;
#[cfg(test)]
pub(super) mod tests;

use serde::ser::{Error, Serialize, Serializer};

use super::fault::Fault;
use super::value::is_raw;
use key::Key;
use parts::Parts;

/// The name of a number and of its one field, where an application has `serde_json` keep every digit.
const NUMBER: &str = "$serde_json::private::Number";

const NOT_RAW: Fault = Fault::new("a raw value is one string");

/// Writes a value, or says why it can't be written.
pub(super) fn write<T: Serialize + ?Sized>(value: &T) -> Result<String, String> {
    let mut writer = Writer::default();
    value.serialize(&mut writer).map_err(Fault::into_words)?;
    Ok(writer.text)
}

/// What has been written so far.
#[derive(Default)]
pub(super) struct Writer {
    text: String,
    /// A string that is written from here is JSON itself.
    raw_from: Option<usize>,
}

impl Writer {
    fn put(&mut self, piece: &str) {
        self.text.push_str(piece);
    }

    fn string(&mut self, text: &str) {
        self.put("\"");
        let mut from = 0;
        for (at, byte) in text.bytes().enumerate() {
            let escape = match byte {
                b'"' => "\\\"",
                b'\\' => "\\\\",
                8 => "\\b",
                b'\t' => "\\t",
                b'\n' => "\\n",
                12 => "\\f",
                b'\r' => "\\r",
                0..16 => "\\u000",
                16..32 => "\\u001",
                _ => continue,
            };
            // Slicing by brackets would link what prints a text that was cut within a character.
            self.put(text.get(from..at).unwrap_or_default());
            self.put(escape);
            if escape.len() > 2 {
                self.text.extend(char::from_digit(u32::from(byte % 16), 16));
            }
            from = at + 1;
        }
        self.put(text.get(from..).unwrap_or_default());
        self.put("\"");
    }

    /// The name of a variant, whose value comes next.
    fn variant(&mut self, name: &str) {
        self.put("{");
        self.string(name);
        self.put(":");
    }

    fn parts(&mut self, start: &str, end: &'static str) -> Parts<'_> {
        self.put(start);
        Parts::of(self, end)
    }

    /// Writes a value that is a string as the JSON which that string is.
    fn raw<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Fault> {
        self.raw_from = Some(self.text.len());
        let written = value.serialize(&mut *self);
        let no_string = self.raw_from.take().is_some();
        written?;
        if no_string { Err(NOT_RAW) } else { Ok(()) }
    }
}

macro_rules! integers {
    ($($method:ident $type:ty)*) => {$(
        fn $method(self, value: $type) -> Result<(), Fault> {
            self.put(itoa::Buffer::new().format(value));
            Ok(())
        }
    )*};
}

macro_rules! floats {
    ($($method:ident $type:ty)*) => {$(
        fn $method(self, value: $type) -> Result<(), Fault> {
            if value.is_finite() {
                self.put(zmij::Buffer::new().format_finite(value));
            } else {
                self.put("null");
            }
            Ok(())
        }
    )*};
}

impl<'a> Serializer for &'a mut Writer {
    type Ok = ();
    type Error = Fault;
    type SerializeSeq = Parts<'a>;
    type SerializeTuple = Parts<'a>;
    type SerializeTupleStruct = Parts<'a>;
    type SerializeTupleVariant = Parts<'a>;
    type SerializeMap = Parts<'a>;
    type SerializeStruct = Parts<'a>;
    type SerializeStructVariant = Parts<'a>;

    integers! {
        serialize_i8 i8
        serialize_i16 i16
        serialize_i32 i32
        serialize_i64 i64
        serialize_i128 i128
        serialize_u8 u8
        serialize_u16 u16
        serialize_u32 u32
        serialize_u64 u64
        serialize_u128 u128
    }

    floats! {
        serialize_f32 f32
        serialize_f64 f64
    }

    fn serialize_bool(self, value: bool) -> Result<(), Fault> {
        self.put(if value { "true" } else { "false" });
        Ok(())
    }

    fn serialize_char(self, value: char) -> Result<(), Fault> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<(), Fault> {
        if self.raw_from == Some(self.text.len()) {
            self.raw_from = None;
            self.put(value);
        } else {
            self.string(value);
        }
        Ok(())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), Fault> {
        self.collect_seq(value)
    }

    fn serialize_none(self) -> Result<(), Fault> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Fault> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Fault> {
        self.put("null");
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Fault> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), Fault> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Fault> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Fault> {
        self.variant(variant);
        value.serialize(&mut *self)?;
        self.put("}");
        Ok(())
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Parts<'a>, Fault> {
        Ok(self.parts("[", "]"))
    }

    fn serialize_tuple(self, _: usize) -> Result<Parts<'a>, Fault> {
        Ok(self.parts("[", "]"))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Parts<'a>, Fault> {
        Ok(self.parts("[", "]"))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Parts<'a>, Fault> {
        self.variant(variant);
        Ok(self.parts("[", "]}"))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Parts<'a>, Fault> {
        Ok(self.parts("{", "}"))
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Parts<'a>, Fault> {
        // A value that is kept as it is written, or a number of any precision, which `serde_json` hands over alike.
        if is_raw(name) || name == NUMBER {
            return Ok(Parts::raw(self, name));
        }
        Ok(self.parts("{", "}"))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Parts<'a>, Fault> {
        self.variant(variant);
        Ok(self.parts("{", "}}"))
    }
}

impl Error for Fault {
    fn custom<T: std::fmt::Display>(what: T) -> Self {
        serde::de::Error::custom(what)
    }
}
