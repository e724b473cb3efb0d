//! A session that is kept over reloads: opened from what an earlier page left, or without keeping where that can't be.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::{Rc, Weak};
use std::time::Duration;

use js_sys::Promise;
use rejoin_protocol::session::{ClientSession, Pair, Publication, Stored};
use rejoin_protocol::wire::Body;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::{JsFuture, spawn_local};

use super::browser::{self, Deadline, Lock};
use super::database::{Channels, Disk, OfChannel};
use super::record::{Record, number};
use crate::random::random;
use crate::session::core::Core;
use crate::session::keeper::Keeper;
use crate::session::{ConnectError, Receipt, Session, SessionBuilder, SessionEvent};

/// A session that goes on where an earlier page left it, or a new one.
#[derive(Debug)]
#[non_exhaustive]
pub struct Reopened {
    /// The session, which has begun to connect.
    pub session: Session,
    /// The receipts of publications that the earlier page did not see answered, each with its channel.
    pub receipts: Vec<(String, Receipt)>,
    /// What was published, for each of the receipts in turn.
    pub payloads: Vec<Body>,
    /// Why the session is not kept: it works as any other does, and ends with the page. `None` if it is kept.
    pub not_kept: Option<KeepError>,
}

/// Why a session can't be kept over a reload of the page. All are the environment's.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeepError {
    /// There is no `sessionStorage`, as in a worker, or the page may not use it.
    NoStorage,
    /// Database or locks did not answer in time.
    NoAnswer {
        /// How long they were waited for.
        within: Duration,
    },
    /// What the browser says of its storage, database or locks, in its own words.
    Browser(String),
}

impl fmt::Display for KeepError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoStorage => f.write_str("there is no sessionStorage that the page may use"),
            Self::NoAnswer { within } => {
                write!(f, "the browser's storage gave no answer within {} s", within.as_secs())
            }
            Self::Browser(reason) => write!(f, "the browser can't keep the session: {reason}"),
        }
    }
}

impl std::error::Error for KeepError {}

impl From<JsValue> for KeepError {
    fn from(error: JsValue) -> Self {
        if browser::is_no_answer(&error) {
            Self::NoAnswer { within: browser::ANSWER_WITHIN }
        } else {
            Self::Browser(browser::reason(&error))
        }
    }
}

impl SessionBuilder {
    /// Opens a session that is kept over reloads of the page under this name, one for each tab. Its identity lies in
    /// `sessionStorage`; a publication is transmitted only once it is safely in `IndexedDB`, so that each is in its
    /// channel's log once even if the page is reloaded in the middle. All that is published in one turn of the event loop
    /// is committed at the turn's end, so that a page may be left right behind it; what a browser had not written when it
    /// crashed is as if it had not been published. Session messages are not kept: what the earlier page had not released
    /// is lost with it, though the server may still send what it had not taken.
    ///
    /// A duplicated tab has a copy of the same `sessionStorage`; it is told apart by a Web Lock, and gets a session of its
    /// own.
    ///
    /// Where the browser can't keep a session (the user has blocked storage, there is no `IndexedDB`, there are no locks as
    /// outside of secure contexts, or one of them does not answer within 5 s), a session is opened that ends with the
    /// page. [`Reopened::not_kept`] has the reason, and so has [`SessionEvent::NotKept`]. A write that fails or
    /// takes longer than those 5 s ends the keeping in the same way.
    ///
    /// Dropping the session leaves it to be reopened; [`close`](crate::SessionHandle::close) ends it for good. Who has
    /// access to the tab's storage can take the session over: keep only what its user may read.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), rejoin::session::ConnectError> {
    /// let reopened = rejoin::Session::builder("wss://example.org/session").reopen("chat").await?;
    /// for (channel, receipt) in reopened.receipts {
    ///     println!("{channel}: {:?}", receipt.await);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`open`](Self::open). Dropping the future opens nothing.
    pub async fn reopen(self, name: &str) -> Result<Reopened, ConnectError> {
        let (keep, channels) = match Keep::load(name).await {
            Ok(loaded) => loaded,
            Err(why) => {
                let session = self.open()?;
                session.0.note(SessionEvent::NotKept(why.to_string()));
                session.0.follow();
                let not_kept = Some(why);
                return Ok(Reopened { session, receipts: Vec::new(), payloads: Vec::new(), not_kept });
            }
        };
        let keep = Rc::new(keep);
        let mut restored = Vec::new();
        let session = self.open_with(Some(keep.clone()), |machine| {
            restored = keep.restore(machine, channels);
        })?;
        let (receipts, payloads) = restored
            .into_iter()
            .map(|Restored { channel, number, publication, payload }| {
                ((channel, Receipt::new(session.0.receipts.open(publication), number)), payload)
            })
            .unzip();
        Ok(Reopened { session, receipts, payloads, not_kept: None })
    }
}

fn lock_name(store: &str) -> String {
    ["rejoin ", store].concat()
}

/// A publication that the machine has again.
struct Restored {
    channel: String,
    number: u64,
    publication: Publication,
    payload: Body,
}

struct Keep {
    /// Where in the storage the record lies.
    key: String,
    storage: browser::Storage,
    record: RefCell<Record>,
    disk: Rc<Disk>,
    /// The publications that lie on the disk, with channel and number, in the order of publishing. A map would cost a page two
    /// kilobytes.
    kept: RefCell<Vec<(Publication, String, u64)>>,
    /// The channels of which something lies there.
    channels: RefCell<Vec<String>>,
    /// The record or the disk could not be written, or did not answer: nothing is kept any more.
    given_up: Rc<Cell<bool>>,
    /// Counts the identities.
    era: Rc<Cell<u64>>,
    _lock: Lock,
}

impl Keep {
    /// Finds what an earlier page left under this name, or begins to keep.
    async fn load(name: &str) -> Result<(Self, Channels), KeepError> {
        let storage = browser::session_storage().ok_or(KeepError::NoStorage)?;
        let deadline = Deadline::new();
        let key = ["rejoin ", name].concat();
        let earlier = storage.get_item(&key)?.and_then(|line| Record::read(&line));
        let mut earlier_lock = None;
        if let Some(record) = &earlier {
            earlier_lock = browser::lock(&lock_name(&record.store), deadline).await?;
        }
        let (record, lock) = match (earlier, earlier_lock) {
            (Some(record), Some(lock)) => (record, lock),
            _ => {
                let record = Record { store: number(random()), pair: None };
                let lock = browser::lock(&lock_name(&record.store), deadline).await?;
                let taken = || KeepError::Browser("a new lock is taken already".into());
                (record, lock.ok_or_else(taken)?)
            }
        };
        let disk = Disk::open(record.store.clone(), deadline).await?;
        let channels = disk.load(deadline).await?;
        storage.set_item(&key, &record.write())?;
        let keep = Self {
            key,
            storage,
            record: RefCell::new(record),
            disk: Rc::new(disk),
            kept: RefCell::default(),
            channels: RefCell::default(),
            given_up: Rc::default(),
            era: Rc::default(),
            _lock: lock,
        };
        Ok((keep, channels))
    }

    fn restore(&self, machine: &mut ClientSession, channels: Channels) -> Vec<Restored> {
        let pair = self.record.borrow().pair;
        if let Some(pair) = pair {
            machine.adopt(pair);
        }
        // In the order of their names, as the machine gives them.
        let mut restored = Vec::new();
        for (channel, OfChannel { answered, stored }) in channels {
            // In the order of their numbers, which is that of the database's keys.
            let payloads: Vec<(u64, Body)> =
                stored.iter().map(|stored| (stored.number, stored.payload.clone())).collect();
            let publications = machine.restore(&channel, answered, stored);
            for (number, publication) in (answered..).zip(publications) {
                self.kept.borrow_mut().push((publication, channel.clone(), number));
                let found = payloads.binary_search_by_key(&number, |(number, _)| *number);
                let payload = found.map(|index| payloads[index].1.clone()).unwrap_or_default();
                restored.push(Restored { channel: channel.clone(), number, publication, payload });
            }
            self.channels.borrow_mut().push(channel);
        }
        restored
    }

    /// Writes to the disk, unless nothing is kept any more.
    fn write(&self, writes: impl FnOnce(&Disk) -> Result<Promise, JsValue>) -> Result<Promise, JsValue> {
        if self.given_up.get() { Ok(Promise::resolve(&JsValue::UNDEFINED)) } else { writes(&self.disk) }
    }

    /// Writes the record. Without the newest one, a later page would send what is stored once more under another
    /// identity, or come with an attempt that is over: then it must find nothing at all. Taking the record away needs
    /// no room, and takes all that is stored under its name with it.
    fn save(&self, core: &Weak<Core>) {
        if self.given_up.get() {
            return;
        }
        let line = self.record.borrow().write();
        if let Err(error) = self.storage.set_item(&self.key, &line) {
            self.given_up.set(true);
            self.over();
            if let Some(core) = core.upgrade() {
                core.note(SessionEvent::NotKept(browser::reason(&error)));
            }
        }
    }
}

impl Keep {
    /// Does something to the core once the browser has written; if it can't, tells the application.
    fn once(
        &self,
        written: Result<Promise, JsValue>,
        core: Weak<Core>,
        then: impl FnOnce(&mut ClientSession) + 'static,
    ) {
        let given_up = self.given_up.clone();
        spawn_local(async move {
            let outcome = match written {
                Ok(promise) => JsFuture::from(promise).await.map(drop),
                Err(error) => Err(error),
            };
            let Some(core) = core.upgrade() else { return };
            // The next write would fail or be waited for as well, and each publication goes only after its own.
            if let Err(error) = outcome
                && !given_up.replace(true)
            {
                core.note(SessionEvent::NotKept(KeepError::from(error).to_string()));
                if let Some(keeper) = &core.keeper {
                    keeper.over();
                }
            }
            core.step(|machine, _| then(machine));
        });
    }
}

impl Keeper for Keep {
    fn identity(&self, core: Weak<Core>, pair: &Pair) {
        self.record.borrow_mut().pair = Some(*pair);
        self.save(&core);
    }

    fn published(&self, core: Weak<Core>, publication: Publication, channel: &str, stored: &Stored) {
        let written = self.write(|disk| disk.keep(channel, stored));
        if !self.channels.borrow().iter().any(|known| known == channel) {
            self.channels.borrow_mut().push(channel.to_owned());
        }
        self.kept.borrow_mut().push((publication, channel.to_owned(), stored.number));
        // What can't be kept goes all the same: it is lost with the page, as without keeping.
        self.once(written, core, move |machine| machine.stored(publication));
    }

    fn settled(&self, core: Weak<Core>, publication: Publication) {
        let mut kept = self.kept.borrow_mut();
        // Answers come in the order of publishing, more or less.
        let Some(index) = kept.iter().position(|(known, ..)| *known == publication) else { return };
        let (_, channel, number) = kept.remove(index);
        drop(kept);
        let written = self.write(|disk| disk.forget(&channel, number));
        let (era, present, given_up) = (self.era.get(), self.era.clone(), self.given_up.clone());
        self.once(written, core, move |machine| {
            // The server remembers the outcome as long as the disk may ask for it again; and under another identity the
            // number is another publication's. Where nothing is kept any more, nothing asks.
            if given_up.get() || era == present.get() {
                machine.forgotten(&channel, number + 1);
            }
        });
    }

    fn lost(&self) {
        self.era.set(self.era.get() + 1);
        let kept = self.kept.borrow();
        let channels = self.channels.take();
        let publications = kept.iter().map(|(_, channel, number)| (channel.as_str(), *number));
        // What stays is told apart by the server, which knows no such numbers, and goes after a day.
        let _stays = self.disk.clear(publications, channels.iter().map(String::as_str));
    }

    fn over(&self) {
        self.lost();
        // Where the user has forbidden storage since, no later page finds the record either.
        let _gone = self.storage.remove_item(&self.key);
    }
}
