//! The chat: the coursework's, and the typed one with a subprotocol. They are separate worlds.

mod classic;
mod hall;
mod person;
mod room;
mod rules;
mod typed;

use demo_messages::chat::Pace;
use rejoin_server::Connection;

use crate::config::Config;

/// Bytes of text of a room that are kept.
const HISTORY_BYTES: usize = 256 << 10;
/// People remembered, present or not.
const MAX_PEOPLE: usize = 10_000;
/// Messages of one person that are recognised when they come again.
const KEYS_PER_PERSON: usize = 256;

/// Both chats.
#[derive(Debug)]
pub(crate) struct Chat {
    classic: classic::Classic,
    typed: typed::TypedChat,
}

impl Chat {
    pub(crate) fn new(config: &Config) -> Result<Self, getrandom::Error> {
        let settings = hall::Settings {
            max_rooms: config.max_rooms,
            history_messages: config.history_messages,
            history_bytes: HISTORY_BYTES,
            max_people: MAX_PEOPLE,
            keys_per_person: KEYS_PER_PERSON,
            pace: Pace { per_second: config.chat_rate, burst: config.chat_burst() },
        };
        // An epoch that JavaScript's numbers hold exactly.
        let epoch = getrandom::u64()? >> 11;
        Ok(Self { classic: classic::Classic::default(), typed: typed::TypedChat::new(settings, epoch) })
    }

    /// Serves one connection, by its subprotocol.
    pub(crate) async fn serve(&self, connection: Connection) {
        if connection.info().subprotocol.is_some() {
            self.typed.serve(connection).await;
        } else {
            self.classic.serve(connection).await;
        }
    }

    /// The chat's own work between requests, for as long as it is polled.
    pub(crate) async fn run(&self) {
        self.typed.announce_rooms().await;
    }
}
