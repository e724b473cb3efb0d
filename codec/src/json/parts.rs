//! What a value is made of: elements, fields, the value of a variant.

use serde::Deserializer;
use serde::de::{
    DeserializeSeed, EnumAccess, Error, MapAccess, SeqAccess, Unexpected, VariantAccess, Visitor,
};

use super::fault::Fault;
use super::key::Key;
use super::text::Text;

/// The elements of an array.
pub(super) struct Elements<'a, 't> {
    text: &'a mut Text<'t>,
    first: bool,
}

impl<'a, 't> Elements<'a, 't> {
    pub(super) fn of(text: &'a mut Text<'t>) -> Self {
        Self { text, first: true }
    }
}

impl<'t> SeqAccess<'t> for Elements<'_, 't> {
    type Error = Fault;

    fn next_element_seed<S: DeserializeSeed<'t>>(&mut self, seed: S) -> Result<Option<S::Value>, Fault> {
        if !self.text.more(std::mem::take(&mut self.first), b']')? {
            return Ok(None);
        }
        seed.deserialize(&mut *self.text).map(Some)
    }
}

/// The fields of an object.
pub(super) struct Fields<'a, 't> {
    text: &'a mut Text<'t>,
    first: bool,
}

impl<'a, 't> Fields<'a, 't> {
    pub(super) fn of(text: &'a mut Text<'t>) -> Self {
        Self { text, first: true }
    }
}

impl<'t> MapAccess<'t> for Fields<'_, 't> {
    type Error = Fault;

    fn next_key_seed<S: DeserializeSeed<'t>>(&mut self, seed: S) -> Result<Option<S::Value>, Fault> {
        if !self.text.more(std::mem::take(&mut self.first), b'}')? {
            return Ok(None);
        }
        if self.text.peek() != Some(b'"') {
            return Err(Fault::new("a name without quotation marks"));
        }
        seed.deserialize(Key(&mut *self.text)).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'t>>(&mut self, seed: S) -> Result<S::Value, Fault> {
        self.text.colon()?;
        seed.deserialize(&mut *self.text)
    }
}

/// A variant as the one field of an object.
pub(super) struct Variant<'a, 't>(pub(super) &'a mut Text<'t>);

impl<'t> EnumAccess<'t> for Variant<'_, 't> {
    type Error = Fault;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'t>>(self, seed: S) -> Result<(S::Value, Self), Fault> {
        let variant = seed.deserialize(&mut *self.0)?;
        self.0.colon()?;
        Ok((variant, self))
    }
}

impl<'t> VariantAccess<'t> for Variant<'_, 't> {
    type Error = Fault;

    fn unit_variant(self) -> Result<(), Fault> {
        serde::Deserialize::deserialize(self.0)
    }

    fn newtype_variant_seed<S: DeserializeSeed<'t>>(self, seed: S) -> Result<S::Value, Fault> {
        seed.deserialize(self.0)
    }

    fn tuple_variant<V: Visitor<'t>>(self, _: usize, visitor: V) -> Result<V::Value, Fault> {
        self.0.deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'t>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.0.deserialize_struct("", fields, visitor)
    }
}

/// A variant by its name alone.
pub(super) struct Named<'a, 't>(pub(super) &'a mut Text<'t>);

impl<'t> EnumAccess<'t> for Named<'_, 't> {
    type Error = Fault;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'t>>(self, seed: S) -> Result<(S::Value, Self), Fault> {
        Ok((seed.deserialize(&mut *self.0)?, self))
    }
}

impl<'t> VariantAccess<'t> for Named<'_, 't> {
    type Error = Fault;

    fn unit_variant(self) -> Result<(), Fault> {
        Ok(())
    }

    fn newtype_variant_seed<S: DeserializeSeed<'t>>(self, _: S) -> Result<S::Value, Fault> {
        Err(Fault::invalid_type(Unexpected::UnitVariant, &"newtype variant"))
    }

    fn tuple_variant<V: Visitor<'t>>(self, _: usize, _: V) -> Result<V::Value, Fault> {
        Err(Fault::invalid_type(Unexpected::UnitVariant, &"tuple variant"))
    }

    fn struct_variant<V: Visitor<'t>>(self, _: &'static [&'static str], _: V) -> Result<V::Value, Fault> {
        Err(Fault::invalid_type(Unexpected::UnitVariant, &"struct variant"))
    }
}
