//! The configuration: flags and environment variables, with a default for each.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use rejoin_server::hub::HubSettings;
use rejoin_server::{Limits, Rate};
use tracing_subscriber::filter::LevelFilter;

use crate::error::RunError;

/// The least time without a sign of life after which a connection of the echo or the speed test is dropped. On a line that
/// is filled on purpose, a pong waits behind the load, and at 30 kbit/s the system takes the next part of a file only
/// every 20 s.
const MEASURED_DEAD_AFTER: Duration = Duration::from_secs(60);

/// With less memory a single message of the largest size could not be held beside others.
const LEAST_MEMORY_MIB: u32 = 64;

/// The longest time that a flag takes, in seconds: a year.
const MOST_SECONDS: f64 = 31_536_000.0;

/// A coursework protocol that is served at `/ws` with a page of its own at `/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Classic {
    /// The chat.
    Chat,
    /// The speed test.
    Speed,
}

/// Serves the rejoin demo: the app's files, an echo, a chat and a speed test over WebSocket.
///
/// When it is ready it prints one line on standard output, "listening on http://ADDRESS:PORT". Its log goes
/// to standard error. Ctrl-C or SIGTERM ends it: open connections are closed with code 1012.
#[derive(Debug, Clone, Parser)]
#[command(version, max_term_width = 100)]
pub struct Config {
    /// Address and port to listen on; port 0 picks a free one.
    #[arg(long, env = "REJOIN_LISTEN", value_name = "ADDR:PORT", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,

    /// Folder of the built app.
    #[arg(long, env = "REJOIN_APP", value_name = "DIR", default_value = "dist")]
    pub app: PathBuf,

    /// Folder in which the chat's rooms are kept, with the key to its sessions; it is made if it is not there. Without one
    /// they are kept in memory, and a restart forgets them.
    #[arg(long, env = "REJOIN_DATA", value_name = "DIR")]
    pub data: Option<PathBuf>,

    /// Serves a coursework protocol at /ws, and at / a page of plain HTML and JavaScript that uses it.
    #[arg(long, env = "REJOIN_CLASSIC", value_name = "WHICH")]
    pub classic: Option<Classic>,

    /// Lets pages of another origin connect, such as http://localhost:8081, those of all sub-domains, as in
    /// https://*.example.org, or an app such as tauri://localhost; may be given several times (in the variable:
    /// separated by commas). Pages that this server serves always may.
    #[arg(long, env = "REJOIN_ALLOW_ORIGIN", value_name = "ORIGIN", value_delimiter = ',')]
    pub allow_origin: Vec<String>,

    /// WebSocket connections at the same time.
    #[arg(long, env = "REJOIN_MAX_CONNECTIONS", value_name = "N", default_value_t = 2_000)]
    pub max_connections: usize,

    /// WebSocket connections at the same time from one IP address; behind a proxy all have the proxy's.
    #[arg(long, env = "REJOIN_MAX_CONNECTIONS_PER_ADDRESS", value_name = "N", default_value_t = 1_000)]
    pub max_connections_per_address: usize,

    /// Memory that all connections and sessions together may hold, in MiB, and those of one network half of it; beyond it the
    /// largest gives way. With the default, the whole server stays below 1 GiB whatever clients do.
    #[arg(long, env = "REJOIN_MAX_MEMORY_MIB", value_name = "MIB", default_value_t = 256)]
    pub max_memory_mib: u32,

    /// Largest message taken by echo and upload, in bytes (close code 1009).
    #[arg(long, env = "REJOIN_MAX_MESSAGE_BYTES", value_name = "BYTES", default_value_t = 16 << 20)]
    pub max_message_bytes: usize,

    /// Bytes that may wait for a reader of the coursework's chat before it is cut off (close code 1013).
    #[arg(long, env = "REJOIN_SEND_QUEUE_BYTES", value_name = "BYTES", default_value_t = 1 << 20)]
    pub send_queue_bytes: usize,

    /// Messages a second that one session may say in rooms; bursts may be six times as large, and more waits. Ten times as
    /// many may be said in the coursework's chat, where more ends the connection (close code 1008).
    #[arg(long, env = "REJOIN_CHAT_RATE", value_name = "N", default_value_t = 10)]
    pub chat_rate: u32,

    /// Seconds without a message after which a connection is closed (close code 1001); 0 for never.
    #[arg(long, env = "REJOIN_IDLE_SECONDS", value_name = "SECONDS", default_value_t = 3_600)]
    pub idle_seconds: u64,

    /// Seconds between pings to a client.
    #[arg(long, env = "REJOIN_PING_SECONDS", value_name = "SECONDS", default_value_t = 5.0)]
    pub ping_seconds: f64,

    /// Seconds without a sign of life after which a client is dropped; more than those between pings. At least 60 for the echo
    /// and the speed test, which fill slow lines on purpose.
    #[arg(long, env = "REJOIN_DEAD_SECONDS", value_name = "SECONDS", default_value_t = 10.0)]
    pub dead_seconds: f64,

    /// Rooms of the chat that somebody is in or of which messages are kept.
    #[arg(long, env = "REJOIN_MAX_ROOMS", value_name = "N", default_value_t = 100)]
    pub max_rooms: usize,

    /// How many of them one session may have made.
    #[arg(long, env = "REJOIN_MAX_ROOMS_PER_SESSION", value_name = "N", default_value_t = 20)]
    pub max_rooms_per_session: usize,

    /// How many of them may have been made from one IP address, of IPv6 one network of 64 bits, since the server started;
    /// behind a proxy all have the proxy's.
    #[arg(long, env = "REJOIN_MAX_ROOMS_PER_ADDRESS", value_name = "N", default_value_t = 50)]
    pub max_rooms_per_address: usize,

    /// Messages of a room that are kept, of those that are not older than 30 days.
    #[arg(long, env = "REJOIN_HISTORY_MESSAGES", value_name = "N", default_value_t = 100_000)]
    pub history_messages: u64,

    /// Seconds that a client may take to send the head of a request.
    #[arg(long, env = "REJOIN_HEADER_SECONDS", value_name = "SECONDS", default_value_t = 10.0)]
    pub header_seconds: f64,

    /// Seconds that shutting down may take before what is still open is dropped.
    #[arg(long, env = "REJOIN_DRAIN_SECONDS", value_name = "SECONDS", default_value_t = 10.0)]
    pub drain_seconds: f64,

    /// How much is logged: off, error, warn, info, debug or trace; debug has a line for each message.
    #[arg(long, env = "REJOIN_LOG", value_name = "LEVEL", default_value = "info")]
    pub log: LevelFilter,
}

impl Default for Config {
    /// What `--help` shows as defaults, but for the port, which is picked, and whatever the environment says.
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            app: PathBuf::from("dist"),
            data: None,
            classic: None,
            allow_origin: Vec::new(),
            max_connections: 2_000,
            max_connections_per_address: 1_000,
            max_memory_mib: 256,
            max_message_bytes: 16 << 20,
            send_queue_bytes: 1 << 20,
            chat_rate: 10,
            idle_seconds: 3_600,
            ping_seconds: 5.0,
            dead_seconds: 10.0,
            max_rooms: 100,
            max_rooms_per_session: 20,
            max_rooms_per_address: 50,
            history_messages: 100_000,
            header_seconds: 10.0,
            drain_seconds: 10.0,
            log: LevelFilter::INFO,
        }
    }
}

impl Config {
    /// Refuses values with which nothing would be served, by the flag's name.
    pub(crate) fn check(&self) -> Result<(), RunError> {
        let counts = [
            ("--max-connections", self.max_connections as u64),
            ("--max-connections-per-address", self.max_connections_per_address as u64),
            ("--max-message-bytes", self.max_message_bytes as u64),
            ("--send-queue-bytes", self.send_queue_bytes as u64),
            ("--chat-rate", u64::from(self.chat_rate)),
            ("--max-rooms", self.max_rooms as u64),
            ("--max-rooms-per-session", self.max_rooms_per_session as u64),
            ("--max-rooms-per-address", self.max_rooms_per_address as u64),
        ];
        for (flag, count) in counts {
            RunError::unless(count > 0, flag, count, "1 or more")?;
        }
        let works = self.max_memory_mib >= LEAST_MEMORY_MIB;
        let range = format_args!("{LEAST_MEMORY_MIB} or more");
        RunError::unless(works, "--max-memory-mib", self.max_memory_mib, range)?;
        let times = [
            ("--ping-seconds", self.ping_seconds),
            ("--dead-seconds", self.dead_seconds),
            ("--header-seconds", self.header_seconds),
        ];
        for (flag, time) in times {
            RunError::unless(
                !seconds(time).is_zero(),
                flag,
                time,
                format_args!("above 0, and at most {MOST_SECONDS}"),
            )?;
        }
        // Zero is right: nothing is waited for.
        let works = self.drain_seconds == 0.0 || !seconds(self.drain_seconds).is_zero();
        RunError::unless(works, "--drain-seconds", self.drain_seconds, format_args!("0 to {MOST_SECONDS}"))?;
        let works = self.dead_seconds > self.ping_seconds;
        let range = format_args!("more than --ping-seconds, {}", self.ping_seconds);
        RunError::unless(works, "--dead-seconds", self.dead_seconds, range)
    }

    /// What every WebSocket of the demo has in common.
    fn limits(&self) -> Limits {
        let mut limits = Limits::default();
        limits.idle = (self.idle_seconds > 0).then(|| Duration::from_secs(self.idle_seconds));
        limits.ping_interval = seconds(self.ping_seconds);
        limits.dead_after = seconds(self.dead_seconds);
        limits
    }

    /// Limits for connections on which a slow line is measured: see [`MEASURED_DEAD_AFTER`].
    fn measured_limits(&self) -> Limits {
        let mut limits = self.limits();
        limits.dead_after = limits.dead_after.max(MEASURED_DEAD_AFTER);
        limits
    }

    /// Echo: costs its own sender alone, so that back-pressure is limit enough and a rate would only hinder
    /// measuring.
    pub(crate) fn echo_limits(&self) -> Limits {
        let mut limits = self.measured_limits();
        limits.max_message_bytes = self.max_message_bytes;
        limits.rate = None;
        limits
    }

    /// The coursework's chat: small messages that go to many.
    pub(crate) fn chat_limits(&self) -> Limits {
        let mut limits = self.limits();
        // The longest text in four bytes a character, or its control characters in six, and the JSON around it.
        limits.max_message_bytes = 32 << 10;
        limits.receive_queue_bytes = 64 << 10;
        limits.send_queue_bytes = self.send_queue_bytes;
        limits.rate = Some(Rate {
            per_second: f64::from(self.chat_rate) * 10.0,
            burst: self.chat_burst().saturating_mul(10),
        });
        limits
    }

    /// Sessions: what their hub allows.
    pub(crate) fn hub_settings(&self) -> HubSettings {
        let mut settings = HubSettings::default();
        settings.instance = format!("demo-server {}", env!("CARGO_PKG_VERSION"));
        settings.ping_interval = seconds(self.ping_seconds);
        settings.dead_after = seconds(self.dead_seconds);
        settings.publish_rate =
            Some(Rate { per_second: f64::from(self.chat_rate), burst: self.chat_burst() });
        settings
    }

    /// Messages that a session may say at once after a quiet while.
    pub(crate) fn chat_burst(&self) -> u32 {
        self.chat_rate.saturating_mul(6)
    }

    /// Speed: large messages, of which little waits, so that a request need not queue behind megabytes.
    pub(crate) fn speed_limits(&self) -> Limits {
        let mut limits = self.measured_limits();
        limits.max_message_bytes = self.max_message_bytes;
        limits.receive_queue_bytes = 1 << 20;
        limits.send_queue_bytes = 128 << 10;
        limits.read_buffer_bytes = 64 << 10;
        limits.rate = None;
        limits
    }
}

/// A number of seconds as a duration; one that is none, or too large, becomes zero.
pub(crate) fn seconds(seconds: f64) -> Duration {
    let usable = (0.0..=MOST_SECONDS).contains(&seconds);
    Duration::try_from_secs_f64(seconds).ok().filter(|_| usable).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_work_and_each_flag_that_cannot_is_named_with_its_value_and_the_range() {
        assert!(Config::default().check().is_ok());
        let wrong = |set: &dyn Fn(&mut Config), words: &str| {
            let mut config = Config::default();
            set(&mut config);
            assert_eq!(config.check().expect_err(words).to_string(), words);
        };
        wrong(&|it| it.max_connections = 0, "--max-connections is 0 and must be 1 or more");
        wrong(&|it| it.max_memory_mib = 63, "--max-memory-mib is 63 and must be 64 or more");
        wrong(&|it| it.chat_rate = 0, "--chat-rate is 0 and must be 1 or more");
        wrong(&|it| it.send_queue_bytes = 0, "--send-queue-bytes is 0 and must be 1 or more");
        wrong(&|it| it.ping_seconds = -1.0, "--ping-seconds is -1 and must be above 0, and at most 31536000");
        wrong(
            &|it| it.header_seconds = f64::NAN,
            "--header-seconds is NaN and must be above 0, and at most 31536000",
        );
        wrong(
            &|it| it.drain_seconds = 1e300,
            &format!("--drain-seconds is {} and must be 0 to 31536000", 1e300),
        );
        wrong(&|it| it.dead_seconds = 5.0, "--dead-seconds is 5 and must be more than --ping-seconds, 5");
        assert!(Config { drain_seconds: 0.0, ..Config::default() }.check().is_ok());
    }

    #[test]
    fn a_line_that_is_filled_on_purpose_has_a_minute_for_a_sign_of_life() {
        let config = Config::default();
        for limits in [config.speed_limits(), config.echo_limits()] {
            assert_eq!(limits.dead_after, MEASURED_DEAD_AFTER);
            limits.check().unwrap();
        }
        assert_eq!(config.chat_limits().dead_after, Duration::from_secs(10));
        let patient = Config { dead_seconds: 90.0, ..config };
        assert_eq!(patient.speed_limits().dead_after, Duration::from_secs(90));
    }
}
