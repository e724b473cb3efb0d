//! The figure that the page shows for lines of known rates and delays: the sender's own pacing and the page's own meter, in
//! virtual time.

use std::collections::VecDeque;
use std::time::Duration;

use demo_messages::flow::{ACKNOWLEDGE_MS, Flow, acknowledges};

use super::meter::Meter;
use super::report::Direction;

/// How long after its time the page waits for the rest of a load, in seconds.
const DRAIN: f64 = 2.5;

/// A line that carries so many bytes a second, each for so many seconds in either direction.
#[derive(Clone, Copy)]
struct Line {
    rate: f64,
    way: f64,
}

/// A load over a line. Times are the sender's, in seconds since it began to send.
struct Load {
    line: Line,
    direction: Direction,
    flow: Flow,
    meter: Meter,
    /// Until when the line is busy.
    busy: f64,
    arriving: VecDeque<(f64, u64)>,
    acknowledging: VecDeque<(f64, u64)>,
    received: u64,
    received_at: f64,
    acknowledged: u64,
}

impl Load {
    /// A load of so many seconds: the meter as the page has it at the end, and how long that took by the page's clock.
    fn run(line: Line, direction: Direction, seconds: f64) -> (Meter, f64) {
        let mut load = Self {
            line,
            direction,
            flow: Flow::new(),
            meter: Meter::new(line.way * 2_000.0),
            busy: 0.0,
            arriving: VecDeque::new(),
            acknowledging: VecDeque::new(),
            received: 0,
            received_at: 0.0,
            acknowledged: 0,
        };
        // A download's page began when it sent the request, and an upload's page is the sender.
        let page = if direction == Direction::Download { line.way } else { 0.0 };
        let (mut now, mut tick) = (0.0, f64::from(ACKNOWLEDGE_MS) / 1_000.0);
        let limit = seconds + DRAIN - page;
        loop {
            if now < seconds {
                load.send(now);
            }
            let next = |queue: &VecDeque<(f64, u64)>| queue.front().map_or(f64::INFINITY, |(at, _)| *at);
            let (arrival, acknowledgement) = (next(&load.arriving), next(&load.acknowledging));
            if now >= seconds && arrival.is_infinite() {
                load.sample();
                // The end of an upload is known to the page once the server has told it.
                let end = if direction == Direction::Download { now } else { now + line.way };
                return (load.meter, end.min(limit) + page);
            }
            now = arrival.min(acknowledgement).min(tick);
            if now >= limit {
                load.sample();
                // What the page knows of the time since the last message.
                load.received_at = limit - if direction == Direction::Download { 0.0 } else { line.way };
                load.sample();
                return (load.meter, limit + page);
            }
            if now == arrival {
                load.arrive(now);
            } else if now == acknowledgement {
                let (_, bytes) = load.acknowledging.pop_front().expect("it is the next");
                load.flow.acknowledge(Duration::from_secs_f64(now), bytes);
            } else {
                tick += f64::from(ACKNOWLEDGE_MS) / 1_000.0;
                if load.received > load.acknowledged {
                    load.acknowledge(now);
                }
                load.sample();
            }
        }
    }

    fn send(&mut self, now: f64) {
        while let Some(size) = self.flow.next() {
            self.flow.sent(Duration::from_secs_f64(now));
            self.busy = self.busy.max(now) + size as f64 / self.line.rate;
            self.arriving.push_back((self.busy + self.line.way, self.flow.sent_bytes()));
        }
    }

    fn arrive(&mut self, now: f64) {
        let (_, bytes) = self.arriving.pop_front().expect("it is the next");
        (self.received, self.received_at) = (bytes, now);
        if acknowledges(self.acknowledged, bytes) {
            self.acknowledge(now);
            if self.direction == Direction::Upload {
                self.sample();
            }
        }
    }

    fn acknowledge(&mut self, now: f64) {
        self.acknowledged = self.received;
        self.acknowledging.push_back((now + self.line.way, self.received));
    }

    /// Downloads are timed by the page, which began earlier, uploads by the server, which began later.
    fn sample(&mut self) {
        let began = if self.direction == Direction::Download { -self.line.way } else { self.line.way };
        self.meter.add((self.received_at - began) * 1_000.0, self.received);
    }
}

/// How near a figure must be to the line's rate, and how much longer than chosen a load may last, in seconds.
const TOLERANCE: f64 = 0.05;
const LATE: f64 = 3.0;

/// The figure over the line's rate, and whether it says that it still grew.
fn measured(kilobits: f64, round_trip: f64, direction: Direction, seconds: f64) -> (f64, bool) {
    let line = Line { rate: kilobits * 125.0, way: round_trip / 2.0 };
    let (meter, took) = Load::run(line, direction, seconds);
    assert!(took < seconds + LATE, "{direction:?} {kilobits} kbit/s, {round_trip} s: {took} s of {seconds}");
    (meter.result().expect("a result") * 1_000.0 / kilobits, meter.grew_to_the_end())
}

fn is_right(kilobits: f64, round_trip: f64, seconds: f64) {
    for direction in [Direction::Download, Direction::Upload] {
        let (ratio, grew) = measured(kilobits, round_trip, direction, seconds);
        let what = format!("{direction:?} {kilobits} kbit/s, {round_trip} s, in {seconds} s: {ratio}");
        assert!((ratio - 1.0).abs() < TOLERANCE, "{what}");
        assert!(!grew, "{what}");
    }
}

#[test]
fn the_figure_is_the_lines_rate_whatever_its_delay() {
    for kilobits in [30.0, 64.0, 256.0, 1_000.0, 4_000.0, 16_000.0, 100_000.0] {
        for round_trip in [0.0, 0.05, 0.1, 0.2, 0.3] {
            is_right(kilobits, round_trip, 3.0);
            is_right(kilobits, round_trip, 8.0);
        }
    }
}

#[test]
fn round_trips_of_more_than_half_a_second_need_a_longer_test() {
    for kilobits in [30.0, 64.0, 256.0, 1_000.0, 4_000.0, 16_000.0, 100_000.0] {
        for round_trip in [0.6, 1.0, 1.5] {
            is_right(kilobits, round_trip, 8.0);
        }
    }
    is_right(256.0, 1.5, 3.0);
    // Two round trips do not fill these lines.
    for kilobits in [4_000.0, 16_000.0, 100_000.0] {
        for direction in [Direction::Download, Direction::Upload] {
            let (ratio, grew) = measured(kilobits, 1.5, direction, 3.0);
            assert!(ratio < 0.5 && grew, "{direction:?} {kilobits} kbit/s: {ratio}");
        }
    }
}
