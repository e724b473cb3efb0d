//! Bytes to frames: one message, one frame or a batch of them.

mod channel;
mod fields;
mod hello;
mod reader;

use alloc::boxed::Box;
use core::iter::FusedIterator;

use reader::{Blame, Reader};

use super::{
    Ack, Body, Bye, Data, Fault, Frame, Pulse, SubOutcome, Target, Unreadable, WireError, WireLimits, kind,
    varint,
};

/// Reads a message: the one frame that it is, or the frames of the batch that it is.
///
/// Payloads are slices of the message: nothing large is copied, and no more is allocated than the message's length
/// times a small constant. Never panics, whatever the bytes.
#[must_use]
pub fn decode<'a>(message: &'a Body, limits: &'a WireLimits) -> Frames<'a> {
    Frames(Parts::new(message, limits))
}

/// Reads a message of a server as [`decode`] does, for a client that has no use for an error's words: a smaller program.
/// A frame that only a client sends can't be read.
#[must_use]
pub fn decode_from_server<'a>(message: &'a Body, limits: &'a WireLimits) -> ServerFrames<'a> {
    ServerFrames(Parts::new(message, limits))
}

/// The frames of a message, in order. After an error come no more: what stands behind it can't be trusted.
#[derive(Debug, Clone)]
pub struct Frames<'a>(Parts<'a>);

/// The frames of a server's message, in order, as [`Frames`] has them.
#[derive(Debug, Clone)]
pub struct ServerFrames<'a>(Parts<'a>);

impl Iterator for Frames<'_> {
    type Item = Result<Frame, WireError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next::<Box<WireError>>().map(|result| result.map_err(|wrong| *wrong))
    }
}

impl FusedIterator for Frames<'_> {}

impl Iterator for ServerFrames<'_> {
    type Item = Result<Frame, Unreadable>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next()
    }
}

impl FusedIterator for ServerFrames<'_> {}

#[derive(Debug, Clone)]
struct Parts<'a> {
    message: &'a Body,
    limits: &'a WireLimits,
    /// Where the next part of a batch begins.
    at: usize,
    step: Step,
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Single,
    /// Within a batch, so many frames of which have been read.
    Batch {
        frames: usize,
    },
    Done,
}

impl<'a> Parts<'a> {
    fn new(message: &'a Body, limits: &'a WireLimits) -> Self {
        let batch = message.first() == Some(&kind::BATCH);
        let step = if batch { Step::Batch { frames: 0 } } else { Step::Single };
        Self { message, limits, at: 1, step }
    }

    fn next<B: Blame>(&mut self) -> Option<Result<Frame, B>> {
        let result = match self.step {
            Step::Done => return None,
            Step::Single => {
                self.step = Step::Done;
                self.frame(0, self.message.len())
            }
            Step::Batch { frames: 1.. } if self.at == self.message.len() => {
                self.step = Step::Done;
                return None;
            }
            Step::Batch { frames } => {
                self.step = Step::Batch { frames: frames + 1 };
                self.part(frames)
            }
        };
        if result.is_err() {
            self.step = Step::Done;
        }
        Some(result)
    }

    /// The next part of a batch, before which stand so many.
    fn part<B: Blame>(&mut self, before: usize) -> Result<Frame, B> {
        if before == 0 && self.at == self.message.len() {
            return Err(B::new(Fault::EmptyBatch, "batch", self.at));
        }
        if before >= self.limits.max_frames {
            let fault = Fault::TooLarge { found: before as u64 + 1, most: self.limits.max_frames as u64 };
            return Err(B::new(fault, "frames", self.at));
        }
        let rest = self.message.get(self.at..).unwrap_or_default();
        let not = |fault| B::new(fault, "length", self.at);
        let (length, bytes) = varint::read(rest).map_err(not)?;
        let left = (rest.len() - bytes) as u64;
        let most = self.limits.max_frame as u64;
        if length > most {
            return Err(not(Fault::TooLarge { found: length, most }));
        }
        if length > left {
            return Err(not(Fault::Truncated { needed: length, left }));
        }
        let start = self.at + bytes;
        // What is left fits into memory, and the length is no larger.
        let end = start + length as usize;
        let first = self.message.get(start..end).and_then(|frame| frame.first()).copied();
        if let Some(alone @ (kind::BATCH | kind::HELLO | kind::WELCOME)) = first {
            return Err(B::new(Fault::NotAlone(alone), "type", start));
        }
        self.at = end;
        self.frame(start, end)
    }

    /// The frame that takes all of a range, which lies within the message.
    fn frame<B: Blame>(&self, start: usize, end: usize) -> Result<Frame, B> {
        let mut reader = Reader::<B>::new(self.message, start..end, self.limits);
        if start == end {
            return Err(B::new(Fault::Empty, "type", start));
        }
        let kind = reader.byte("type");
        let limits = self.limits;
        let most = match kind {
            kind::HELLO if B::OF_CLIENTS => limits.hello_bytes(),
            // The token of an AUTH and the type.
            kind::AUTH if B::OF_CLIENTS => limits.max_auth.saturating_add(1).min(limits.max_frame),
            _ => limits.max_frame,
        };
        if end - start > most {
            let fault = Fault::TooLarge { found: (end - start) as u64, most: most as u64 };
            return Err(B::new(fault, "length", start));
        }
        let frame = body(kind, &mut reader);
        reader.finish(frame)
    }
}

/// What follows a type.
fn body<B: Blame>(kind: u8, reader: &mut Reader<'_, B>) -> Frame {
    match kind {
        kind::HELLO if B::OF_CLIENTS => Frame::Hello(hello::hello(reader)),
        kind::WELCOME => Frame::Welcome(hello::welcome(reader)),
        kind::BYE => Frame::Bye(bye(reader)),
        kind::AUTH if B::OF_CLIENTS => Frame::Auth(reader.rest()),
        kind::PING => Frame::Ping(pulse(reader)),
        kind::PONG => Frame::Pong(pulse(reader)),
        kind::ACK => Frame::Ack(reader.ack()),
        kind::DATA..=kind::DATA_END => Frame::Data(data(kind, reader)),
        kind::SUB if B::OF_CLIENTS => Frame::Sub(channel::sub(reader)),
        kind::UNSUB => Frame::Unsub { subscription: reader.integer("subscription"), denial: reader.denial() },
        kind::SUBACK => {
            Frame::SubAck { subscription: reader.integer("subscription"), outcome: sub_ack(reader) }
        }
        kind::EVENT => Frame::Event(channel::event(reader)),
        kind::GAP => Frame::Gap {
            subscription: reader.integer("subscription"),
            at: reader.position(),
            missing: reader.missing(),
        },
        kind::CREDIT if B::OF_CLIENTS => {
            Frame::Credit { subscription: reader.integer("subscription"), credit: reader.integer("credit") }
        }
        kind::PRESENCE => Frame::Presence {
            subscription: reader.integer("subscription"),
            presence: channel::presence(reader),
        },
        kind::VOLATILE => volatile(reader),
        kind::PUB if B::OF_CLIENTS => Frame::Pub(channel::publish(false, reader)),
        kind::PUBHEAD if B::OF_CLIENTS => Frame::Pub(channel::publish(true, reader)),
        kind::PUBACK => channel::pub_ack(reader),
        kind::CALL if B::OF_CLIENTS => Frame::Call {
            id: reader.integer("id"),
            timeout: reader.integer("timeout"),
            payload: reader.rest(),
        },
        kind::REPLY => reply(reader),
        kind::CANCEL if B::OF_CLIENTS => Frame::Cancel { id: reader.integer("id") },
        unknown => {
            reader.wrong_before(Fault::UnknownType(unknown), "type");
            Frame::Ack(Ack::default())
        }
    }
}

fn data<B: Blame>(kind: u8, reader: &mut Reader<'_, B>) -> Data {
    let has = |flag| kind & flag != 0;
    Data {
        binary: has(kind::data::BINARY),
        first: has(kind::data::FIRST),
        last: has(kind::data::LAST),
        ack: if has(kind::data::ACK) { Some(reader.ack()) } else { None },
        payload: reader.rest(),
    }
}

fn pulse<B: Blame>(reader: &mut Reader<'_, B>) -> Pulse {
    Pulse { next: reader.integer("next"), nonce: reader.random("nonce"), ack: reader.ack() }
}

fn bye<B: Blame>(reader: &mut Reader<'_, B>) -> Bye {
    let flags = reader.flags(kind::bye::LAST | kind::bye::RETRY);
    let denial = reader.denial();
    let retry = flags & kind::bye::RETRY != 0;
    Bye {
        code: denial.code,
        reason: denial.reason,
        retry_after: if retry { Some(reader.integer("retry_after")) } else { None },
        last: flags & kind::bye::LAST != 0,
    }
}

fn volatile<B: Blame>(reader: &mut Reader<'_, B>) -> Frame {
    let flags = reader.flags(kind::volatile::SUBSCRIPTION | kind::volatile::SENDER);
    let target = if flags & kind::volatile::SUBSCRIPTION != 0 {
        Target::Subscription(reader.integer("subscription"))
    } else {
        Target::Session
    };
    let sender = if flags & kind::volatile::SENDER != 0 { Some(reader.random("sender")) } else { None };
    Frame::Volatile { target, sender, payload: reader.rest() }
}

fn sub_ack<B: Blame>(reader: &mut Reader<'_, B>) -> SubOutcome {
    match reader.value("outcome", kind::suback::REFUSED) {
        kind::suback::STARTED => SubOutcome::Started { at: reader.position(), recovered: false },
        kind::suback::RECOVERED => SubOutcome::Started { at: reader.position(), recovered: true },
        kind::suback::GAP => SubOutcome::Gap { at: reader.position(), missing: reader.missing() },
        _ => SubOutcome::Refused(reader.denial()),
    }
}

fn reply<B: Blame>(reader: &mut Reader<'_, B>) -> Frame {
    let id = reader.integer("id");
    let result = match reader.value("result", kind::reply::REFUSED) {
        kind::reply::ANSWERED => Ok(reader.rest()),
        _ => Err(reader.denial()),
    };
    Frame::Reply { id, result }
}
