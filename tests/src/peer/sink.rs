//! Counting what was received, and whether it came in order.

use serde::Serialize;
use tokio_tungstenite::tungstenite::Message;

/// The answer to the text "stats".
#[derive(Debug, Serialize)]
pub(super) struct Sink {
    messages: u64,
    bytes: u64,
    /// Whether each message carried the number of those before it: a text its digits at its start, a binary
    /// message four bytes, the lowest first.
    in_order: bool,
}

impl Default for Sink {
    fn default() -> Self {
        Self { messages: 0, bytes: 0, in_order: true }
    }
}

impl Sink {
    pub(super) fn count(&mut self, message: &Message) {
        self.in_order &= number(message) == Some(self.messages);
        self.messages += 1;
        self.bytes += message.len() as u64;
    }

    pub(super) fn answer(&self) -> Message {
        Message::text(serde_json::json!(self).to_string())
    }
}

fn number(message: &Message) -> Option<u64> {
    match message {
        Message::Text(text) => {
            let digits = text.split(|c: char| !c.is_ascii_digit()).next()?;
            digits.parse().ok()
        }
        Message::Binary(bytes) => {
            let bytes = bytes.first_chunk::<4>()?;
            Some(u64::from(u32::from_le_bytes(*bytes)))
        }
        _ => None,
    }
}
