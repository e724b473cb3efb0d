//! What a seed decides before it begins: limits, manners, how much goes wrong.

use std::time::Duration;

use rejoin_protocol::session::SessionLimits;

use rejoin_test_support::Random;

pub(crate) const MILLI: u64 = 1_000;
pub(crate) const SECOND: u64 = 1_000 * MILLI;
pub(crate) const MINUTE: u64 = 60 * SECOND;

pub(crate) struct Plan {
    pub(crate) clients: usize,
    pub(crate) instances: usize,
    pub(crate) client: SessionLimits,
    pub(crate) server: SessionLimits,
    /// The largest message that each instance takes: they may differ.
    pub(crate) max_message: [u64; 2],
    /// The largest publication that each takes.
    pub(crate) max_publication: [u64; 2],
    pub(crate) by_hand: [bool; 2],
    pub(crate) ping: Duration,
    /// How long a server waits for HELLO.
    pub(crate) patience: u64,
    pub(crate) starvation: Duration,
    pub(crate) ttl: u64,
    /// How long the log keeps a publisher's rows.
    pub(crate) life: u64,
    pub(crate) latency: u64,
    /// How many bytes a socket takes ahead of the network.
    pub(crate) buffer: usize,
    pub(crate) chaos: u64,
    /// The mean time between two actions of an application.
    pub(crate) pause: u64,
    /// The mean life of a connection.
    pub(crate) fault: u64,
    /// The mean time between two events that befall a whole instance or the log.
    pub(crate) disaster: u64,
    /// How often, in percent, an attempt fails, an application reads at once, and a client changes its instance.
    pub(crate) refused: u64,
    pub(crate) fast: u64,
    pub(crate) wander: u64,
    /// Offsets are not dense.
    pub(crate) stride: u64,
    /// How often, in percent, a publication is turned away for good or for a while.
    pub(crate) forbidden: u64,
    pub(crate) busy: u64,
    pub(crate) large: u64,
}

impl Plan {
    /// A world in which nothing goes wrong by itself.
    pub(crate) fn quiet() -> Self {
        let limits = SessionLimits::default();
        Self {
            clients: 1,
            instances: 1,
            max_message: [limits.max_message; 2],
            max_publication: [4_000; 2],
            client: limits.clone(),
            server: limits,
            by_hand: [false; 2],
            ping: Duration::from_secs(25),
            patience: 60 * SECOND,
            starvation: Duration::from_secs(60),
            ttl: 120 * SECOND,
            life: 24 * 60 * MINUTE,
            latency: 25 * MILLI,
            buffer: 64 << 20,
            chaos: 0,
            pause: 100 * MILLI,
            fault: 0,
            disaster: SECOND,
            refused: 0,
            fast: 100,
            wander: 0,
            stride: 1,
            forbidden: 0,
            busy: 0,
            large: 0,
        }
    }

    pub(crate) fn new(random: &mut Random) -> Self {
        let client = limits(random);
        let server = limits(random);
        let max_message = [server.max_message, if random.percent(15) { 20_000 } else { server.max_message }];
        let max_publication = [4_000, random.pick(&[500, 4_000, 4_000])];
        let pause = random.magnitude(MILLI, 2 * SECOND);
        Self {
            clients: random.between(1, 3) as usize,
            instances: random.between(1, 2) as usize,
            client,
            server,
            max_message,
            max_publication,
            by_hand: [random.percent(30), random.percent(30)],
            ping: Duration::from_secs(random.pick(&[2, 5, 25])),
            patience: random.pick(&[5, 5, 60]) * SECOND,
            starvation: Duration::from_secs(random.pick(&[1, 10, 60])),
            ttl: random.pick(&[2, 20, 120]) * SECOND,
            life: random.pick(&[3 * MINUTE, 24 * 60 * MINUTE]),
            latency: random.magnitude(MILLI, 200 * MILLI),
            buffer: random.magnitude(1 << 10, 1 << 20) as usize,
            chaos: (pause * 300).clamp(2 * SECOND, 10 * MINUTE),
            pause,
            fault: random.magnitude(20 * MILLI, MINUTE).max(pause * 3),
            disaster: random.magnitude(pause * 10, pause * 400),
            refused: random.pick(&[0, 10, 50]),
            fast: random.pick(&[0, 50, 90, 100]),
            wander: random.pick(&[0, 20, 80]),
            stride: random.pick(&[1, 1, 3]),
            forbidden: random.pick(&[0, 0, 10]),
            busy: random.pick(&[0, 5, 40]),
            large: random.pick(&[0, 1, 4]),
        }
    }
}

fn limits(random: &mut Random) -> SessionLimits {
    let mut limits = SessionLimits::default();
    limits.window = random.pick(&[64 << 10, 64 << 10, 100_000, 1 << 20]);
    limits.queue_bytes = random.pick(&[3_000, 100_000, 1 << 20, 16 << 20]);
    limits.queue_messages = random.pick(&[4, 100, 262_144]);
    limits.max_message = random.pick(&[30_000, 1 << 20, 16 << 20]);
    limits.ack_frames = random.pick(&[1, 5, 64]);
    limits.ack_delay = Duration::from_millis(random.pick(&[10, 250, 1_000]));
    limits.subscription_window = random.pick(&[100, 4_000, 256 << 10]);
    limits.subscriptions = random.pick(&[2, 256]);
    limits.publications = random.pick(&[3, 50, 16_384]);
    limits.publication_bytes = random.pick(&[3_000, 16 << 20]);
    limits.channels = random.pick(&[1, 2, 256]);
    limits.calls = random.pick(&[2, 1_024]);
    limits.volatile_bytes = random.pick(&[200, 64 << 10]);
    limits
}
