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
    /// Names the first limit that can't be, and what it must be.
    pub fn check(&self) -> Result<(), InvalidLimits> {
        let sizes = [
            ("max_message_bytes", self.max_message_bytes),
            ("receive_queue_bytes", self.receive_queue_bytes),
            ("receive_queue_messages", self.receive_queue_messages),
            ("send_queue_bytes", self.send_queue_bytes),
            ("send_queue_messages", self.send_queue_messages),
            ("read_buffer_bytes", self.read_buffer_bytes),
        ];
        if let Some((name, _)) = sizes.iter().find(|(_, value)| *value == 0) {
            return Err(InvalidLimits { name, must: "be above 0" });
        }
        if self.fragment_bytes < 125 {
            return Err(InvalidLimits { name: "fragment_bytes", must: "be 125 or more" });
        }
        if self
            .rate
            .is_some_and(|rate| rate.burst == 0 || !rate.per_second.is_finite() || rate.per_second <= 0.0)
        {
            return Err(InvalidLimits { name: "rate", must: "have a burst and a finite rate above 0" });
        }
        if self.ping_interval.is_zero() {
            return Err(InvalidLimits { name: "ping_interval", must: "be above 0" });
        }
        if self.dead_after <= self.ping_interval {
            return Err(InvalidLimits { name: "dead_after", must: "be longer than ping_interval" });
        }
        if self.idle.is_some_and(|idle| idle.is_zero()) {
            return Err(InvalidLimits { name: "idle", must: "be above 0, or None" });
        }
        Ok(())
    }
}

/// A limit that can't be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidLimits {
    name: &'static str,
    must: &'static str,
}

impl fmt::Display for InvalidLimits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the limit `{}` must {}", self.name, self.must)
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
    fn a_limit_that_cannot_be_is_named() {
        let limits = Limits { dead_after: Duration::from_secs(5), ..Limits::default() };
        let error = limits.check().unwrap_err().to_string();
        assert_eq!(error, "the limit `dead_after` must be longer than ping_interval");
        let limits = Limits { send_queue_bytes: 0, ..Limits::default() };
        assert!(limits.check().unwrap_err().to_string().contains("send_queue_bytes"));
    }
}
