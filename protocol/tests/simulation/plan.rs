//! What one seed stands for: the link's settings, the network's manners, the page's habits.

use std::time::Duration;

use rejoin_protocol::{Backoff, KeepAlive, LinkConfig, Overflow};

use rejoin_test_support::Random;

pub(crate) const MILLI: u64 = 1_000;
pub(crate) const SECOND: u64 = 1_000_000;
pub(crate) const MINUTE: u64 = 60 * SECOND;

pub(crate) struct Plan {
    pub(crate) config: LinkConfig,
    /// How long the faults go on.
    pub(crate) chaos: u64,
    /// Links stay whole, however slow; who declares one of them dead is wrong.
    pub(crate) gentle: bool,
    /// The server accepts and closes at once.
    pub(crate) accept_then_close: bool,
    /// Percent of attempts that are refused, and that nobody answers.
    pub(crate) refused: u64,
    pub(crate) black_holed: u64,
    /// A hidden page's timers fire at whole multiples of this.
    pub(crate) throttle: u64,
    /// The application says little, but often, and asks each time how much lies in the socket's buffer.
    pub(crate) chatter: bool,
    /// The longest pause of the application between two actions.
    pub(crate) idle: u64,
    /// The longest pause between two events of the page's life.
    pub(crate) restless: u64,
}

impl Plan {
    pub(crate) fn new(seed: u64, random: &mut Random) -> Self {
        let mut config = LinkConfig::default();
        config.seed = seed;
        config.reconnect = random.percent(85).then(|| backoff(random));
        config.keep_alive = random.percent(75).then(|| keep_alive(random));
        config.queue.overflow = random.pick(&[Overflow::Wait, Overflow::Refuse, Overflow::DropOldest]);
        if random.percent(60) {
            config.queue.messages = random.between(0, 40) as usize;
            config.queue.bytes = random.magnitude(100, 1 << 20) as usize;
        }
        if random.percent(50) {
            config.watermarks.high = random.magnitude(1, 1 << 18);
            config.watermarks.low = random.between(0, config.watermarks.high);
        }
        // A busy application lives through as many actions as an idle one, in less time.
        let chatter = random.percent(15);
        let gentle = !chatter && random.percent(40);
        if chatter {
            // Pings that overlap: each must leave the deadline of the one before alone.
            let mut overlapping = KeepAlive::default();
            overlapping.interval = Duration::from_secs(random.between(2, 10));
            config.keep_alive = Some(overlapping);
        }
        let idle = if chatter { SECOND } else { random.magnitude(20 * MILLI, 2 * MINUTE) };
        let chaos = random.between(5, 30) * MINUTE;
        Self {
            config,
            chaos: chaos.min(idle * 400),
            gentle,
            accept_then_close: random.percent(8),
            refused: if random.percent(10) { 95 } else { random.between(0, 40) },
            black_holed: random.between(0, 30),
            throttle: random.pick(&[SECOND, SECOND, MINUTE]),
            chatter,
            idle,
            restless: random.magnitude(SECOND, 10 * MINUTE),
        }
    }
}

fn backoff(random: &mut Random) -> Backoff {
    let mut backoff = Backoff::default();
    if random.percent(50) {
        backoff.first = Duration::from_millis(random.between(1, 2_000));
        backoff.cap = Duration::from_millis(random.between(2_000, 60_000));
        backoff.floor = Duration::from_millis(random.between(0, 1_000));
        backoff.stable = Duration::from_secs(random.between(1, 30));
    }
    backoff.max_attempts = random.percent(25).then(|| random.between(1, 6) as u32);
    backoff
}

fn keep_alive(random: &mut Random) -> KeepAlive {
    let mut keep_alive = KeepAlive::default();
    if random.percent(50) {
        keep_alive.interval = Duration::from_secs(random.between(2, 60));
        keep_alive.deadline = Duration::from_secs(random.between(3, 20));
    }
    keep_alive
}
