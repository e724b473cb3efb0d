//! What a session may use: each limit with its unit and default.

use core::error::Error;
use core::fmt;
use core::time::Duration;

use super::message::FRAME_COST;

/// The bounds of one session, for either end.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionLimits {
    /// Bytes of messages that this end takes ahead of its application; a frame costs its payload and 32 more. At
    /// least 64 KiB, at most 4 PiB. Default 1 MiB.
    pub window: u64,
    /// Bytes of messages that may wait at this end: those not transmitted yet, and those transmitted that the other
    /// end has not released. Default 16 MiB.
    pub queue_bytes: u64,
    /// Messages that may wait at this end. Default 262,144.
    pub queue_messages: usize,
    /// The largest message taken from the other end, in bytes. At most 4 PiB. Default 16 MiB.
    pub max_message: u64,
    /// Frames after which an acknowledgement is sent. Default 64.
    pub ack_frames: u64,
    /// How long an acknowledgement may be put off. At most 60 s. Default 250 ms.
    pub ack_delay: Duration,
    /// Bytes of entries that a subscription takes ahead of its application; an entry costs its payload and 32 more.
    /// At least 1 KiB, at most 4 PiB. Default 256 KiB.
    pub subscription_window: u64,
    /// Subscriptions of a session at the same time. Default 256.
    pub subscriptions: usize,
    /// Publications of a session without an answer, in all channels. Default 16,384.
    pub publications: usize,
    /// Their bytes; each costs its payload and 32 more. Default 16 MiB.
    pub publication_bytes: u64,
    /// Channels in which publications of a session have no answer. Default 256.
    pub channels: usize,
    /// Channels in which a session publishes while it keeps its identity: of each the name and the next number are kept, about
    /// 64 bytes. For a client; never less than [`channels`](Self::channels). Default 65,536.
    pub numbered_channels: usize,
    /// Calls without an answer. Default 1,024.
    pub calls: usize,
    /// Their bytes; each costs its payload and 32 more. At least 33. Default 16 MiB.
    pub call_bytes: u64,
    /// Bytes that this end may be listed with in a channel, at most 512 KiB. A server that takes less ends the subscription with
    /// 1009. Default 256, as many as a server takes that is not set up otherwise.
    pub presence_bytes: usize,
    /// Members of a channel that a subscription keeps. Where the server lists more the subscription ends, with 4429. Default
    /// 10,000.
    pub members: usize,
    /// Bytes of what they are listed with; likewise. Never less than [`presence_bytes`](Self::presence_bytes). Default 1 MiB, as many as a full list can have.
    pub member_bytes: u64,
    /// Bytes of a token that authenticates a client, in HELLO and later. A server's HELLOs may be so much larger, which is memory
    /// that clients can use before they are authenticated. At most 512 KiB. Default 16 KiB.
    pub max_auth: usize,
    /// Bytes of volatile messages that may wait for the socket; more are dropped. Default 64 KiB.
    pub volatile_bytes: usize,
}

impl Default for SessionLimits {
    fn default() -> Self {
        Self {
            window: 1 << 20,
            queue_bytes: 16 << 20,
            queue_messages: 262_144,
            max_message: 16 << 20,
            ack_frames: 64,
            ack_delay: Duration::from_millis(250),
            subscription_window: 256 << 10,
            subscriptions: 256,
            publications: 16_384,
            publication_bytes: 16 << 20,
            channels: 256,
            numbered_channels: 65_536,
            calls: 1_024,
            call_bytes: 16 << 20,
            presence_bytes: 256,
            members: 10_000,
            member_bytes: 1 << 20,
            max_auth: 16 << 10,
            volatile_bytes: 64 << 10,
        }
    }
}

impl SessionLimits {
    /// The smallest window: below it, fragments would become too small.
    pub const MIN_WINDOW: u64 = 64 << 10;

    /// The smallest window of a subscription: below it, every entry would wait for a credit of its own.
    pub const MIN_SUBSCRIPTION_WINDOW: u64 = 1 << 10;

    /// The most bytes of a window or a message. The wire's integers end at 2^53 - 1, and credit is a window beyond the bytes
    /// that came before it.
    pub const MAX_BYTES: u64 = 1 << 52;

    /// Says which limit can't work.
    ///
    /// # Errors
    /// The caller's, at the first such limit.
    pub fn check(&self) -> Result<(), InvalidLimit> {
        const MAX: u64 = SessionLimits::MAX_BYTES;
        // What waits costs 32 bytes besides its own.
        const COST: u64 = FRAME_COST + 1;
        const HALF_FRAME: u64 = 512 << 10;
        const BOUNDS: [(&str, u64, u64); 12] = [
            ("window", SessionLimits::MIN_WINDOW, MAX),
            ("subscription_window", SessionLimits::MIN_SUBSCRIPTION_WINDOW, MAX),
            ("max_message", 1, MAX),
            ("queue_bytes", COST, u64::MAX),
            ("presence_bytes", 0, HALF_FRAME),
            ("queue_messages", 1, u64::MAX),
            ("publication_bytes", COST, u64::MAX),
            ("publications", 1, u64::MAX),
            ("call_bytes", COST, u64::MAX),
            ("max_auth", 0, HALF_FRAME),
            ("ack_frames", 1, u64::MAX),
            ("ack_delay in seconds", 0, 60),
        ];
        let values: [u64; BOUNDS.len()] = [
            self.window,
            self.subscription_window,
            self.max_message,
            self.queue_bytes,
            self.presence_bytes as u64,
            self.queue_messages as u64,
            self.publication_bytes,
            self.publications as u64,
            self.call_bytes,
            self.max_auth as u64,
            self.ack_frames,
            self.ack_delay.as_secs(),
        ];
        for (&(name, least, most), value) in BOUNDS.iter().zip(values) {
            if value < least {
                return Err(InvalidLimit::TooSmall { name, least });
            }
            if value > most {
                return Err(InvalidLimit::TooLarge { name, most });
            }
        }
        Ok(())
    }
}

/// A limit that can't work. The caller's fault; another value mends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InvalidLimit {
    /// With so little nothing could pass, or only at a crawl.
    TooSmall {
        /// The field of [`SessionLimits`].
        name: &'static str,
        /// The least that works.
        least: u64,
    },
    /// The protocol can't express so much.
    TooLarge {
        /// The field of [`SessionLimits`].
        name: &'static str,
        /// The most that works.
        most: u64,
    },
}

impl fmt::Display for InvalidLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, bound, value) = match self {
            Self::TooSmall { name, least } => (name, "least", least),
            Self::TooLarge { name, most } => (name, "most", most),
        };
        write!(f, "the limit `{name}` of a session must be at {bound} {value}")
    }
}

impl Error for InvalidLimit {}
