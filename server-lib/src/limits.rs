//! The limits of one connection: each has a name, a unit and a default.

use std::fmt;
use std::time::Duration;

use crate::bucket::Rate;

/// What one connection may use. Change what you need on a default:
///
/// ```
/// let mut limits = rejoin_server::Limits::default();
/// limits.max_message_bytes = 4_096;
/// limits.idle = None;
/// assert!(limits.check().is_ok());
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Limits {
    /// The largest message taken from the peer, in bytes. A larger one ends the connection with 1009.
    /// Default: 1 MiB.
    pub max_message_bytes: usize,
    /// Received bytes that may wait for the handler; beyond it the connection is not read, so that the peer
    /// has to wait. The last message may exceed it. Default: 1 MiB.
    pub receive_queue_bytes: usize,
    /// Received messages that may wait for the handler. Default: 64.
    pub receive_queue_messages: usize,
    /// Bytes that may wait to be sent. One message is always taken by an empty queue, whatever its size.
    /// Default: 1 MiB.
    pub send_queue_bytes: usize,
    /// Messages that may wait to be sent. Default: 1,024.
    pub send_queue_messages: usize,
    /// Messages, pings and pongs that the peer may send; above it the connection ends with 1008.
    /// `None`: no limit but what the handler takes. Default: 100 a second, bursts of 1,000.
    pub rate: Option<Rate>,
    /// The longest time without a message in either direction; then the connection ends with 1001.
    /// `None`: for ever. Default: 1 hour.
    pub idle: Option<Duration>,
    /// Time between two pings to the peer. Default: 5 s.
    pub ping_interval: Duration,
    /// A peer from which nothing came, and whose socket took nothing but pings, for this long is dropped.
    /// Must be longer than the interval of pings. Default: 10 s.
    pub dead_after: Duration,
    /// How long the closing handshake may take before the transport is dropped. Default: 5 s.
    pub close_timeout: Duration,
    /// The buffer for reading, in bytes: 4 KiB (the default) suits chat, 64 KiB uploads.
    pub read_buffer_bytes: usize,
    /// Messages above this size go out as several frames of at most this, so that pings pass between and no
    /// large message is copied whole, in bytes. Default: 64 KiB.
    pub fragment_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_message_bytes: 1 << 20,
            receive_queue_bytes: 1 << 20,
            receive_queue_messages: 64,
            send_queue_bytes: 1 << 20,
            send_queue_messages: 1_024,
            rate: Some(Rate { per_second: 100.0, burst: 1_000 }),
            idle: Some(Duration::from_secs(3_600)),
            ping_interval: Duration::from_secs(5),
            dead_after: Duration::from_secs(10),
            close_timeout: Duration::from_secs(5),
            read_buffer_bytes: 4 << 10,
            fragment_bytes: 64 << 10,
        }
    }
}

impl Limits {
    /// Checks that the limits make sense together.
    ///
    /// # Errors
    /// Names the first limit that can't be, its value, and what it must be.
    pub fn check(&self) -> Result<(), InvalidLimits> {
        let sizes = [
            ("max_message_bytes", self.max_message_bytes, 1),
            ("receive_queue_bytes", self.receive_queue_bytes, 1),
            ("receive_queue_messages", self.receive_queue_messages, 1),
            ("send_queue_bytes", self.send_queue_bytes, 1),
            ("send_queue_messages", self.send_queue_messages, 1),
            ("read_buffer_bytes", self.read_buffer_bytes, 1),
            ("fragment_bytes", self.fragment_bytes, 125),
        ];
        for (name, value, least) in sizes {
            InvalidLimits::unless(
                (least..).contains(&value),
                name,
                value,
                format_args!("be at least {least}"),
            )?;
        }
        if let Some(rate) = self.rate {
            let works = rate.burst > 0 && rate.per_second.is_finite() && rate.per_second > 0.0;
            let value = format_args!("{} a second, bursts of {}", rate.per_second, rate.burst);
            InvalidLimits::unless(works, "rate", value, "have a burst and a finite rate above 0")?;
        }
        InvalidLimits::not_zero("ping_interval", self.ping_interval)?;
        let (dead_after, ping_interval) = (self.dead_after, self.ping_interval);
        let must = format_args!("be longer than ping_interval, {ping_interval:?}");
        InvalidLimits::unless(
            dead_after > ping_interval,
            "dead_after",
            format_args!("{dead_after:?}"),
            must,
        )?;
        InvalidLimits::not_zero("close_timeout", self.close_timeout)?;
        let works = self.idle.is_none_or(|idle| !idle.is_zero());
        InvalidLimits::unless(works, "idle", "0", "be above 0, or None")
    }
}

/// A limit that can't be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidLimits {
    name: &'static str,
    value: String,
    must: String,
}

impl InvalidLimits {
    /// Refuses a limit that does not work.
    pub(crate) fn unless(
        works: bool,
        name: &'static str,
        value: impl fmt::Display,
        must: impl fmt::Display,
    ) -> Result<(), Self> {
        match works {
            true => Ok(()),
            false => Err(Self { name, value: value.to_string(), must: must.to_string() }),
        }
    }

    /// Refuses a time of zero.
    pub(crate) fn not_zero(name: &'static str, time: Duration) -> Result<(), Self> {
        Self::unless(!time.is_zero(), name, "0", "be above 0")
    }
}

impl fmt::Display for InvalidLimits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the limit `{}` is {} and must {}", self.name, self.value, self.must)
    }
}

impl std::error::Error for InvalidLimits {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_make_sense() {
        assert_eq!(Limits::default().check(), Ok(()));
    }

    #[test]
    fn a_limit_that_cannot_be_is_named_with_its_value_and_what_it_must_be() {
        let wrong = |set: &dyn Fn(&mut Limits), words: &str| {
            let mut limits = Limits::default();
            set(&mut limits);
            assert_eq!(limits.check().expect_err(words).to_string(), format!("the limit {words}"));
        };
        wrong(
            &|it| it.dead_after = Duration::from_secs(5),
            "`dead_after` is 5s and must be longer than ping_interval, 5s",
        );
        wrong(&|it| it.send_queue_bytes = 0, "`send_queue_bytes` is 0 and must be at least 1");
        wrong(&|it| it.fragment_bytes = 99, "`fragment_bytes` is 99 and must be at least 125");
        wrong(&|it| it.close_timeout = Duration::ZERO, "`close_timeout` is 0 and must be above 0");
        wrong(&|it| it.idle = Some(Duration::ZERO), "`idle` is 0 and must be above 0, or None");
        wrong(
            &|it| it.rate = Some(Rate { per_second: f64::NAN, burst: 3 }),
            "`rate` is NaN a second, bursts of 3 and must have a burst and a finite rate above 0",
        );
    }
}
