//! The proof of delivery: clients and a real server with a faulty network between them, and the server killed.
//!
//! Quick by default. `REJOIN_DELIVERY=full` makes of it what `cargo xtask test delivery` runs, and
//! `REJOIN_DELIVERY_SEED=N` chooses other moments for the faults.
#![allow(clippy::unwrap_used, clippy::print_stdout)] // A helper that fails is a test that fails, and says why.

mod check;
mod content;
mod party;
mod plan;
#[path = "../system/rig/mod.rs"]
#[allow(dead_code)] // What the tests of the whole system work with; not all of it is needed here.
mod rig;
mod run;

use plan::Plan;
use run::Run;

#[tokio::test]
async fn nothing_is_lost_repeated_or_reordered_over_faults_of_every_kind() {
    tokio::task::LocalSet::new()
        .run_until(async {
            let run = Run::start(Plan::faults((10, 0))).await;
            run.carry_out().await;
            run.check_that_all_arrived().await;
        })
        .await;
}

#[tokio::test]
async fn nothing_is_lost_repeated_or_reordered_in_three_browsers() {
    tokio::task::LocalSet::new()
        .run_until(async {
            let run = Run::start(Plan::faults((10, 3))).await;
            run.carry_out().await;
            run.check_that_all_arrived().await;
        })
        .await;
}

#[tokio::test]
async fn a_killed_server_loses_no_publication_of_a_browser() {
    tokio::task::LocalSet::new()
        .run_until(async {
            let run = Run::start(Plan::kills((10, 3))).await;
            run.carry_out().await;
            run.check_that_losses_are_named().await;
        })
        .await;
}

#[tokio::test]
async fn a_killed_server_loses_no_publication_and_every_lost_message_is_named() {
    tokio::task::LocalSet::new()
        .run_until(async {
            let run = Run::start(Plan::kills((10, 0))).await;
            run.carry_out().await;
            run.check_that_losses_are_named().await;
        })
        .await;
}
