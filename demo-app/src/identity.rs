//! Who this tab's person is: a name.

use demo_messages::chat::NAME_CHARS;

use crate::browser;
use crate::storage::Store;

const NAME: &str = "rejoin-name";

/// The name that the tab has kept, if there is one.
pub(crate) fn kept_name() -> Option<String> {
    Store::Tab.get::<String>(NAME).ok().and_then(|name| check_name(&name).ok())
}

/// Keeps the name for as long as the tab lives. A browser without storage keeps it as long as the page.
pub(crate) fn keep_name(name: &str) {
    if let Err(error) = Store::Tab.set(NAME, &name) {
        browser::warn("the name is not kept over a reload", &error.to_string().into());
    }
}

/// Why a name can't be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BadName {
    Empty,
    /// It has so many characters.
    TooLong(usize),
    /// It has characters that can't be seen.
    Control,
}

/// The name as the server takes it.
pub(crate) fn check_name(name: &str) -> Result<String, BadName> {
    let name = name.trim();
    match name.chars().count() {
        0 => Err(BadName::Empty),
        chars if chars > NAME_CHARS => Err(BadName::TooLong(chars)),
        _ if name.chars().any(char::is_control) => Err(BadName::Control),
        _ => Ok(name.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_trimmed_and_counted_in_characters() {
        assert_eq!(check_name("  Ada "), Ok("Ada".to_owned()));
        assert_eq!(check_name(" \u{2003} "), Err(BadName::Empty));
        assert_eq!(check_name(&"\u{1f980}".repeat(32)).map(|n| n.chars().count()), Ok(32));
        assert_eq!(check_name(&"a".repeat(33)), Err(BadName::TooLong(33)));
        assert_eq!(check_name("A\u{7f}a"), Err(BadName::Control));
    }
}
