//! Frames of channels and publications from bytes.

use alloc::string::String;
use alloc::vec::Vec;

use super::reader::{Blame, Reader};
use crate::wire::{Answer, Body, Event, Frame, Member, Presence, Publish, Since, Subscribe, kind};

/// The bytes of a member that says nothing of itself: its alias and a length.
const LEAST_MEMBER: usize = 9;

pub(super) fn sub<B: Blame>(reader: &mut Reader<'_, B>) -> Subscribe {
    let subscription = reader.integer("subscription");
    let flags = reader.flags(kind::sub::SINCE | kind::sub::PRESENCE);
    Subscribe {
        subscription,
        channel: channel(reader),
        since: match flags & kind::sub::SINCE {
            kind::sub::NOW => Since::Now,
            kind::sub::LAST => Since::Last(reader.integer("last")),
            kind::sub::ALL => Since::All,
            _ => Since::Position(reader.position()),
        },
        credit: reader.integer("credit"),
        presence: if flags & kind::sub::PRESENCE != 0 { Some(reader.rest()) } else { None },
    }
}

fn channel<B: Blame>(reader: &mut Reader<'_, B>) -> String {
    reader.text(reader.limits.max_channel, "channel")
}

pub(super) fn event<B: Blame>(reader: &mut Reader<'_, B>) -> Event {
    let subscription = reader.integer("subscription");
    let flags = reader.flags(kind::event::EPOCH);
    Event {
        subscription,
        offset: reader.integer("offset"),
        distance: reader.integer("distance"),
        epoch: if flags & kind::event::EPOCH != 0 { Some(reader.epoch()) } else { None },
        time: reader.integer("time"),
        publisher: reader.random("publisher"),
        number: reader.integer("number"),
        payload: reader.rest(),
    }
}

pub(super) fn presence<B: Blame>(reader: &mut Reader<'_, B>) -> Presence {
    match reader.value("change", kind::presence::REFUSED) {
        kind::presence::FULL => Presence::Full(members(reader)),
        kind::presence::JOINED => {
            Presence::Joined(Member { alias: reader.random("alias"), about: reader.rest() })
        }
        kind::presence::LEFT => Presence::Left(reader.random("alias")),
        kind::presence::REFUSED => Presence::Refused(reader.denial()),
        _ => Presence::Changed(Member { alias: reader.random("alias"), about: reader.rest() }),
    }
}

fn members<B: Blame>(reader: &mut Reader<'_, B>) -> Vec<Member> {
    let (count, room) = reader.count(reader.limits.max_members, LEAST_MEMBER, "members");
    let mut members = Vec::with_capacity(room);
    for _ in 0..count {
        if reader.is_wrong() {
            break;
        }
        members.push(Member {
            alias: reader.random("alias"),
            about: reader.sized(reader.limits.max_frame, "about"),
        });
    }
    members
}

/// PUB, or PUBHEAD, which has the payload's size instead of the payload.
pub(super) fn publish<B: Blame>(withheld: bool, reader: &mut Reader<'_, B>) -> Publish {
    Publish {
        channel: channel(reader),
        number: reader.integer("number"),
        settled: reader.integer("settled"),
        id: reader.random("id"),
        withheld: if withheld { Some(reader.integer("size")) } else { None },
        payload: if withheld { Body::new() } else { reader.rest() },
    }
}

pub(super) fn pub_ack<B: Blame>(reader: &mut Reader<'_, B>) -> Frame {
    let channel = channel(reader);
    let number = reader.integer("number");
    let answer = match reader.value("answer", kind::puback::RETRY_AFTER) {
        kind::puback::APPENDED => Answer::Appended(reader.position()),
        kind::puback::ALREADY => Answer::Already(reader.position()),
        kind::puback::REFUSED => Answer::Refused(reader.denial()),
        kind::puback::CONFLICT => Answer::Conflict,
        kind::puback::EXPECTED => Answer::Expected(reader.integer("expected")),
        _ => Answer::RetryAfter(reader.integer("retry_after")),
    };
    Frame::PubAck { channel, number, answer }
}
