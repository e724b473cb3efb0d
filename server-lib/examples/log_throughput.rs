//! Measures durable publications a second: `cargo run --release --features sqlite --example log_throughput [FOLDER]`.
//!
//! The folder says which disk is measured; the present one unless given.
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use rejoin_protocol::wire::{Answer, Body, SessionId};
use rejoin_server::log::{Append, Log, SqliteLog, SqliteOptions, Verdict};

/// How long each run takes.
const RUN: Duration = Duration::from_secs(4);
/// Bytes of a publication.
const PAYLOAD: usize = 100;

type Failure = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| ".".into());
    let runtime = tokio::runtime::Builder::new_multi_thread().build()?;
    println!("under way | most in one commit | durable publications a second | mean answer, ms");
    for (under_way, batch) in [(1, 1_024), (100, 1_024), (512, 1_024), (512, 1)] {
        let mut options = SqliteOptions::default();
        options.batch = batch;
        let place = tempfile::tempdir_in(&folder)?;
        let log = SqliteLog::open(place.path().join("log.db"), options)?;
        let begun = Instant::now();
        let count = runtime.block_on(publish(&log, under_way))?;
        let seconds = begun.elapsed().as_secs_f64();
        let rate = count as f64 / seconds;
        let answer = 1_000.0 * seconds * under_way as f64 / count as f64;
        println!("{under_way:>9} | {batch:>18} | {rate:>29.0} | {answer:>15.2}");
        runtime.block_on(log.close());
    }
    Ok(())
}

/// So many publishers at once in one channel, each with one publication under way; how many were answered.
async fn publish(log: &SqliteLog, publishers: u64) -> Result<u64, Failure> {
    let end = Instant::now() + RUN;
    let counts = (0..publishers).map(|who| {
        let log = log.clone();
        tokio::spawn(async move {
            let mut number = 0;
            while Instant::now() < end {
                match log.append(publication(who, number)).await? {
                    Answer::Appended(_) => number += 1,
                    other => return Err(Failure::from(format!("not appended: {other:?}"))),
                }
            }
            Ok::<u64, Failure>(number)
        })
    });
    try_join_all(counts).await?.into_iter().sum()
}

fn publication(who: u64, number: u64) -> Append {
    let mut random = [0; 12];
    random[..8].copy_from_slice(&who.to_be_bytes());
    Append {
        channel: "room".into(),
        publisher: SessionId { born: 1, random },
        alias: who,
        number,
        settled: number,
        id: number,
        payload: Body::from(vec![7; PAYLOAD]),
        verdict: Verdict::Take,
    }
}
