//! The link's states as the application sees them.

use crate::Time;

/// Where a link is. Every state but [`Closed`](Self::Closed) ends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum State {
    /// An attempt is under way. Ends by opening, failing or the connect time-out.
    Connecting {
        /// 1 for the first of all and for the first after a stable connection; one more after each failure.
        attempt: u32,
    },
    /// Messages go through.
    Open,
    /// Waiting before the next attempt.
    Waiting {
        /// The number of the attempt that follows.
        attempt: u32,
        /// When it follows; [`Time::NEVER`] while attempts are paused, until the page is visible again.
        until: Time,
    },
    /// The close handshake is under way. Ends by the other end's answer or the close time-out.
    Closing,
    /// No connection, and none follows unless `open` or `reconnect` is called.
    Closed,
}

impl State {
    /// What the browser's `readyState` would say: waiting between attempts counts as connecting.
    #[must_use]
    pub fn ready_state(self) -> ReadyState {
        match self {
            Self::Connecting { .. } | Self::Waiting { .. } => ReadyState::Connecting,
            Self::Open => ReadyState::Open,
            Self::Closing => ReadyState::Closing,
            Self::Closed => ReadyState::Closed,
        }
    }
}

/// WHATWG's `readyState`, comparable in the order of a connection's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum ReadyState {
    /// Not open yet.
    Connecting = 0,
    /// Open.
    Open = 1,
    /// In the close handshake.
    Closing = 2,
    /// Closed, or never opened.
    Closed = 3,
}

impl From<ReadyState> for u16 {
    /// The number that WHATWG gives to the state.
    fn from(state: ReadyState) -> Self {
        state as Self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_have_the_numbers_and_the_order_that_the_standard_gives_them() {
        let until = Time::default();
        let states = [
            (State::Connecting { attempt: 1 }, 0),
            (State::Waiting { attempt: 2, until }, 0),
            (State::Open, 1),
            (State::Closing, 2),
            (State::Closed, 3),
        ];
        for (state, number) in states {
            assert_eq!(u16::from(state.ready_state()), number, "{state:?}");
        }
        assert!(ReadyState::Connecting < ReadyState::Open && ReadyState::Closing < ReadyState::Closed);
    }
}
