//! The connections of one hook, one after another: which target is the present one, and who may still speak.

use std::cell::Cell;
use std::rc::Rc;

use yew::prelude::*;

/// Where a hook connects, as far as that can be compared: URL and subprotocols.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TargetKey {
    url: Option<String>,
    protocols: Vec<String>,
}

impl TargetKey {
    pub(crate) fn new(url: Option<&str>, protocols: &[String]) -> Self {
        Self { url: url.map(str::to_owned), protocols: protocols.to_vec() }
    }
}

/// One connection of a hook among those that it has one after another.
#[derive(Debug, Clone)]
pub(crate) struct Turn {
    number: u64,
    present: Rc<Cell<u64>>,
}

impl Turn {
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Whether no other has followed, nor the component gone.
    pub(crate) fn is_present(&self) -> bool {
        self.present.get() == self.number
    }

    /// The component goes: after this nothing is heard of any connection.
    pub(crate) fn end(&self) {
        if self.is_present() {
            self.present.set(0);
        }
    }
}

/// The turn of this rendering: another one than that of the last rendering if `of` has changed.
#[hook]
pub(crate) fn use_turn<T: PartialEq + 'static>(of: T) -> Turn {
    let last = use_mut_ref(|| None::<T>);
    let numbers = use_memo((), |()| (Cell::new(0), Rc::new(Cell::new(0))));
    let (count, present) = &*numbers;
    if last.borrow().as_ref() != Some(&of) {
        last.replace(Some(of));
        count.set(count.get() + 1);
        present.set(count.get());
    }
    Turn { number: count.get(), present: Rc::clone(present) }
}
