//! Memory and time of a process, as Linux says.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)] // A helper that fails is a test that fails.

use std::io::ErrorKind;
use std::time::Duration;

use rejoin_test_support::process::Process;

#[test]
fn memory_that_is_touched_is_resident_and_stays_the_most_when_it_is_gone() {
    let process = Process::own();
    let before = process.resident_bytes().unwrap();
    let held = vec![7_u8; 64 << 20];
    let with = process.resident_bytes().unwrap();
    assert!(with >= before + (60 << 20), "{before} {with}");
    drop(held);
    assert!(process.resident_bytes().unwrap() < with - (32 << 20));
    assert!(process.most_resident_bytes().unwrap() >= before + (60 << 20));
}

#[test]
fn work_takes_time_of_a_processor() {
    let process = Process::own();
    let before = process.cpu_time().unwrap();
    let mut number = 1_u64;
    while process.cpu_time().unwrap() < before + Duration::from_millis(50) {
        for _ in 0..100_000 {
            number = std::hint::black_box(number.wrapping_mul(3));
        }
    }
}

#[test]
fn a_process_that_has_ended_is_an_error() {
    let mut child = std::process::Command::new("true").spawn().unwrap();
    child.wait().unwrap();
    let gone = Process::new(child.id());
    assert_eq!(gone.resident_bytes().unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(gone.cpu_time().unwrap_err().kind(), ErrorKind::NotFound);
}
