//! A `RefCell` whose uses do not carry their places in the source.

use std::cell::{BorrowMutError, Ref, RefCell, RefMut};

/// A [`RefCell`]. Each use of one has its place in the source with it, for the panic of a second borrow, and all the
/// places together were a kilobyte of what a browser downloads. Here they are one, unless debug assertions are on.
#[derive(Default)]
pub(crate) struct SlimCell<T>(RefCell<T>);

impl<T> SlimCell<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(RefCell::new(value))
    }

    #[cfg_attr(debug_assertions, track_caller)]
    pub(crate) fn borrow(&self) -> Ref<'_, T> {
        self.0.borrow()
    }

    #[cfg_attr(debug_assertions, track_caller)]
    pub(crate) fn borrow_mut(&self) -> RefMut<'_, T> {
        self.0.borrow_mut()
    }

    pub(crate) fn try_borrow_mut(&self) -> Result<RefMut<'_, T>, BorrowMutError> {
        self.0.try_borrow_mut()
    }

    pub(crate) fn get_mut(&mut self) -> &mut T {
        self.0.get_mut()
    }

    #[cfg_attr(debug_assertions, track_caller)]
    pub(crate) fn replace(&self, value: T) -> T {
        self.0.replace(value)
    }
}

impl<T: Default> SlimCell<T> {
    #[cfg_attr(debug_assertions, track_caller)]
    pub(crate) fn take(&self) -> T {
        self.0.take()
    }
}
