//! Publications without an answer, on the disk.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::{Array, Object, Promise, Reflect, Uint8Array};
use rejoin_protocol::session::Stored;
use rejoin_protocol::wire::Body;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::spawn_local;

use super::browser::{self, Database, Deadline, Transaction};
use super::record::{number, read_number};

const NAME: &str = "rejoin";
const PUBLICATIONS: &str = "publications";
/// Of each channel, the number of the first publication without an answer.
const CHANNELS: &str = "channels";
/// A tab that has written nothing for so long will not be asked about any more: the server forgets it too.
const LIFE_MILLIS: f64 = 24.0 * 3_600_000.0;

/// What is on the disk of one channel.
#[derive(Default)]
pub(super) struct OfChannel {
    pub(super) answered: u64,
    pub(super) stored: Vec<Stored>,
}

/// Channels by name, sorted.
pub(super) type Channels = Vec<(String, OfChannel)>;

/// The place of a channel, which is made if there is none.
fn of_channel(channels: &mut Channels, name: String) -> &mut OfChannel {
    let found = channels.binary_search_by(|(known, _)| known.cmp(&name));
    let index = found.unwrap_or_else(|index| {
        channels.insert(index, (name, OfChannel::default()));
        index
    });
    &mut channels[index].1
}

/// The part of the database that belongs to one session.
pub(super) struct Disk {
    database: Database,
    store: String,
    writing: Rc<RefCell<Option<Writing>>>,
}

/// All that is written in one turn of the event loop, and the promise of its end.
#[derive(Clone)]
struct Writing {
    transaction: Transaction,
    written: Promise,
}

impl Disk {
    pub(super) async fn open(store: String, deadline: Deadline) -> Result<Self, JsValue> {
        let database = browser::open_database(NAME, &[PUBLICATIONS, CHANNELS], deadline).await?;
        Ok(Self { database, store, writing: Rc::default() })
    }

    /// Reads what belongs to this session, and removes what has been left by tabs long gone.
    pub(super) async fn load(&self, deadline: Deadline) -> Result<Channels, JsValue> {
        let mut channels = Channels::new();
        for row in self.rows(CHANNELS, deadline).await? {
            let channel = text(&row, "channel");
            of_channel(&mut channels, channel).answered = read_number(&text(&row, "number")).unwrap_or(0);
        }
        for row in self.rows(PUBLICATIONS, deadline).await? {
            let of = of_channel(&mut channels, text(&row, "channel"));
            let (Some(number), Some(id)) =
                (read_number(&text(&row, "number")), read_number(&text(&row, "id")))
            else {
                continue;
            };
            let payload = Uint8Array::new(&get(&row, "payload")).to_vec();
            // What was answered and could not be removed in time.
            if number >= of.answered {
                if of.stored.is_empty() {
                    of.answered = number;
                }
                of.stored.push(Stored { number, id, payload: Body::from(payload) });
            }
        }
        Ok(channels)
    }

    async fn rows(&self, store: &str, deadline: Deadline) -> Result<Vec<JsValue>, JsValue> {
        let transaction = browser::begin(&self.database, &[store], "readwrite")?;
        let objects = transaction.object_store(store)?;
        let (keys, values) = (objects.get_all_keys()?, objects.get_all()?);
        browser::done(&values, deadline).await?;
        let keys: Array = keys.result().unchecked_into();
        let values: Array = values.result().unchecked_into();
        let mut own = Vec::new();
        for (key, value) in keys.iter().zip(values.iter()) {
            let key = key.as_string().unwrap_or_default();
            let time = get(&value, "time").as_f64().unwrap_or(0.0);
            if key.split('\n').next() == Some(&self.store) {
                own.push(value);
            } else if js_sys::Date::now() - time > LIFE_MILLIS {
                objects.delete(&key)?;
            }
        }
        Ok(own)
    }

    /// Writes a publication.
    pub(super) fn keep(&self, channel: &str, stored: &Stored) -> Result<Promise, JsValue> {
        let Writing { transaction, written } = self.writing()?;
        let row = self.row(channel, stored.number)?;
        set(&row, "id", &number(stored.id).into())?;
        set(&row, "payload", &Uint8Array::new_from_slice(&stored.payload))?;
        transaction.object_store(PUBLICATIONS)?.put(&row, &self.key(channel, Some(stored.number)))?;
        Ok(written)
    }

    /// Removes a publication that has its answer; those behind `number` have none yet.
    pub(super) fn forget(&self, channel: &str, of: u64) -> Result<Promise, JsValue> {
        let Writing { transaction, written } = self.writing()?;
        transaction.object_store(PUBLICATIONS)?.delete(&self.key(channel, Some(of)))?;
        let row = self.row(channel, of + 1)?;
        transaction.object_store(CHANNELS)?.put(&row, &self.key(channel, None))?;
        Ok(written)
    }

    /// Removes all of some publications and channels, whose numbers mean nothing any more.
    pub(super) fn clear<'a>(
        &self,
        publications: impl Iterator<Item = (&'a str, u64)>,
        channels: impl Iterator<Item = &'a str>,
    ) -> Result<(), JsValue> {
        let transaction = self.both()?;
        let (stored, answered) =
            (transaction.object_store(PUBLICATIONS)?, transaction.object_store(CHANNELS)?);
        for (channel, number) in publications {
            stored.delete(&self.key(channel, Some(number)))?;
        }
        for channel in channels {
            answered.delete(&self.key(channel, None))?;
        }
        Ok(())
    }

    /// The transaction of this turn of the event loop. It is committed at the turn's end without waiting for the answers to
    /// its requests, as a transaction would by itself: for those the page must go on, and it may be about to be left.
    fn writing(&self) -> Result<Writing, JsValue> {
        if let Some(writing) = &*self.writing.borrow() {
            return Ok(writing.clone());
        }
        let transaction = self.both()?;
        let writing = Writing { written: browser::completion(&transaction), transaction };
        self.writing.replace(Some(writing.clone()));
        let of_turn = self.writing.clone();
        spawn_local(async move {
            if let Some(writing) = of_turn.take() {
                // Without the method, and after an abort, it ends by itself.
                let _committed = writing.transaction.commit();
            }
        });
        Ok(writing)
    }

    fn both(&self) -> Result<Transaction, JsValue> {
        browser::begin(&self.database, &[PUBLICATIONS, CHANNELS], "readwrite")
    }

    fn key(&self, channel: &str, of: Option<u64>) -> String {
        let number = of.map(number).unwrap_or_default();
        [&self.store, channel, &number].join("\n")
    }

    fn row(&self, channel: &str, of: u64) -> Result<Object, JsValue> {
        let row = Object::new();
        set(&row, "channel", &channel.into())?;
        set(&row, "number", &number(of).into())?;
        set(&row, "time", &js_sys::Date::now().into())?;
        Ok(row)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        self.database.close();
    }
}

fn set(row: &Object, name: &str, value: &JsValue) -> Result<(), JsValue> {
    Reflect::set(row, &name.into(), value).map(drop)
}

fn get(row: &JsValue, name: &str) -> JsValue {
    Reflect::get(row, &name.into()).unwrap_or(JsValue::UNDEFINED)
}

fn text(row: &JsValue, name: &str) -> String {
    get(row, name).as_string().unwrap_or_default()
}
