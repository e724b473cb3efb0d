//! Sessions under simulated faults: thousands of seeds in virtual time, every promise checked at every step.
//!
//! `REJOIN_SIM_SEEDS=20000` runs that many seeds instead of the quick number, `REJOIN_SIM_SEED=17` one alone and
//! prints what happens in it:
//! `REJOIN_SIM_SEED=17 cargo test -p rejoin-protocol --test session_simulation -- --nocapture seed`

// Helpers outside of test functions unwrap as well: a failure there is a failed test.
#![allow(clippy::unwrap_used)]
// What a seed did is told to whoever runs it.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod calm;
mod channels;
mod chaos;
mod client;
mod content;
mod coverage;
mod disaster;
mod ends;
mod identities;
mod ledger;
mod log;
mod network;
mod performance;
mod plan;
mod scenarios;
mod server;
mod stage;
mod store;
mod wires;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};

use coverage::{Coverage, PHASES};
use plan::MINUTE;
use world::World;

const QUICK: u64 = 300;

/// After so many failures nothing more is learned.
const ENOUGH: usize = 10;

/// Runs one seed; a failure says how to see it again.
fn run(seed: u64, trace: bool) -> Option<World> {
    let mut world = World::new(seed, trace);
    if catch_unwind(AssertUnwindSafe(|| world.run())).is_ok() {
        return Some(world);
    }
    eprintln!(
        "seed {seed} failed at {} us; to see what led to it: REJOIN_SIM_SEED={seed} cargo test -p rejoin-protocol --test session_simulation -- --nocapture seed",
        world.now
    );
    None
}

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} must be a whole number, not {text:?}")))
}

#[test]
fn no_seed_breaks_a_promise_and_every_fault_happens_in_every_phase() {
    if let Some(seed) = number("REJOIN_SIM_SEED") {
        assert!(run(seed, true).is_some(), "seed {seed} failed");
        return;
    }
    let seeds = number("REJOIN_SIM_SEEDS").unwrap_or(QUICK);
    let first = number("REJOIN_SIM_FIRST").unwrap_or(0);
    let mut coverage = Coverage::default();
    let (mut virtual_minutes, mut steps, mut delivered, mut lost) = (0, 0, 0, 0);
    let mut failed = Vec::new();
    for seed in first..first + seeds {
        let Some(world) = run(seed, false) else {
            failed.push(seed);
            assert!(failed.len() < ENOUGH, "seeds {failed:?} failed");
            continue;
        };
        coverage.merge(&world.coverage);
        virtual_minutes += world.now / MINUTE;
        steps += world.steps;
        delivered += world.ledger.delivered;
        lost += world.ledger.lost;
    }
    assert!(failed.is_empty(), "seeds {failed:?} failed");
    println!("{seeds} seeds, {} hours of virtual time, {steps} steps", virtual_minutes / 60);
    println!("{delivered} messages came, {lost} were named as lost");
    println!("{}", coverage.table());
    if seeds >= QUICK {
        check(&coverage);
    }
}

/// What was meant to happen did happen.
fn check(coverage: &Coverage) {
    let of_connections = [
        "cut",
        "swallow, then reset",
        "client end dies",
        "server end dies",
        "stall",
        "server closes",
        "reconnect",
    ];
    for what in of_connections {
        for phase in ["greeting", "live", "midway"] {
            assert!(coverage.count_in(what, phase) > 0, "{what} never happened while {phase}");
        }
    }
    let everywhere = [
        "kill",
        "restore",
        "trim",
        "clock jump",
        "freeze",
        "send",
        "full",
        "too large",
        "too many",
        "too many channels",
        "publish",
        "call",
        "cancel",
        "since now",
        "since the last",
        "since ever",
        "since a position",
        "unsubscribe",
    ];
    for what in everywhere {
        for phase in PHASES {
            assert!(coverage.count_in(what, phase) > 0, "{what} never happened while {phase}");
        }
    }
    let somewhere = [
        "already",
        "appended",
        "begun",
        "bye",
        "bye for good",
        "call answered",
        "call denied",
        "call timed out",
        "call unknown",
        "call unsent",
        "came late",
        "closed",
        "connect refused",
        "declares it dead",
        "durable",
        "entry",
        "expected another",
        "expired",
        "fresh",
        "gap",
        "gave up",
        "hello is late",
        "kept",
        "killed after append",
        "killed before append",
        "late hello",
        "members",
        "not now",
        "read after takeover",
        "refused",
        "resumed",
        "server declares it dead",
        "stop",
        "subscription over",
        "subscription refused",
        "swallowed",
        "takeover",
        "too large for the instance",
        "unknown",
        "unsent",
        "withheld",
        "volatile came",
        "volatile dropped",
    ];
    for what in somewhere {
        assert!(coverage.count(what) > 0, "{what} never happened");
    }
}
