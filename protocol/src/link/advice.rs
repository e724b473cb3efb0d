//! What a protocol that runs over the connections says of them: this one is of use or is not, and not before then.

use core::time::Duration;

use super::Link;
use super::phase::Phase;
use crate::{Close, Closed, Output, Time};

/// The most that a server's hint puts an attempt off. A longer hint counts as this one, or a wrong hint would end a
/// connection for good.
const LONGEST_HINT: Duration = Duration::from_secs(3_600);

impl<M> Link<M> {
    /// Leaves the current connection, if there is one, because what came over it was wrong. `close` is what the server
    /// is told and `closed` what the application is. Another attempt follows, unless this end was closing already;
    /// [`stop`](Self::stop) takes it back.
    pub fn leave(&mut self, now: Time, close: Close, mut closed: Closed) {
        self.now = now;
        let Some(generation) = self.generation() else { return };
        closed.unsent_bytes = self.buffered;
        self.outputs.push_back(Output::Abandon { generation, close });
        self.after(closed, Some(true));
    }

    /// The present connection has done what it is for: when it ends it counts as [stable](crate::Backoff::stable),
    /// however short it was.
    pub fn proved(&mut self) {
        self.proved = true;
    }

    /// Pings now rather than after the keep-alive's interval, so that a round trip is known early. Nothing happens
    /// while there is no open connection or no keep-alive.
    pub fn measure(&mut self, now: Time) {
        self.now = now;
        if let Some(beat) = self.pulse().map(|(pulse, _)| pulse.measure(now)) {
            self.obey(beat);
        }
    }

    /// Puts off the attempt that the link waits for, because the server said so. Nothing follows before `hint` is over,
    /// whatever the page's events call for, and the back-off's own delay comes on top of it, so that clients with the
    /// same hint come apart. A hint above one hour counts as one hour. Without a hint it is the back-off's cap. Nothing changes in any other state.
    pub fn put_off(&mut self, now: Time, hint: Option<Duration>) {
        self.now = now;
        if let (Phase::Waiting { until }, Some(backoff)) = (&mut self.phase, self.config.reconnect) {
            let hint = hint.map_or(backoff.cap, |hint| hint.min(LONGEST_HINT));
            *until = *until + hint;
            self.not_before = now + hint;
            self.report();
        }
    }
}
