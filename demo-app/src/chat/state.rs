//! The chat's state and what changes it: a pure reducer.

use std::collections::BTreeMap;

use demo_messages::chat::{Author, Entry, Event, Key, Member, Refusal, Room};

use super::log::Log;
use super::outbox::{Failure, Outbox, Outgoing, Stage};
use super::pacer::Pacer;

/// Where the page stands with the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Presence {
    /// No open connection.
    #[default]
    Away,
    /// The connection is open, the room not yet entered.
    Entering,
    /// The connection is open, the server has not let the person into the room.
    Outside,
    /// In the room.
    There,
}

/// All that the chat's page shows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct ChatState {
    /// The room that the person wants to be in.
    pub(crate) room: String,
    pub(crate) presence: Presence,
    /// Who the page is to others, once the server has said so.
    pub(crate) me: Option<Author>,
    /// How many times a connection has opened.
    pub(crate) connections: u32,
    pub(crate) rooms: Vec<Room>,
    /// Who is in the room, by author.
    pub(crate) members: BTreeMap<Author, Member>,
    pub(crate) log: Log,
    pub(crate) outbox: Outbox,
    pub(crate) pacer: Pacer,
    /// Messages of others since the person last looked.
    pub(crate) unread: u32,
    /// The first of them.
    pub(crate) unread_from: Option<u64>,
    /// Whether the newest message is in the person's sight.
    pub(crate) attentive: bool,
    /// Why the server refused a request that is no message of the person's.
    pub(crate) notice: Option<Refusal>,
    epoch: Option<u64>,
    /// The memory that the lines of the log are from.
    log_epoch: Option<u64>,
    away_since_ms: Option<u64>,
}

/// What can happen.
#[derive(Debug, Clone)]
pub(crate) enum ChatAction {
    /// A connection is open; the greeting is on its way.
    Opened,
    /// The connection is gone.
    Lost { at_ms: u64 },
    /// The server said something.
    Received { event: Event, at_ms: u64 },
    /// The person said something.
    Written { key: Key, text: String, at_ms: u64 },
    /// The library has taken a message: for the open connection, or for the next one.
    Handed { key: Key, at_ms: u64 },
    /// The library has not taken it.
    NotTaken { key: Key, why: Failure },
    /// The library gives back what waited for a connection: none follows.
    GivenBack,
    /// The person wants a failed message to be tried again.
    Retry { key: Key, at_ms: u64 },
    /// The person gives a failed message up.
    Discard { key: Key },
    /// The person goes to another room.
    GoTo { room: String },
    /// The newest message came into sight, or left it.
    Attention(bool),
    /// The person has read the notice.
    DismissNotice,
}

impl ChatState {
    /// Nothing known yet, bound for `room`.
    pub(crate) fn new(room: &str) -> Self {
        Self { room: room.to_owned(), ..Self::default() }
    }

    /// The state after `action`.
    pub(crate) fn after(&self, action: ChatAction) -> Self {
        let mut next = self.clone();
        match action {
            ChatAction::Opened => {
                next.connections += 1;
                next.presence = Presence::Entering;
            }
            ChatAction::Lost { at_ms } => {
                next.presence = Presence::Away;
                next.members.clear();
                next.pacer.begin_anew();
                next.away_since_ms = next.away_since_ms.or(Some(at_ms));
            }
            ChatAction::Received { event, at_ms } => next.receive(event, at_ms),
            ChatAction::Written { key, text, at_ms } => {
                let room = next.room.clone();
                next.outbox.push(Outgoing { key, room, text, at_ms, stage: Stage::ToSend });
                next.unread_from = None;
            }
            ChatAction::Handed { key, at_ms } => {
                // What is handed over without a connection goes out over the next one.
                let connection = next.connections + u32::from(next.presence == Presence::Away);
                next.outbox.set(key, Stage::Handed { connection });
                next.pacer.spend(at_ms);
            }
            ChatAction::NotTaken { key, why } => next.outbox.set(key, Stage::Failed(why)),
            ChatAction::GivenBack => {
                next.outbox.give_back(next.connections);
                next.pacer.begin_anew();
            }
            ChatAction::Retry { key, at_ms } => next.outbox.retry(key, at_ms),
            ChatAction::Discard { key } => next.outbox.remove(key),
            ChatAction::GoTo { room } => next.go_to(room),
            ChatAction::Attention(attentive) => {
                next.attentive = attentive;
                if attentive {
                    next.unread = 0;
                }
            }
            ChatAction::DismissNotice => next.notice = None,
        }
        next
    }

    fn go_to(&mut self, room: String) {
        if room == self.room {
            return;
        }
        self.room = room;
        self.log = Log::default();
        self.log_epoch = None;
        self.members.clear();
        self.notice = None;
        self.unread = 0;
        self.unread_from = None;
        self.away_since_ms = None;
        if self.presence != Presence::Away {
            self.presence = Presence::Entering;
        }
    }

    fn receive(&mut self, event: Event, at_ms: u64) {
        match event {
            Event::Welcome { you, epoch, pace, rooms } => {
                self.me = Some(you);
                self.epoch = Some(epoch);
                self.pacer.greeted(pace, at_ms);
                self.rooms = rooms;
            }
            Event::Joined { room, history, members } if room == self.room => {
                self.enter(history, members, at_ms);
            }
            Event::Said { room, entry } if room == self.room => self.hear(entry),
            // Of a room that the person has left meanwhile.
            Event::Joined { .. } | Event::Said { .. } => {}
            Event::Accepted { key, .. } => self.outbox.set(key, Stage::Accepted),
            // Nothing is wrong with the message: it goes again by itself.
            Event::Refused { key: Some(key), code: Refusal::TooFast, .. } => {
                self.outbox.set(key, Stage::ToSend);
                self.pacer.too_fast(at_ms);
            }
            Event::Refused { key: Some(key), code, .. } => {
                self.outbox.set(key, Stage::Failed(Failure::Refused(code)));
            }
            Event::Refused { key: None, code, .. } => {
                self.notice = Some(code);
                if self.presence == Presence::Entering {
                    self.presence = Presence::Outside;
                }
            }
            Event::Entered { member } => {
                self.members.insert(member.author, member);
            }
            Event::Left { author } => {
                self.members.remove(&author);
            }
            Event::Renamed { author, name } => {
                if let Some(member) = self.members.get_mut(&author) {
                    member.name = name;
                }
            }
            Event::Typing { author, typing } => {
                if let Some(member) = self.members.get_mut(&author) {
                    member.typing = typing;
                }
            }
            Event::Rooms { rooms } => self.rooms = rooms,
            Event::Pong => {}
        }
    }

    fn enter(&mut self, history: Vec<Entry>, members: Vec<Member>, at_ms: u64) {
        let same_memory = self.log_epoch.is_none() || self.log_epoch == self.epoch;
        let returned = self.log_epoch.is_some();
        let away = self.away_since_ms.take().map(|since| at_ms.saturating_sub(since) / 1_000);
        self.log_epoch = self.epoch;
        let mine: Vec<Key> = history.iter().filter(|e| Some(e.author) == self.me).map(|e| e.key).collect();
        self.outbox.settle(&self.room, self.connections, same_memory, |key| mine.contains(&key));
        for entry in self.log.catch_up(history, self.me, away, same_memory) {
            if returned {
                self.count(&entry);
            }
        }
        self.members = members.into_iter().map(|member| (member.author, member)).collect();
        self.presence = Presence::There;
        self.notice = None;
    }

    fn hear(&mut self, entry: Entry) {
        if Some(entry.author) == self.me {
            self.outbox.arrived(&entry);
        }
        if let Some(member) = self.members.get_mut(&entry.author) {
            member.typing = false;
        }
        if let Some(entry) = self.log.add(entry, self.me) {
            self.count(&entry);
        }
    }

    fn count(&mut self, entry: &Entry) {
        if self.attentive {
            self.unread_from = None;
        } else if Some(entry.author) != self.me {
            self.unread += 1;
            self.unread_from = self.unread_from.or(Some(entry.id));
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
