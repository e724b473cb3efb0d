//! The chat: requests of a page, events of the server.

use rejoin_codec::{Endpoint, Json};
use serde::{Deserialize, Serialize};

/// The chat's endpoint: its path, its subprotocol and what each end sends.
#[derive(Debug, Clone, Copy)]
pub struct Chat;

impl Endpoint for Chat {
    const PATH: &'static str = "/ws/chat";
    const SUBPROTOCOL: Option<&'static str> = Some("chat.rejoin.v1");
    type Codec = Json;
    type ToServer = Request;
    type ToClient = Event;
}

/// The longest text of a message, in Unicode scalar values.
pub const TEXT_CHARS: usize = 2_000;
/// The longest name of a person, in Unicode scalar values.
pub const NAME_CHARS: usize = 32;
/// The longest name of a room, in Unicode scalar values: lower-case letters, digits and hyphens.
pub const ROOM_CHARS: usize = 32;
/// The longest text that the coursework's plain chat passes on, in Unicode scalar values.
pub const CLASSIC_CHARS: usize = 50;

/// A person as others see it: the same number for the same [`Request::Hello`] secret while the server runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Author(pub u32);

/// The number that a page gives to each of its own messages, growing, so that it recognises them again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Key(pub u32);

/// One message in a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Position in its room, growing, unique within the server's `epoch`.
    pub id: u64,
    /// When the server took it, in milliseconds since 1970 (UTC).
    pub at_ms: u64,
    /// Who wrote it.
    pub author: Author,
    /// The author's name when it was written.
    pub name: String,
    /// The author's own number for it.
    pub key: Key,
    /// What was written: plain text, never markup.
    pub text: String,
}

/// Somebody who is in a room now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Who.
    pub author: Author,
    /// The name at present.
    pub name: String,
    /// Whether the person is typing.
    pub typing: bool,
}

/// How many requests the server takes from one connection; [`Request::Ping`] does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pace {
    /// Requests a second in the long run.
    pub per_second: u32,
    /// Requests at once after a quiet while, and at the beginning of a connection.
    pub burst: u32,
}

/// A room and how many are in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Room {
    /// Its name.
    pub name: String,
    /// How many people are in it.
    pub members: u32,
}

/// What a page asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Request {
    /// The first message of every connection: who speaks. Anything else before it is refused.
    Hello {
        /// A secret drawn at random by the page and kept for the tab's life, 16 to 64 letters or digits:
        /// it makes the same person come back under the same [`Author`].
        secret: String,
        /// The name to show, 1 to [`NAME_CHARS`] characters after trimming.
        name: String,
    },
    /// Enters a room and leaves the one before it. Answered with [`Event::Joined`].
    Join {
        /// 1 to [`ROOM_CHARS`] lower-case letters, digits or hyphens.
        room: String,
    },
    /// Says something in the room. Answered with [`Event::Accepted`] or [`Event::Refused`].
    Say {
        /// The room it is meant for; the one joined.
        room: String,
        /// The page's own number: the same key again is accepted without being said twice.
        key: Key,
        /// 1 to [`TEXT_CHARS`] characters.
        text: String,
    },
    /// Says whether the person is typing. Not answered, and let drop when it comes too fast.
    Typing {
        /// True while typing.
        typing: bool,
    },
    /// Asks for [`Event::Pong`] at once, before [`Request::Hello`] too: the page's keep-alive.
    Ping,
    /// Changes the name. Answered with [`Event::Renamed`] to the room.
    Rename {
        /// The new name, 1 to [`NAME_CHARS`] characters after trimming.
        name: String,
    },
}

/// What the server tells a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// The answer to [`Request::Hello`].
    Welcome {
        /// Who the page is to others.
        you: Author,
        /// Drawn at random when the server started: entries of another epoch are another history.
        epoch: u64,
        /// How fast the page may ask. What is too fast is refused with [`Refusal::TooFast`].
        pace: Pace,
        /// The rooms that have people or history.
        rooms: Vec<Room>,
    },
    /// The answer to [`Request::Join`].
    Joined {
        /// The room entered.
        room: String,
        /// Its latest messages, oldest first.
        history: Vec<Entry>,
        /// Who is in it, the page's own person included.
        members: Vec<Member>,
    },
    /// Somebody, perhaps this page, said something in the room.
    Said {
        /// Where.
        room: String,
        /// What.
        entry: Entry,
    },
    /// The server has taken this page's message; it goes out to the room as [`Event::Said`] as well.
    Accepted {
        /// The page's number for it.
        key: Key,
        /// Its position in the room.
        id: u64,
        /// When the server took it, in milliseconds since 1970 (UTC).
        at_ms: u64,
    },
    /// The server has not done what was asked, and why.
    Refused {
        /// The message concerned, if the request was [`Request::Say`].
        key: Option<Key>,
        /// Why, for a program.
        code: Refusal,
        /// Why, for a person.
        reason: String,
    },
    /// Somebody came into the room.
    Entered {
        /// Who.
        member: Member,
    },
    /// Somebody left the room.
    Left {
        /// Who.
        author: Author,
    },
    /// Somebody has another name now.
    Renamed {
        /// Who.
        author: Author,
        /// The new name.
        name: String,
    },
    /// Somebody began or stopped typing.
    Typing {
        /// Who.
        author: Author,
        /// True while typing.
        typing: bool,
    },
    /// The answer to [`Request::Ping`].
    Pong,
    /// The list of rooms or their numbers of people changed.
    Rooms {
        /// All rooms that have people or history.
        rooms: Vec<Room>,
    },
}

/// Why a request was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Refusal {
    /// The first message was not [`Request::Hello`].
    HelloFirst,
    /// The secret has not 16 to 64 letters or digits.
    BadSecret,
    /// The name is empty or longer than [`NAME_CHARS`].
    BadName,
    /// The room's name has other characters than it may have, or too many.
    BadRoom,
    /// Said in a room that the page is not in.
    NotInRoom,
    /// The text is empty.
    Empty,
    /// The text is longer than [`TEXT_CHARS`].
    TooLong,
    /// Too many requests in a short time; the connection stays.
    TooFast,
    /// There are as many rooms as there may be.
    TooManyRooms,
}
