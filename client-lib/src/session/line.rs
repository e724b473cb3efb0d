//! Waiting for room, first come, first served, so that a large message is not passed by small ones for ever.

use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

use super::core::Core;
use crate::state::wake;

/// Those who wait for the same room, in the order in which they began to.
#[derive(Default)]
pub(crate) struct Line(RefCell<Vec<u64>>);

impl Line {
    fn join(&self) -> u64 {
        let mut places = self.0.borrow_mut();
        let place = places.last().map_or(0, |last| last + 1);
        places.push(place);
        place
    }

    fn leave(&self, place: u64) {
        let mut places = self.0.borrow_mut();
        if let Some(index) = places.iter().position(|other| *other == place) {
            places.remove(index);
        }
    }

    fn first(&self) -> Option<u64> {
        self.0.borrow().first().copied()
    }
}

/// A place in a line, given up when it is dropped.
struct Place {
    core: Rc<Core>,
    line: fn(&Core) -> &Line,
    number: u64,
}

impl Drop for Place {
    fn drop(&mut self) {
        (self.line)(&self.core).leave(self.number);
        // The next may have room, and nothing else may happen that would tell.
        wake(&self.core.waiting);
    }
}

/// Tries, in turn, until it is no longer for want of room that it fails (`None`).
pub(crate) async fn in_line<R>(
    core: &Rc<Core>,
    line: fn(&Core) -> &Line,
    mut attempt: impl FnMut() -> Option<R>,
) -> R {
    let mut place: Option<Place> = None;
    poll_fn(|context| {
        let first = line(core).first();
        let turn = first.is_none() || first == place.as_ref().map(|place| place.number);
        if turn && let Some(result) = attempt() {
            return Poll::Ready(result);
        }
        if place.is_none() {
            place = Some(Place { core: core.clone(), line, number: line(core).join() });
        }
        core.register(context);
        Poll::Pending
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_in_the_order_of_joining() {
        let line = Line::default();
        assert_eq!((line.first(), line.join(), line.join()), (None, 0, 1));
        line.leave(0);
        line.leave(7);
        assert_eq!((line.first(), line.join()), (Some(1), 2));
    }
}
