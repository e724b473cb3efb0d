//! The words of the chat.

use demo_messages::chat::{NAME_CHARS, ROOM_CHARS};

use crate::chat::outbox::{Failure, Outbox};
use crate::figures;

pub(crate) const YOU: &str = "You";
pub(crate) const UNREAD: &str = "New";
pub(crate) const SEND: &str = "Send";
pub(crate) const SENDING: &str = "sending";
pub(crate) const WAITING: &str = "waits for the connection";
pub(crate) const DELIVERED: &str = "delivered";
pub(crate) const NOT_DELIVERED: &str = "Not delivered";
pub(crate) const MAYBE_DELIVERED: &str =
    "Sent, but whether it was delivered can't be learned any more. Trying again may show it twice.";
pub(crate) const TRY_AGAIN: &str = "Try again";
pub(crate) const DISCARD: &str = "Discard";
pub(crate) const PEOPLE: &str = "People";
pub(crate) const ROOMS: &str = "Rooms";
pub(crate) const IS_TYPING: &str = "typing";
pub(crate) const NOBODY_KNOWN: &str = "Who is here is shown once you are in the room.";
pub(crate) const OTHER_ROOM: &str = "Go to another room";
pub(crate) const ENTER: &str = "Go";
pub(crate) const CHANGE_NAME: &str = "Change your name";
pub(crate) const SAVE_NAME: &str = "Save";
pub(crate) const MESSAGES: &str = "Messages";
pub(crate) const ENTERING: &str = "Entering the room\u{2026}";
pub(crate) const NOT_ENTERED_TITLE: &str = "You are not in this room";
pub(crate) const NOT_ENTERED_TEXT: &str = "The server has not let you in. Go to another room, under People.";
pub(crate) const UNKNOWN_TITLE: &str = "Not in the room yet";
pub(crate) const UNKNOWN_TEXT: &str = "What has been said here is shown once you are connected.";
pub(crate) const DISMISS: &str = "Dismiss";

pub(crate) const WELCOME_TITLE: &str = "What should others call you?";
pub(crate) const WELCOME_TEXT: &str =
    "Pick any name; no account is needed. It is kept in this tab only, and you can change it later.";
pub(crate) const NAME: &str = "Your name";
pub(crate) const JOIN: &str = "Join the chat";

pub(crate) const SERVER_ANEW: &str =
    "the server has started anew: it no longer has what stands above, only this page still does";
pub(crate) const UNREADABLE_ENTRY: &str = "a message that this page can't read";
pub(crate) const OLDER: &str = "Show older messages";
pub(crate) const OLDER_COMING: &str = "Fetching older messages\u{2026}";
pub(crate) const OLDER_FAILED: &str = "Older messages could not be fetched.";

/// Messages are missing from the room: so many, if anybody knows.
pub(crate) fn gap(missing: Option<u64>) -> String {
    match missing {
        Some(1) => "1 message is missing here: the server no longer has it".to_owned(),
        Some(count) => {
            format!("{} messages are missing here: the server no longer has them", figures::whole(count))
        }
        None => "messages are missing here: the server no longer has them".to_owned(),
    }
}

/// Above the first message of a room.
pub(crate) fn beginning(room: &str) -> String {
    format!("This is where #{room} begins")
}

pub(crate) const EMPTY_TITLE: &str = "Nothing has been said here yet";
pub(crate) const EMPTY_TEXT: &str =
    "Write the first message below. To try it alone, open this page in a second window.";

/// The heading of the room.
pub(crate) fn room(name: &str) -> String {
    format!("#{name}")
}

pub(crate) fn here(people: usize) -> String {
    format!("{people} here")
}

pub(crate) fn write_to(room: &str) -> String {
    format!("Write to #{room}")
}

pub(crate) fn you_were_away(seconds: u64) -> String {
    format!("you were away {}", figures::span(seconds))
}

pub(crate) fn new_messages(count: u32) -> String {
    if count == 1 { "1 new message".to_owned() } else { format!("{count} new messages") }
}

pub(crate) const TO_NEWEST: &str = "To the newest";

/// The counter beside the text.
pub(crate) fn counter(used: usize, limit: usize) -> String {
    format!("{used}/{limit}")
}

/// What the counter means, for a screen reader and beside it when the limit is passed.
pub(crate) fn too_long_by(over: usize) -> String {
    if over == 1 { "1 character too long".to_owned() } else { format!("{over} characters too long") }
}

pub(crate) fn name_too_long(chars: usize) -> String {
    format!("A name may have {NAME_CHARS} characters; this one has {chars}.")
}

pub(crate) const NAME_CONTROL: &str = "A name may have no control characters.";
pub(crate) const NAME_EMPTY: &str = "Write a name first.";

pub(crate) fn bad_room_name() -> String {
    format!("A room's name has 1 to {ROOM_CHARS} lower-case letters, digits or hyphens.")
}

pub(crate) fn typing(names: &[&str]) -> Option<String> {
    match names {
        [] => None,
        [one] => Some(format!("{one} is typing")),
        [one, two] => Some(format!("{one} and {two} are typing")),
        [one, two, more @ ..] => Some(format!("{one}, {two} and {} more are typing", more.len())),
    }
}

/// Why a message failed, after "Not delivered: ".
pub(crate) fn failure(why: &Failure) -> String {
    match why {
        Failure::Refused(words) | Failure::Other(words) => words.clone(),
        Failure::QueueFull => "as many messages wait already as may wait".to_owned(),
    }
}

/// Instead of the composer's own, while as much waits as may.
pub(crate) fn outbox_full() -> String {
    format!(
        "{} messages wait already, as many as may. You can send again when some have gone.",
        Outbox::LIMIT
    )
}

/// The room was not entered, and why, in the server's words.
pub(crate) fn not_let_in(why: &str) -> String {
    format!("The server has not let you in: {why}.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_or_more_who_type_are_counted() {
        assert_eq!(typing(&[]), None);
        assert_eq!(typing(&["Ada"]).as_deref(), Some("Ada is typing"));
        assert_eq!(typing(&["Ada", "Bob"]).as_deref(), Some("Ada and Bob are typing"));
        assert_eq!(typing(&["A", "B", "C", "D"]).as_deref(), Some("A, B and 2 more are typing"));
    }
}
