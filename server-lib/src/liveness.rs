//! Liveness: when to ping, when a peer is dead, when a connection is idle. Pure: time comes in.

use std::time::{Duration, Instant};

use crate::limits::Limits;

/// What the clock says about a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing to do before this time.
    Wait(Instant),
    /// A ping is due.
    Ping,
    /// The peer is dead.
    Dead,
    /// No message went either way for the allowed time.
    Idle,
}

/// What the socket did so far.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Seen {
    /// Bytes read.
    pub(crate) read: u64,
    /// Bytes that the socket took.
    pub(crate) written: u64,
    /// This end does not read at present, because its handler is behind.
    pub(crate) reading_paused: bool,
    /// Something waits to be taken by the socket.
    pub(crate) blocked: bool,
    /// Silence until then is allowed.
    pub(crate) silent_until: Option<Instant>,
}

/// The clocks of one connection.
#[derive(Debug)]
pub(crate) struct Liveness {
    ping_interval: Duration,
    dead_after: Duration,
    idle: Option<Duration>,
    life: Instant,
    message: Instant,
    next_ping: Instant,
    read: u64,
    /// What `written` must exceed to count as life: the last sign of life and the pings since.
    written: u64,
}

impl Liveness {
    pub(crate) fn new(limits: &Limits, now: Instant) -> Self {
        Self {
            ping_interval: limits.ping_interval,
            dead_after: limits.dead_after,
            idle: limits.idle,
            life: now,
            message: now,
            next_ping: now + limits.ping_interval,
            read: 0,
            written: 0,
        }
    }

    /// A message went in either direction.
    pub(crate) fn message(&mut self, now: Instant) {
        self.message = now;
    }

    /// A ping of so many bytes was handed to the socket's buffer.
    pub(crate) fn pinged(&mut self, now: Instant, bytes: u64) {
        self.next_ping = now + self.ping_interval;
        self.written += bytes;
    }

    /// Judges the connection by what its socket did.
    pub(crate) fn judge(&mut self, now: Instant, seen: Seen) -> Verdict {
        // A handler that is behind keeps us from reading, so that silence is our own doing; only a socket
        // that takes nothing although something waits speaks against the peer then.
        let cannot_tell = seen.reading_paused && !seen.blocked;
        if seen.read > self.read || seen.written > self.written || cannot_tell {
            self.life = now;
            self.read = seen.read;
            self.written = self.written.max(seen.written);
        }
        let dead = self.life + self.dead_after;
        let dead = seen.silent_until.map_or(dead, |allowed| dead.max(allowed));
        if now >= dead {
            return Verdict::Dead;
        }
        let idle = self.idle.map(|idle| self.message + idle);
        if idle.is_some_and(|idle| now >= idle) {
            return Verdict::Idle;
        }
        // A ping behind a full buffer proves nothing and would only pile up.
        if seen.blocked {
            self.next_ping = self.next_ping.max(now + self.ping_interval / 4);
        } else if now >= self.next_ping {
            return Verdict::Ping;
        }
        let next = dead.min(self.next_ping);
        Verdict::Wait(idle.map_or(next, |idle| next.min(idle)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    fn start() -> (Liveness, Instant) {
        let now = Instant::now();
        (Liveness::new(&Limits { idle: Some(seconds(60)), ..Limits::default() }, now), now)
    }

    #[test]
    fn a_peer_that_takes_only_pings_is_dead_after_ten_seconds() {
        let (mut liveness, now) = start();
        let mut written = 0;
        for second in [5, 9] {
            if liveness.judge(now + seconds(second), Seen { written, ..Seen::default() }) == Verdict::Ping {
                liveness.pinged(now + seconds(second), 2);
                written += 2;
            }
        }
        assert_eq!(written, 2);
        assert_eq!(liveness.judge(now + seconds(10), Seen { written, ..Seen::default() }), Verdict::Dead);
    }

    #[test]
    fn bytes_taken_by_a_slow_link_are_life_though_no_pong_comes() {
        let (mut liveness, now) = start();
        for second in 1..40 {
            let seen = Seen { written: second * 1_000, blocked: true, ..Seen::default() };
            assert!(matches!(liveness.judge(now + seconds(second), seen), Verdict::Wait(_)));
        }
    }

    #[test]
    fn a_blocked_socket_that_takes_nothing_is_dead_and_is_not_pinged() {
        let (mut liveness, now) = start();
        let seen = Seen { blocked: true, ..Seen::default() };
        assert!(matches!(liveness.judge(now + seconds(6), seen), Verdict::Wait(_)));
        assert_eq!(liveness.judge(now + seconds(10), seen), Verdict::Dead);
    }

    #[test]
    fn silence_that_the_handler_allows_is_no_death_and_what_follows_is() {
        let (mut liveness, now) = start();
        let seen = Seen { silent_until: Some(now + seconds(40)), ..Seen::default() };
        for second in [9, 10, 39] {
            assert_ne!(liveness.judge(now + seconds(second), seen), Verdict::Dead);
        }
        assert_eq!(liveness.judge(now + seconds(40), seen), Verdict::Dead);
        // It shortens nothing.
        let (mut liveness, now) = start();
        let seen = Seen { silent_until: Some(now + seconds(3)), ..Seen::default() };
        assert_ne!(liveness.judge(now + seconds(9), seen), Verdict::Dead);
        assert_eq!(liveness.judge(now + seconds(10), seen), Verdict::Dead);
    }

    #[test]
    fn a_slow_handler_is_no_death_of_the_peer() {
        let (mut liveness, now) = start();
        let seen = Seen { reading_paused: true, ..Seen::default() };
        assert_ne!(liveness.judge(now + seconds(30), seen), Verdict::Dead);
    }

    #[test]
    fn pongs_keep_a_connection_alive_but_not_from_being_idle() {
        let (mut liveness, now) = start();
        for second in 1..60 {
            let seen = Seen { read: second, ..Seen::default() };
            assert_ne!(liveness.judge(now + seconds(second), seen), Verdict::Dead);
        }
        assert_eq!(liveness.judge(now + seconds(60), Seen { read: 60, ..Seen::default() }), Verdict::Idle);
        liveness.message(now + seconds(60));
        assert_ne!(liveness.judge(now + seconds(61), Seen { read: 61, ..Seen::default() }), Verdict::Idle);
    }
}
