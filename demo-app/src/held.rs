//! A state that is shared with the views without being copied.

use std::ops::Deref;
use std::rc::Rc;

use yew::Reducible;

/// A reducer's state behind a pointer that views may keep.
#[derive(Debug, PartialEq)]
pub(crate) struct Held<T>(Rc<T>);

impl<T> Held<T> {
    pub(crate) fn new(state: T) -> Self {
        Self(Rc::new(state))
    }

    /// The state as it is now.
    pub(crate) fn shared(&self) -> Rc<T> {
        Rc::clone(&self.0)
    }
}

impl<T: Reducible> Reducible for Held<T> {
    type Action = T::Action;

    fn reduce(self: Rc<Self>, action: T::Action) -> Rc<Self> {
        Rc::new(Self(self.shared().reduce(action)))
    }
}

impl<T> Deref for Held<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}
