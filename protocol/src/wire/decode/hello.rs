//! HELLO and WELCOME from bytes.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use super::reader::{Blame, Reader};
use crate::wire::{Fault, Hello, Outcome, Resume, Welcome, kind};

/// A HELLO of a newer minor version may have flags and, behind all else, fields that are not known here.
pub(super) fn hello<B: Blame>(reader: &mut Reader<'_, B>) -> Box<Hello> {
    let newer = reader.integer("minor") > kind::MINOR;
    let features = reader.integer("features");
    let flags = if newer { reader.byte("flags") } else { reader.flags(kind::hello::ALL) };
    let has = |flag| flags & flag != 0;
    let resume = match (has(kind::hello::RESUME), has(kind::hello::INCARNATION)) {
        (false, false) => None,
        (false, true) => {
            let fault = Fault::UnknownFlags {
                found: kind::hello::INCARNATION,
                known: kind::hello::ALL & !kind::hello::INCARNATION,
            };
            reader.wrong_before(fault, "flags");
            None
        }
        (true, numbered) => Some(Resume {
            id: reader.session_id(),
            token: reader.array("token"),
            incarnation: if numbered { Some(reader.random("incarnation")) } else { None },
        }),
    };
    let hello = Hello {
        features,
        resume,
        attempt: reader.integer("attempt"),
        standing: reader.standing(),
        auth: if has(kind::hello::AUTH) { Some(reader.sized(reader.limits.max_auth, "auth")) } else { None },
        protocols: protocols(reader),
        max_message: reader.integer("max_message"),
        client: reader.text(reader.limits.max_name, "client"),
    };
    if newer {
        reader.skip();
    }
    Box::new(hello)
}

fn protocols<B: Blame>(reader: &mut Reader<'_, B>) -> Vec<String> {
    let (count, room) = reader.count(reader.limits.max_protocols, 1, "protocols");
    let mut protocols = Vec::with_capacity(room);
    for _ in 0..count {
        if reader.is_wrong() {
            break;
        }
        protocols.push(reader.text(reader.limits.max_name, "protocol"));
    }
    protocols
}

pub(super) fn welcome<B: Blame>(reader: &mut Reader<'_, B>) -> Box<Welcome> {
    let outcome = match reader.value("outcome", 2) {
        0 => Outcome::Resumed,
        1 => Outcome::Kept,
        _ => Outcome::Fresh,
    };
    let chosen = reader.flags(kind::welcome::PROTOCOL) != 0;
    Box::new(Welcome {
        outcome,
        features: reader.integer("features"),
        id: reader.session_id(),
        token: reader.array("token"),
        incarnation: reader.random("incarnation"),
        alias: reader.random("alias"),
        standing: reader.standing(),
        protocol: if chosen { Some(reader.text(reader.limits.max_name, "protocol")) } else { None },
        max_message: reader.integer("max_message"),
        max_publication: reader.integer("max_publication"),
        max_publications: reader.integer("max_publications"),
        max_channels: reader.integer("max_channels"),
        max_auth: reader.integer("max_auth"),
        ping_interval: reader.integer("ping_interval"),
        ttl: reader.integer("ttl"),
        instance: reader.text(reader.limits.max_name, "instance"),
    })
}
