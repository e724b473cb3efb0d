//! The pulse of an open connection: when to ping, and when silence means death.

use core::time::Duration;

use super::config::KeepAlive;
use super::patience::{MOST_DOUBLINGS, Patience};
use crate::Time;
use crate::time::micros;

/// A ping that goes out so many microseconds later than it was due tells of a sleep, after which the link is more likely dead
/// than not, so that it has the short deadline of a probe. Timers of a hidden tab are late by up to a second.
const LATE: u64 = 2_000_000;

/// How many pings in a row may go unanswered because their timers were late. Past that the link is dead all the
/// same, so that a tab whose timers are always late still finds out.
const LATE_PROBES: u8 = 2;

/// Probes are at least so many microseconds apart, however often something calls for one; the last one is sent late, not left out.
const PROBE_SPACING: u64 = 3_000_000;

#[derive(Debug)]
pub(crate) struct Pulse {
    // The settings, in microseconds.
    interval: u64,
    deadline: u64,
    probe: u64,
    next_ping: Time,
    /// Before this moment no probe goes out, because the last one was but a moment ago.
    next_probe: Time,
    /// Something called for one before that.
    probe_wanted: bool,
    unanswered: Option<Unanswered>,
}

#[derive(Debug)]
struct Unanswered {
    /// When it was sent, or `None` if the next answer may belong to an earlier ping.
    sent: Option<Time>,
    /// When the link is dead, or `None` once something came.
    deadline: Option<Time>,
    /// How many microseconds it was to take.
    patience: u64,
    late_probes: u8,
    /// How often the deadline was doubled.
    doublings: u8,
    /// Whether a sleep or another network was the reason to ask.
    doubted: bool,
    /// Whether it may still lie in the socket's buffer.
    buffered: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Beat {
    Nothing,
    Ping,
    Dead,
}

/// What became of that which lay in the socket's buffer at its last word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    /// All of it still lies there.
    None,
    /// Some of it has left.
    Some,
    /// Nothing of it lies there any more, if anything did.
    Gone {
        /// Whether anything did.
        moved: bool,
    },
}

impl Pulse {
    pub(crate) fn new(settings: KeepAlive, now: Time) -> Self {
        let interval = micros(settings.interval);
        Self {
            interval,
            deadline: micros(settings.deadline),
            probe: micros(settings.probe),
            next_ping: now.after_micros(interval),
            next_probe: Time::default(),
            probe_wanted: false,
            unanswered: None,
        }
    }

    /// Something came.
    pub(crate) fn life(&mut self, patience: &mut Patience) {
        if let Some(unanswered) = &mut self.unanswered {
            if unanswered.deadline.take().is_some() {
                patience.answered(unanswered.doublings);
            }
            unanswered.late_probes = 0;
        }
    }

    /// The socket's buffer was looked at. If some of what lay in it has left, a ping may have waited behind it, so
    /// that its deadline begins anew. It is not lifted: the operating system takes bytes for a dead peer as well,
    /// until its own buffer is full. Therefore once the ping itself has left, bytes that come and go at once prove
    /// nothing; only a buffer that is backed up and moves does.
    pub(crate) fn progress(&mut self, now: Time, progress: Progress) {
        let Some(unanswered) = &mut self.unanswered else { return };
        let counts = match progress {
            Progress::None => false,
            Progress::Some => true,
            Progress::Gone { moved } => moved && unanswered.buffered,
        };
        if counts && unanswered.deadline.is_some() {
            unanswered.deadline = Some(now.after_micros(unanswered.patience));
            unanswered.late_probes = 0;
        }
        unanswered.buffered &= !matches!(progress, Progress::Gone { .. });
    }

    /// The answer to a ping came; returns how long it took, if that can be told.
    pub(crate) fn pong(&mut self, now: Time, patience: &mut Patience) -> Option<Duration> {
        self.life(patience);
        self.unanswered.take()?.sent.map(|sent| now.since(sent))
    }

    /// Asks the peer for a sign of life, because this end may have slept or the network may be another.
    pub(crate) fn probe(&mut self, now: Time) -> Beat {
        if now >= self.next_probe {
            return self.send_probe(now);
        }
        // At the moment of the last one it asks for nothing new.
        self.probe_wanted |= now.after_micros(PROBE_SPACING) > self.next_probe;
        Beat::Nothing
    }

    fn send_probe(&mut self, now: Time) -> Beat {
        self.next_probe = now.after_micros(PROBE_SPACING);
        self.probe_wanted = false;
        self.ping(now, true)
    }

    /// Pings before it is due, with the patience of any other ping.
    pub(crate) fn measure(&mut self, now: Time) -> Beat {
        self.ping(now, false)
    }

    /// The timer fires, which was set for an earlier moment if it is `late`: then the answer may lie in the event queue behind it,
    /// even where the deadline itself has passed only just now.
    pub(crate) fn timeout(&mut self, now: Time, late: bool, patience: &mut Patience) -> Beat {
        if let Some(unanswered) = &mut self.unanswered
            && let Some(deadline) = unanswered.deadline
            && deadline <= now
        {
            if late && unanswered.late_probes < LATE_PROBES {
                unanswered.late_probes += 1;
                return self.send_probe(now);
            }
            if !patience.allows(unanswered.doublings) {
                // After a sleep or on another network the connection is gone, and not slow.
                if !unanswered.doubted {
                    patience.lengthen();
                }
                return Beat::Dead;
            }
            let longer = self.deadline.min(u64::MAX >> MOST_DOUBLINGS) << unanswered.doublings;
            unanswered.deadline = Some(now.after_micros(longer));
            unanswered.doublings += 1;
        }
        if self.probe_wanted && self.next_probe <= now {
            return self.send_probe(now);
        }
        if self.next_ping <= now {
            return self.ping(now, now.micros_since(self.next_ping) >= LATE);
        }
        Beat::Nothing
    }

    #[inline(never)]
    fn ping(&mut self, now: Time, doubted: bool) -> Beat {
        let patience = if doubted { self.probe } else { self.deadline };
        let mut fresh = Unanswered {
            sent: Some(now),
            deadline: Some(now.after_micros(patience)),
            patience,
            late_probes: 0,
            doublings: 0,
            doubted,
            buffered: true,
        };
        if let Some(earlier) = &self.unanswered {
            if let Some(running) = earlier.deadline {
                // Answers come in the order of the pings, so the next one belongs to the earlier ping; and what
                // holds for its deadline stands, or pinging again and again would postpone death for ever.
                fresh.sent = earlier.sent;
                fresh.buffered = earlier.buffered;
                fresh.patience = patience.min(earlier.patience);
                fresh.late_probes = earlier.late_probes;
                fresh.doublings = earlier.doublings;
                fresh.doubted |= earlier.doubted;
                if running > now {
                    // One that is late already has been given longer for a reason.
                    let late = earlier.doublings > 0;
                    fresh.deadline = if late { Some(running) } else { fresh.deadline.min(Some(running)) };
                }
            } else {
                // Messages came, the answer did not: it is late, or was never sent.
                fresh.sent = None;
            }
        }
        self.unanswered = Some(fresh);
        self.next_ping = now.after_micros(self.interval);
        Beat::Ping
    }

    /// True while a deadline runs.
    pub(crate) fn is_waiting(&self) -> bool {
        self.unanswered.as_ref().is_some_and(|unanswered| unanswered.deadline.is_some())
    }

    pub(crate) fn wake(&self) -> Time {
        let deadline = self.unanswered.as_ref().and_then(|unanswered| unanswered.deadline);
        let probe = if self.probe_wanted { self.next_probe } else { Time::NEVER };
        self.next_ping.min(probe).min(deadline.unwrap_or(Time::NEVER))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Time {
        Time::from_millis(seconds * 1_000)
    }

    fn pulse() -> Pulse {
        Pulse::new(KeepAlive::default(), at(0))
    }

    #[test]
    fn it_pings_each_interval_and_measures_the_answer() {
        let mut pulse = pulse();
        assert_eq!(pulse.wake(), at(25));
        assert_eq!(pulse.timeout(at(24), false, &mut Patience::default()), Beat::Nothing);
        assert_eq!(pulse.timeout(at(25), false, &mut Patience::default()), Beat::Ping);
        assert_eq!(
            pulse.pong(Time::from_millis(25_030), &mut Patience::default()),
            Some(Duration::from_millis(30))
        );
        assert_eq!(pulse.pong(at(26), &mut Patience::default()), None);
        assert_eq!(pulse.wake(), at(50));
    }

    #[test]
    fn silence_after_a_ping_is_death_at_the_deadline_and_not_before() {
        let mut pulse = pulse();
        assert_eq!(pulse.timeout(at(25), false, &mut Patience::default()), Beat::Ping);
        assert_eq!(pulse.wake(), at(35));
        assert_eq!(pulse.timeout(Time::from_millis(34_999), false, &mut Patience::default()), Beat::Nothing);
        assert_eq!(pulse.timeout(at(35), false, &mut Patience::default()), Beat::Dead);
    }

    #[test]
    fn any_sign_of_life_lifts_the_deadline() {
        let mut pulse = pulse();
        assert_eq!(pulse.timeout(at(25), false, &mut Patience::default()), Beat::Ping);
        pulse.life(&mut Patience::default());
        assert_eq!(pulse.timeout(at(35), false, &mut Patience::default()), Beat::Nothing);
        assert_eq!(pulse.timeout(at(50), false, &mut Patience::default()), Beat::Ping);
    }

    #[test]
    fn what_leaves_the_buffer_starts_a_running_deadline_anew_and_does_not_lift_it() {
        let mut pulse = pulse();
        pulse.progress(at(20), Progress::Some);
        assert_eq!(pulse.timeout(at(25), false, &mut Patience::default()), Beat::Ping);
        pulse.progress(at(34), Progress::Some);
        assert_eq!(pulse.timeout(at(35), false, &mut Patience::default()), Beat::Nothing);
        assert_eq!(pulse.timeout(at(44), false, &mut Patience::default()), Beat::Dead);
    }

    #[test]
    fn what_leaves_after_the_ping_has_left_counts_only_while_the_buffer_is_backed_up() {
        let mut pulse = pulse();
        assert_eq!(pulse.timeout(at(25), false, &mut Patience::default()), Beat::Ping);
        pulse.progress(at(26), Progress::None);
        assert_eq!(pulse.wake(), at(35));
        pulse.progress(at(27), Progress::Gone { moved: true });
        assert_eq!(pulse.wake(), at(37), "the ping has left only now");
        pulse.progress(at(28), Progress::Gone { moved: true });
        assert_eq!(pulse.wake(), at(37));
        pulse.progress(at(29), Progress::Some);
        assert_eq!(pulse.wake(), at(39));
    }

    #[test]
    fn what_leaves_the_buffer_gives_a_probe_its_own_deadline_and_not_that_of_a_ping() {
        let mut pulse = pulse();
        assert_eq!(pulse.probe(at(1)), Beat::Ping);
        pulse.progress(at(2), Progress::Gone { moved: true });
        assert_eq!(pulse.wake(), at(5));
        assert_eq!(pulse.measure(at(3)), Beat::Ping);
        pulse.progress(at(4), Progress::Some);
        assert_eq!(pulse.wake(), at(7), "another ping lends no more");
    }

    #[test]
    fn a_ping_that_found_the_buffer_empty_did_not_wait() {
        let mut pulse = pulse();
        assert_eq!(pulse.timeout(at(25), false, &mut Patience::default()), Beat::Ping);
        pulse.progress(at(26), Progress::Gone { moved: false });
        pulse.progress(at(27), Progress::Gone { moved: true });
        assert_eq!(pulse.wake(), at(35));
    }

    #[test]
    fn a_second_ping_does_not_make_the_first_one_wait_again() {
        let mut pulse = pulse();
        assert_eq!(pulse.timeout(at(25), false, &mut Patience::default()), Beat::Ping);
        pulse.progress(at(26), Progress::Gone { moved: false });
        assert_eq!(pulse.probe(at(27)), Beat::Ping);
        pulse.progress(at(28), Progress::Gone { moved: true });
        assert_eq!(pulse.wake(), at(30));
    }

    #[test]
    fn a_lifted_deadline_stays_lifted_whatever_leaves_the_buffer() {
        let mut pulse = pulse();
        assert_eq!(pulse.timeout(at(25), false, &mut Patience::default()), Beat::Ping);
        pulse.life(&mut Patience::default());
        pulse.progress(at(26), Progress::Some);
        assert_eq!(pulse.wake(), at(50));
    }

    #[test]
    fn the_next_answer_belongs_to_the_first_of_two_pings() {
        let mut pulse = pulse();
        assert_eq!(pulse.timeout(at(25), false, &mut Patience::default()), Beat::Ping);
        assert_eq!(pulse.probe(at(26)), Beat::Ping);
        assert_eq!(pulse.pong(at(27), &mut Patience::default()), Some(Duration::from_secs(2)));
    }

    #[test]
    fn a_late_timer_probes_before_it_declares_death() {
        let mut pulse = pulse();
        assert_eq!(pulse.timeout(at(25), false, &mut Patience::default()), Beat::Ping);
        assert_eq!(
            pulse.timeout(Time::from_millis(35_020), true, &mut Patience::default()),
            Beat::Ping,
            "woke 20 ms late"
        );
        assert_eq!(pulse.wake(), Time::from_millis(38_020));
        assert_eq!(pulse.timeout(Time::from_millis(38_039), false, &mut Patience::default()), Beat::Dead);
    }

    #[test]
    fn a_probe_at_the_very_deadline_has_its_own() {
        let mut pulse = pulse();
        assert_eq!(pulse.timeout(at(25), false, &mut Patience::default()), Beat::Ping);
        assert_eq!(pulse.probe(at(35)), Beat::Ping);
        assert_eq!(pulse.wake(), at(38));
    }

    #[test]
    fn a_ping_that_is_late_itself_has_the_short_deadline() {
        let mut pulse = pulse();
        assert_eq!(pulse.timeout(at(27), false, &mut Patience::default()), Beat::Ping);
        assert_eq!(pulse.wake(), at(30));
    }

    #[test]
    fn timers_that_are_always_late_do_not_keep_a_dead_link() {
        let mut pulse = pulse();
        let beats: [Beat; 4] = core::array::from_fn(|minute| {
            pulse.timeout(at(60 * (minute as u64 + 1)), true, &mut Patience::default())
        });
        assert_eq!(beats, [Beat::Ping, Beat::Ping, Beat::Ping, Beat::Dead]);
    }

    #[test]
    fn life_between_late_timers_starts_their_count_anew() {
        let mut pulse = pulse();
        for minute in 1..20 {
            assert_eq!(pulse.timeout(at(60 * minute), false, &mut Patience::default()), Beat::Ping);
            pulse.life(&mut Patience::default());
        }
    }

    #[test]
    fn a_probe_shortens_a_running_deadline_and_never_lengthens_it() {
        let mut pulse = pulse();
        assert_eq!(pulse.timeout(at(25), false, &mut Patience::default()), Beat::Ping);
        assert_eq!(pulse.probe(at(26)), Beat::Ping);
        assert_eq!(pulse.wake(), at(29));
        for _ in 0..3 {
            assert_eq!(pulse.probe(at(28)), Beat::Nothing, "too soon after the last");
            assert_eq!(pulse.wake(), at(29));
        }
        assert_eq!(pulse.timeout(at(29), false, &mut Patience::default()), Beat::Dead);
    }
}
