//! Frames of channels and publications to bytes.

use alloc::vec::Vec;

use super::fields::{self, numbered};
use crate::wire::{Answer, Event, Presence, Publish, Since, Subscribe, kind, varint};

pub(super) fn sub_head(subscribe: &Subscribe, out: &mut Vec<u8>) {
    let mut flags = match subscribe.since {
        Since::Now => kind::sub::NOW,
        Since::Last(_) => kind::sub::LAST,
        Since::All => kind::sub::ALL,
        Since::Position(_) => kind::sub::POSITION,
    };
    if subscribe.presence.is_some() {
        flags |= kind::sub::PRESENCE;
    }
    numbered(kind::SUB, subscribe.subscription, out);
    out.push(flags);
    fields::text(&subscribe.channel, out);
    match subscribe.since {
        Since::Now | Since::All => {}
        Since::Last(entries) => varint::write(out, entries),
        Since::Position(position) => fields::position(position, out),
    }
    varint::write(out, subscribe.credit);
}

pub(super) fn event_head(event: &Event, out: &mut Vec<u8>) {
    numbered(kind::EVENT, event.subscription, out);
    out.push(if event.epoch.is_some() { kind::event::EPOCH } else { 0 });
    varint::write(out, event.offset);
    varint::write(out, event.distance);
    if let Some(epoch) = event.epoch {
        fields::epoch(epoch, out);
    }
    varint::write(out, event.time);
    fields::random(event.publisher, out);
    varint::write(out, event.number);
}

pub(super) fn presence_head(subscription: u64, presence: &Presence, out: &mut Vec<u8>) {
    numbered(kind::PRESENCE, subscription, out);
    match presence {
        Presence::Full(members) => {
            out.push(kind::presence::FULL);
            varint::write(out, members.len() as u64);
            for member in members {
                fields::random(member.alias, out);
                fields::bytes(&member.about, out);
            }
        }
        Presence::Joined(member) => {
            out.push(kind::presence::JOINED);
            fields::random(member.alias, out);
        }
        Presence::Left(alias) => {
            out.push(kind::presence::LEFT);
            fields::random(*alias, out);
        }
        Presence::Changed(member) => {
            out.push(kind::presence::CHANGED);
            fields::random(member.alias, out);
        }
        Presence::Refused(denial) => {
            out.push(kind::presence::REFUSED);
            fields::denial(denial, out);
        }
    }
}

pub(super) fn pub_head(publish: &Publish, out: &mut Vec<u8>) {
    out.push(if publish.withheld.is_none() { kind::PUB } else { kind::PUBHEAD });
    fields::text(&publish.channel, out);
    varint::write(out, publish.number);
    varint::write(out, publish.settled);
    fields::random(publish.id, out);
    if let Some(size) = publish.withheld {
        varint::write(out, size);
    }
}

pub(super) fn pub_ack(channel: &str, number: u64, answer: &Answer, out: &mut Vec<u8>) {
    out.push(kind::PUBACK);
    fields::text(channel, out);
    varint::write(out, number);
    match answer {
        Answer::Appended(position) => {
            out.push(kind::puback::APPENDED);
            fields::position(*position, out);
        }
        Answer::Already(position) => {
            out.push(kind::puback::ALREADY);
            fields::position(*position, out);
        }
        Answer::Refused(denial) => {
            out.push(kind::puback::REFUSED);
            fields::denial(denial, out);
        }
        Answer::Conflict => out.push(kind::puback::CONFLICT),
        Answer::Expected(number) => numbered(kind::puback::EXPECTED, *number, out),
        Answer::RetryAfter(milliseconds) => numbered(kind::puback::RETRY_AFTER, *milliseconds, out),
    }
}
