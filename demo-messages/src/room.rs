//! The rooms of the chat: channels of a session, whose entries are what was said.

use rejoin_codec::{Channel, Json};
use serde::{Deserialize, Serialize};

/// The path of the session's WebSocket.
pub const SESSION_PATH: &str = "/ws/session";

/// What the names of rooms' channels begin with.
const PREFIX: &str = "room/";

/// The room that is there from the beginning: everybody may always go into it.
pub const FIRST_ROOM: &str = "general";

/// A room, by its name: 1 to [`ROOM_CHARS`](crate::chat::ROOM_CHARS) lower-case letters, digits or hyphens.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Room(pub String);

impl Channel for Room {
    type Entry = Said;
    type Volatile = Whisper;
    type Presence = About;
    type Codec = Json;

    fn name(&self) -> String {
        format!("{PREFIX}{}", self.0)
    }
}

impl Room {
    /// The room of a channel's name.
    #[must_use]
    pub fn of_channel(name: &str) -> Option<Self> {
        name.strip_prefix(PREFIX).map(|room| Self(room.to_owned()))
    }
}

/// The most bytes of [`Said`] as JSON, where every character is an escape of twelve.
pub const SAID_BYTES: usize = 12 * (crate::chat::TEXT_CHARS + crate::chat::NAME_CHARS) + 64;

/// The most bytes of a [`Whisper`] as JSON.
pub const WHISPER_BYTES: usize = 64;

/// What somebody said in a room: an entry of its channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// The author's name when it was said.
    pub name: String,
    /// Plain text, never markup: 1 to [`TEXT_CHARS`](crate::chat::TEXT_CHARS) characters.
    pub text: String,
}

/// What somebody in a room is listed with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// The name at present.
    pub name: String,
}

/// What may be lost, to the others of a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Whisper {
    /// Somebody began or stopped typing.
    Typing {
        /// True while typing.
        typing: bool,
    },
}

/// A room and how many are in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomInfo {
    /// Its name.
    pub name: String,
    /// How many people are in it.
    pub members: u32,
}

/// What a page asks of the server, as a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Question {
    /// Which rooms there are. Answered with [`Answer::Rooms`].
    Rooms,
    /// What was said before an entry, for looking back. Answered with [`Answer::Older`].
    Older {
        /// In which room.
        room: String,
        /// Before the entry of this offset.
        before: u64,
        /// How many entries, at most [`OLDER`].
        count: u32,
    },
    /// A fault, on the asker's own connection: see [`Fault`]. Answered with [`Answer::Done`], if it can be.
    Fault(Fault),
}

/// The most entries that are looked back at once.
pub const OLDER: u32 = 100;

/// What the connection lab can do to one's own connection, at the server's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// Break it off without a close frame.
    Cut,
    /// Do nothing with it for so many milliseconds, at most [`FREEZE_MS`].
    Freeze(u32),
    /// Forget the session, as a restart of the server would.
    Forget,
}

/// The longest freeze, in milliseconds.
pub const FREEZE_MS: u32 = 60_000;

/// An entry that was looked back at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OldEntry {
    /// Its offset in the room's channel.
    pub offset: u64,
    /// When the log took it, in milliseconds since 1970 (UTC).
    pub at_ms: u64,
    /// Who said it.
    pub publisher: u64,
    /// What.
    pub said: Said,
}

/// The server's answer to a [`Question`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Answer {
    /// The rooms.
    Rooms {
        /// Those that have people or history.
        rooms: Vec<RoomInfo>,
    },
    /// What was said before, oldest first.
    Older {
        /// The entries; none when there are no older ones.
        entries: Vec<OldEntry>,
    },
    /// It was done.
    Done,
}
