//! Pauses of a page that is hidden for long. The end of a connection while the page may be about to be left.

#[cfg(not(all(feature = "native", not(target_arch = "wasm32"))))]
use std::time::Duration;

use rejoin_protocol::{Generation, Input, Time};

use crate::driver::Driver;
use crate::log::Happening;
use crate::timer::now;

impl Driver {
    /// Pauses if the page has been hidden for long.
    fn pause_in_time(&self) {
        if let Some(close) = self.pauses().0 {
            let input = Input::Pause { close };
            self.log(&Happening::Input(&input));
            self.step(|link, now| link.handle_input(now, input));
        }
    }

    /// What is to pause, and when more is.
    fn pauses(&self) -> (Option<bool>, Option<Time>) {
        let (Some(since), Some(pauses)) = (self.hidden_since.get(), &self.options.pauses) else {
            return (None, None);
        };
        let (due, next) = (pauses.due)(pauses, now().since(since));
        (due, next.map(|after| since + after))
    }

    /// When the page is to be looked at again.
    pub(crate) fn page_wake(&self) -> Option<Time> {
        let held = self.deferred_end.borrow().is_some().then(|| self.leaving_until.get());
        held.or_else(|| self.pauses().1)
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
    pub(crate) fn defers_end(
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
        self.deferred_end.replace(Some((generation, code, reason.to_owned(), was_clean)));
        // The socket takes nothing more, which is to be seen.
        self.step(|_, _| ());
        true
    }

    pub(crate) fn page_timeout(&self) {
        if let Some((generation, code, reason, was_clean)) = self.deferred_end.take() {
            self.closed(generation, code, reason, was_clean);
        }
        self.pause_in_time();
    }
}
