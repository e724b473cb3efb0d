//! Waiting in a session's lines for room.

use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

use rejoin_protocol::{Refusal, Refused};

use super::core::Core;
use crate::line::Line;

/// A place in a line, given up when it is dropped.
struct Place {
    core: Rc<Core>,
    line: fn(&Core) -> &Line,
    number: u64,
}

impl Drop for Place {
    fn drop(&mut self) {
        let line = (self.line)(&self.core);
        line.leave(self.number);
        // The next may have room, and nothing else may happen that would tell.
        line.wake_first();
        // Closing waits for those in line.
        self.core.wake_task();
    }
}

/// Tries, in turn, until it is no longer for want of room that it fails, or the line is full as well.
pub(crate) async fn in_line<M, R>(
    core: &Rc<Core>,
    line: fn(&Core) -> &Line,
    message: M,
    bytes: usize,
    mut attempt: impl FnMut(M) -> Result<R, Refused<M>>,
) -> Result<R, Refused<M>> {
    let mut place: Option<Place> = None;
    let mut waits = Some(message);
    poll_fn(|context| {
        let turn = match &place {
            Some(place) => line(core).is_first(place.number),
            None => line(core).is_empty(),
        };
        if turn && let Some(message) = waits.take() {
            match attempt(message) {
                Err(Refused { message, reason: Refusal::Full }) => waits = Some(message),
                result => return Poll::Ready(result),
            }
        }
        let place = match &mut place {
            Some(place) => place,
            none => {
                let Some(number) = line(core).join(bytes, core.socket.driver().options.waiting) else {
                    let full = |message| Err(Refused { message, reason: Refusal::Full });
                    return waits.take().map_or(Poll::Pending, |message| Poll::Ready(full(message)));
                };
                none.insert(Place { core: core.clone(), line, number })
            }
        };
        line(core).register(place.number, context);
        // Whoever is not the first waits for those ahead alone.
        if line(core).is_first(place.number) {
            core.register(context);
        }
        Poll::Pending
    })
    .await
}
