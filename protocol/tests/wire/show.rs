//! Frames in the notation of the vectors in `docs/protocol.md`.

use std::fmt::Write as _;

use rejoin_protocol::wire::*;

/// A frame as its vector writes it: its name, then its fields in the order of the wire.
pub(crate) fn show(frame: &Frame) -> String {
    let mut line = Line(String::new());
    write(frame, &mut line);
    line.0
}

struct Line(String);

impl Line {
    fn word(&mut self, word: &str) -> &mut Self {
        if !self.0.is_empty() {
            self.0.push(' ');
        }
        self.0.push_str(word);
        self
    }

    fn word_if(&mut self, present: bool, word: &str) -> &mut Self {
        if present { self.word(word) } else { self }
    }

    fn integer(&mut self, name: &str, value: impl Into<u64>) -> &mut Self {
        self.word(&format!("{name}={}", value.into()))
    }

    fn random(&mut self, name: &str, value: u64) -> &mut Self {
        self.word(&format!("{name}=0x{value:016x}"))
    }

    fn text(&mut self, name: &str, value: &str) -> &mut Self {
        self.word(&format!("{name}={value:?}"))
    }

    fn bytes(&mut self, name: &str, value: &[u8]) -> &mut Self {
        self.word(&format!("{name}="));
        for byte in value {
            // Writing to a string can't fail.
            let _ = write!(self.0, "{byte:02x}");
        }
        self
    }

    fn ack(&mut self, ack: Ack) -> &mut Self {
        self.integer("released", ack.released).integer("credit", ack.credit)
    }

    fn epoch(&mut self, epoch: Epoch) -> &mut Self {
        self.integer("ordinal", epoch.ordinal).random("epoch", epoch.id)
    }

    fn position(&mut self, position: Position) -> &mut Self {
        self.epoch(position.epoch).integer("offset", position.offset)
    }

    fn missing(&mut self, missing: Missing) -> &mut Self {
        self.integer("from", missing.from).integer("to", missing.to).word(match missing.reason {
            GapReason::Trimmed => "trimmed",
            GapReason::Truncated => "truncated",
            GapReason::UnknownEpoch => "unknown_epoch",
        })
    }

    fn denial(&mut self, denial: &Denial) -> &mut Self {
        self.integer("code", denial.code).text("reason", &denial.reason)
    }

    fn member(&mut self, member: &Member) -> &mut Self {
        self.random("alias", member.alias).bytes("about", &member.about)
    }

    fn id(&mut self, id: &SessionId) -> &mut Self {
        self.integer("id.born", id.born).bytes("id.random", &id.random)
    }

    fn standing(&mut self, standing: &Standing) -> &mut Self {
        self.integer("received", standing.received)
            .integer("position", standing.position)
            .integer("credit", standing.credit)
            .integer("window", standing.window)
            .integer("send_first", standing.send_first)
            .integer("send_next", standing.send_next)
    }
}

fn write(frame: &Frame, l: &mut Line) {
    match frame {
        Frame::Hello(it) => hello(it, l),
        Frame::Welcome(it) => welcome(it, l),
        Frame::Bye(it) => {
            l.word("BYE").word_if(it.last, "last").integer("code", it.code).text("reason", &it.reason);
            it.retry_after.map(|milliseconds| l.integer("retry_after", milliseconds));
        }
        Frame::Auth(payload) => _ = l.word("AUTH").bytes("payload", payload),
        Frame::Ping(it) => _ = l.word("PING").integer("next", it.next).random("nonce", it.nonce).ack(it.ack),
        Frame::Pong(it) => _ = l.word("PONG").integer("next", it.next).random("nonce", it.nonce).ack(it.ack),
        Frame::Ack(it) => _ = l.word("ACK").ack(*it),
        Frame::Data(it) => {
            l.word("DATA").word_if(it.binary, "binary").word_if(it.first, "first").word_if(it.last, "last");
            it.ack.map(|ack| l.ack(ack));
            l.bytes("payload", &it.payload);
        }
        Frame::Volatile { target, sender, payload } => {
            l.word("VOLATILE");
            if let Target::Subscription(number) = target {
                l.integer("subscription", *number);
            }
            sender.map(|alias| l.random("sender", alias));
            l.bytes("payload", payload);
        }
        Frame::Call { id, timeout, payload } => {
            l.word("CALL").integer("id", *id).integer("timeout", *timeout).bytes("payload", payload);
        }
        Frame::Reply { id, result } => {
            l.word("REPLY").integer("id", *id);
            match result {
                Ok(payload) => l.word("answered").bytes("payload", payload),
                Err(denial) => l.word("refused").denial(denial),
            };
        }
        Frame::Cancel { id } => _ = l.word("CANCEL").integer("id", *id),
        other => channel(other, l),
    }
}

fn hello(it: &Hello, l: &mut Line) {
    l.word("HELLO").integer("features", it.features);
    if let Some(resume) = &it.resume {
        l.id(&resume.id).bytes("token", &resume.token);
        resume.incarnation.map(|incarnation| l.random("incarnation", incarnation));
    }
    l.integer("attempt", it.attempt).standing(&it.standing);
    it.auth.as_ref().map(|auth| l.bytes("auth", auth));
    for protocol in &it.protocols {
        l.text("protocol", protocol);
    }
    l.integer("max_message", it.max_message).text("client", &it.client);
}

fn welcome(it: &Welcome, l: &mut Line) {
    l.word("WELCOME").word(match it.outcome {
        Outcome::Resumed => "resumed",
        Outcome::Kept => "kept",
        Outcome::Fresh => "fresh",
    });
    l.integer("features", it.features).id(&it.id).bytes("token", &it.token);
    l.random("incarnation", it.incarnation).random("alias", it.alias).standing(&it.standing);
    it.protocol.as_ref().map(|protocol| l.text("protocol", protocol));
    l.integer("max_message", it.max_message).integer("max_publication", it.max_publication);
    l.integer("max_publications", it.max_publications).integer("max_channels", it.max_channels);
    l.integer("max_auth", it.max_auth);
    l.integer("ping_interval", it.ping_interval).integer("ttl", it.ttl).text("instance", &it.instance);
}

fn channel(frame: &Frame, l: &mut Line) {
    match frame {
        Frame::Sub(it) => {
            l.word("SUB").integer("subscription", it.subscription).text("channel", &it.channel);
            match it.since {
                Since::Now => l.word("now"),
                Since::Last(entries) => l.integer("last", entries),
                Since::All => l.word("all"),
                Since::Position(position) => l.position(position),
            };
            l.integer("credit", it.credit);
            it.presence.as_ref().map(|about| l.bytes("presence", about));
        }
        Frame::Unsub { subscription, denial } => {
            l.word("UNSUB").integer("subscription", *subscription).denial(denial);
        }
        Frame::SubAck { subscription, outcome } => {
            l.word("SUBACK").integer("subscription", *subscription);
            match outcome {
                SubOutcome::Started { at, recovered: false } => l.word("started").position(*at),
                SubOutcome::Started { at, recovered: true } => l.word("recovered").position(*at),
                SubOutcome::Gap { at, missing } => l.word("gap").position(*at).missing(*missing),
                SubOutcome::Refused(denial) => l.word("refused").denial(denial),
            };
        }
        Frame::Event(it) => {
            l.word("EVENT").integer("subscription", it.subscription).integer("offset", it.offset);
            l.integer("distance", it.distance);
            it.epoch.map(|epoch| l.epoch(epoch));
            l.integer("time", it.time).random("publisher", it.publisher).integer("number", it.number);
            l.bytes("payload", &it.payload);
        }
        Frame::Gap { subscription, at, missing } => {
            l.word("GAP").integer("subscription", *subscription).position(*at).missing(*missing);
        }
        Frame::Credit { subscription, credit } => {
            l.word("CREDIT").integer("subscription", *subscription).integer("credit", *credit);
        }
        Frame::Presence { subscription, presence } => {
            l.word("PRESENCE").integer("subscription", *subscription);
            match presence {
                Presence::Full(members) => {
                    l.word("full");
                    for member in members {
                        l.member(member);
                    }
                }
                Presence::Joined(member) => _ = l.word("joined").member(member),
                Presence::Left(alias) => _ = l.word("left").random("alias", *alias),
                Presence::Changed(member) => _ = l.word("changed").member(member),
                Presence::Refused(denial) => _ = l.word("refused").denial(denial),
            }
        }
        Frame::Pub(it) => {
            l.word(if it.withheld.is_some() { "PUBHEAD" } else { "PUB" });
            l.text("channel", &it.channel).integer("number", it.number);
            l.integer("settled", it.settled).random("id", it.id);
            match it.withheld {
                Some(size) => l.integer("size", size),
                None => l.bytes("payload", &it.payload),
            };
        }
        Frame::PubAck { channel, number, answer } => {
            l.word("PUBACK").text("channel", channel).integer("number", *number);
            match answer {
                Answer::Appended(position) => l.word("appended").position(*position),
                Answer::Already(position) => l.word("already").position(*position),
                Answer::Refused(denial) => l.word("refused").denial(denial),
                Answer::Conflict => l.word("conflict"),
                Answer::Expected(number) => l.integer("expected", *number),
                Answer::RetryAfter(milliseconds) => l.integer("retry_after", *milliseconds),
            };
        }
        other => panic!("no notation for {other:?}"),
    }
}
