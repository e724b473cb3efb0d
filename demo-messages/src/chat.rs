//! The chats: where the coursework's is, and the limits of what is said.

/// The path of the coursework's chat: plain texts, without a subprotocol.
pub const CLASSIC_PATH: &str = "/ws/chat";

/// The longest text of a message, in Unicode scalar values.
pub const TEXT_CHARS: usize = 2_000;
/// The longest name of a person, in Unicode scalar values.
pub const NAME_CHARS: usize = 32;
/// The longest name of a room, in Unicode scalar values: lower-case letters, digits and hyphens.
pub const ROOM_CHARS: usize = 32;
/// The longest text that the coursework's plain chat passes on, in Unicode scalar values.
pub const CLASSIC_CHARS: usize = 50;
