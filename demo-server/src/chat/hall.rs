//! The hall: people, rooms and histories of the typed chat. Pure: requests and time come in, deliveries come
//! out.

use std::collections::{BTreeMap, HashMap};

use demo_messages::chat::{Author, Event, Key, Member, Pace, Refusal, Request, Room as RoomSummary};

use super::person::{People, Person};
use super::room::{Room, Taken};
use super::rules;

/// The number of a connection.
pub(crate) type Tab = u64;

/// What the hall may hold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    /// Rooms at the same time.
    pub(crate) max_rooms: usize,
    /// Messages of a room that are kept.
    pub(crate) history_messages: usize,
    /// Bytes of text of a room that are kept.
    pub(crate) history_bytes: usize,
    /// People remembered, present or not.
    pub(crate) max_people: usize,
    /// Messages of one person that are recognised when they come again.
    pub(crate) keys_per_person: usize,
    /// What a page is told of how fast it may ask; who serves the connection sees to it.
    pub(crate) pace: Pace,
}

/// Who gets an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Audience {
    /// One connection.
    Tab(Tab),
    /// These connections.
    Tabs(Vec<Tab>),
    /// Every connection that has said hello.
    Everybody,
}

/// An event on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Delivery {
    pub(crate) to: Audience,
    pub(crate) event: Event,
}

/// A connection that has said hello.
#[derive(Debug)]
struct Place {
    author: Author,
    room: Option<String>,
    typing: bool,
}

/// People, rooms and histories.
#[derive(Debug)]
pub(crate) struct Hall {
    settings: Settings,
    epoch: u64,
    people: People,
    places: HashMap<Tab, Place>,
    rooms: BTreeMap<String, Room>,
    /// Ids are given across all rooms, so that a room forgotten and founded again repeats none.
    next_id: u64,
    rooms_changed: bool,
}

impl Hall {
    pub(crate) fn new(settings: Settings, epoch: u64) -> Self {
        Self {
            settings,
            epoch,
            people: People::new(settings.max_people, settings.keys_per_person),
            places: HashMap::new(),
            rooms: BTreeMap::new(),
            next_id: 1,
            rooms_changed: false,
        }
    }

    /// Does what a connection asks for.
    pub(crate) fn handle(&mut self, tab: Tab, request: Request, now_ms: u64) -> Vec<Delivery> {
        match request {
            Request::Hello { secret, name } => self.hello(tab, &secret, &name),
            Request::Ping => vec![Delivery { to: Audience::Tab(tab), event: Event::Pong }],
            _ if !self.places.contains_key(&tab) => {
                let key = if let Request::Say { key, .. } = request { Some(key) } else { None };
                refuse(tab, key, Refusal::HelloFirst, "say hello first".into())
            }
            Request::Join { room } => self.join(tab, &room),
            Request::Say { room, key, text } => self.say(tab, &room, key, text, now_ms),
            Request::Typing { typing } => self.typing(tab, typing),
            Request::Rename { name } => self.rename(tab, &name),
        }
    }

    /// Forgets a connection that has ended.
    pub(crate) fn leave(&mut self, tab: Tab) -> Vec<Delivery> {
        let deliveries = self.leave_room(tab);
        if let Some(place) = self.places.remove(&tab) {
            self.people.depart(place.author);
        }
        deliveries
    }

    /// The list of rooms for everybody, if it has changed since the last call.
    pub(crate) fn changed_rooms(&mut self) -> Option<Delivery> {
        std::mem::take(&mut self.rooms_changed)
            .then(|| Delivery { to: Audience::Everybody, event: Event::Rooms { rooms: self.summary() } })
    }

    /// Every connection that has said hello.
    pub(crate) fn tabs(&self) -> impl Iterator<Item = Tab> + '_ {
        self.places.keys().copied()
    }

    fn summary(&self) -> Vec<RoomSummary> {
        let members = |room: &Room| u32::try_from(self.authors(room).len()).unwrap_or(u32::MAX);
        self.rooms
            .iter()
            .map(|(name, room)| RoomSummary { name: name.clone(), members: members(room) })
            .collect()
    }

    fn hello(&mut self, tab: Tab, secret: &str, name: &str) -> Vec<Delivery> {
        if let Err(reason) = rules::secret(secret) {
            return refuse(tab, None, Refusal::BadSecret, reason);
        }
        let name = match rules::name(name) {
            Ok(name) => name,
            Err(reason) => return refuse(tab, None, Refusal::BadName, reason),
        };
        // A second hello on one connection begins anew, perhaps as somebody else.
        let mut deliveries = self.leave(tab);
        let (author, renamed) = self.people.arrive(secret, &name);
        self.places.insert(tab, Place { author, room: None, typing: false });
        if renamed {
            deliveries.extend(self.renamed(author, &name, None));
        }
        let Settings { pace, .. } = self.settings;
        let event = Event::Welcome { you: author, epoch: self.epoch, pace, rooms: self.summary() };
        deliveries.push(Delivery { to: Audience::Tab(tab), event });
        deliveries
    }

    fn join(&mut self, tab: Tab, name: &str) -> Vec<Delivery> {
        if let Err(reason) = rules::room(name) {
            return refuse(tab, None, Refusal::BadRoom, reason);
        }
        let Some(author) = self.places.get(&tab).map(|place| place.author) else { return Vec::new() };
        let stays = self.places.get(&tab).is_some_and(|place| place.room.as_deref() == Some(name));
        let mut deliveries = Vec::new();
        if !stays {
            if !self.make_room(tab, name) {
                let reason = format!("there are {} rooms with people in them, as many as there may be", {
                    self.settings.max_rooms
                });
                return refuse(tab, None, Refusal::TooManyRooms, reason);
            }
            deliveries.extend(self.leave_room(tab));
            deliveries.extend(self.enter(tab, author, name));
        }
        let room = self.rooms.get(name);
        let event = Event::Joined {
            room: name.to_owned(),
            history: room.map(Room::history).unwrap_or_default(),
            members: room.map(|room| self.members(room)).unwrap_or_default(),
        };
        deliveries.push(Delivery { to: Audience::Tab(tab), event });
        deliveries
    }

    fn enter(&mut self, tab: Tab, author: Author, name: &str) -> Vec<Delivery> {
        let was_there = self.rooms.get(name).is_some_and(|room| self.authors(room).contains(&author));
        self.rooms.entry(name.to_owned()).or_default().enter(tab);
        if let Some(place) = self.places.get_mut(&tab) {
            place.room = Some(name.to_owned());
        }
        self.rooms_changed = true;
        if was_there {
            return Vec::new();
        }
        let event = Event::Entered { member: self.member(author, false) };
        self.to_room(name, Some(tab), event)
    }

    /// Sees to it that a room can be there: forgets the empty room that was quiet for longest if need be.
    fn make_room(&mut self, tab: Tab, name: &str) -> bool {
        if self.rooms.contains_key(name) || self.rooms.len() < self.settings.max_rooms {
            return true;
        }
        let own = self.places.get(&tab).and_then(|place| place.room.clone());
        let empties = |name: &str, room: &Room| {
            room.tabs().all(|other| other == tab)
                && (room.tabs().next().is_none() || own.as_deref() == Some(name))
        };
        let quietest = self
            .rooms
            .iter()
            .filter(|(name, room)| empties(name, room))
            .min_by_key(|(_, room)| room.last_id())
            .map(|(name, _)| name.clone());
        let Some(quietest) = quietest else { return false };
        if own.as_deref() == Some(quietest.as_str()) {
            self.leave_room(tab);
        }
        self.rooms.remove(&quietest);
        true
    }

    /// Takes a connection out of its room.
    fn leave_room(&mut self, tab: Tab) -> Vec<Delivery> {
        let Some(place) = self.places.get_mut(&tab) else { return Vec::new() };
        let Some(name) = place.room.take() else { return Vec::new() };
        let author = place.author;
        let was_typing = std::mem::take(&mut place.typing);
        let Some(room) = self.rooms.get_mut(&name) else { return Vec::new() };
        room.leave(tab);
        self.rooms_changed = true;
        if room.is_forgettable() {
            self.rooms.remove(&name);
            return Vec::new();
        }
        let Some(room) = self.rooms.get(&name) else { return Vec::new() };
        if !self.authors(room).contains(&author) {
            return self.to_room(&name, None, Event::Left { author });
        }
        if was_typing && !self.is_typing(room, author) {
            return self.to_room(&name, None, Event::Typing { author, typing: false });
        }
        Vec::new()
    }

    fn say(&mut self, tab: Tab, room: &str, key: Key, text: String, now_ms: u64) -> Vec<Delivery> {
        let Some(place) = self.places.get(&tab) else { return Vec::new() };
        let author = place.author;
        let here = place.room.as_deref() == Some(room);
        if let Some(Taken { id, at_ms }) = self.people.already_said(author, key) {
            return vec![Delivery { to: Audience::Tab(tab), event: Event::Accepted { key, id, at_ms } }];
        }
        if !here {
            return refuse(tab, Some(key), Refusal::NotInRoom, "you are not in that room".into());
        }
        if let Err((code, reason)) = rules::text(&text) {
            return refuse(tab, Some(key), code, reason);
        }
        let (Some(room_state), Some(person)) = (self.rooms.get_mut(room), self.people.get_mut(author)) else {
            return Vec::new();
        };
        let id = self.next_id;
        self.next_id += 1;
        let entry = rules::entry(id, now_ms, author, person.name(), key, text);
        room_state.say(entry.clone(), self.settings.history_messages, self.settings.history_bytes);
        person.said(key, Taken { id, at_ms: now_ms });
        let mut deliveries =
            vec![Delivery { to: Audience::Tab(tab), event: Event::Accepted { key, id, at_ms: now_ms } }];
        deliveries.extend(self.to_room(room, None, Event::Said { room: room.to_owned(), entry }));
        deliveries.extend(self.typing(tab, false));
        deliveries
    }

    fn typing(&mut self, tab: Tab, typing: bool) -> Vec<Delivery> {
        let Some(place) = self.places.get(&tab) else { return Vec::new() };
        let Some(name) = place.room.clone() else { return Vec::new() };
        let author = place.author;
        let typed = |hall: &Self| hall.rooms.get(&name).is_some_and(|room| hall.is_typing(room, author));
        let before = typed(self);
        if let Some(place) = self.places.get_mut(&tab) {
            place.typing = typing;
        }
        let after = typed(self);
        if before == after {
            return Vec::new();
        }
        self.to_room(&name, Some(tab), Event::Typing { author, typing: after })
    }

    fn rename(&mut self, tab: Tab, name: &str) -> Vec<Delivery> {
        let name = match rules::name(name) {
            Ok(name) => name,
            Err(reason) => return refuse(tab, None, Refusal::BadName, reason),
        };
        let Some(author) = self.places.get(&tab).map(|place| place.author) else { return Vec::new() };
        if let Some(person) = self.people.get_mut(author) {
            person.rename(&name);
        }
        self.renamed(author, &name, Some(tab))
    }

    /// Tells a name to every room that the person is in, and to the connection that asked.
    fn renamed(&self, author: Author, name: &str, asked: Option<Tab>) -> Vec<Delivery> {
        let mut tabs: Vec<Tab> = self
            .rooms
            .values()
            .filter(|room| self.authors(room).contains(&author))
            .flat_map(Room::tabs)
            .collect();
        if let Some(asked) = asked.filter(|asked| !tabs.contains(asked)) {
            tabs.push(asked);
        }
        if tabs.is_empty() {
            return Vec::new();
        }
        let event = Event::Renamed { author, name: name.to_owned() };
        vec![Delivery { to: Audience::Tabs(tabs), event }]
    }

    fn to_room(&self, name: &str, except: Option<Tab>, event: Event) -> Vec<Delivery> {
        let tabs: Vec<Tab> = self
            .rooms
            .get(name)
            .map(|room| room.tabs().filter(|tab| Some(*tab) != except).collect())
            .unwrap_or_default();
        if tabs.is_empty() { Vec::new() } else { vec![Delivery { to: Audience::Tabs(tabs), event }] }
    }

    /// The people in a room, each once however many connections they have there.
    fn authors(&self, room: &Room) -> Vec<Author> {
        let mut authors: Vec<Author> =
            room.tabs().filter_map(|tab| self.places.get(&tab)).map(|place| place.author).collect();
        authors.sort_unstable();
        authors.dedup();
        authors
    }

    fn members(&self, room: &Room) -> Vec<Member> {
        let member = |author| self.member(author, self.is_typing(room, author));
        self.authors(room).into_iter().map(member).collect()
    }

    fn member(&self, author: Author, typing: bool) -> Member {
        let name = self.people.get(author).map(Person::name).unwrap_or_default().to_owned();
        Member { author, name, typing }
    }

    fn is_typing(&self, room: &Room, author: Author) -> bool {
        room.tabs()
            .filter_map(|tab| self.places.get(&tab))
            .any(|place| place.author == author && place.typing)
    }
}

/// The answer to a request that is not done.
pub(crate) fn refuse(tab: Tab, key: Option<Key>, code: Refusal, reason: String) -> Vec<Delivery> {
    vec![Delivery { to: Audience::Tab(tab), event: Event::Refused { key, code, reason } }]
}

#[cfg(test)]
#[path = "hall_tests.rs"]
mod tests;
