//! Waiting in a session's lines for room.

use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll};

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

/// Whether it is one's turn: who has no place yet passes nobody.
#[inline(never)]
fn is_next(line: &Line, place: Option<&Place>) -> bool {
    place.map_or_else(|| line.is_empty(), |place| line.is_first(place.number))
}

/// Waits in the line, at the place that one has or takes now; false if there is none any more.
#[inline(never)]
fn wait(
    core: &Rc<Core>,
    line: fn(&Core) -> &Line,
    place: &mut Option<Place>,
    bytes: usize,
    context: &Context<'_>,
) -> bool {
    let number = match place {
        Some(place) => place.number,
        None => {
            let limits = core.socket.driver().options.waiting;
            let Some(number) = line(core).join(bytes, limits) else { return false };
            *place = Some(Place { core: core.clone(), line, number });
            number
        }
    };
    line(core).register(number, context);
    // Whoever is not the first waits for those ahead alone.
    if line(core).is_first(number) {
        core.register(context);
    }
    true
}

/// Tries, in turn, until it is no longer for want of room that it fails, or the line is full as well.
pub(crate) async fn in_line<M, R>(
    core: &Rc<Core>,
    line: fn(&Core) -> &Line,
    message: M,
    bytes: usize,
    mut attempt: impl FnMut(M) -> Result<R, Refused<M>>,
) -> Result<R, Refused<M>> {
    let mut place = None;
    let mut waits = Some(message);
    poll_fn(|context| {
        if is_next(line(core), place.as_ref())
            && let Some(message) = waits.take()
        {
            match attempt(message) {
                Err(Refused { message, reason }) if reason.is_retryable() => waits = Some(message),
                result => return Poll::Ready(result),
            }
        }
        if wait(core, line, &mut place, bytes, context) {
            return Poll::Pending;
        }
        let full = |message| Poll::Ready(Err(Refused { message, reason: Refusal::Full }));
        waits.take().map_or(Poll::Pending, full)
    })
    .await
}
