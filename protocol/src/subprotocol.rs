//! Subprotocol names: which may be offered.

use alloc::string::String;
use core::error::Error;
use core::fmt;

/// A list of subprotocols that may not be offered.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InvalidSubprotocol {
    /// An empty name.
    Empty,
    /// A character that a token may not have (RFC 6455, section 4.1; RFC 2616, section 2.2).
    Character {
        /// The name.
        name: String,
        /// The character.
        character: char,
    },
    /// The same name twice.
    Repeated(String),
}

impl fmt::Display for InvalidSubprotocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // Names as they are: escaping them brings tables of characters into every client.
            Self::Empty => f.write_str("a subprotocol's name can't be empty"),
            Self::Character { name, character } => write!(
                f,
                "the subprotocol \"{name}\" has '{character}' (U+{:04X}): only visible ASCII other than ()<>@,;:\\\"/[]?={{}} may be used",
                u32::from(*character)
            ),
            Self::Repeated(name) => write!(f, "the subprotocol \"{name}\" is offered twice"),
        }
    }
}

impl Error for InvalidSubprotocol {}

/// Checks a list of subprotocols as the browser's constructor does, before it is asked.
///
/// # Errors
/// For a name that is empty, has a character that no HTTP token may have, or stands twice (names are compared by
/// the letter, as WHATWG does).
pub fn check_subprotocols<S: AsRef<str>>(names: &[S]) -> Result<(), InvalidSubprotocol> {
    for (index, name) in names.iter().map(AsRef::as_ref).enumerate() {
        if name.is_empty() {
            return Err(InvalidSubprotocol::Empty);
        }
        if let Some(character) = name.chars().find(|c| !is_token_character(*c)) {
            return Err(InvalidSubprotocol::Character { name: name.into(), character });
        }
        if names.iter().take(index).any(|earlier| earlier.as_ref() == name) {
            return Err(InvalidSubprotocol::Repeated(name.into()));
        }
    }
    Ok(())
}

fn is_token_character(character: char) -> bool {
    character.is_ascii_graphic()
        && !b"()<>@,;:\\\"/[]?={}".iter().any(|separator| char::from(*separator) == character)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::string::ToString;

    #[test]
    fn tokens_pass_and_every_separator_and_control_character_is_refused() {
        assert_eq!(check_subprotocols(&["chat.v1", "a!#$%&'*+-^_`|~"]), Ok(()));
        assert_eq!(check_subprotocols::<&str>(&[]), Ok(()));
        for character in (0u8..=32).chain(127..=255).map(char::from).chain("()<>@,;:\\\"/[]?={}".chars()) {
            let name = format!("a{character}b");
            assert_eq!(
                check_subprotocols(&[&name]),
                Err(InvalidSubprotocol::Character { name: name.clone(), character })
            );
        }
    }

    #[test]
    fn errors_name_what_is_wrong() {
        let text = |names: &[&str]| check_subprotocols(names).unwrap_err().to_string();
        assert!(text(&["a b"]).contains("\"a b\" has ' '"));
        assert!(text(&["twice", "twice"]).contains("\"twice\" is offered twice"));
        assert!(text(&[""]).contains("can't be empty"));
    }

    #[test]
    fn an_empty_and_a_repeated_name_are_refused_and_case_matters() {
        assert_eq!(check_subprotocols(&["a", ""]), Err(InvalidSubprotocol::Empty));
        assert_eq!(check_subprotocols(&["a", "b", "a"]), Err(InvalidSubprotocol::Repeated("a".into())));
        assert_eq!(check_subprotocols(&["a", "A"]), Ok(()));
    }
}
