//! What is wrong with a text that is no value of its type, or with a value that has no text.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Error, Expected, Unexpected};

/// What is wrong, in words. Where it is wrong the text knows, which has been read that far.
#[derive(Debug)]
pub(super) struct Fault(Cow<'static, str>);

impl Fault {
    pub(super) const fn new(what: &'static str) -> Self {
        Self(Cow::Borrowed(what))
    }

    /// The words, where there is no place to say with them.
    pub(super) fn into_words(self) -> String {
        self.0.into_owned()
    }

    /// Another kind of value was expected than this.
    pub(super) fn kind(found: &str, expected: &dyn Expected) -> Self {
        Self::custom(format_args!("invalid type: {found}, expected {expected}"))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Fault {}

impl Error for Fault {
    fn custom<T: fmt::Display>(what: T) -> Self {
        Self(Cow::Owned(what.to_string()))
    }

    // These two name the kind of what was found and not the value: to print every kind of value would link what prints
    // floating point numbers and escapes text, which together are larger than all that reads JSON.

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::kind(name(&found), expected)
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let found = name(&found);
        Self::custom(format_args!("invalid value: {found}, expected {expected}"))
    }
}

fn name<'a>(found: &Unexpected<'a>) -> &'a str {
    match found {
        Unexpected::Bool(_) => "a boolean",
        Unexpected::Unsigned(_) | Unexpected::Signed(_) => "an integer",
        Unexpected::Float(_) => "a floating point number",
        Unexpected::Char(_) | Unexpected::Str(_) => "a string",
        Unexpected::Bytes(_) => "bytes",
        Unexpected::Unit | Unexpected::Option => "null",
        Unexpected::NewtypeStruct => "a newtype struct",
        Unexpected::Seq => "an array",
        Unexpected::Map => "an object",
        Unexpected::Enum => "an enum",
        Unexpected::UnitVariant => "a variant without a value",
        Unexpected::NewtypeVariant => "a variant with a value",
        Unexpected::TupleVariant => "a variant with several values",
        Unexpected::StructVariant => "a variant with fields",
        Unexpected::Other(what) => what,
    }
}
