//! The chat's state and what changes it: a pure reducer.

use std::collections::{BTreeMap, BTreeSet};

use demo_messages::room::{About, OldEntry, RoomInfo};

use super::log::{Entry, Log, What};
use super::outbox::{Failure, Outbox, Outcome, Outgoing, PublishedAs, Ticket};

/// How long somebody counts as typing who has said so and nothing more since, in milliseconds.
const TYPING_MS: u64 = 6_000;

/// Where the page stands with the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Presence {
    /// No session that is live.
    #[default]
    Away,
    /// The session is live, the room not yet entered.
    Entering,
    /// The server has not let the person into the room.
    Outside,
    /// In the room.
    There,
}

/// What stands above the oldest entry shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Older {
    /// Nobody knows, or nothing that the server still has.
    #[default]
    Unknown,
    /// There is more.
    More,
    /// It was asked for.
    Asked,
    /// It was asked for, and there was no answer.
    Failed,
    /// Nothing: all is shown.
    Nothing,
}

/// Of a feed: what the room brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fed {
    /// It has begun behind this offset.
    Started {
        offset: u64,
    },
    Said(Entry),
    /// An entry that this page can't read.
    Unreadable {
        offset: u64,
    },
    /// Entries are missing. It goes on behind `offset`.
    Gap {
        offset: u64,
        how: Break,
    },
    /// Who is there, by alias.
    Members(Vec<(u64, About)>),
    /// Somebody began or stopped typing.
    Typing {
        who: u64,
        typing: bool,
    },
    /// Nothing more comes: the server's reason, unless the session itself has ended.
    Ended(Option<String>),
}

/// Why a feed does not go on where it stood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Break {
    /// So many entries are missing, if that is known.
    Hole { missing: Option<u64> },
    /// The server's memory is another.
    Anew,
    /// So it is, and there are entries before the place where it goes on: another feed has to bring them.
    AnewBehind,
}

/// All that the chat's page shows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct ChatState {
    /// The room that the person wants to be in.
    pub(crate) room: String,
    pub(crate) presence: Presence,
    /// Who the page is to others, once the server has said so.
    pub(crate) me: Option<u64>,
    /// The number of the feed that is wanted: another begins when it grows.
    pub(crate) feed: u32,
    pub(crate) rooms: Vec<RoomInfo>,
    /// Who is in the room, by alias.
    pub(crate) members: BTreeMap<u64, String>,
    pub(crate) log: Log,
    pub(crate) older: Older,
    pub(crate) outbox: Outbox,
    /// Messages of others since the person last looked.
    pub(crate) unread: u32,
    /// The serial of the first of them.
    pub(crate) unread_from: Option<i64>,
    /// Whether the newest message is in the person's sight.
    pub(crate) attentive: bool,
    /// Why the server did not let the person into the room, in its words.
    pub(crate) notice: Option<String>,
    /// Who is typing, and until when that counts.
    typing: BTreeMap<u64, u64>,
    /// All that the page has been to others.
    own: BTreeSet<u64>,
    live: bool,
    started: bool,
    over: bool,
    /// Entries up to this offset were said before the room was entered; none while that is not known.
    history_to: Option<u64>,
    away_since_ms: Option<u64>,
}

/// What can happen.
#[derive(Debug, Clone)]
pub(crate) enum ChatAction {
    /// The session is live, under this name.
    Live { me: u64, at_ms: u64 },
    /// The session is away, or over.
    Lost { at_ms: u64 },
    /// A feed brought this, in order.
    Fed { feed: u32, items: Vec<Fed>, at_ms: u64 },
    /// The entries up to this offset are the room's past.
    History { feed: u32, up_to: u64 },
    /// The person said something.
    Written { ticket: Ticket, text: String, at_ms: u64 },
    /// A message of the page as it was before a reload, which the session still has.
    Restored { ticket: Ticket, room: String, text: String, published: PublishedAs, at_ms: u64 },
    /// The session has taken a message.
    Handed { ticket: Ticket, published: PublishedAs },
    /// It has not taken it.
    NotTaken { ticket: Ticket, why: Failure },
    /// A message's fate.
    Settled { ticket: Ticket, outcome: Outcome },
    /// The person wants a message to be tried again.
    Retry { ticket: Ticket, at_ms: u64 },
    /// The person gives a message up.
    Discard { ticket: Ticket },
    /// The person goes to another room.
    GoTo { room: String },
    /// Older entries were asked for.
    OlderAsked,
    /// They came, oldest first, or there was no answer.
    OlderCame { feed: u32, entries: Option<Vec<OldEntry>> },
    /// Which rooms there are.
    Rooms(Vec<RoomInfo>),
    /// The newest message came into sight, or left it.
    Attention(bool),
    /// The person has read the notice.
    DismissNotice,
    /// Time has passed.
    Tick { at_ms: u64 },
}

impl ChatState {
    /// Nothing known yet, bound for `room`.
    pub(crate) fn new(room: &str) -> Self {
        Self { room: room.to_owned(), ..Self::default() }
    }

    /// Who types at present, by name, the person's own typing left out.
    pub(crate) fn typists(&self) -> impl Iterator<Item = &str> {
        self.typing.keys().filter_map(|who| self.members.get(who)).map(String::as_str)
    }

    pub(crate) fn is_typing(&self, who: u64) -> bool {
        self.typing.contains_key(&who)
    }

    /// When the next of them no longer counts as typing.
    pub(crate) fn typing_ends(&self) -> Option<u64> {
        self.typing.values().min().copied()
    }

    /// The state after `action`.
    pub(crate) fn after(&self, action: ChatAction) -> Self {
        let mut next = self.clone();
        match action {
            ChatAction::Live { me, at_ms } => next.come(me, at_ms),
            ChatAction::Lost { at_ms } => next.go(at_ms),
            ChatAction::Fed { feed, items, at_ms } if feed == next.feed => {
                for item in items {
                    // What comes behind a place that another feed begins before, that one brings.
                    if next.feed == feed {
                        next.take(item, at_ms);
                    }
                }
            }
            ChatAction::History { feed, up_to } if feed == next.feed => next.history_to = Some(up_to),
            // Of a room that the person has left meanwhile.
            ChatAction::Fed { .. } | ChatAction::History { .. } => {}
            ChatAction::Written { ticket, text, at_ms } => {
                next.outbox.push(Outgoing::new(ticket, &next.room, text, at_ms));
                next.unread_from = None;
            }
            ChatAction::Restored { ticket, room, text, published, at_ms } => {
                next.outbox.push(Outgoing::new(ticket, &room, text, at_ms));
                next.outbox.handed(ticket, published);
            }
            ChatAction::Handed { ticket, published } => next.outbox.handed(ticket, published),
            ChatAction::NotTaken { ticket, why } => next.outbox.failed(ticket, why),
            ChatAction::Settled { ticket, outcome } => {
                next.outbox.settled(ticket, outcome, &next.room, next.log.seen());
            }
            ChatAction::Retry { ticket, at_ms } => next.outbox.retry(ticket, at_ms),
            ChatAction::Discard { ticket } => next.outbox.remove(ticket),
            ChatAction::GoTo { room } => next.go_to(room),
            ChatAction::OlderAsked => next.older = Older::Asked,
            ChatAction::OlderCame { feed, entries } if feed == next.feed => next.look_back(entries),
            ChatAction::OlderCame { .. } => {}
            ChatAction::Rooms(rooms) => next.rooms = rooms,
            ChatAction::Attention(attentive) => {
                next.attentive = attentive;
                if attentive {
                    next.unread = 0;
                    if next.log.back_to_newest() {
                        next.older = Older::More;
                    }
                }
            }
            ChatAction::DismissNotice => next.notice = None,
            ChatAction::Tick { at_ms } => next.typing.retain(|_, until| *until > at_ms),
        }
        next
    }

    fn come(&mut self, me: u64, at_ms: u64) {
        self.live = true;
        self.me = Some(me);
        self.own.insert(me);
        self.outbox.named(me);
        if let Some(since) = self.away_since_ms.take() {
            let seconds = at_ms.saturating_sub(since) / 1_000;
            // Less than a second is no absence that anybody has noticed.
            if seconds > 0 && !self.log.lines().is_empty() {
                self.log.push(What::Away { seconds });
            }
        }
        if self.over {
            self.over = false;
            self.feed += 1;
            self.notice = None;
        }
        self.presence = if self.started { Presence::There } else { Presence::Entering };
    }

    fn go(&mut self, at_ms: u64) {
        if !self.live {
            return;
        }
        self.live = false;
        self.presence = Presence::Away;
        self.members.clear();
        self.typing.clear();
        self.away_since_ms = Some(at_ms);
        if self.older == Older::Asked {
            self.older = Older::Failed;
        }
    }

    fn go_to(&mut self, room: String) {
        if room == self.room {
            return;
        }
        self.outbox.left(&self.room);
        self.room = room;
        self.feed += 1;
        self.log = Log::default();
        self.older = Older::Unknown;
        self.members.clear();
        self.typing.clear();
        self.notice = None;
        self.unread = 0;
        self.unread_from = None;
        self.history_to = None;
        self.started = false;
        self.over = false;
        self.away_since_ms = None;
        if self.live {
            self.presence = Presence::Entering;
        }
    }

    fn take(&mut self, item: Fed, at_ms: u64) {
        match item {
            Fed::Started { offset } => {
                self.started = true;
                self.notice = None;
                if self.live {
                    self.presence = Presence::There;
                }
                if self.log.seen().is_none() {
                    self.log.start(offset);
                    self.older = match offset {
                        // Below what another memory held.
                        _ if !self.log.lines().is_empty() => Older::Unknown,
                        0 => Older::Nothing,
                        _ => Older::More,
                    };
                }
            }
            Fed::Said(entry) => self.hear(entry),
            Fed::Unreadable { offset } => {
                self.log.start(offset);
                self.log.push(What::Unreadable);
            }
            Fed::Gap { offset, how: Break::Hole { missing } } => {
                self.log.start(offset);
                self.log.push(What::Gap { missing });
            }
            Fed::Gap { offset, how } => {
                self.log.start(offset);
                self.log.push(What::Anew);
                self.older = Older::Unknown;
                self.history_to = Some(0);
                if how == Break::AnewBehind {
                    self.log.forget_seen();
                    self.feed += 1;
                }
            }
            Fed::Members(members) => {
                self.members = members.into_iter().map(|(who, about)| (who, about.name)).collect();
                self.typing.retain(|who, _| self.members.contains_key(who));
            }
            Fed::Typing { who, typing: true } => {
                self.typing.insert(who, at_ms + TYPING_MS);
            }
            Fed::Typing { who, typing: false } => {
                self.typing.remove(&who);
            }
            Fed::Ended(reason) => {
                self.started = false;
                self.over = true;
                self.notice = reason;
                self.members.clear();
                if self.live {
                    self.presence = Presence::Outside;
                }
            }
        }
    }

    fn hear(&mut self, entry: Entry) {
        let mine = self.own.contains(&entry.publisher);
        self.outbox.arrived(&self.room, entry.offset, entry.publisher, entry.number);
        self.typing.remove(&entry.publisher);
        let is_new = self.history_to.is_some_and(|last| entry.offset > last);
        let serial = self.log.add(entry, mine);
        if self.attentive {
            self.unread_from = None;
        } else if is_new && !mine {
            self.unread += 1;
            self.unread_from = self.unread_from.or(Some(serial));
        }
    }

    fn look_back(&mut self, entries: Option<Vec<OldEntry>>) {
        let Some(entries) = entries else {
            self.older = Older::Failed;
            return;
        };
        let first = entries.first().map_or(0, |entry| entry.offset);
        let read = |OldEntry { offset, at_ms, publisher, said }| {
            (Entry { offset, at_ms, publisher, number: None, said }, self.own.contains(&publisher))
        };
        let read = entries.into_iter().map(read).collect();
        self.log.add_above(read);
        self.older = if first <= 1 { Older::Nothing } else { Older::More };
        if self.log.is_full() {
            self.older = Older::Unknown;
        }
    }
}

impl yew::Reducible for ChatState {
    type Action = ChatAction;

    fn reduce(self: std::rc::Rc<Self>, action: ChatAction) -> std::rc::Rc<Self> {
        self.after(action).into()
    }
}

#[cfg(test)]
mod tests;
