//! What the person has written and the room's log does not show yet.

use demo_messages::chat::{Entry, Key, Refusal};

/// How far a message has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stage {
    /// To be given to the client library.
    ToSend,
    /// The library has it: it goes out over the connection with this number, or went.
    Handed {
        /// The first connection of the page is 1.
        connection: u32,
    },
    /// The server has taken it.
    Accepted,
    /// It did not get through and nobody tries again by itself.
    Failed(Failure),
}

/// Why a message failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The server refused it.
    Refused(Refusal),
    /// The client's queue holds as much as it may.
    QueueFull,
    /// Something else; the words are the library's.
    Other(String),
}

/// One message on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outgoing {
    pub(crate) key: Key,
    pub(crate) room: String,
    pub(crate) text: String,
    /// When it was written, in milliseconds since 1970.
    pub(crate) at_ms: u64,
    pub(crate) stage: Stage,
}

/// The messages on their way, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Outbox {
    items: Vec<Outgoing>,
}

impl Outbox {
    /// The most messages that wait here; further ones are refused before they are written into it.
    pub(crate) const LIMIT: usize = 500;

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Outgoing> {
        self.items.iter()
    }

    /// Messages that are not handed over yet, and the bytes of their texts.
    pub(crate) fn to_send(&self) -> (u64, u64) {
        let waiting = self.items.iter().filter(|message| message.stage == Stage::ToSend);
        waiting.fold((0, 0), |(count, bytes), message| (count + 1, bytes + message.text.len() as u64))
    }

    pub(crate) fn is_full(&self) -> bool {
        self.items.len() >= Self::LIMIT
    }

    pub(crate) fn push(&mut self, message: Outgoing) {
        self.items.push(message);
    }

    pub(crate) fn remove(&mut self, key: Key) {
        self.items.retain(|message| message.key != key);
    }

    /// Moves the message on, if it is still here.
    pub(crate) fn set(&mut self, key: Key, stage: Stage) {
        if let Some(message) = self.items.iter_mut().find(|message| message.key == key) {
            message.stage = stage;
        }
    }

    /// Tries a failed message again, as the newest: others have been said since.
    pub(crate) fn retry(&mut self, key: Key, now_ms: u64) {
        if let Some(at) = self.items.iter().position(|m| m.key == key && matches!(m.stage, Stage::Failed(_)))
        {
            let mut message = self.items.remove(at);
            message.stage = Stage::ToSend;
            message.at_ms = now_ms;
            self.items.push(message);
        }
    }

    /// After `room` was entered over `connection`: what its log holds has arrived; what an earlier connection
    /// may have lost is to be sent again, with the same key, so that the server can't say it twice. What the
    /// server took stays taken as long as it has the `same_memory`.
    pub(crate) fn settle(
        &mut self,
        room: &str,
        connection: u32,
        same_memory: bool,
        arrived: impl Fn(Key) -> bool,
    ) {
        let taken = |message: &Outgoing| same_memory && message.stage == Stage::Accepted;
        self.items.retain(|message| message.room != room || !(arrived(message.key) || taken(message)));
        for message in self.items.iter_mut().filter(|message| message.room == room) {
            let in_doubt = match message.stage {
                Stage::Handed { connection: over } => over < connection,
                Stage::Accepted => true,
                Stage::ToSend | Stage::Failed(_) => false,
            };
            if in_doubt {
                message.stage = Stage::ToSend;
            }
        }
    }

    /// What waited for the connection after `connection` was given back: it is to be handed over again.
    pub(crate) fn give_back(&mut self, connection: u32) {
        for message in &mut self.items {
            if matches!(message.stage, Stage::Handed { connection: over } if over > connection) {
                message.stage = Stage::ToSend;
            }
        }
    }

    /// Takes out the message that this entry is.
    pub(crate) fn arrived(&mut self, entry: &Entry) {
        self.remove(entry.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outbox(stages: &[Stage]) -> Outbox {
        let mut outbox = Outbox::default();
        for (i, stage) in stages.iter().enumerate() {
            let key = Key(u32::try_from(i).expect("few"));
            outbox.push(Outgoing { key, room: "a".into(), text: "t".into(), at_ms: 0, stage: stage.clone() });
        }
        outbox
    }

    fn stages(outbox: &Outbox) -> Vec<(u32, Stage)> {
        outbox.iter().map(|m| (m.key.0, m.stage.clone())).collect()
    }

    #[test]
    fn only_what_an_earlier_connection_may_have_lost_is_sent_again() {
        let failed = Stage::Failed(Failure::QueueFull);
        let mut it = outbox(&[
            Stage::Handed { connection: 1 },
            Stage::Handed { connection: 1 },
            Stage::Handed { connection: 2 },
            failed.clone(),
        ]);
        it.settle("a", 2, true, |key| key.0 == 0);
        assert_eq!(stages(&it), [(1, Stage::ToSend), (2, Stage::Handed { connection: 2 }), (3, failed)]);
    }

    #[test]
    fn what_was_accepted_is_said_again_only_to_a_server_that_has_forgotten_it() {
        let mut it = outbox(&[Stage::Accepted]);
        it.settle("a", 2, false, |_| false);
        assert_eq!(stages(&it), [(0, Stage::ToSend)]);
        let mut it = outbox(&[Stage::Accepted]);
        it.settle("a", 2, true, |_| false);
        assert_eq!(stages(&it), []);
    }

    #[test]
    fn what_waited_and_was_given_back_is_handed_over_again() {
        let mut it = outbox(&[Stage::Handed { connection: 1 }, Stage::Handed { connection: 2 }]);
        it.give_back(1);
        assert_eq!(stages(&it), [(0, Stage::Handed { connection: 1 }), (1, Stage::ToSend)]);
    }

    #[test]
    fn another_room_s_messages_are_left_alone() {
        let mut it = outbox(&[Stage::Handed { connection: 1 }]);
        it.settle("b", 9, true, |_| true);
        assert_eq!(stages(&it), [(0, Stage::Handed { connection: 1 })]);
    }

    #[test]
    fn only_a_failed_message_can_be_tried_again_and_goes_last() {
        let mut it = outbox(&[Stage::Failed(Failure::QueueFull), Stage::Accepted]);
        it.retry(Key(1), 5);
        it.retry(Key(0), 5);
        assert_eq!(stages(&it), [(1, Stage::Accepted), (0, Stage::ToSend)]);
    }
}
