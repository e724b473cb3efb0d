//! Frames of every kind, with values at the edges.

use rejoin_protocol::wire::*;

/// Integers whose forms differ in length, or that are the last of their length.
pub(crate) const INTEGERS: [u64; 9] =
    [0, 1, 127, 128, (1 << 32) - 1, 1 << 32, (1 << 32) + 1, MAX_INTEGER - 1, MAX_INTEGER];

/// Random values are fixed in length and may have every bit.
const RANDOM: [u64; 4] = [0, 1, 0x0123_4567_89ab_cdef, u64::MAX];

/// What a frame of one kind is made of, drawn from the edges by turns.
struct Draw {
    turn: usize,
}

impl Draw {
    fn next(&mut self) -> usize {
        self.turn += 1;
        self.turn
    }

    fn integer(&mut self) -> u64 {
        INTEGERS[self.next() % INTEGERS.len()]
    }

    fn random(&mut self) -> u64 {
        RANDOM[self.next() % RANDOM.len()]
    }

    fn text(&mut self, most: usize) -> String {
        match self.next() % 4 {
            0 => String::new(),
            1 => "room".into(),
            2 => "Größe 🦀".into(),
            _ => "x".repeat(most),
        }
    }

    fn body(&mut self) -> Body {
        match self.next() % 4 {
            0 => Body::new(),
            1 => b"\x00\xff".into(),
            2 => "hello".into(),
            _ => vec![7; 300].into(),
        }
    }

    fn id(&mut self) -> SessionId {
        let born = [0, 1, 1_764_000_000_000, (1 << 48) - 1][self.next() % 4];
        SessionId { born, random: [self.next() as u8; 12] }
    }

    fn token(&mut self) -> Token {
        [self.next() as u8; 32]
    }

    fn ack(&mut self) -> Ack {
        Ack { released: self.integer(), credit: self.integer() }
    }

    fn standing(&mut self) -> Standing {
        Standing {
            received: self.integer(),
            position: self.integer(),
            credit: self.integer(),
            window: self.integer(),
            send_first: self.integer(),
            send_next: self.integer(),
        }
    }

    fn position(&mut self) -> Position {
        let epoch = Epoch { ordinal: self.integer(), id: self.random() };
        Position { epoch, offset: self.integer() }
    }

    fn missing(&mut self) -> Missing {
        let reason = [GapReason::Trimmed, GapReason::Truncated, GapReason::UnknownEpoch][self.next() % 3];
        Missing { from: self.integer(), to: self.integer(), reason }
    }

    fn denial(&mut self) -> Denial {
        let code = [0, 127, 128, 4403, u16::MAX][self.next() % 5];
        Denial { code, reason: self.text(123) }
    }

    fn member(&mut self) -> Member {
        Member { alias: self.random(), about: self.body() }
    }
}

/// Frames of every kind and every variant, `turn` choosing the values.
pub(crate) fn frames(turn: usize) -> Vec<Frame> {
    let d = &mut Draw { turn };
    let mut frames = greetings(d);
    frames.extend(session(d));
    frames.extend(channels(d));
    frames.extend(publications(d));
    frames
}

fn greetings(d: &mut Draw) -> Vec<Frame> {
    let mut frames = vec![Frame::Hello(Box::default())];
    for incarnation in [None, Some(d.random())] {
        frames.push(Frame::Hello(Box::new(Hello {
            features: d.integer(),
            resume: Some(Resume { id: d.id(), token: d.token(), incarnation }),
            attempt: d.integer(),
            standing: d.standing(),
            auth: Some(d.body()),
            protocols: vec![d.text(255), d.text(255)],
            max_message: d.integer(),
            client: d.text(255),
        })));
    }
    for outcome in [Outcome::Resumed, Outcome::Kept, Outcome::Fresh] {
        frames.push(Frame::Welcome(Box::new(Welcome {
            outcome,
            features: d.integer(),
            id: d.id(),
            token: d.token(),
            incarnation: d.random(),
            alias: d.random(),
            standing: d.standing(),
            protocol: (outcome != Outcome::Kept).then(|| d.text(255)),
            max_message: d.integer(),
            max_publication: d.integer(),
            max_publications: d.integer(),
            max_channels: d.integer(),
            max_auth: d.integer(),
            ping_interval: d.integer(),
            ttl: d.integer(),
            instance: d.text(255),
        })));
    }
    frames
}

fn session(d: &mut Draw) -> Vec<Frame> {
    let mut frames = Vec::new();
    for flags in 0..16 {
        frames.push(Frame::Data(Data {
            binary: flags & 1 != 0,
            first: flags & 2 != 0,
            last: flags & 4 != 0,
            ack: (flags & 8 != 0).then(|| d.ack()),
            payload: d.body(),
        }));
    }
    frames.push(Frame::Ack(d.ack()));
    frames.push(Frame::Ping(Pulse { next: d.integer(), nonce: d.random(), ack: d.ack() }));
    frames.push(Frame::Pong(Pulse { next: d.integer(), nonce: d.random(), ack: d.ack() }));
    for (target, sender) in [
        (Target::Session, None),
        (Target::Session, Some(d.random())),
        (Target::Subscription(d.integer()), None),
        (Target::Subscription(d.integer()), Some(d.random())),
    ] {
        frames.push(Frame::Volatile { target, sender, payload: d.body() });
    }
    frames.push(Frame::Call { id: d.integer(), timeout: d.integer(), payload: d.body() });
    frames.push(Frame::Reply { id: d.integer(), result: Ok(d.body()) });
    frames.push(Frame::Reply { id: d.integer(), result: Err(d.denial()) });
    frames.push(Frame::Cancel { id: d.integer() });
    frames.push(Frame::Auth(d.body()));
    for (retry_after, last) in [(None, false), (Some(d.integer()), false), (None, true), (Some(0), true)] {
        let Denial { code, reason } = d.denial();
        frames.push(Frame::Bye(Bye { code, reason, retry_after, last }));
    }
    frames
}

fn channels(d: &mut Draw) -> Vec<Frame> {
    let mut frames = Vec::new();
    for since in [Since::Now, Since::Last(d.integer()), Since::All, Since::Position(d.position())] {
        for presence in [None, Some(d.body())] {
            frames.push(Frame::Sub(Subscribe {
                subscription: d.integer(),
                channel: d.text(255),
                since,
                credit: d.integer(),
                presence,
            }));
        }
    }
    frames.push(Frame::Unsub { subscription: d.integer(), denial: d.denial() });
    for outcome in [
        SubOutcome::Started { at: d.position(), recovered: false },
        SubOutcome::Started { at: d.position(), recovered: true },
        SubOutcome::Gap { at: d.position(), missing: d.missing() },
        SubOutcome::Refused(d.denial()),
    ] {
        frames.push(Frame::SubAck { subscription: d.integer(), outcome });
    }
    for epoch in [None, Some(d.position().epoch)] {
        frames.push(Frame::Event(Event {
            subscription: d.integer(),
            offset: d.integer(),
            distance: d.integer(),
            epoch,
            time: d.integer(),
            publisher: d.random(),
            number: d.integer(),
            payload: d.body(),
        }));
    }
    frames.push(Frame::Gap { subscription: d.integer(), at: d.position(), missing: d.missing() });
    frames.push(Frame::Credit { subscription: d.integer(), credit: d.integer() });
    for presence in [
        Presence::Full(Vec::new()),
        Presence::Full(vec![d.member(), d.member(), d.member()]),
        Presence::Joined(d.member()),
        Presence::Left(d.random()),
        Presence::Changed(d.member()),
        Presence::Refused(d.denial()),
    ] {
        frames.push(Frame::Presence { subscription: d.integer(), presence });
    }
    frames
}

fn publications(d: &mut Draw) -> Vec<Frame> {
    let mut frames = Vec::new();
    for withheld in [None, Some(d.integer())] {
        let payload = if withheld.is_some() { Body::new() } else { d.body() };
        let (number, settled) = (d.integer(), d.integer());
        let publish = Publish { channel: d.text(255), number, settled, id: d.random(), payload, withheld };
        frames.push(Frame::Pub(publish));
    }
    for answer in [
        Answer::Appended(d.position()),
        Answer::Already(d.position()),
        Answer::Refused(d.denial()),
        Answer::Conflict,
        Answer::Expected(d.integer()),
        Answer::RetryAfter(d.integer()),
    ] {
        frames.push(Frame::PubAck { channel: d.text(255), number: d.integer(), answer });
    }
    frames
}

/// The bytes of one frame.
pub(crate) fn bytes(frame: &Frame) -> Vec<u8> {
    let mut out = Vec::new();
    frame.encode(&mut out);
    out
}

/// All frames of a message, or what is wrong with it.
pub(crate) fn read(message: &[u8]) -> Result<Vec<Frame>, WireError> {
    read_within(message, &WireLimits::default())
}

/// The same with limits.
pub(crate) fn read_within(message: &[u8], limits: &WireLimits) -> Result<Vec<Frame>, WireError> {
    decode(&message.into(), limits).collect()
}

/// A batch of the given frames' bytes.
pub(crate) fn batch(parts: &[Vec<u8>]) -> Vec<u8> {
    let mut out = vec![0x08];
    for part in parts {
        assert!(part.len() < 1 << 14);
        if part.len() < 128 {
            out.push(part.len() as u8);
        } else {
            out.extend([(part.len() & 127) as u8 | 128, (part.len() >> 7) as u8]);
        }
        out.extend_from_slice(part);
    }
    out
}
