//! The log that fails on command: what a fault does to the log below, and when its caller learns of it.
#![allow(clippy::unwrap_used)] // A helper that fails is a test that fails.

use futures_util::FutureExt;
use rejoin_protocol::wire::{Alias, Answer, Body, SessionId};
use rejoin_server::log::{Append, Log, LogError, MemoryLog, Verdict};
use rejoin_test_support::fault_log::{FaultLog, LogCall, LogFault};

fn append(number: u64) -> Append {
    Append {
        channel: "room".to_owned(),
        publisher: SessionId { born: 1, random: [1; 12] },
        alias: Alias::default(),
        number,
        settled: 0,
        id: number,
        payload: Body::from("x"),
        verdict: Verdict::Take,
    }
}

/// How many entries are in the log below.
async fn stored(log: &FaultLog<MemoryLog>) -> u64 {
    log.log().tail("room").await.unwrap().borrow().offset
}

#[tokio::test]
async fn as_many_calls_fail_as_were_said_and_do_nothing() {
    let log = FaultLog::<MemoryLog>::default();
    log.strike(LogCall::Append, LogFault::Fail(LogError::Full), 2);
    for _ in 0..2 {
        assert_eq!(log.append(append(0)).await, Err(LogError::Full));
    }
    assert_eq!(stored(&log).await, 0);
    log.met(LogCall::Append).await;
    assert!(matches!(log.append(append(0)).await, Ok(Answer::Appended(at)) if at.offset == 1));
}

#[tokio::test]
async fn a_stalled_call_is_done_once_the_log_goes_on_and_a_held_one_before() {
    for (fault, before) in [(LogFault::Stall, 0), (LogFault::Hold, 1)] {
        let log = FaultLog::<MemoryLog>::default();
        log.strike(LogCall::Append, fault, 1);
        let mut waits = log.append(append(0));
        log.met(LogCall::Append).await;
        assert!(waits.as_mut().now_or_never().is_none());
        assert_eq!(stored(&log).await, before);
        // The next one meets nothing.
        assert!(
            matches!(log.append(append(before)).await, Ok(Answer::Appended(at)) if at.offset == before + 1)
        );
        log.resume();
        // The stalled one comes after the next one, which published the same.
        match waits.await.unwrap() {
            Answer::Already(at) => assert_eq!((before, at.offset), (0, 1)),
            Answer::Appended(at) => assert_eq!((before, at.offset), (1, 1)),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_fault_meets_no_other_call_and_ends_on_command() {
    let log = FaultLog::<MemoryLog>::default();
    log.strike(LogCall::Read, LogFault::Fail(LogError::Busy), usize::MAX);
    assert!(log.append(append(0)).await.is_ok());
    let read = || log.read("room", Default::default(), 100);
    assert_eq!(read().await, Err(LogError::Busy));
    assert!(log.met(LogCall::Read).now_or_never().is_none());
    log.resume();
    assert!(read().await.is_ok());
}
