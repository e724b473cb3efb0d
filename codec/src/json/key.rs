//! A name in an object, which is a string, as a key of any type: numbers and booleans stand between its quotation marks.

use serde::de::{Deserializer, Visitor};
use serde::forward_to_deserialize_any;

use super::fault::Fault;
use super::text::Text;
use super::value::is_raw;

/// A name, whose opening quotation mark is next.
pub(super) struct Key<'a, 't>(pub(super) &'a mut Text<'t>);

impl<'t> Key<'_, 't> {
    /// Reads what stands between the quotation marks, and nothing beside it.
    fn quoted<R>(self, read: impl FnOnce(&mut Text<'t>) -> Result<R, Fault>) -> Result<R, Fault> {
        const MORE: Fault = Fault::new("a name that is more than its key");
        self.0.pass(b'"');
        if self.0.at_space() {
            return Err(MORE);
        }
        let value = read(self.0)?;
        if self.0.pass(b'"') { Ok(value) } else { Err(MORE) }
    }
}

macro_rules! numbers {
    ($($method:ident $read:ident)*) => {$(
        fn $method<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Fault> {
            self.quoted(|text| text.$read(visitor))
        }
    )*};
}

impl<'t> Deserializer<'t> for Key<'_, 't> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_str(&self.0.string()?)
    }

    fn deserialize_bool<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.quoted(|text| text.deserialize_bool(visitor))
    }

    numbers! {
        deserialize_i8 integer
        deserialize_i16 integer
        deserialize_i32 integer
        deserialize_i64 integer
        deserialize_u8 integer
        deserialize_u16 integer
        deserialize_u32 integer
        deserialize_u64 integer
        deserialize_f32 float
        deserialize_f64 float
        deserialize_i128 deserialize_i128
        deserialize_u128 deserialize_u128
    }

    fn deserialize_option<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Fault> {
        // A name can't be null.
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'t>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        if is_raw(name) { self.0.raw(visitor) } else { visitor.visit_newtype_struct(self) }
    }

    fn deserialize_enum<V: Visitor<'t>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.0.deserialize_enum(name, variants, visitor)
    }

    fn deserialize_bytes<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.0.deserialize_bytes(visitor)
    }

    fn deserialize_byte_buf<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.0.deserialize_bytes(visitor)
    }

    forward_to_deserialize_any! {
        <V: Visitor<'t>>
        char str string unit unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}
