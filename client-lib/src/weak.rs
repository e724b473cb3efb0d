//! A handle that keeps nothing alive, for handlers of the connection itself.

use std::rc::Weak;

use crate::Handle;
use crate::driver::Driver;

/// A handle that does not keep its connection alive. A handler that is set on a connection and holds a [`Handle`] of
/// it keeps it open for ever, since each owns the other; one that holds this does not.
///
/// ```no_run
/// # fn example(socket: rejoin::Socket) {
/// let weak = socket.downgrade();
/// socket.set_on_message(Some(Box::new(move |message| {
///     if let Some(handle) = weak.upgrade() {
///         let _refused = handle.try_send(message.to_message());
///     }
/// })));
/// # }
/// ```
#[derive(Clone)]
pub struct WeakHandle(Weak<Driver>);

impl WeakHandle {
    pub(crate) fn new(driver: Weak<Driver>) -> Self {
        Self(driver)
    }

    /// The handle, if the connection still lives.
    #[must_use]
    pub fn upgrade(&self) -> Option<Handle> {
        self.0.upgrade().map(Handle::new)
    }
}
