//! The rules: which secrets, names, rooms and texts the chat takes, and what it says about others.

use demo_messages::chat::{Author, Entry, Key, NAME_CHARS, ROOM_CHARS, Refusal, TEXT_CHARS};

pub(crate) fn secret(secret: &str) -> Result<(), String> {
    if (16..=64).contains(&secret.len()) && secret.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Ok(());
    }
    Err("a secret has 16 to 64 letters or digits".into())
}

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

pub(crate) fn room(room: &str) -> Result<(), String> {
    let right = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if (1..=ROOM_CHARS).contains(&room.len()) && room.bytes().all(right) {
        return Ok(());
    }
    Err(format!("a room's name has 1 to {ROOM_CHARS} lower-case letters, digits or hyphens"))
}

pub(crate) fn text(text: &str) -> Result<(), (Refusal, String)> {
    if text.trim().is_empty() {
        return Err((Refusal::Empty, "there is nothing in the message".into()));
    }
    let chars = text.chars().count();
    if chars > TEXT_CHARS {
        let reason = format!("a message has at most {TEXT_CHARS} characters; this one has {chars}");
        return Err((Refusal::TooLong, reason));
    }
    Ok(())
}

/// A message as the room keeps it.
pub(crate) fn entry(id: u64, at_ms: u64, author: Author, name: &str, key: Key, text: String) -> Entry {
    Entry { id, at_ms, author, name: name.to_owned(), key, text }
}
