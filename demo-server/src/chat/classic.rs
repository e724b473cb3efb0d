//! The coursework's chat: each text goes to everybody, its sender included, cut to 50 characters.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use demo_messages::chat::CLASSIC_CHARS;
use rejoin_server::{Close, CloseCode, Connection, Message, Sender};

/// Everybody in the coursework's chat. It is a world of its own: the rooms of the sessions do not hear it.
#[derive(Debug, Default)]
pub(crate) struct Classic {
    present: Mutex<HashMap<u64, Sender>>,
}

impl Classic {
    fn present(&self) -> MutexGuard<'_, HashMap<u64, Sender>> {
        self.present.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Serves one connection.
    pub(crate) async fn serve(&self, mut connection: Connection) {
        let id = connection.info().id;
        self.present().insert(id, connection.sender());
        while let Some(message) = connection.recv().await {
            let Message::Text(text) = message else {
                let reason = "this chat takes text messages, not binary ones";
                connection.close(Close::new(CloseCode::UNSUPPORTED, reason));
                break;
            };
            tracing::info!(id, bytes = text.len(), "classic chat: message received");
            let cut = Message::from(cut(&text));
            // Under the lock, so that everybody gets the messages in the same order. Nothing waits here: a
            // reader that is too slow is cut off.
            for sender in self.present().values() {
                sender.push(cut.clone());
            }
        }
        self.present().remove(&id);
    }
}

/// The first 50 Unicode scalar values.
fn cut(text: &str) -> &str {
    text.char_indices().nth(CLASSIC_CHARS).map_or(text, |(end, _)| &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_to_fifty_characters_and_never_within_one() {
        assert_eq!(cut("short"), "short");
        assert_eq!(cut(&"a".repeat(50)).len(), 50);
        assert_eq!(cut(&"a".repeat(51)).len(), 50);
        assert_eq!(cut(&"🦀".repeat(60)), "🦀".repeat(50));
    }
}
