//! Any bytes as a message of `rejoin.v1`: nothing panics, memory is bounded by the length, and what is read is written
//! as it came.
#![no_main]

use std::alloc::System;

use libfuzzer_sys::fuzz_target;
use rejoin_protocol::wire::{BatchWriter, Body, Frame, WireLimits, decode};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// A subprotocol of HELLO takes one byte on the wire and a `String` in memory: nothing grows more.
const MEMORY_PER_BYTE: usize = 32;
/// The boxes of HELLO and WELCOME.
const MEMORY_PER_MESSAGE: usize = 1024;

fuzz_target!(|bytes: &[u8]| {
    let message = Body::from(bytes);
    let limits = WireLimits::default();
    let region = Region::new(ALLOCATOR);
    let read = decode(&message, &limits).filter(Result::is_ok).count();
    let allocated = region.change().bytes_allocated;
    assert!(allocated <= bytes.len() * MEMORY_PER_BYTE + MEMORY_PER_MESSAGE, "{allocated} bytes allocated");

    let results: Vec<_> = decode(&message, &limits).collect();
    let faulty = results.last().is_none_or(Result::is_err);
    let frames: Vec<Frame> = results.into_iter().map_while(Result::ok).collect();
    assert_eq!(frames.len(), read);
    for frame in &frames {
        same_again(frame, &limits);
    }
    let batched = bytes.first() == Some(&0x08);
    if let ([frame], false, false) = (&frames[..], faulty, batched || matches!(frames[..], [Frame::Hello(_)])) {
        let mut written = Vec::new();
        frame.encode(&mut written);
        assert_eq!(written, bytes, "{frame:?}");
    }
    gathered(&frames, &limits);
});

fn same_again(frame: &Frame, limits: &WireLimits) {
    let mut written = Vec::new();
    frame.encode(&mut written);
    let written = Body::from(written);
    let again: Vec<_> = decode(&written, limits).collect();
    assert_eq!(again, [Ok(frame.clone())]);
}

fn gathered(frames: &[Frame], limits: &WireLimits) {
    let mut writer = BatchWriter::default();
    frames.iter().for_each(|frame| writer.push(frame));
    writer.flush();
    let messages: Vec<Body> = std::iter::from_fn(|| writer.pop()).map(Body::from).collect();
    let again: Result<Vec<Frame>, _> = messages.iter().flat_map(|message| decode(message, limits)).collect();
    assert_eq!(again.as_deref(), Ok(frames));
}
