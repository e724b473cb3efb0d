//! A page that is hidden for long, or may be about to be left: what pauses, and which ends are held back.

#[cfg(not(all(feature = "native", not(target_arch = "wasm32"))))]
use std::time::Duration;

use rejoin_protocol::{Generation, Input};

use crate::driver::Driver;
use crate::timer::now;

impl Driver {
    /// Pauses if the page has been hidden for long, or sees to it that this is looked at again.
    pub(crate) fn pause_in_time(&self) {
        let Some(since) = self.hidden_since.get() else { return };
        let now = now();
        let times = [(self.options.pause_hidden_after, false), (self.options.close_hidden_after, true)];
        for (after, close) in times {
            let Some(after) = after else { continue };
            if since + after <= now {
                self.step(|link, now| link.handle_input(now, Input::Pause { close }));
            } else {
                self.timer.set(now, Some(since + after));
            }
        }
    }

    /// The application connects although the page is hidden: the time for which it may be hidden begins now.
    pub(crate) fn restart_hidden(&self) {
        self.hidden_since.set(self.hidden_since.get().map(|_| now()));
    }

    /// The page may be about to be left. A browser may close its sockets now although the page lives on, so that the end of
    /// one within the next second counts when that is over.
    #[cfg(not(all(feature = "native", not(target_arch = "wasm32"))))]
    pub(crate) fn leaving(&self) {
        self.leaving_until.set(now() + Duration::from_secs(1));
    }

    /// Holds back an end if the page may be about to be left.
    pub(crate) fn holds_back(
        &self,
        generation: Generation,
        code: u16,
        reason: &str,
        was_clean: bool,
    ) -> bool {
        let (now, until) = (now(), self.leaving_until.get());
        if until <= now {
            return false;
        }
        self.held_end.replace(Some((generation, code, reason.to_owned(), was_clean)));
        self.timer.set(now, Some(until));
        // The socket takes nothing more, which is to be seen.
        self.step(|_, _| ());
        true
    }

    pub(crate) fn page_timeout(&self) {
        if let Some((generation, code, reason, was_clean)) = self.held_end.take() {
            self.closed(generation, code, reason, was_clean);
        }
        self.pause_in_time();
    }
}
