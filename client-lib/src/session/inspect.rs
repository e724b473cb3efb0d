//! Looking at the frames that pass, for tools that show them.

use std::collections::VecDeque;
use std::rc::Rc;

pub use rejoin_protocol::wire::{Answer, Frame, Outcome, Presence, SubOutcome, Target as VolatileTarget};

use super::SessionHandle;
use crate::slim_cell::SlimCell;

type OnFrame = Rc<dyn Fn(Way, &Frame)>;

/// Which way a frame goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Way {
    /// To the server.
    Out,
    /// From the server.
    In,
}

/// Who looks, and what there is to look at.
#[derive(Default)]
pub(crate) struct Inspector {
    handler: SlimCell<Option<OnFrame>>,
    seen: SlimCell<VecDeque<(Way, Frame)>>,
}

impl Inspector {
    /// A frame passes. It is told later, when nothing is borrowed.
    pub(crate) fn see(&self, way: Way, frame: &Frame) {
        if self.handler.borrow().is_some() {
            self.seen.borrow_mut().push_back((way, frame.clone()));
        }
    }

    /// Tells of the frames that have passed.
    pub(crate) fn tell(&self) {
        loop {
            let handler = self.handler.borrow().clone();
            let Some((way, frame)) = self.seen.borrow_mut().pop_front() else { return };
            if let Some(handler) = handler {
                handler(way, &frame);
            }
        }
    }
}

impl SessionHandle {
    /// Calls `handler` for each frame of `rejoin.v1` that passes from now on, in order within each direction, once it has
    /// been handled or handed to the socket; `None` takes it off. It may call back in, by a
    /// [`WeakSession`](super::WeakSession), since with a handle of this session it would keep it alive. HELLO and WELCOME
    /// carry the token that proves the session, AUTH and HELLO what authenticates its user: do not show those.
    ///
    /// ```no_run
    /// # fn example(session: &rejoin::SessionHandle) {
    /// use rejoin::session::inspect::{Frame, Way};
    ///
    /// session.set_on_frame(Some(Box::new(|way, frame| {
    ///     if let (Way::In, Frame::Event(event)) = (way, frame) {
    ///         println!("entry {} of {} bytes", event.offset, event.payload.len());
    ///     }
    /// })));
    /// # }
    /// ```
    #[allow(clippy::type_complexity)] // As the other handlers.
    pub fn set_on_frame(&self, handler: Option<Box<dyn Fn(Way, &Frame)>>) {
        self.0.inspector.handler.replace(handler.map(Rc::from));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rejoin_protocol::wire::Ack;

    #[test]
    fn frames_are_told_in_order_and_only_to_who_looks() {
        let inspector = Inspector::default();
        let frame = |credit| Frame::Ack(Ack { released: 0, credit });
        inspector.see(Way::In, &frame(1));
        let seen = Rc::new(SlimCell::new(Vec::new()));
        let list = seen.clone();
        inspector.handler.replace(Some(Rc::new(move |way, frame: &Frame| {
            list.borrow_mut().push((way, frame.clone()));
        })));
        inspector.see(Way::In, &frame(2));
        inspector.see(Way::Out, &frame(3));
        inspector.tell();
        inspector.tell();
        assert_eq!(*seen.borrow(), [(Way::In, frame(2)), (Way::Out, frame(3))]);
    }
}
