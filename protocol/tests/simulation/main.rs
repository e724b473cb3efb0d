//! The link under simulated faults: thousands of seeds in virtual time, each invariant checked at every step.
//!
//! `REJOIN_SIM_SEEDS=20000` runs that many seeds instead of the quick number, `REJOIN_SIM_SEED=17` one alone and
//! prints what happens in it:
//! `REJOIN_SIM_SEED=17 cargo test -p rejoin-protocol --test simulation -- --nocapture`

// Helpers outside of test functions unwrap as well: a failure there is a failed test.
#![allow(clippy::unwrap_used)]
// What a seed did is told to whoever runs it.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod application;
mod coverage;
mod ledger;
mod network;
mod page;
mod plan;
mod socket;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use coverage::{Coverage, STATES};
use plan::MINUTE;
use world::World;

const QUICK: u64 = 1_000;

/// Runs one seed; a failure says how to see it again.
fn run(seed: u64, trace: bool) -> World {
    let mut world = World::new(seed, trace);
    if let Err(failure) = catch_unwind(AssertUnwindSafe(|| world.run())) {
        eprintln!(
            "seed {seed} failed at {} us; to see what led to it: REJOIN_SIM_SEED={seed} cargo test -p rejoin-protocol --test simulation -- --nocapture",
            world.now
        );
        resume_unwind(failure);
    }
    world
}

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} must be a whole number, not {text:?}")))
}

#[test]
fn no_seed_breaks_a_promise_and_every_fault_happens_in_every_state() {
    if let Some(seed) = number("REJOIN_SIM_SEED") {
        run(seed, true);
        return;
    }
    let seeds = number("REJOIN_SIM_SEEDS").unwrap_or(QUICK);
    let mut coverage = Coverage::default();
    let (mut virtual_minutes, mut steps) = (0, 0);
    for seed in 0..seeds {
        let world = run(seed, false);
        coverage.merge(&world.coverage);
        virtual_minutes += world.now / MINUTE;
        steps += world.steps;
    }
    println!("{seeds} seeds, {} hours of virtual time, {steps} steps", virtual_minutes / 60);
    println!("{}", coverage.table());
    if seeds >= QUICK {
        check(&coverage);
    }
}

/// What was meant to happen did happen.
fn check(coverage: &Coverage) {
    let everywhere = [
        "open",
        "reconnect",
        "close",
        "abort",
        "stop",
        "send",
        "try_transmit",
        "take_queue",
        "watch_drain",
        "online",
        "offline",
        "visible",
        "hidden",
        "frozen",
        "resumed",
        "network changed",
        "clock set",
        "stale",
        "busy page",
        "stands still",
    ];
    for what in everywhere {
        for state in STATES {
            assert!(coverage.count_in(what, state) > 0, "{what} never happened while {state}");
        }
    }
    let somewhere = [
        "refused",
        "black hole",
        "provider fails",
        "accept then close",
        "cut",
        "half-open",
        "stall",
        "server closes",
        "peer closing",
        "close event 18 s late",
        "close event never",
        "close never answered",
        "pong late",
        "pong never",
        "answers no ping and is lively",
        "keep-alive death",
        "connect time-out",
        "close time-out",
        "gave up",
        "swallowed",
        "congested",
        "congested while hidden",
        "watches drain",
        "evicted",
        "unsent",
        "round trip",
        "refused: full",
        "refused: too large",
        "refused: closed",
        "transmitted directly",
        "opened too late",
    ];
    for what in somewhere {
        assert!(coverage.count(what) > 0, "{what} never happened");
    }
}
