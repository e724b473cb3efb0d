//! What a hub allows: each limit with its unit and default.

use std::time::Duration;

use rejoin_protocol::session::{SessionLimits, Timing};
use rejoin_protocol::wire::WireLimits;

use crate::Rate;

/// The bytes of a HELLO that names a session and says nothing that it need not.
const HELLO: usize = 128;

/// No identity lives for less.
const SHORTEST_LIFE: Duration = Duration::from_millis(10);

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
    /// The limits on frames. Before a client's HELLO has been judged, not more than [`WireLimits::max_hello`] is read of
    /// it.
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
    /// Sessions begun from one address, where the server tells addresses; behind a proxy all have the proxy's. Default
    /// 2,000.
    pub sessions_per_address: usize,
    /// Channels that somebody follows. Default 10,000.
    pub channels: usize,
    /// Bytes that all sessions together may hold in memory; beyond it those are ended that have been away longest.
    /// Default 512 MiB.
    pub memory: u64,
    /// The largest publication, in bytes; less than half of [`WireLimits::max_frame`]. Default 64 KiB.
    pub max_publication: usize,
    /// How often a session may publish; faster publications are put off. Default 100 a second, bursts of 2,000.
    pub publish_rate: Option<Rate>,
    /// How often a session may send what may be lost; more is lost. Default 50 a second, bursts of 200.
    pub volatile_rate: Option<Rate>,
    /// How often a session may change how it is listed, and bring a token; faster it is closed with 4429. Default 5 a
    /// second, bursts of 50.
    pub change_rate: Option<Rate>,
    /// Publications of one connection on their way into the log, and their bytes; more are told to try again.
    /// Default 4,096 and 16 MiB.
    pub appends: (usize, usize),
    /// HELLOs of one address that may fail, of IPv6 one network of 64 bits. Behind a proxy all have the proxy's: then
    /// `None`, and the limit is the proxy's to set. Default one in 5 s, bursts of 100.
    pub failed_hellos: Option<Rate>,
    /// People listed as present in one channel; more are not listed. Default 1,000.
    pub members: usize,
    /// Bytes that a person may be listed with; with more a subscription is refused or ended, with 1009. Default 256.
    pub member_bytes: usize,
    /// Bytes of a channel's newest entries that are kept at hand while somebody follows it. Default 256 KiB.
    pub cache_bytes: usize,
    /// The time over which clients are spread that come back after a drain. Default 5 s.
    pub drain_spread: Duration,
    /// Answers that may wait for a client that reads nothing, and their bytes; then it is cut with 1013. Default 16,384
    /// and 4 MiB.
    pub backlog: (usize, u64),
    /// For how long after its birth an identity is kept of which the log knows nothing, because it may not have published
    /// yet. Not longer than the log knows those who have ([`Log::publisher_life`](crate::log::Log::publisher_life)), or
    /// one whose outcomes the log has forgotten would be kept and could publish twice; and twice [`ttl`](Self::ttl)
    /// at least. Default `None`: as long as the log.
    pub publisher_life: Option<Duration>,
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
            sessions_per_address: 2_000,
            channels: 10_000,
            memory: 512 << 20,
            max_publication: 64 << 10,
            publish_rate: Some(Rate { per_second: 100.0, burst: 2_000 }),
            volatile_rate: Some(Rate { per_second: 50.0, burst: 200 }),
            change_rate: Some(Rate { per_second: 5.0, burst: 50 }),
            appends: (4_096, 16 << 20),
            failed_hellos: Some(Rate { per_second: 0.2, burst: 100 }),
            members: 1_000,
            member_bytes: 256,
            cache_bytes: 256 << 10,
            drain_spread: Duration::from_secs(5),
            backlog: (16_384, 4 << 20),
            publisher_life: None,
        }
    }
}

impl HubSettings {
    /// How long an identity lives that says nothing, over a log that knows publishers for so long.
    ///
    /// # Errors
    /// The caller's: the settings of the two contradict one another.
    pub(super) fn life(&self, of_log: Duration) -> Result<Duration, String> {
        let life = self.publisher_life.unwrap_or(of_log);
        let least = self.ttl.saturating_mul(2).max(SHORTEST_LIFE);
        if life > of_log {
            return Err(format!(
                "publisher_life is {life:?}, and the log forgets publishers after {of_log:?}: make its retention.publishers \
                 as long, or publisher_life shorter"
            ));
        }
        if life < least {
            let whose = if self.publisher_life.is_some() {
                "publisher_life"
            } else {
                "the log's retention.publishers"
            };
            return Err(format!(
                "{whose} is {life:?}, and at least {least:?} are needed, twice the ttl of a session"
            ));
        }
        Ok(life)
    }

    /// Says which setting can't work.
    ///
    /// # Errors
    /// The caller's, at the first such setting.
    pub fn check(&self) -> Result<(), String> {
        self.session.check().map_err(|error| error.to_string())?;
        let lists = self.members.saturating_mul(self.member_bytes.saturating_add(16));
        let rates = [self.publish_rate, self.volatile_rate, self.change_rate, self.failed_hellos];
        let wrong = |rate: &Rate| rate.burst == 0 || !rate.per_second.is_finite() || rate.per_second <= 0.0;
        for (wrong, what) in [
            (
                self.max_publication > self.wire.max_frame / 2,
                "max_publication is more than half of wire.max_frame",
            ),
            (
                self.max_publication as u64 > SessionLimits::MAX_BYTES,
                "max_publication is more than the protocol can express",
            ),
            (self.wire.max_hello < HELLO, "wire.max_hello is too small for a HELLO that names a session"),
            (
                self.members > self.wire.max_members,
                "members is above wire.max_members: no client would take the list",
            ),
            (lists > self.wire.max_frame, "members times member_bytes do not fit into wire.max_frame"),
            (self.instance.len() > self.wire.max_name, "instance is longer than wire.max_name"),
            (rates.iter().flatten().any(wrong), "a rate needs a burst and a finite number above 0 a second"),
            (self.appends.0 == 0 || self.appends.1 == 0, "appends are 0: nothing could be published"),
        ] {
            if wrong {
                return Err(format!("a setting of the hub can't work: {what}"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_identity_lives_longer_than_the_log_knows_it_nor_as_short_as_a_session() {
        let (minute, day) = (Duration::from_secs(60), Duration::from_secs(24 * 3_600));
        let with = |publisher_life| HubSettings { publisher_life, ..HubSettings::default() };
        assert_eq!(with(None).life(day), Ok(day));
        assert_eq!(with(Some(day)).life(2 * day), Ok(day));
        let error = with(Some(2 * day)).life(day).unwrap_err();
        assert!(
            error.contains("publisher_life is 172800s") && error.contains("retention.publishers"),
            "{error}"
        );
        assert!(with(Some(minute)).life(day).unwrap_err().starts_with("publisher_life is 60s"));
        assert!(with(None).life(minute).unwrap_err().starts_with("the log's retention.publishers is 60s"));
        let hasty = HubSettings { ttl: Duration::ZERO, ..with(None) };
        assert!(hasty.life(Duration::ZERO).is_err());
    }

    #[test]
    fn the_defaults_work_and_what_cannot_is_named() {
        assert_eq!(HubSettings::default().check(), Ok(()));
        let settings = HubSettings { instance: "x".repeat(256), ..HubSettings::default() };
        assert!(settings.check().unwrap_err().contains("instance"));
        let mut settings = HubSettings::default();
        settings.wire.max_hello = 64;
        assert!(settings.check().unwrap_err().contains("max_hello"));
        let mut settings = HubSettings::default();
        settings.session.window = u64::MAX;
        assert!(settings.check().unwrap_err().contains("`window`"));
        let mut settings = HubSettings { max_publication: 1 << 53, ..HubSettings::default() };
        settings.wire.max_frame = usize::MAX;
        assert!(settings.check().unwrap_err().contains("express"));
        let settings = HubSettings { members: 10_001, member_bytes: 1, ..HubSettings::default() };
        assert!(settings.check().unwrap_err().contains("max_members"));
        let settings = HubSettings { members: 10_000, ..HubSettings::default() };
        assert!(settings.check().unwrap_err().contains("member_bytes"));
    }
}
