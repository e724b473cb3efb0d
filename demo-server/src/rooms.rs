//! The rooms: which there are, who made them, and how many there may be.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use demo_messages::room::FIRST_ROOM;
use rejoin_server::Network;

/// How many rooms there may be that are in use or kept in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RoomLimits {
    pub(crate) all: usize,
    /// Of those, made by one session.
    pub(crate) per_session: usize,
    /// Of those, made from one address.
    pub(crate) per_address: usize,
}

/// Who wants to be in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Maker {
    /// The session, by its alias.
    pub(crate) session: u64,
    network: Option<Network>,
}

impl Maker {
    pub(crate) fn new(session: u64, address: Option<IpAddr>) -> Self {
        Self { session, network: address.map(Network::from) }
    }
}

/// How many people are in each room that somebody is in.
pub(crate) type InUse = BTreeMap<String, usize>;

#[derive(Debug)]
struct Room {
    /// `None` after a restart.
    maker: Option<Maker>,
    /// The log holds something of it, or will in a moment.
    kept: bool,
    /// Something was published there during this reading of the log, which need not have seen it.
    published: Option<u64>,
}

/// The rooms that count.
#[derive(Debug)]
pub(crate) struct Rooms {
    rooms: BTreeMap<String, Room>,
    limits: RoomLimits,
    /// Grows whenever the log is read.
    reading: u64,
}

impl Rooms {
    pub(crate) fn new(limits: RoomLimits) -> Self {
        Self { rooms: BTreeMap::new(), limits, reading: 0 }
    }

    /// Somebody goes into a room or publishes there, which makes it if it is not there.
    pub(crate) fn enter(
        &mut self,
        name: &str,
        maker: Maker,
        publishes: bool,
        in_use: impl FnOnce() -> InUse,
    ) -> Result<(), String> {
        if !self.rooms.get(name).is_some_and(|room| room.kept) {
            self.sweep(&in_use());
            if !self.rooms.contains_key(name) {
                // Whatever rooms others have made, this one is there.
                let is_first = name == FIRST_ROOM;
                if !is_first {
                    self.room_for(maker)?;
                }
                let maker = (!is_first).then_some(maker);
                let room = Room { maker, kept: false, published: None };
                self.rooms.insert(name.to_owned(), room);
            }
        }
        if publishes && let Some(room) = self.rooms.get_mut(name) {
            room.kept = true;
            room.published = Some(self.reading);
        }
        Ok(())
    }

    /// Forgets rooms that nobody is in and of which nothing is kept.
    fn sweep(&mut self, in_use: &InUse) {
        self.rooms.retain(|name, room| room.kept || in_use.contains_key(name));
        for name in in_use.keys() {
            if !self.rooms.contains_key(name) {
                self.rooms.insert(name.clone(), Room { maker: None, kept: false, published: None });
            }
        }
    }

    fn room_for(&self, maker: Maker) -> Result<(), String> {
        let RoomLimits { all, per_session, per_address } = self.limits;
        if self.rooms.len() >= all {
            return Err(format!("there are {all} rooms, as many as there may be"));
        }
        let made = |by: &dyn Fn(Maker) -> bool| {
            self.rooms.values().filter_map(|room| room.maker).filter(|maker| by(*maker)).count()
        };
        if made(&|other| other.session == maker.session) >= per_session {
            return Err(format!(
                "you have made {per_session} rooms that are still there, as many as you may"
            ));
        }
        if maker.network.is_some() && made(&|other| other.network == maker.network) >= per_address {
            return Err(format!(
                "{per_address} rooms that are still there were made from your address, as many as may be"
            ));
        }
        Ok(())
    }

    /// The log is about to be read; the number is for [`read`](Self::read).
    pub(crate) fn begin_reading(&mut self) -> u64 {
        self.reading += 1;
        self.reading
    }

    /// The log has been read, and holds entries of these rooms.
    pub(crate) fn read(&mut self, reading: u64, held: &BTreeSet<String>) {
        for (name, room) in &mut self.rooms {
            room.kept = held.contains(name) || room.published.is_some_and(|at| at >= reading);
        }
        for name in held {
            if !self.rooms.contains_key(name) {
                self.rooms.insert(name.clone(), Room { maker: None, kept: true, published: None });
            }
        }
    }

    /// The rooms that count, with how many are in each.
    pub(crate) fn list(&mut self, in_use: &InUse) -> Vec<(String, usize)> {
        self.sweep(in_use);
        let people = |name: &String| in_use.get(name).copied().unwrap_or_default();
        self.rooms.keys().map(|name| (name.clone(), people(name))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: RoomLimits = RoomLimits { all: 4, per_session: 2, per_address: 3 };

    fn used(names: &[&str]) -> InUse {
        names.iter().map(|name| ((*name).to_owned(), 1)).collect()
    }

    fn maker(session: u64, address: &str) -> Maker {
        Maker::new(session, Some(address.parse().unwrap()))
    }

    #[test]
    fn a_room_that_everybody_has_left_makes_room_unless_something_is_kept_of_it() {
        let mut rooms = Rooms::new(RoomLimits { all: 2, ..LIMITS });
        let ada = maker(1, "10.0.0.1");
        assert_eq!(rooms.enter("a", ada, false, InUse::new), Ok(()));
        assert_eq!(rooms.enter("b", ada, false, || used(&["a"])), Ok(()));
        let refused = rooms.enter("c", maker(2, "10.0.0.2"), false, || used(&["a", "b"]));
        assert!(refused.unwrap_err().contains("2 rooms"));
        assert_eq!(rooms.enter("a", maker(2, "10.0.0.2"), false, || used(&["a", "b"])), Ok(()));
        assert_eq!(rooms.enter("b", ada, true, || used(&["a", "b"])), Ok(()));
        assert_eq!(rooms.enter("c", ada, false, InUse::new), Ok(()), "a is gone");
        assert!(rooms.enter("a", ada, false, || used(&["c"])).is_err(), "b is kept");
        assert_eq!(rooms.list(&used(&["c"])), [("b".into(), 0), ("c".into(), 1)]);
    }

    #[test]
    fn the_first_room_takes_everybody_however_many_others_there_are() {
        let mut rooms = Rooms::new(LIMITS);
        for (n, name) in ["a", "b", "c", "d"].into_iter().enumerate() {
            let maker = maker(n as u64, &format!("10.0.0.{n}"));
            rooms.enter(name, maker, true, InUse::new).unwrap();
        }
        let late = maker(9, "10.0.0.9");
        assert!(rooms.enter("e", late, true, InUse::new).is_err());
        for publishes in [false, true] {
            rooms.enter(FIRST_ROOM, late, publishes, InUse::new).unwrap();
        }
        assert!(rooms.enter("generals", late, true, InUse::new).is_err());
    }

    #[test]
    fn one_session_and_one_address_make_so_many_of_them() {
        let mut rooms = Rooms::new(LIMITS);
        let (one, two) = (maker(1, "2001:db8::1"), maker(2, "2001:db8::ffff:2"));
        assert_eq!(rooms.enter("a", one, true, InUse::new), Ok(()));
        assert_eq!(rooms.enter("b", one, true, InUse::new), Ok(()));
        assert!(rooms.enter("c", one, true, InUse::new).unwrap_err().contains("you have made 2"));
        assert_eq!(rooms.enter("c", two, true, InUse::new), Ok(()));
        assert!(rooms.enter("d", two, true, InUse::new).unwrap_err().contains("address"));
        assert_eq!(rooms.enter("d", maker(3, "2001:db8:0:1::1"), true, InUse::new), Ok(()));
        assert!(rooms.enter("e", maker(4, "10.0.0.1"), true, InUse::new).unwrap_err().contains("4 rooms"));
    }

    #[test]
    fn what_the_log_no_longer_holds_is_not_kept_unless_it_was_published_meanwhile() {
        let mut rooms = Rooms::new(LIMITS);
        let ada = maker(1, "10.0.0.1");
        rooms.enter("old", ada, true, InUse::new).unwrap();
        let reading = rooms.begin_reading();
        rooms.enter("new", ada, true, InUse::new).unwrap();
        rooms.read(reading, &["before".to_owned()].into());
        let names = |rooms: &mut Rooms| -> Vec<String> {
            rooms.list(&InUse::new()).into_iter().map(|(name, _)| name).collect()
        };
        assert_eq!(names(&mut rooms), ["before", "new"]);
        let reading = rooms.begin_reading();
        rooms.read(reading, &BTreeSet::new());
        assert_eq!(names(&mut rooms), Vec::<String>::new());
    }
}
