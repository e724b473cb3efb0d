//! The log as it is shown: days, people's turns, marks.

use std::rc::Rc;

use super::log::{Entry, What};
use super::outbox::{Outgoing, Stage, Ticket};
use super::state::{ChatState, Presence};
use crate::local_time::LocalTime;
use crate::words;

/// A pause after which the same person's messages are a new turn.
const TURN_MS: u64 = 5 * 60 * 1_000;

/// How an own message stands, in the reader's terms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Mark {
    /// On its way over an open connection.
    Sending,
    /// Waits for the connection.
    Waiting,
    /// It is in the room, for good.
    Delivered,
    /// Failed, and why, in words.
    Failed(String),
    /// Nobody can say any more whether it is in the room.
    Unknown,
}

/// One message in a turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item {
    /// Tells it from all others over time.
    pub(crate) id: String,
    /// For own messages that are not in the log yet.
    pub(crate) ticket: Option<Ticket>,
    pub(crate) text: Text,
    pub(crate) at_ms: u64,
    /// For own messages.
    pub(crate) mark: Option<Mark>,
}

/// A message's text, shared where it is kept elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Text {
    Said(Rc<Entry>),
    Own(String),
}

impl Text {
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Said(entry) => &entry.said.text,
            Self::Own(text) => text,
        }
    }
}

/// Messages of one person in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Turn {
    pub(crate) name: String,
    pub(crate) mine: bool,
    pub(crate) items: Vec<Item>,
}

/// One thing under another, and what tells it from all others over time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) key: String,
    pub(crate) shown: Shown,
}

/// What stands in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Shown {
    Day(String),
    Turn(Turn),
    /// A sentence between two lines.
    Between(String),
    /// Here begins what is unread.
    Unread,
}

/// All rows, oldest first. `today` is the day that is called so.
pub(crate) fn rows(state: &ChatState, today: LocalTime) -> Vec<Row> {
    let mut rows = Rows { out: Vec::new(), day: None, author: None, today };
    for line in state.log.lines() {
        let serial = line.serial;
        if state.unread_from == Some(serial) {
            rows.between("unread".to_owned(), Shown::Unread);
        }
        match &line.what {
            What::Said { entry, mine } => rows.said(serial, entry, *mine),
            What::Away { seconds } => rows.sentence(serial, words::you_were_away(*seconds)),
            What::Anew => rows.sentence(serial, words::SERVER_ANEW.to_owned()),
            What::Gap { missing } => rows.sentence(serial, words::gap(*missing)),
            What::Unreadable => rows.sentence(serial, words::UNREADABLE_ENTRY.to_owned()),
        }
    }
    for message in state.outbox.iter().filter(|message| message.room == state.room) {
        rows.own(message, state.presence);
    }
    rows.out
}

struct Rows {
    out: Vec<Row>,
    day: Option<LocalTime>,
    /// Whose turn it is: the author's alias, or none for the person's own.
    author: Option<Option<u64>>,
    today: LocalTime,
}

impl Rows {
    fn between(&mut self, key: String, shown: Shown) {
        self.author = None;
        self.out.push(Row { key, shown });
    }

    fn sentence(&mut self, serial: i64, words: String) {
        self.between(format!("b{serial}"), Shown::Between(words));
    }

    fn said(&mut self, serial: i64, entry: &Rc<Entry>, mine: bool) {
        let item = Item {
            id: format!("e{serial}"),
            ticket: None,
            text: Text::Said(Rc::clone(entry)),
            at_ms: entry.at_ms,
            mark: mine.then_some(Mark::Delivered),
        };
        self.item(item, &entry.said.name, (!mine).then_some(entry.publisher));
    }

    fn own(&mut self, message: &Outgoing, presence: Presence) {
        let mark = match &message.stage {
            Stage::ToSend | Stage::Handed if presence == Presence::Away => Mark::Waiting,
            Stage::ToSend | Stage::Handed => Mark::Sending,
            Stage::Delivered(_) => Mark::Delivered,
            Stage::Failed(why) => Mark::Failed(words::failure(why)),
            Stage::Unknown => Mark::Unknown,
        };
        let item = Item {
            id: format!("k{}", message.ticket.0),
            ticket: Some(message.ticket),
            text: Text::Own(message.text.clone()),
            at_ms: message.at_ms,
            mark: Some(mark),
        };
        self.item(item, words::YOU, None);
    }

    fn item(&mut self, item: Item, name: &str, author: Option<u64>) {
        let at = LocalTime::at(item.at_ms);
        if self.day.is_none_or(|day| !day.same_day(at)) {
            self.day = Some(at);
            self.between(format!("d{}", item.id), Shown::Day(words::day(at, self.today)));
        }
        if self.author == Some(author)
            && let Some(Row { shown: Shown::Turn(turn), .. }) = self.out.last_mut()
            && (turn.mine || turn.name == name)
            && turn.items.last().is_some_and(|last| item.at_ms.saturating_sub(last.at_ms) < TURN_MS)
        {
            turn.items.push(item);
            return;
        }
        self.author = Some(author);
        let mine = author.is_none();
        let name = if mine { words::YOU } else { name };
        let key = format!("t{}", item.id);
        let turn = Turn { name: name.to_owned(), mine, items: vec![item] };
        self.out.push(Row { key, shown: Shown::Turn(turn) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::log::tests::entry;
    use crate::chat::state::{ChatAction, Fed};

    fn shape(rows: &[Row]) -> Vec<String> {
        let one = |row: &Row| match &row.shown {
            Shown::Day(day) => format!("[{day}]"),
            Shown::Turn(turn) => format!("{}:{}", turn.name, turn.items.len()),
            Shown::Between(text) => text.clone(),
            Shown::Unread => "unread".into(),
        };
        rows.iter().map(one).collect()
    }

    fn state(entries: Vec<Entry>) -> ChatState {
        let items = [Fed::Started { offset: 0 }].into_iter().chain(entries.into_iter().map(Fed::Said));
        let live = ChatState::new("a").after(ChatAction::Live { me: 1, at_ms: 0 });
        live.after(ChatAction::Fed { feed: 0, items: items.collect(), at_ms: 0 })
    }

    #[test]
    fn messages_of_one_person_in_a_row_are_one_turn() {
        let said =
            vec![entry(1, 2, "a"), entry(2, 2, "b"), entry(3, 3, "c"), entry(4, 1, "d"), entry(20, 1, "e")];
        let rows = rows(&state(said), LocalTime::at(0));
        assert_eq!(shape(&rows), ["[Today]", "N2:2", "N3:1", "You:1", "You:1"]);
    }

    #[test]
    fn a_new_day_breaks_a_turn() {
        let rows = rows(&state(vec![entry(1_439, 2, "a"), entry(1_440, 2, "b")]), LocalTime::at(86_400_000));
        assert_eq!(shape(&rows), ["[Yesterday]", "N2:1", "[Today]", "N2:1"]);
    }

    #[test]
    fn what_waits_stands_below_what_was_said() {
        let mut state = state(vec![entry(1, 2, "a")]);
        state = state.after(ChatAction::Lost { at_ms: 0 });
        state = state.after(ChatAction::Written { ticket: Ticket(9), text: "t".into(), at_ms: 90_000 });
        let rows = rows(&state, LocalTime::at(0));
        let Some(Row { shown: Shown::Turn(turn), .. }) = rows.last() else { panic!("{rows:?}") };
        assert_eq!(turn.items[0].mark, Some(Mark::Waiting));
        assert!(turn.mine);
    }

    #[test]
    fn no_two_rows_have_the_same_key_and_those_there_keep_theirs_when_older_ones_come() {
        let before = state(vec![entry(2_000, 2, "b"), entry(2_001, 1, "c")]);
        let older = [(1, "x"), (1_999, "a")].map(|(offset, text)| {
            let Entry { at_ms, publisher, said, .. } = entry(offset, 3, text);
            demo_messages::room::OldEntry { offset, at_ms, publisher, said }
        });
        let after = before.after(ChatAction::OlderCame { feed: 0, entries: Some(older.to_vec()) });
        let keys = |state| rows(state, LocalTime::at(0)).into_iter().map(|row| row.key).collect::<Vec<_>>();
        let (before, after) = (keys(&before), keys(&after));
        assert_eq!(after.iter().collect::<std::collections::BTreeSet<_>>().len(), after.len());
        let turns =
            |keys: &[String]| keys.iter().filter(|key| key.starts_with('t')).cloned().collect::<Vec<_>>();
        assert!(turns(&after).ends_with(&turns(&before)), "{before:?} {after:?}");
    }
}
