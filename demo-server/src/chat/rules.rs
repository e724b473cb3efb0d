//! The rules: which names, rooms and texts the chat takes, and what it says about others.

use demo_messages::chat::{NAME_CHARS, ROOM_CHARS, TEXT_CHARS};

/// The name to show: trimmed.
pub(crate) fn name(name: &str) -> Result<String, String> {
    let name = name.trim();
    let chars = name.chars().count();
    if chars == 0 || chars > NAME_CHARS {
        return Err(format!("a name has 1 to {NAME_CHARS} characters; this one has {chars}"));
    }
    if name.chars().any(char::is_control) {
        return Err("a name has no control characters".into());
    }
    Ok(name.to_owned())
}

/// The name of somebody who is listed. It is shown as it comes, so that it must be trimmed already.
pub(crate) fn listed_name(listed: &str) -> Result<(), String> {
    if name(listed)? != listed {
        return Err("a name has no spaces before or after it".into());
    }
    Ok(())
}

pub(crate) fn room(room: &str) -> Result<(), String> {
    let right = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if (1..=ROOM_CHARS).contains(&room.len()) && room.bytes().all(right) {
        return Ok(());
    }
    Err(format!("a room's name has 1 to {ROOM_CHARS} lower-case letters, digits or hyphens"))
}

pub(crate) fn text(text: &str) -> Result<(), String> {
    if text.trim().is_empty() {
        return Err("there is nothing in the message".into());
    }
    let chars = text.chars().count();
    if chars > TEXT_CHARS {
        return Err(format!("a message has at most {TEXT_CHARS} characters; this one has {chars}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_trimmed_and_has_one_to_32_characters_that_can_be_seen() {
        assert_eq!(name(" Ada ").as_deref(), Ok("Ada"));
        assert_eq!(name(&"\u{1f980}".repeat(32)).map(|name| name.len()), Ok(128));
        for bad in ["", " \u{2003}", &"a".repeat(33), "A\u{7f}a"] {
            assert!(name(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_room_has_one_to_32_lower_case_letters_digits_or_hyphens() {
        assert!(room("tea-2").is_ok() && room(&"a".repeat(32)).is_ok());
        for bad in ["", "Tea", "a b", "\u{e9}", "../x", &"a".repeat(33)] {
            assert!(room(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_text_says_something_in_at_most_2000_characters() {
        assert!(text("x").is_ok() && text(&"\u{1f980}".repeat(2_000)).is_ok());
        for bad in ["", " \n\t", &"x".repeat(2_001)] {
            assert!(text(bad).is_err(), "{bad:?}");
        }
    }
}
