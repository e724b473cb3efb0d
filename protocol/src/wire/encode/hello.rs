//! HELLO and WELCOME to bytes.

use alloc::vec::Vec;

use super::fields;
use crate::wire::{Hello, Outcome, Welcome, kind, varint};

pub(super) fn hello(hello: &Hello, out: &mut Vec<u8>) {
    let mut flags = 0;
    if let Some(resume) = &hello.resume {
        flags |= kind::hello::RESUME;
        if resume.incarnation.is_some() {
            flags |= kind::hello::INCARNATION;
        }
    }
    if hello.auth.is_some() {
        flags |= kind::hello::AUTH;
    }
    out.push(kind::HELLO);
    varint::write(out, kind::MINOR);
    varint::write(out, hello.features);
    out.push(flags);
    if let Some(resume) = &hello.resume {
        fields::session_id(&resume.id, out);
        out.extend_from_slice(&resume.token);
        if let Some(incarnation) = resume.incarnation {
            fields::random(incarnation, out);
        }
    }
    varint::write(out, hello.attempt);
    fields::standing(&hello.standing, out);
    if let Some(auth) = &hello.auth {
        fields::bytes(auth, out);
    }
    varint::write(out, hello.protocols.len() as u64);
    for protocol in &hello.protocols {
        fields::text(protocol, out);
    }
    varint::write(out, hello.max_message);
    fields::text(&hello.client, out);
}

pub(super) fn welcome(welcome: &Welcome, out: &mut Vec<u8>) {
    let outcome = match welcome.outcome {
        Outcome::Resumed => 0,
        Outcome::Kept => 1,
        Outcome::Fresh => 2,
    };
    let flags = if welcome.protocol.is_some() { kind::welcome::PROTOCOL } else { 0 };
    out.extend_from_slice(&[kind::WELCOME, outcome, flags]);
    varint::write(out, welcome.features);
    fields::session_id(&welcome.id, out);
    out.extend_from_slice(&welcome.token);
    fields::random(welcome.incarnation, out);
    fields::random(welcome.alias, out);
    fields::standing(&welcome.standing, out);
    if let Some(protocol) = &welcome.protocol {
        fields::text(protocol, out);
    }
    for number in [
        welcome.max_message,
        welcome.max_publication,
        welcome.max_publications,
        welcome.max_channels,
        welcome.max_auth,
        welcome.ping_interval,
        welcome.ttl,
    ] {
        varint::write(out, number);
    }
    fields::text(&welcome.instance, out);
}
