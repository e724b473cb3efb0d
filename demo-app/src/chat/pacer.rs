//! How fast messages go out: no faster than the server has said that it takes them.

use demo_messages::chat::Pace;

/// What is assumed until a server has said its pace.
const UNTOLD: Pace = Pace { per_second: 1, burst: 20 };
/// So much of a burst is left to greetings, changes of rooms and typing.
const RESERVE: u32 = 10;
/// A message in the unit that is counted in.
const MESSAGE: u64 = 1_000;

/// The messages that may go out over one connection: the open one, or, while there is none, the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pacer {
    pace: Pace,
    /// Thousandths of a message that may go out, as of `since_ms`.
    allowed: u64,
    /// None before the server has greeted on this connection: nothing is added until then.
    since_ms: Option<u64>,
}

impl Default for Pacer {
    fn default() -> Self {
        Self { pace: UNTOLD, allowed: burst(UNTOLD), since_ms: None }
    }
}

/// What of a burst is for messages.
fn burst(pace: Pace) -> u64 {
    u64::from(pace.burst - RESERVE.min(pace.burst / 2)).max(1) * MESSAGE
}

impl Pacer {
    /// The server has greeted and said its pace.
    pub(crate) fn greeted(&mut self, pace: Pace, now_ms: u64) {
        if self.since_ms.is_none() {
            let spent = burst(self.pace).saturating_sub(self.allowed);
            *self = Self { pace, allowed: burst(pace).saturating_sub(spent), since_ms: Some(now_ms) };
        }
    }

    /// The connection is gone, or what waited for the next was given back: the next one begins anew.
    pub(crate) fn begin_anew(&mut self) {
        *self = Self { pace: self.pace, allowed: burst(self.pace), since_ms: None };
    }

    /// How long the next message has to wait, in milliseconds. None: until the server greets.
    pub(crate) fn wait_ms(&self, now_ms: u64) -> Option<u64> {
        let missing = MESSAGE.saturating_sub(self.allowed_at(now_ms));
        if missing == 0 {
            return Some(0);
        }
        self.since_ms.map(|_| missing.div_ceil(self.per_second()))
    }

    /// A message has gone out.
    pub(crate) fn spend(&mut self, now_ms: u64) {
        self.allowed = self.allowed_at(now_ms).saturating_sub(MESSAGE);
        self.since_ms = self.since_ms.map(|since| since.max(now_ms));
    }

    /// The server has refused a message for haste: what went out has met other traffic, or came bunched.
    pub(crate) fn too_fast(&mut self, now_ms: u64) {
        self.allowed = 0;
        self.since_ms = self.since_ms.map(|since| since.max(now_ms));
    }

    fn allowed_at(&self, now_ms: u64) -> u64 {
        let passed = self.since_ms.map_or(0, |since| now_ms.saturating_sub(since));
        self.allowed.saturating_add(passed.saturating_mul(self.per_second())).min(burst(self.pace))
    }

    /// Messages a second, which are thousandths a millisecond.
    fn per_second(&self) -> u64 {
        u64::from(self.pace.per_second).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACE: Pace = Pace { per_second: 10, burst: 60 };

    /// How many go out at `now_ms`.
    fn go(pacer: &mut Pacer, now_ms: u64) -> usize {
        let mut gone = 0;
        while pacer.wait_ms(now_ms) == Some(0) {
            pacer.spend(now_ms);
            gone += 1;
        }
        gone
    }

    #[test]
    fn a_burst_goes_at_once_and_the_rest_at_the_server_s_pace() {
        let mut pacer = Pacer::default();
        pacer.greeted(PACE, 1_000);
        assert_eq!(go(&mut pacer, 1_000), 50);
        assert_eq!(pacer.wait_ms(1_000), Some(100));
        assert_eq!(go(&mut pacer, 1_099), 0);
        assert_eq!(go(&mut pacer, 2_000), 10);
        assert_eq!(go(&mut pacer, 60_000), 50);
    }

    #[test]
    fn what_is_handed_over_while_away_counts_for_the_next_connection() {
        let mut pacer = Pacer::default();
        assert_eq!(go(&mut pacer, 0), 10);
        assert_eq!(pacer.wait_ms(90_000), None);
        pacer.greeted(PACE, 90_000);
        assert_eq!(go(&mut pacer, 90_000), 40);
        pacer.begin_anew();
        assert_eq!(go(&mut pacer, 99_000), 50);
    }

    #[test]
    fn a_refusal_for_haste_makes_it_wait() {
        let mut pacer = Pacer::default();
        pacer.greeted(PACE, 0);
        pacer.too_fast(500);
        assert_eq!(pacer.wait_ms(500), Some(100));
    }

    #[test]
    fn the_smallest_pace_still_lets_messages_through() {
        let mut pacer = Pacer::default();
        pacer.begin_anew();
        pacer.greeted(Pace { per_second: 0, burst: 0 }, 0);
        assert_eq!(go(&mut pacer, 0), 1);
        assert_eq!(go(&mut pacer, 1_000), 1);
    }
}
