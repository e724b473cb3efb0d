//! What is sent: texts that tell their number, most of them short, some so long that they travel in fragments.

use demo_messages::room::Said;

/// The text of a session message.
pub(crate) fn message(number: usize) -> String {
    let padding = match number % 50 {
        49 => 100_000,
        24 => 3_000,
        _ => number % 64,
    };
    format!("{number}:{}", "x".repeat(padding))
}

/// The number of a session message, if it is one of ours and whole.
pub(crate) fn number(text: &str) -> Option<usize> {
    let number = text.split_once(':')?.0.parse().ok()?;
    (message(number) == text).then_some(number)
}

/// A publication, as an entry of a room.
pub(crate) fn said(author: &str, number: usize) -> String {
    let said = Said { name: author.to_owned(), text: number.to_string() };
    serde_json::to_string(&said).unwrap()
}

/// Who published an entry, and its number.
pub(crate) fn read(entry: &str) -> (String, usize) {
    let said: Said = serde_json::from_str(entry).unwrap();
    (said.name, said.text.parse().unwrap())
}
