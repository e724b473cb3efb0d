//! The key of an entry as the name of a field, which is a string.

use serde::ser::{Impossible, Serialize, Serializer};

use super::{Fault, Writer};

/// Where a name is to be written.
pub(super) struct Key<'a>(pub(super) &'a mut Writer);

const NO_NAME: Fault = Fault::new("a key is neither text, a number, a boolean nor the name of a variant");

impl Key<'_> {
    /// What is no string stands between quotation marks.
    fn quoted<T: Serialize>(self, value: T) -> Result<(), Fault> {
        self.0.put("\"");
        value.serialize(&mut *self.0)?;
        self.0.put("\"");
        Ok(())
    }
}

macro_rules! quoted {
    ($($method:ident $type:ty)*) => {$(
        fn $method(self, value: $type) -> Result<(), Fault> {
            self.quoted(value)
        }
    )*};
}

macro_rules! floats {
    ($($method:ident $type:ty)*) => {$(
        fn $method(self, value: $type) -> Result<(), Fault> {
            if !value.is_finite() {
                return Err(Fault::new("a key is not a number, or infinite"));
            }
            self.quoted(value)
        }
    )*};
}

macro_rules! refused {
    ($($method:ident($($type:ty),*) -> $of:ty)*) => {$(
        fn $method(self, $(_: $type),*) -> Result<$of, Fault> {
            Err(NO_NAME)
        }
    )*};
}

impl Serializer for Key<'_> {
    type Ok = ();
    type Error = Fault;
    type SerializeSeq = Impossible<(), Fault>;
    type SerializeTuple = Impossible<(), Fault>;
    type SerializeTupleStruct = Impossible<(), Fault>;
    type SerializeTupleVariant = Impossible<(), Fault>;
    type SerializeMap = Impossible<(), Fault>;
    type SerializeStruct = Impossible<(), Fault>;
    type SerializeStructVariant = Impossible<(), Fault>;

    quoted! {
        serialize_bool bool
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

    refused! {
        serialize_bytes(&[u8]) -> ()
        serialize_none() -> ()
        serialize_unit() -> ()
        serialize_unit_struct(&'static str) -> ()
        serialize_seq(Option<usize>) -> Impossible<(), Fault>
        serialize_tuple(usize) -> Impossible<(), Fault>
        serialize_tuple_struct(&'static str, usize) -> Impossible<(), Fault>
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> Impossible<(), Fault>
        serialize_map(Option<usize>) -> Impossible<(), Fault>
        serialize_struct(&'static str, usize) -> Impossible<(), Fault>
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> Impossible<(), Fault>
    }

    fn serialize_char(self, value: char) -> Result<(), Fault> {
        self.0.serialize_char(value)
    }

    fn serialize_str(self, value: &str) -> Result<(), Fault> {
        self.0.serialize_str(value)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), Fault> {
        self.0.serialize_str(variant)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Fault> {
        value.serialize(self)
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
        _: &'static str,
        _: &T,
    ) -> Result<(), Fault> {
        Err(NO_NAME)
    }
}
