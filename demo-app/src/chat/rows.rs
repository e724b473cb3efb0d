//! The log as it is shown: days, people's turns, marks.

use std::rc::Rc;

use demo_messages::chat::{Entry, Key};

use super::log::Line;
use super::outbox::{Outgoing, Stage};
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
    Sent,
    /// Failed, and why, in words.
    Failed(String),
}

/// One message in a turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item {
    /// Tells it from others of its turn over time.
    pub(crate) id: String,
    pub(crate) key: Key,
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
            Self::Said(entry) => &entry.text,
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

/// One thing under another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Row {
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
    let unread_at = state.unread_from.and_then(|id| {
        state.log.lines().iter().rposition(|l| matches!(l, Line::Said { entry, .. } if entry.id == id))
    });
    for (at, line) in state.log.lines().iter().enumerate() {
        if unread_at == Some(at) {
            rows.between(Row::Unread);
        }
        match line {
            Line::Said { entry, mine } => rows.said(entry, *mine),
            Line::Away { seconds } => rows.between(Row::Between(words::you_were_away(*seconds))),
            Line::Anew => rows.between(Row::Between(words::SERVER_ANEW.to_owned())),
            Line::Gap => rows.between(Row::Between(words::HISTORY_GAP.to_owned())),
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
    /// Whose turn it is: the author's number, or none for the person's own.
    author: Option<Option<u32>>,
    today: LocalTime,
}

impl Rows {
    fn between(&mut self, row: Row) {
        self.author = None;
        self.out.push(row);
    }

    fn said(&mut self, entry: &Rc<Entry>, mine: bool) {
        let item = Item {
            id: format!("e{}", entry.id),
            key: entry.key,
            text: Text::Said(Rc::clone(entry)),
            at_ms: entry.at_ms,
            mark: mine.then_some(Mark::Sent),
        };
        self.item(item, &entry.name, (!mine).then_some(entry.author.0));
    }

    fn own(&mut self, message: &Outgoing, presence: Presence) {
        let mark = match &message.stage {
            Stage::ToSend | Stage::Handed { .. } if presence == Presence::There => Mark::Sending,
            Stage::ToSend | Stage::Handed { .. } => Mark::Waiting,
            Stage::Accepted => Mark::Sent,
            Stage::Failed(why) => Mark::Failed(words::failure(why)),
        };
        let item = Item {
            id: format!("k{}", message.key.0),
            key: message.key,
            text: Text::Own(message.text.clone()),
            at_ms: message.at_ms,
            mark: Some(mark),
        };
        self.item(item, words::YOU, None);
    }

    fn item(&mut self, item: Item, name: &str, author: Option<u32>) {
        let at = LocalTime::at(item.at_ms);
        if self.day.is_none_or(|day| !day.same_day(at)) {
            self.day = Some(at);
            self.between(Row::Day(words::day(at, self.today)));
        }
        if self.author == Some(author)
            && let Some(Row::Turn(turn)) = self.out.last_mut()
            && (turn.mine || turn.name == name)
            && turn.items.last().is_some_and(|last| item.at_ms.saturating_sub(last.at_ms) < TURN_MS)
        {
            turn.items.push(item);
            return;
        }
        self.author = Some(author);
        let mine = author.is_none();
        let name = if mine { words::YOU } else { name };
        self.out.push(Row::Turn(Turn { name: name.to_owned(), mine, items: vec![item] }));
    }
}

#[cfg(test)]
mod tests {
    use demo_messages::chat::{Author, Event, Pace};

    use super::*;
    use crate::chat::log::tests::entry;
    use crate::chat::state::ChatAction;

    fn shape(rows: &[Row]) -> Vec<String> {
        let one = |row: &Row| match row {
            Row::Day(day) => format!("[{day}]"),
            Row::Turn(turn) => format!("{}:{}", turn.name, turn.items.len()),
            Row::Between(text) => text.clone(),
            Row::Unread => "unread".into(),
        };
        rows.iter().map(one).collect()
    }

    fn state(history: Vec<Entry>) -> ChatState {
        let events = [
            Event::Welcome {
                you: Author(1),
                epoch: 1,
                pace: Pace { per_second: 10, burst: 60 },
                rooms: vec![],
            },
            Event::Joined { room: "a".into(), history, members: vec![] },
        ];
        let start = ChatState::new("a").after(ChatAction::Opened);
        events.into_iter().fold(start, |s, event| s.after(ChatAction::Received { event, at_ms: 0 }))
    }

    #[test]
    fn messages_of_one_person_in_a_row_are_one_turn() {
        let history =
            vec![entry(1, 2, "a"), entry(2, 2, "b"), entry(3, 3, "c"), entry(4, 1, "d"), entry(20, 1, "e")];
        let rows = rows(&state(history), LocalTime::at(0));
        assert_eq!(shape(&rows), ["[Today]", "N2:2", "N3:1", "You:1", "You:1"]);
    }

    #[test]
    fn a_new_day_breaks_a_turn() {
        let rows = rows(&state(vec![entry(1_439, 2, "a"), entry(1_440, 2, "b")]), LocalTime::at(86_400_000));
        assert_eq!(shape(&rows), ["[Yesterday]", "N2:1", "[Today]", "N2:1"]);
    }

    #[test]
    fn what_waits_stands_below_what_was_said() {
        let key = Key(9);
        let mut state = state(vec![entry(1, 2, "a")]);
        state = state.after(ChatAction::Lost { at_ms: 0 });
        state = state.after(ChatAction::Written { key, text: "t".into(), at_ms: 90_000 });
        let rows = rows(&state, LocalTime::at(0));
        let Some(Row::Turn(turn)) = rows.last() else { panic!("{rows:?}") };
        assert_eq!(turn.items[0].mark, Some(Mark::Waiting));
        assert!(turn.mine);
    }
}
