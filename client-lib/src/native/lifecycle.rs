//! A program has no page: it is never hidden, never frozen, and is not told of the network.

use std::rc::Weak;

use crate::driver::Driver;

/// Nothing to listen to.
pub(crate) struct Lifecycle;

impl Lifecycle {
    pub(crate) fn new(_: Weak<Driver>) -> Self {
        Self
    }

    pub(crate) fn expect_leaving(&self, _: bool) {}

    pub(crate) fn is_hidden(&self) -> bool {
        false
    }

    pub(crate) fn is_offline(&self) -> bool {
        false
    }
}
