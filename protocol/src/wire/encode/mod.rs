//! Frames to bytes.

mod channel;
mod fields;
mod hello;

use alloc::vec::Vec;

use fields::numbered;

use super::{Body, Bye, Data, Frame, Presence, Pulse, SubOutcome, Target, kind, varint};

impl Frame {
    /// Appends the frame's bytes: a message of its own, or what follows a length in a batch.
    ///
    /// No limit is checked here: what is longer than the other end's limits is refused there. That goes for
    /// integers beyond [`MAX_INTEGER`](super::MAX_INTEGER) too.
    pub fn encode(&self, out: &mut Vec<u8>) {
        self.encode_head(out);
        if let Some(tail) = self.tail() {
            out.extend_from_slice(tail);
        }
    }

    /// The payload that takes the rest of the frame, if its kind has one.
    pub(super) fn tail(&self) -> Option<&Body> {
        match self {
            Self::Data(Data { payload, .. })
            | Self::Volatile { payload, .. }
            | Self::Call { payload, .. }
            | Self::Reply { result: Ok(payload), .. }
            | Self::Auth(payload) => Some(payload),
            Self::Event(event) => Some(&event.payload),
            Self::Pub(publish) => Some(&publish.payload),
            Self::Sub(subscribe) => subscribe.presence.as_ref(),
            Self::Presence { presence: Presence::Joined(member) | Presence::Changed(member), .. } => {
                Some(&member.about)
            }
            _ => None,
        }
    }

    /// Appends what comes before the tail.
    pub(super) fn encode_head(&self, out: &mut Vec<u8>) {
        match self {
            Self::Welcome(welcome) => hello::welcome(welcome, out),
            Self::SubAck { subscription, outcome } => sub_ack(*subscription, outcome, out),
            Self::Event(event) => channel::event_head(event, out),
            Self::Gap { subscription, at, missing } => {
                numbered(kind::GAP, *subscription, out);
                fields::position(*at, out);
                fields::missing(*missing, out);
            }
            Self::PubAck { channel, number, answer } => channel::pub_ack(channel, *number, answer, out),
            Self::Reply { id, result } => {
                numbered(kind::REPLY, *id, out);
                match result {
                    Ok(_) => out.push(kind::reply::ANSWERED),
                    Err(denial) => {
                        out.push(kind::reply::REFUSED);
                        fields::denial(denial, out);
                    }
                }
            }
            _ => self.encode_client_head(out),
        }
    }

    /// The same for a frame that a client may send, so that a client carries no code for the others.
    ///
    /// # Panics
    /// At a frame that only a server sends: a client's session has none.
    pub(super) fn encode_client_head(&self, out: &mut Vec<u8>) {
        match self {
            Self::Hello(hello) => hello::hello(hello, out),
            Self::Data(data) => data_head(data, out),
            Self::Ack(ack) => {
                out.push(kind::ACK);
                fields::ack(*ack, out);
            }
            Self::Ping(pulse) => pulse_frame(kind::PING, pulse, out),
            Self::Pong(pulse) => pulse_frame(kind::PONG, pulse, out),
            Self::Volatile { target, sender, .. } => volatile_head(*target, *sender, out),
            Self::Sub(subscribe) => channel::sub_head(subscribe, out),
            Self::Unsub { subscription, denial } => {
                numbered(kind::UNSUB, *subscription, out);
                fields::denial(denial, out);
            }
            Self::Credit { subscription, credit } => {
                numbered(kind::CREDIT, *subscription, out);
                varint::write(out, *credit);
            }
            Self::Presence { subscription, presence } => channel::presence_head(*subscription, presence, out),
            Self::Pub(publish) => channel::pub_head(publish, out),
            Self::Call { id, timeout, .. } => {
                numbered(kind::CALL, *id, out);
                varint::write(out, *timeout);
            }
            Self::Cancel { id } => numbered(kind::CANCEL, *id, out),
            Self::Auth(_) => out.push(kind::AUTH),
            Self::Bye(bye) => bye_frame(bye, out),
            Self::Welcome(_)
            | Self::SubAck { .. }
            | Self::Event(_)
            | Self::Gap { .. }
            | Self::PubAck { .. }
            | Self::Reply { .. } => unreachable!("only a server sends this"),
        }
    }
}

fn data_head(data: &Data, out: &mut Vec<u8>) {
    let mut kind = kind::DATA;
    for (set, flag) in [
        (data.binary, kind::data::BINARY),
        (data.first, kind::data::FIRST),
        (data.last, kind::data::LAST),
        (data.ack.is_some(), kind::data::ACK),
    ] {
        if set {
            kind |= flag;
        }
    }
    out.push(kind);
    if let Some(ack) = data.ack {
        fields::ack(ack, out);
    }
}

fn pulse_frame(kind: u8, pulse: &Pulse, out: &mut Vec<u8>) {
    numbered(kind, pulse.next, out);
    fields::random(pulse.nonce, out);
    fields::ack(pulse.ack, out);
}

fn volatile_head(target: Target, sender: Option<u64>, out: &mut Vec<u8>) {
    let subscription = match target {
        Target::Session => None,
        Target::Subscription(number) => Some(number),
    };
    let mut flags = 0;
    if subscription.is_some() {
        flags |= kind::volatile::SUBSCRIPTION;
    }
    if sender.is_some() {
        flags |= kind::volatile::SENDER;
    }
    out.extend_from_slice(&[kind::VOLATILE, flags]);
    if let Some(number) = subscription {
        varint::write(out, number);
    }
    if let Some(alias) = sender {
        fields::random(alias, out);
    }
}

fn sub_ack(subscription: u64, outcome: &SubOutcome, out: &mut Vec<u8>) {
    numbered(kind::SUBACK, subscription, out);
    match outcome {
        SubOutcome::Started { at, recovered } => {
            out.push(if *recovered { kind::suback::RECOVERED } else { kind::suback::STARTED });
            fields::position(*at, out);
        }
        SubOutcome::Gap { at, missing } => {
            out.push(kind::suback::GAP);
            fields::position(*at, out);
            fields::missing(*missing, out);
        }
        SubOutcome::Refused(denial) => {
            out.push(kind::suback::REFUSED);
            fields::denial(denial, out);
        }
    }
}

fn bye_frame(bye: &Bye, out: &mut Vec<u8>) {
    let mut flags = 0;
    if bye.last {
        flags |= kind::bye::LAST;
    }
    if bye.retry_after.is_some() {
        flags |= kind::bye::RETRY;
    }
    out.extend_from_slice(&[kind::BYE, flags]);
    varint::write(out, u64::from(bye.code));
    fields::text(&bye.reason, out);
    if let Some(milliseconds) = bye.retry_after {
        varint::write(out, milliseconds);
    }
}
