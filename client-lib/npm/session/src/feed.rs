//! A subscription: JavaScript takes item after item, and what it does not take is not asked for.

use std::cell::RefCell;
use std::task::Poll;

use rejoin::session::{Denial, Entry, Epoch, Feed, FeedItem, GapReason, Missing, Position, Since};
use wasm_bindgen::prelude::*;

use crate::bell::Reader;
use crate::{host, payload, refusal};

/// Kinds of items, in the order of `js/session/feed.js`.
const STARTED: u32 = 0;
const MEMBERS: u32 = 1;
const VOLATILE: u32 = 2;
const ENDED: u32 = 3;
const NOT_LISTED: u32 = 4;

/// A subscription. Freeing it unsubscribes.
#[wasm_bindgen]
pub struct FeedPort {
    feed: RefCell<Feed>,
    reader: Reader,
    text: bool,
}

impl FeedPort {
    /// A port whose bell has this number; with `text` payloads are strings where they can be.
    pub(crate) fn new(feed: Feed, bell: u32, text: bool) -> Self {
        Self { feed: RefCell::new(feed), reader: Reader::new(bell), text }
    }
}

#[wasm_bindgen]
impl FeedPort {
    /// The next item; undefined while there is none (then the bell will ring), null when none follows.
    pub fn take(&self) -> JsValue {
        let polled = self.reader.poll(&mut *self.feed.borrow_mut());
        match polled {
            Poll::Pending => JsValue::UNDEFINED,
            Poll::Ready(None) => JsValue::NULL,
            Poll::Ready(Some(item)) => self.item(item),
        }
    }

    fn item(&self, item: FeedItem) -> JsValue {
        let nothing = JsValue::UNDEFINED;
        match item {
            FeedItem::Started(at) => host::item(STARTED, &position(at), &nothing),
            FeedItem::Entry(Entry { position: at, time, publisher, number, own, payload }) => host::entry(
                &position(at),
                time as f64,
                publisher,
                number as f64,
                own,
                &payload::readable(&payload, self.text),
            ),
            FeedItem::Gap { at, missing: Missing { from, to, reason } } => {
                let reason = match reason {
                    GapReason::Trimmed => 0,
                    GapReason::Truncated => 1,
                    GapReason::UnknownEpoch => 2,
                };
                host::gap(&position(at), from as f64, to as f64, reason)
            }
            FeedItem::Volatile { sender, payload } => {
                let payload = payload::readable(&payload, self.text);
                host::item(VOLATILE, &sender.into(), &payload)
            }
            FeedItem::Ended(Denial { code, reason }) => host::item(ENDED, &code.into(), &reason.into()),
            FeedItem::NotListed(Denial { code, reason }) => {
                host::item(NOT_LISTED, &code.into(), &reason.into())
            }
            // There is one more kind.
            _ => host::item(MEMBERS, &self.members(), &nothing),
        }
    }

    /// Who is there: aliases and what they say of themselves, in turn.
    pub fn members(&self) -> JsValue {
        let list = js_sys::Array::new();
        for member in self.feed.borrow().members() {
            list.push(&member.alias.into());
            list.push(&payload::readable(&member.about, self.text));
        }
        list.into()
    }

    /// Behind the last entry that came.
    pub fn position(&self) -> JsValue {
        self.feed.borrow().position().map_or(JsValue::UNDEFINED, position)
    }

    /// Lists the subscriber with something else, or says why not.
    pub fn set_presence(&self, about: &JsValue) -> f64 {
        let set = self.feed.borrow().set_presence(payload::body(about));
        set.map_or_else(|refused| refusal::number(refused.reason), |()| refusal::TAKEN)
    }

    /// Whether it goes.
    pub fn volatile(&self, given: &JsValue) -> bool {
        self.feed.borrow().volatile(payload::body(given))
    }
}

pub(crate) fn position(at: Position) -> JsValue {
    host::position(at.epoch.ordinal as f64, at.epoch.id, at.offset as f64)
}

/// From where, as numbers: 0, now; 1, the last so many; 2, everything; 3, a position: the epoch's ordinal and the two
/// halves of its 64 bits, and the offset.
pub(crate) fn since(given: &[f64]) -> Since {
    match *given {
        [1.0, last] => Since::Last(last as u64),
        [2.0] => Since::All,
        [3.0, ordinal, high, low, offset] => {
            let epoch = Epoch { ordinal: ordinal as u64, id: (high as u64) << 32 | low as u64 };
            Since::Position(Position { epoch, offset: offset as u64 })
        }
        _ => Since::Now,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_with_all_its_bits() {
        assert_eq!(since(&[0.0]), Since::Now);
        assert_eq!(since(&[1.0, 20.0]), Since::Last(20));
        assert_eq!(since(&[2.0]), Since::All);
        let epoch = Epoch { ordinal: 3, id: 0xfedc_ba98_7654_3210 };
        let position = Position { epoch, offset: 1 << 52 };
        let halves = [f64::from(0xfedc_ba98_u32), f64::from(0x7654_3210)];
        assert_eq!(since(&[3.0, 3.0, halves[0], halves[1], 2_f64.powi(52)]), Since::Position(position));
    }
}
