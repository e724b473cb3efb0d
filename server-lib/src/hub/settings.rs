//! What a hub allows: each limit with its unit and default.

use std::time::Duration;

use rejoin_protocol::session::{SessionLimits, Timing};
use rejoin_protocol::wire::WireLimits;

use crate::Rate;

/// Everything that can be set about a hub.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct HubSettings {
    /// The name of this instance, for logs at both ends. Default empty.
    pub instance: String,
    /// The application's own subprotocols, the preferred first. Default none.
    pub protocols: Vec<String>,
    /// The limits of one session. Default: [`SessionLimits::default`].
    pub session: SessionLimits,
    /// The times of one connection. Default: [`Timing::default`].
    pub timing: Timing,
    /// The limits on frames.
    pub wire: WireLimits,
    /// From one of WebSocket's own pings to a client to the next, and after how long without a sign of life it is
    /// dropped ([`Limits`](crate::Limits)). Default 5 s and 10 s.
    pub ping_interval: Duration,
    /// See above.
    pub dead_after: Duration,
    /// How long a client may take for its HELLO. Default 5 s.
    pub hello_timeout: Duration,
    /// How long a session outlives its connection. Default 120 s.
    pub ttl: Duration,
    /// Sessions at the same time, connected or not. Default 20,000.
    pub sessions: usize,
    /// Sessions of one principal that is named. Default 100.
    pub sessions_per_principal: usize,
    /// Bytes that all sessions together may hold in memory; beyond it those are ended that have been away longest.
    /// Default 512 MiB.
    pub memory: u64,
    /// The largest publication, in bytes; less than half of [`WireLimits::max_frame`]. Default 64 KiB.
    pub max_publication: usize,
    /// How often a session may publish. Default 100 a second, bursts of 2,000.
    pub publish_rate: Option<Rate>,
    /// Publications of one connection on their way into the log, and their bytes; more are told to try again.
    /// Default 4,096 and 16 MiB.
    pub appends: (usize, usize),
    /// HELLOs of one address that may fail. Default one in 5 s, bursts of 20.
    pub failed_hellos: Rate,
    /// People listed as present in one channel; more are not listed. Default 1,000.
    pub members: usize,
    /// Bytes that a person may be listed with. Default 256.
    pub member_bytes: usize,
    /// Bytes of a channel's newest entries that are kept at hand while somebody follows it. Default 256 KiB.
    pub cache_bytes: usize,
    /// The time over which clients are spread that come back after a drain. Default 5 s.
    pub drain_spread: Duration,
    /// Control frames that may wait for a client that reads nothing; then it is cut with 1013. Default 16,384.
    pub backlog: usize,
    /// How long an identity is kept by the log after its last sign of life; a younger id is taken for one that is
    /// known. Default 24 h, as the logs' own.
    pub publisher_life: Duration,
}

impl Default for HubSettings {
    fn default() -> Self {
        Self {
            instance: String::new(),
            protocols: Vec::new(),
            session: SessionLimits::default(),
            timing: Timing::default(),
            wire: WireLimits::default(),
            ping_interval: Duration::from_secs(5),
            dead_after: Duration::from_secs(10),
            hello_timeout: Duration::from_secs(5),
            ttl: Duration::from_secs(120),
            sessions: 20_000,
            sessions_per_principal: 100,
            memory: 512 << 20,
            max_publication: 64 << 10,
            publish_rate: Some(Rate { per_second: 100.0, burst: 2_000 }),
            appends: (4_096, 16 << 20),
            failed_hellos: Rate { per_second: 0.2, burst: 20 },
            members: 1_000,
            member_bytes: 256,
            cache_bytes: 256 << 10,
            drain_spread: Duration::from_secs(5),
            backlog: 16_384,
            publisher_life: Duration::from_secs(24 * 3_600),
        }
    }
}
