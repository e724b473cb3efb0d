//! How the sender of a load sizes and paces its messages, the same for downloads and uploads. Pure: time comes in.

use std::collections::VecDeque;
use std::time::Duration;

/// The size of a load's first message, in bytes.
pub const FIRST_MESSAGE_BYTES: usize = 1 << 10;
/// The largest message of a load, in bytes: above it a browser gains nothing.
pub const LARGEST_MESSAGE_BYTES: usize = 1 << 20;
/// What may be in flight whatever the rate, in bytes: about a second of the slowest line that is measured, 30 kbit/s.
pub const LEAST_IN_FLIGHT_BYTES: u64 = 4 << 10;
/// The shortest time over which the rate is measured once it no longer grows, and the time whose worth may be in flight.
const SECOND: Duration = Duration::from_secs(1);
/// While the rate grows it is measured over bursts: what came in less than this counts as if it had taken so long. A longer
/// time is slower to fill a line, a shorter one takes acknowledgements that arrive together for a fast line.
const BURST: Duration = Duration::from_millis(100);
/// How many messages of the present size are a burst.
const BURST_MESSAGES: u64 = 3;
/// Acknowledgements closer together than this are remembered as one, which bounds how many are remembered.
const GRAIN: Duration = Duration::from_millis(10);

/// What the sender of a load may send next.
///
/// At most one second's worth is in flight at the rate measured so far, and where a round trip takes longer than 0.8 s,
/// 1.25 round trips' worth: a line can't be filled with less. So a slow line is never seconds behind, however much its
/// buffers would take, and the load ends when its time is over. Messages begin at [`FIRST_MESSAGE_BYTES`] and double while
/// they are at most a sixteenth of what was sent and at most a tenth of a second's worth.
///
/// A second's worth is more than a round trip's on most lines, so that each round trip multiplies the rate until the line
/// is full. The rate is at first that of the fastest burst. Once a round trip has raised it by less than a quarter, growth
/// has ended, and the rate is the mean over the last second, or 1.25 round trips.
#[derive(Debug, Clone)]
pub struct Flow {
    size: usize,
    sent: u64,
    acknowledged: u64,
    /// Bytes a second, as measured so far.
    rate: u64,
    /// The shortest time between sending a message and its acknowledgement.
    round_trip: Option<Duration>,
    /// The message that measures the round trip: what had been sent with it, and when.
    probe: Option<(u64, Duration)>,
    growth: Growth,
    /// Acknowledgements within the time over which the rate is measured, and the newest older one.
    marks: VecDeque<Mark>,
}

/// Whether the rate still grows.
#[derive(Debug, Clone, Copy)]
enum Growth {
    /// When the last round trip ended that raised the rate, and to what.
    Growing(Duration, u64),
    /// From when on the mean covers only the time since growth ended. Until then the rate stays.
    Ended(Duration),
}

/// Acknowledgements of one [`GRAIN`].
#[derive(Debug, Clone, Copy, Default)]
struct Mark {
    at: Duration,
    /// The count in the first of them, and in the last.
    first: u64,
    last: u64,
}

impl Default for Flow {
    fn default() -> Self {
        Self::new()
    }
}

impl Flow {
    /// The start of a load.
    #[must_use]
    pub fn new() -> Self {
        Self {
            size: FIRST_MESSAGE_BYTES,
            sent: 0,
            acknowledged: 0,
            rate: 0,
            round_trip: None,
            probe: None,
            growth: Growth::Growing(Duration::ZERO, 0),
            marks: VecDeque::from([Mark::default()]),
        }
    }

    /// The size of the message that may be sent now, in bytes. `None` while too much is in flight: more may be sent after
    /// the next acknowledgement.
    #[must_use]
    pub fn next(&self) -> Option<usize> {
        let in_flight = self.sent - self.acknowledged;
        (in_flight + self.size as u64 <= self.most_in_flight()).then_some(self.size)
    }

    /// A message of the size that [`next`](Self::next) gave was sent, at this time since the load began.
    pub fn sent(&mut self, at: Duration) {
        self.sent += self.size as u64;
        self.probe.get_or_insert((self.sent, at));
        if self.size < LARGEST_MESSAGE_BYTES
            && self.size as u64 <= self.sent / 16
            && self.size as u64 <= self.second_worth() / 10
        {
            self.size *= 2;
        }
    }

    /// The receiver has this many bytes, at this time since the load began. A count that does not grow, or above the bytes
    /// sent, acknowledges nothing more.
    pub fn acknowledge(&mut self, at: Duration, bytes: u64) {
        self.acknowledged = self.acknowledged.max(bytes.min(self.sent));
        self.remember(at);
        self.measure(at);
        if let Some((sent, since)) = self.probe
            && self.acknowledged >= sent
        {
            self.probe = None;
            let trip = at.saturating_sub(since);
            let shortest = self.round_trip.map_or(trip, |shortest| shortest.min(trip));
            self.round_trip = Some(shortest);
            self.end_round(at, shortest);
        }
        // A line that has become slower gets messages that it can carry.
        while self.size > FIRST_MESSAGE_BYTES && self.size as u64 > self.second_worth() / 4 {
            self.size /= 2;
        }
    }

    /// Payload bytes sent so far.
    #[must_use]
    pub fn sent_bytes(&self) -> u64 {
        self.sent
    }

    /// The shortest time between sending a message and its acknowledgement so far.
    #[must_use]
    pub fn round_trip(&self) -> Option<Duration> {
        self.round_trip
    }

    fn remember(&mut self, at: Duration) {
        let count = self.acknowledged;
        match self.marks.back_mut() {
            Some(mark) if at < mark.at + GRAIN && mark.at > Duration::ZERO => mark.last = count,
            _ => self.marks.push_back(Mark { at, first: count, last: count }),
        }
        let span = self.span();
        while self.marks.get(1).is_some_and(|next| next.at + span <= at) {
            self.marks.pop_front();
        }
    }

    fn measure(&mut self, at: Duration) {
        let rate = |bytes: u64, time: Duration| {
            let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
            bytes.saturating_mul(1_000_000) / micros.max(1)
        };
        let since = |mark: &Mark| at.saturating_sub(mark.at);
        match self.growth {
            // The first count of a mark does not tell how long its bytes took, and a part of the first message after it may
            // have come earlier.
            Growth::Growing(..) => {
                let burst = |mark: &Mark| (self.acknowledged - mark.first, since(mark).max(BURST));
                let least = BURST_MESSAGES * self.size as u64;
                let bursts = self.marks.iter().map(burst).filter(|(bytes, _)| *bytes >= least);
                self.rate = bursts.map(|(bytes, time)| rate(bytes, time)).fold(self.rate, u64::max);
            }
            Growth::Ended(from) if at < from => {}
            Growth::Ended(_) => {
                if let Some(oldest) = self.marks.front() {
                    self.rate = rate(self.acknowledged - oldest.last, since(oldest).max(self.span()));
                }
            }
        }
    }

    /// A round trip is over: has it raised the rate?
    fn end_round(&mut self, at: Duration, shortest: Duration) {
        if let Growth::Growing(since, before) = self.growth
            && at >= since + shortest.max(BURST)
        {
            let raised = self.rate >= before.saturating_add(before / 4);
            self.growth =
                if raised { Growth::Growing(at, self.rate) } else { Growth::Ended(at + self.span()) };
        }
    }

    /// Over how long the rate is measured, and the time whose worth may be in flight.
    fn span(&self) -> Duration {
        self.round_trip.map_or(SECOND, |trip| SECOND.max(trip + trip / 4))
    }

    fn second_worth(&self) -> u64 {
        self.rate.max(LEAST_IN_FLIGHT_BYTES)
    }

    fn most_in_flight(&self) -> u64 {
        let micros = u64::try_from(self.span().as_micros()).unwrap_or(u64::MAX);
        (self.rate.saturating_mul(micros) / 1_000_000).max(LEAST_IN_FLIGHT_BYTES)
    }
}

/// Whether the receiver of a load sends its count now: each time the count has grown by a quarter, so that the sender
/// soon learns of a fast line, and else by a timer, every [`ACKNOWLEDGE_MS`] in which something came.
#[must_use]
pub fn acknowledges(last: u64, now: u64) -> bool {
    now > last && now - last >= last / 4
}

/// The longest time that the receiver of a load waits before it sends its count, in milliseconds.
pub const ACKNOWLEDGE_MS: u32 = 100;

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends a load for ten seconds over a line of this many bytes a second with this delay in each direction. Returns what
    /// arrived, the sizes of messages, and the most that was in flight.
    struct Line {
        rate: f64,
        delay: f64,
    }

    struct Outcome {
        arrived: u64,
        largest: usize,
        most_in_flight: u64,
        /// In flight at the end, in seconds of the line.
        behind: f64,
    }

    impl Line {
        fn carry(&self, seconds: f64) -> Outcome {
            let mut flow = Flow::new();
            // Until when the line is busy, when what arrives, and when the sender hears of it.
            let (mut free, mut now) = (0.0_f64, 0.0_f64);
            let mut acks: VecDeque<(f64, u64)> = VecDeque::new();
            let mut outcome = Outcome { arrived: 0, largest: 0, most_in_flight: 0, behind: 0.0 };
            while now < seconds {
                if let Some(size) = flow.next() {
                    flow.sent(Duration::from_secs_f64(now));
                    free = free.max(now) + size as f64 / self.rate;
                    acks.push_back((free + 2.0 * self.delay, flow.sent_bytes()));
                    outcome.largest = outcome.largest.max(size);
                    outcome.most_in_flight = outcome.most_in_flight.max(flow.sent - flow.acknowledged);
                } else {
                    let (at, bytes) = acks.pop_front().unwrap();
                    now = now.max(at);
                    flow.acknowledge(Duration::from_secs_f64(now), bytes);
                    outcome.arrived = bytes;
                }
            }
            outcome.behind = (flow.sent - flow.acknowledged) as f64 / self.rate;
            outcome
        }
    }

    #[test]
    fn lines_of_every_rate_are_filled_and_never_much_more_than_a_second_behind() {
        for kilobits in [30.0, 64.0, 256.0, 1_000.0, 4_000.0, 16_000.0, 1_000_000.0] {
            for delay in [0.0001, 0.01, 0.1] {
                let rate = kilobits * 125.0;
                let it = Line { rate, delay }.carry(10.0);
                let share = it.arrived as f64 / (rate * 10.0);
                // The start counts here: a gigabit over a round trip of 200 ms takes a second to fill.
                assert!(share > 0.85, "{kilobits} kbit/s with {delay} s: {share}");
                assert!(it.behind < 1.3, "{kilobits} kbit/s with {delay} s: {} s behind", it.behind);
                // What was acknowledged last before the second began counts whole.
                let most = (rate * 1.02 + it.largest as f64).max(4_096.0);
                assert!(it.most_in_flight as f64 <= most, "{kilobits} kbit/s: {}", it.most_in_flight);
                assert!(it.largest as f64 <= (rate / 4.0).max(1_024.0), "{kilobits} kbit/s: {}", it.largest);
            }
        }
    }

    #[test]
    fn lines_whose_round_trip_is_above_a_second_are_filled_and_not_more() {
        for kilobits in [30.0, 256.0, 16_000.0, 100_000.0] {
            for delay in [0.5, 0.75, 1.0] {
                let rate = kilobits * 125.0;
                let it = Line { rate, delay }.carry(20.0);
                // Of the first round trips little comes, and of the last the acknowledgements are missing.
                let share = it.arrived as f64 / (rate * (20.0 - 10.0 * delay));
                assert!(share > 0.85, "{kilobits} kbit/s with {delay} s: {share}");
                let trip = 2.0 * delay + FIRST_MESSAGE_BYTES as f64 / rate;
                let most = (1.25 * trip * rate * 1.1 + it.largest as f64).max(4_096.0);
                assert!(it.most_in_flight as f64 <= most, "{kilobits} kbit/s: {}", it.most_in_flight);
            }
        }
    }

    #[test]
    fn messages_begin_small_and_grow_up_to_a_mebibyte() {
        let mut flow = Flow::new();
        assert_eq!(flow.next(), Some(FIRST_MESSAGE_BYTES));
        for _ in 0..4 {
            assert!(flow.next().is_some());
            flow.sent(Duration::ZERO);
        }
        assert_eq!(flow.next(), None);
        let it = Line { rate: 1e9, delay: 0.0001 }.carry(2.0);
        assert_eq!(it.largest, LARGEST_MESSAGE_BYTES);
    }

    #[test]
    fn a_line_that_becomes_slower_gets_smaller_messages_and_less_in_flight() {
        let mut flow = Flow::new();
        let mut at = Duration::ZERO;
        for _ in 0..2_000 {
            // A line of about 200 MB/s.
            let until = flow.sent + 200_000;
            while flow.next().is_some() && flow.sent < until {
                flow.sent(at);
            }
            at += Duration::from_millis(1);
            flow.acknowledge(at, flow.sent);
        }
        assert_eq!(flow.size, LARGEST_MESSAGE_BYTES);
        for _ in 0..30 {
            at += Duration::from_millis(100);
            flow.acknowledge(at, flow.acknowledged + 1_000);
        }
        assert!(flow.size <= 4 << 10, "{}", flow.size);
        assert!(flow.second_worth() <= 12_000, "{}", flow.second_worth());
    }

    #[test]
    fn counts_that_cannot_be_change_nothing() {
        let mut flow = Flow::new();
        flow.sent(Duration::ZERO);
        flow.acknowledge(Duration::from_millis(5), u64::MAX);
        assert_eq!(flow.acknowledged, 1_024);
        flow.acknowledge(Duration::from_millis(6), 7);
        assert_eq!(flow.acknowledged, 1_024);
        for ms in 0..100_000 {
            flow.acknowledge(Duration::from_micros(ms * 100), 1_024);
        }
        assert!(flow.marks.len() <= 110, "{}", flow.marks.len());
    }

    #[test]
    fn counts_are_told_while_they_grow_by_a_quarter() {
        assert!(acknowledges(0, 1) && acknowledges(1_024, 2_048) && acknowledges(8_192, 10_240));
        assert!(!acknowledges(0, 0) && !acknowledges(10_240, 11_264) && !acknowledges(5, 5));
    }
}
