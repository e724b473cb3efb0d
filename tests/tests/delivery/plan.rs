//! What happens in a run: how much is sent, what strikes, and when, all by a seed.

use std::env;
use std::time::Duration;

use rejoin_test_support::Random;
use rejoin_test_support::proxy::Fault;

/// Steps in which each round's share is sent.
pub(crate) const STEPS: u64 = 6;

/// What strikes in a round.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Strike {
    /// All connections.
    Fault(Fault),
    /// The server's process, which is started again.
    Kill,
}

/// One round: a share of all that is sent, and a strike in the middle of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Round {
    pub(crate) strike: Strike,
    /// During which step of the sending.
    pub(crate) after: u64,
    /// And how long after its beginning.
    pub(crate) delay: Duration,
}

/// A whole run.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    /// Native clients.
    pub(crate) natives: usize,
    /// Pages, each in a browser of its own.
    pub(crate) pages: usize,
    /// Session messages of each client, all of which are echoed.
    pub(crate) messages: usize,
    /// Publications in each room, of all clients together.
    pub(crate) publications: usize,
    pub(crate) rounds: Vec<Round>,
}

/// Whether all of it is to be run, and not the short version.
pub(crate) fn is_full() -> bool {
    env::var("REJOIN_DELIVERY").is_ok_and(|which| which == "full")
}

impl Plan {
    /// Cuts and delays of every kind, each as often, with so many native clients and pages.
    pub(crate) fn faults(parties: (usize, usize)) -> Self {
        let each = if is_full() { 8 } else { 2 };
        let mut plan = Self::empty(parties);
        let mut random = Random::new(plan.seed);
        let mut strikes = Vec::new();
        for _ in 0..each {
            let mut ms = |least: u64, most: u64| Duration::from_millis(least + random.below(most - least));
            strikes.extend([
                Fault::Reset,
                Fault::Swallow(ms(20, 400)),
                Fault::ClientDies,
                Fault::ServerDies,
                Fault::Stall(ms(50, 700)),
                Fault::Throttle(20_000, ms(100, 700)),
                Fault::Refuse(ms(100, 600)),
            ]);
        }
        random.shuffle(&mut strikes);
        plan.rounds = strikes.into_iter().map(|fault| round(&mut random, Strike::Fault(fault))).collect();
        plan
    }

    /// The server's process is killed, with resets between.
    pub(crate) fn kills(parties: (usize, usize)) -> Self {
        let each = if is_full() { 8 } else { 2 };
        let mut plan = Self::empty(parties);
        let mut random = Random::new(plan.seed);
        let strikes = (0..each).flat_map(|_| [Strike::Kill, Strike::Fault(Fault::Reset)]);
        plan.rounds = strikes.map(|strike| round(&mut random, strike)).collect();
        plan
    }

    fn empty((natives, pages): (usize, usize)) -> Self {
        let count = if is_full() { 2_000 } else { 400 };
        let seed = env::var("REJOIN_DELIVERY_SEED").map_or(1, |seed| seed.parse().unwrap());
        Self { seed, natives, pages, messages: count, publications: count, rounds: Vec::new() }
    }
}

/// The part of `total` that falls to step `step` of `steps`.
pub(crate) fn share(total: usize, step: usize, steps: usize) -> std::ops::Range<usize> {
    total * step / steps..total * (step + 1) / steps
}

impl Strike {
    /// Whether it ends all connections.
    pub(crate) fn cuts(self) -> bool {
        match self {
            Self::Fault(fault) => fault.cuts(),
            Self::Kill => true,
        }
    }
}

fn round(random: &mut Random, strike: Strike) -> Round {
    // Echoes are back after a few milliseconds.
    Round { strike, after: random.below(STEPS), delay: Duration::from_micros(random.below(10_000)) }
}
