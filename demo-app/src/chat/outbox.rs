//! What the person has written and the room's log does not show yet.

/// The page's own number for a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Ticket(pub(crate) u32);

/// How far a message has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stage {
    /// To be published.
    ToSend,
    /// The session has it, and sees to it over any cut.
    Handed,
    /// It is durable, at this offset of its room.
    Delivered(u64),
    /// It is not in the room, and nobody tries again by itself.
    Failed(Failure),
    /// It was transmitted, and whether it is in the room can't be learned any more.
    Unknown,
}

/// Why a message failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The server refused it; the words are the server's.
    Refused(String),
    /// As much waits as may.
    QueueFull,
    /// Something else; the words are the library's.
    Other(String),
}

/// What became of a message that the session had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It is durable, at this offset of its room.
    Delivered(u64),
    /// The server will never take it; the words are the server's.
    Refused(String),
    Unknown,
    /// It was certainly never transmitted: publishing it again repeats nothing.
    Unsent,
}

/// The name that a message has for all who see it: its publisher's, unknown before the first welcome, and a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PublishedAs {
    pub(crate) alias: Option<u64>,
    pub(crate) number: u64,
}

/// One message on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outgoing {
    pub(crate) ticket: Ticket,
    pub(crate) room: String,
    pub(crate) text: String,
    /// When it was written, in milliseconds since 1970.
    pub(crate) at_ms: u64,
    pub(crate) stage: Stage,
    /// How often it was to be published: each time is handed to the session once.
    pub(crate) round: u32,
    /// As what, the last time.
    pub(crate) published: Option<PublishedAs>,
}

impl Outgoing {
    pub(crate) fn new(ticket: Ticket, room: &str, text: String, at_ms: u64) -> Self {
        let (room, stage) = (room.to_owned(), Stage::ToSend);
        Self { ticket, room, text, at_ms, stage, round: 0, published: None }
    }

    fn again(&mut self) {
        self.stage = Stage::ToSend;
        self.round += 1;
        self.published = None;
    }
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

    /// Messages that the session does not have yet.
    pub(crate) fn to_send(&self) -> u64 {
        self.items.iter().filter(|message| message.stage == Stage::ToSend).count() as u64
    }

    pub(crate) fn is_full(&self) -> bool {
        self.items.len() >= Self::LIMIT
    }

    pub(crate) fn push(&mut self, message: Outgoing) {
        self.items.push(message);
    }

    pub(crate) fn remove(&mut self, ticket: Ticket) {
        self.items.retain(|message| message.ticket != ticket);
    }

    fn get_mut(&mut self, ticket: Ticket) -> Option<&mut Outgoing> {
        self.items.iter_mut().find(|message| message.ticket == ticket)
    }

    /// The session has taken a message.
    pub(crate) fn handed(&mut self, ticket: Ticket, published: PublishedAs) {
        if let Some(message) = self.get_mut(ticket) {
            message.stage = Stage::Handed;
            message.published = Some(published);
        }
    }

    /// A message can't be taken.
    pub(crate) fn failed(&mut self, ticket: Ticket, why: Failure) {
        if let Some(message) = self.get_mut(ticket) {
            message.stage = Stage::Failed(why);
        }
    }

    /// A message's fate is known, or known not to be known. It goes if the log of the present `room`, which reaches up
    /// to the offset `seen`, shows it or never will.
    pub(crate) fn settled(&mut self, ticket: Ticket, outcome: Outcome, room: &str, seen: Option<u64>) {
        let Some(message) = self.get_mut(ticket) else { return };
        match outcome {
            Outcome::Delivered(offset) if message.room != room || seen >= Some(offset) => self.remove(ticket),
            Outcome::Delivered(offset) => message.stage = Stage::Delivered(offset),
            Outcome::Refused(reason) => message.stage = Stage::Failed(Failure::Refused(reason)),
            Outcome::Unknown => message.stage = Stage::Unknown,
            Outcome::Unsent => message.again(),
        }
    }

    /// The session's name is known now.
    pub(crate) fn named(&mut self, me: u64) {
        for published in self.items.iter_mut().filter_map(|message| message.published.as_mut()) {
            published.alias = published.alias.or(Some(me));
        }
    }

    /// An entry of the room's log: the message that it is goes, and so do those that are delivered before it.
    pub(crate) fn arrived(&mut self, room: &str, offset: u64, publisher: u64, number: Option<u64>) {
        self.items.retain(|message| {
            if message.room != room {
                return true;
            }
            let same = message.published.is_some_and(|published| {
                published.alias == Some(publisher) && Some(published.number) == number
            });
            let passed = matches!(message.stage, Stage::Delivered(at) if at <= offset);
            !(same || passed)
        });
    }

    /// The person leaves a room, whose log is not shown any more.
    pub(crate) fn left(&mut self, room: &str) {
        self.items.retain(|message| message.room != room || !matches!(message.stage, Stage::Delivered(_)));
    }

    /// Tries again what failed or may have, as the newest: others have been said since.
    pub(crate) fn retry(&mut self, ticket: Ticket, now_ms: u64) {
        let may = |message: &Outgoing| matches!(message.stage, Stage::Failed(_) | Stage::Unknown);
        if let Some(at) = self.items.iter().position(|message| message.ticket == ticket && may(message)) {
            let mut message = self.items.remove(at);
            message.again();
            message.at_ms = now_ms;
            self.items.push(message);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ME: u64 = 7;

    fn outbox(count: u32) -> Outbox {
        let mut outbox = Outbox::default();
        for n in 0..count {
            outbox.push(Outgoing::new(Ticket(n), "a", "t".into(), 0));
        }
        outbox
    }

    fn hand(outbox: &mut Outbox, ticket: u32, alias: Option<u64>) {
        outbox.handed(Ticket(ticket), PublishedAs { alias, number: ticket.into() });
    }

    fn stages(outbox: &Outbox) -> Vec<(u32, Stage)> {
        outbox.iter().map(|m| (m.ticket.0, m.stage.clone())).collect()
    }

    #[test]
    fn a_message_leaves_by_its_entry_whether_its_receipt_or_the_entry_comes_first() {
        let mut it = outbox(2);
        hand(&mut it, 0, Some(ME));
        hand(&mut it, 1, Some(ME));
        it.arrived("a", 5, ME, Some(0));
        it.settled(Ticket(0), Outcome::Delivered(5), "a", Some(5));
        it.settled(Ticket(1), Outcome::Delivered(6), "a", Some(5));
        assert_eq!(stages(&it), [(1, Stage::Delivered(6))]);
        it.arrived("a", 6, ME, Some(1));
        assert_eq!(stages(&it), []);
    }

    #[test]
    fn another_publisher_s_number_is_another_message() {
        let mut it = outbox(1);
        hand(&mut it, 0, Some(ME));
        it.arrived("a", 5, ME + 1, Some(0));
        it.arrived("b", 5, ME, Some(0));
        assert_eq!(stages(&it), [(0, Stage::Handed)]);
    }

    #[test]
    fn what_was_handed_over_before_the_first_welcome_gets_its_name_with_it() {
        let mut it = outbox(1);
        hand(&mut it, 0, None);
        it.named(ME);
        it.named(ME + 1);
        it.arrived("a", 1, ME, Some(0));
        assert_eq!(stages(&it), []);
    }

    #[test]
    fn a_receipt_for_what_the_log_has_passed_or_another_room_shows_nothing_more() {
        let mut it = outbox(2);
        hand(&mut it, 0, Some(ME));
        hand(&mut it, 1, Some(ME));
        it.settled(Ticket(0), Outcome::Delivered(5), "a", Some(9));
        it.settled(Ticket(1), Outcome::Delivered(6), "b", None);
        assert_eq!(stages(&it), []);
    }

    #[test]
    fn what_was_never_transmitted_is_published_again_and_what_may_have_been_is_not() {
        let mut it = outbox(2);
        hand(&mut it, 0, Some(ME));
        hand(&mut it, 1, Some(ME));
        it.settled(Ticket(0), Outcome::Unknown, "a", None);
        it.settled(Ticket(1), Outcome::Unsent, "a", None);
        assert_eq!(stages(&it), [(0, Stage::Unknown), (1, Stage::ToSend)]);
        assert_eq!(it.iter().last().map(|message| message.round), Some(1));
        // Its entry was there all the same, and the log shows it later.
        it.arrived("a", 5, ME, Some(0));
        assert_eq!(stages(&it), [(1, Stage::ToSend)]);
    }

    #[test]
    fn only_what_failed_or_may_have_can_be_tried_again_and_goes_last() {
        let mut it = outbox(3);
        it.failed(Ticket(0), Failure::QueueFull);
        hand(&mut it, 1, None);
        hand(&mut it, 2, None);
        it.settled(Ticket(2), Outcome::Unknown, "a", None);
        for ticket in 0..3 {
            it.retry(Ticket(ticket), 5);
        }
        assert_eq!(stages(&it), [(1, Stage::Handed), (0, Stage::ToSend), (2, Stage::ToSend)]);
    }
}
