//! What a hub allows: each limit with its unit and default.

use std::time::Duration;

use rejoin_protocol::session::{SessionLimits, Timing};
use rejoin_protocol::wire::WireLimits;

use super::channel::CacheLimits;
use crate::Rate;

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
    /// The limits on frames, none below [`WireLimits::default`], which clients may use in full. `max_auth` is that of
    /// [`session`](Self::session). Before a client's HELLO has been judged, not more than [`WireLimits::hello_bytes`] is read
    /// of it: the memory of clients that are not authenticated is this, and the headers of their requests, which are
    /// kept for the application ([`max_header_bytes`](crate::ServeLimits::max_header_bytes)), times the
    /// [connections](crate::ServeLimits).
    pub wire: WireLimits,
    /// From one of WebSocket's own pings to a client to the next, and after how long without a sign of life it is
    /// dropped ([`Limits`](crate::Limits)). Default 5 s and 10 s.
    pub ping_interval: Duration,
    /// See above.
    pub dead_after: Duration,
    /// How long a client may take for its HELLO. Default 5 s.
    pub hello_timeout: Duration,
    /// How long the application and the log may take to say who a client is; then it is told to come back. Default 8 s,
    /// before a client's own time-out for its greeting, 10 s from when it is connected, has passed.
    pub authentication_timeout: Duration,
    /// How long the log may take for an answer. Then a publisher is told to send its publication again, and a reader waits
    /// while the log is asked again. Default 30 s.
    pub log_timeout: Duration,
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
    /// The largest publication, in bytes, from 1 to 512 KiB: an entry is one frame of 1 MiB at most. Clients are told. Default
    /// 64 KiB.
    pub max_publication: usize,
    /// How often a session may publish; faster publications are put off. Default 100 a second, bursts of 2,000.
    pub publish_rate: Option<Rate>,
    /// How often a session may send what may be lost; more is lost. Default 50 a second, bursts of 200.
    pub volatile_rate: Option<Rate>,
    /// How often a session may change how it is listed, and bring a token; faster it is closed with 4429. Default 5 a
    /// second, bursts of 50.
    pub change_rate: Option<Rate>,
    /// How often a session may begin to follow a channel; faster, it waits. Default 20 a second, bursts of 512.
    pub subscribe_rate: Option<Rate>,
    /// How often a session may call; faster, calls wait. Default 50 a second, bursts of 200.
    pub call_rate: Option<Rate>,
    /// Calls of one connection that the application answers at the same time; more wait. Default 8.
    pub calls_at_once: usize,
    /// The largest answer to a call, in bytes, at most a frame less 64 bytes; a larger one is refused. Every call under way counts
    /// for so much memory. Default 512 KiB.
    pub max_answer: usize,
    /// Readings of channels for one connection at the same time, of 64 KiB each; more wait. Default 4.
    pub reads_at_once: usize,
    /// Publications of one connection on their way into the log, and their bytes; more are told to try again. Clients are told
    /// the number. The bytes are those of the largest publication at least. Default 4,096 and 16 MiB.
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
    /// Bytes that all channels together keep at hand so. Default 32 MiB.
    pub cache_bytes_in_all: usize,
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
            authentication_timeout: Duration::from_secs(8),
            log_timeout: Duration::from_secs(30),
            ttl: Duration::from_secs(120),
            sessions: 20_000,
            sessions_per_principal: 100,
            sessions_per_address: 2_000,
            channels: 10_000,
            max_publication: 64 << 10,
            publish_rate: Some(Rate { per_second: 100.0, burst: 2_000 }),
            volatile_rate: Some(Rate { per_second: 50.0, burst: 200 }),
            change_rate: Some(Rate { per_second: 5.0, burst: 50 }),
            subscribe_rate: Some(Rate { per_second: 20.0, burst: 512 }),
            call_rate: Some(Rate { per_second: 50.0, burst: 200 }),
            calls_at_once: 8,
            max_answer: 512 << 10,
            reads_at_once: 4,
            appends: (4_096, 16 << 20),
            failed_hellos: Some(Rate { per_second: 0.2, burst: 100 }),
            members: 1_000,
            member_bytes: 256,
            cache_bytes: 256 << 10,
            cache_bytes_in_all: 32 << 20,
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

    pub(super) fn cache(&self) -> CacheLimits {
        CacheLimits { channel: self.cache_bytes, all: self.cache_bytes_in_all }
    }

    /// Says which setting can't work.
    ///
    /// # Errors
    /// The caller's, at the first such setting.
    pub fn check(&self) -> Result<(), String> {
        self.session.check().map_err(|error| error.to_string())?;
        let frames = WireLimits::default();
        let lists = self.members.saturating_mul(self.member_bytes.saturating_add(16));
        let bounds = [
            ("wire.max_frame", self.wire.max_frame, frames.max_frame, usize::MAX),
            ("wire.max_frames", self.wire.max_frames, frames.max_frames, usize::MAX),
            ("wire.max_hello", self.wire.max_hello, frames.max_hello, usize::MAX),
            ("wire.max_channel", self.wire.max_channel, frames.max_channel, usize::MAX),
            ("wire.max_reason", self.wire.max_reason, frames.max_reason, usize::MAX),
            ("wire.max_name", self.wire.max_name, frames.max_name, usize::MAX),
            ("wire.max_protocols", self.wire.max_protocols, frames.max_protocols, usize::MAX),
            ("max_publication", self.max_publication, 1, frames.max_frame / 2),
            ("session.channels", self.session.channels, 1, usize::MAX),
            ("calls_at_once", self.calls_at_once, 1, usize::MAX),
            ("max_answer", self.max_answer, 1, frames.max_frame - 64),
            ("reads_at_once", self.reads_at_once, 1, usize::MAX),
            ("appends.0", self.appends.0, 1, usize::MAX),
            ("appends.1", self.appends.1, self.max_publication, usize::MAX),
            ("backlog.0", self.backlog.0, 1, usize::MAX),
            ("backlog.1", usize::try_from(self.backlog.1).unwrap_or(usize::MAX), 1, usize::MAX),
            ("sessions", self.sessions, 1, usize::MAX),
            ("channels", self.channels, 1, usize::MAX),
            ("sessions_per_principal", self.sessions_per_principal, 1, usize::MAX),
            ("sessions_per_address", self.sessions_per_address, 1, usize::MAX),
            ("members", self.members, 0, frames.max_members),
            ("members times member_bytes + 16", lists, 0, frames.max_frame),
            ("the bytes of instance", self.instance.len(), 0, frames.max_name),
        ];
        for (name, value, least, most) in bounds {
            if !(least..=most).contains(&value) {
                let range = if most == usize::MAX {
                    format!("at least {least}")
                } else {
                    format!("{least} to {most}")
                };
                return Err(format!(
                    "a setting of the hub can't work: {name} is {value} and must be {range}"
                ));
            }
        }
        self.check_times()?;
        if let Some(name) = self.protocols.iter().find(|name| name.len() > frames.max_name) {
            return Err(format!(
                "a setting of the hub can't work: {name} of protocols has more than 255 bytes"
            ));
        }
        rejoin_protocol::check_subprotocols(&self.protocols)
            .map_err(|error| format!("a setting of the hub can't work: protocols: {error}"))
    }

    fn check_times(&self) -> Result<(), String> {
        let rates = [
            ("publish_rate", self.publish_rate),
            ("volatile_rate", self.volatile_rate),
            ("change_rate", self.change_rate),
            ("subscribe_rate", self.subscribe_rate),
            ("call_rate", self.call_rate),
            ("failed_hellos", self.failed_hellos),
        ];
        let wrong = |rate: Rate| rate.burst == 0 || !rate.per_second.is_finite() || rate.per_second <= 0.0;
        if let Some((name, _)) = rates.iter().find(|(_, rate)| rate.is_some_and(wrong)) {
            return Err(format!(
                "a setting of the hub can't work: {name} needs a burst and a finite number above 0 a second"
            ));
        }
        let times = [
            ("hello_timeout", self.hello_timeout),
            ("authentication_timeout", self.authentication_timeout),
            ("log_timeout", self.log_timeout),
            ("timing.ping_interval", self.timing.ping_interval),
            ("timing.starvation", self.timing.starvation),
        ];
        match times.iter().find(|(_, time)| time.is_zero()) {
            Some((name, _)) => Err(format!("a setting of the hub can't work: {name} must be above 0")),
            None => Ok(()),
        }
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
    fn a_client_hears_that_it_can_t_be_authenticated_before_it_gives_up() {
        let client = rejoin_protocol::session::ClientConfig::default().greeting_timeout;
        assert!(HubSettings::default().authentication_timeout + Duration::from_secs(2) <= client);
    }

    #[test]
    fn the_defaults_work_and_what_cannot_is_named_with_the_range_that_does() {
        assert_eq!(HubSettings::default().check(), Ok(()));
        let wrong = |set: &dyn Fn(&mut HubSettings), words: &str| {
            let mut settings = HubSettings::default();
            set(&mut settings);
            let error = settings.check().expect_err(words);
            assert!(error.contains(words), "{error}");
        };
        wrong(&|it| it.session.window = u64::MAX, "`window`");
        wrong(&|it| it.session.max_auth = 1 << 20, "`max_auth` of a session must be at most 524288");
        wrong(&|it| it.wire.max_frame = 1_000, "wire.max_frame is 1000 and must be at least 1048576");
        wrong(&|it| it.wire.max_hello = 64, "wire.max_hello is 64 and must be at least 4096");
        wrong(&|it| it.wire.max_channel = 100, "at least 255");
        wrong(&|it| it.max_publication = 1 << 20, "max_publication is 1048576 and must be 1 to 524288");
        wrong(&|it| it.max_publication = 0, "1 to 524288");
        wrong(&|it| it.session.channels = 0, "session.channels");
        wrong(&|it| it.appends.1 = 1_000, "appends.1 is 1000 and must be at least 65536");
        wrong(&|it| it.backlog.1 = 0, "backlog.1 is 0 and must be at least 1");
        wrong(&|it| it.sessions = 0, "sessions is 0 and must be at least 1");
        wrong(&|it| it.channels = 0, "channels is 0 and must be at least 1");
        wrong(&|it| it.members = 10_001, "members is 10001 and must be 0 to 10000");
        wrong(&|it| it.members = 10_000, "member_bytes");
        wrong(&|it| it.instance = "x".repeat(256), "instance is 256 and must be 0 to 255");
        wrong(&|it| it.protocols = vec!["a b".into()], "protocols");
        wrong(&|it| it.protocols = vec!["x".repeat(256)], "255");
        wrong(&|it| it.hello_timeout = Duration::ZERO, "hello_timeout must be above 0");
        wrong(&|it| it.log_timeout = Duration::ZERO, "log_timeout must be above 0");
        wrong(&|it| it.timing.ping_interval = Duration::ZERO, "timing.ping_interval");
        wrong(&|it| it.change_rate = Some(Rate { per_second: 0.0, burst: 1 }), "change_rate");
    }
}
