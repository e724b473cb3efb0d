//! What a written value is made of: elements, fields, names and their values.

use serde::ser::{
    Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant,
};

use super::{Fault, Key, NOT_RAW, Writer};

/// The parts of an array or an object, between which commas stand.
pub(in crate::json) struct Parts<'a> {
    writer: &'a mut Writer,
    first: bool,
    end: &'static str,
    /// The name of the one field whose value stands for the whole.
    raw: Option<&'static str>,
}

impl<'a> Parts<'a> {
    pub(super) fn of(writer: &'a mut Writer, end: &'static str) -> Self {
        Self { writer, first: true, end, raw: None }
    }

    pub(super) fn raw(writer: &'a mut Writer, field: &'static str) -> Self {
        Self { writer, first: true, end: "", raw: Some(field) }
    }

    fn next(&mut self) -> &mut Writer {
        if !std::mem::take(&mut self.first) {
            self.writer.put(",");
        }
        self.writer
    }

    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Fault> {
        value.serialize(self.next())
    }

    fn field<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), Fault> {
        match self.raw {
            None => {
                self.next().string(name);
                self.writer.put(":");
                value.serialize(&mut *self.writer)
            }
            Some(raw) if raw == name => self.writer.raw(value),
            Some(_) => Err(NOT_RAW),
        }
    }

    fn finish(self) {
        self.writer.put(self.end);
    }
}

macro_rules! elements {
    ($($of:ident $method:ident)*) => {$(
        impl $of for Parts<'_> {
            type Ok = ();
            type Error = Fault;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Fault> {
                self.element(value)
            }

            fn end(self) -> Result<(), Fault> {
                self.finish();
                Ok(())
            }
        }
    )*};
}

elements! {
    SerializeSeq serialize_element
    SerializeTuple serialize_element
    SerializeTupleStruct serialize_field
    SerializeTupleVariant serialize_field
}

macro_rules! fields {
    ($($of:ident)*) => {$(
        impl $of for Parts<'_> {
            type Ok = ();
            type Error = Fault;

            fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Fault> {
                self.field(name, value)
            }

            fn end(self) -> Result<(), Fault> {
                self.finish();
                Ok(())
            }
        }
    )*};
}

fields! {
    SerializeStruct
    SerializeStructVariant
}

impl SerializeMap for Parts<'_> {
    type Ok = ();
    type Error = Fault;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Fault> {
        key.serialize(Key(self.next()))
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Fault> {
        self.writer.put(":");
        value.serialize(&mut *self.writer)
    }

    fn end(self) -> Result<(), Fault> {
        self.finish();
        Ok(())
    }
}
