//! Calls: asking the server's application.

use core::time::Duration;

use super::super::calls::{self, CallId};
use super::{ClientEvent, ClientSession};
use crate::wire::Body;
use crate::{Refused, Time};

impl ClientSession {
    /// Asks the server's application, and waits so long for its answer.
    ///
    /// # Errors
    /// Hands the payload back when there are as many calls as there may be, or the session is over.
    pub fn call(&mut self, now: Time, payload: Body, timeout: Duration) -> Result<CallId, Refused<Body>> {
        match self.open_for_sending() {
            Ok(()) => {
                let limits = &self.config.limits;
                self.calls.get_or_insert_with(|| calls::begin(limits)).call(now, payload, timeout)
            }
            Err(reason) => Err(Refused { message: payload, reason }),
        }
    }

    /// Nobody waits for an answer any more.
    pub fn cancel(&mut self, id: CallId) {
        if let Some(calls) = &mut self.calls {
            calls.cancel(id);
        }
    }

    /// Whether a call waits, or the word that nobody waits for one.
    pub(super) fn wants_to_call(&self) -> bool {
        self.calls.as_ref().is_some_and(|calls| calls.wants_to_send())
    }

    /// Ends the calls that were transmitted, or all of them.
    pub(super) fn lose_calls(&mut self, all: bool) {
        while let Some((call, outcome)) = self.calls.as_mut().and_then(|calls| calls.lose(all)) {
            self.events.push_back(ClientEvent::Called(call, outcome));
        }
    }
}
