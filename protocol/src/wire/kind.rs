//! The first byte of a frame, and the bits and values that say which fields follow.

pub(super) const HELLO: u8 = 0x01;
pub(super) const WELCOME: u8 = 0x02;
pub(super) const BYE: u8 = 0x03;
pub(super) const AUTH: u8 = 0x04;
pub(super) const PING: u8 = 0x05;
pub(super) const PONG: u8 = 0x06;
pub(super) const ACK: u8 = 0x07;
pub(super) const BATCH: u8 = 0x08;
/// The first of the sixteen types of DATA; the low four bits are its flags.
pub(super) const DATA: u8 = 0x10;
/// The last of the sixteen types of DATA.
pub(super) const DATA_END: u8 = 0x1f;
pub(super) const SUB: u8 = 0x20;
pub(super) const UNSUB: u8 = 0x21;
pub(super) const SUBACK: u8 = 0x22;
pub(super) const EVENT: u8 = 0x23;
pub(super) const GAP: u8 = 0x24;
pub(super) const CREDIT: u8 = 0x25;
pub(super) const PRESENCE: u8 = 0x26;
pub(super) const VOLATILE: u8 = 0x27;
pub(super) const PUB: u8 = 0x30;
pub(super) const PUBACK: u8 = 0x31;
pub(super) const PUBHEAD: u8 = 0x32;
pub(super) const CALL: u8 = 0x40;
pub(super) const REPLY: u8 = 0x41;
pub(super) const CANCEL: u8 = 0x42;

/// The minor version that this code speaks.
pub(super) const MINOR: u64 = 0;

/// Flags of DATA.
pub(super) mod data {
    pub(in crate::wire) const BINARY: u8 = 1;
    pub(in crate::wire) const FIRST: u8 = 2;
    pub(in crate::wire) const LAST: u8 = 4;
    pub(in crate::wire) const ACK: u8 = 8;
}

/// Flags of HELLO.
pub(super) mod hello {
    pub(in crate::wire) const RESUME: u8 = 1;
    pub(in crate::wire) const INCARNATION: u8 = 2;
    pub(in crate::wire) const AUTH: u8 = 4;
    pub(in crate::wire) const ALL: u8 = RESUME | INCARNATION | AUTH;
}

/// Flags of WELCOME.
pub(super) mod welcome {
    pub(in crate::wire) const PROTOCOL: u8 = 1;
}

/// Flags of BYE.
pub(super) mod bye {
    pub(in crate::wire) const LAST: u8 = 1;
    pub(in crate::wire) const RETRY: u8 = 2;
}

/// Flags of SUB; its low two bits say from where.
pub(super) mod sub {
    pub(in crate::wire) const NOW: u8 = 0;
    pub(in crate::wire) const LAST: u8 = 1;
    pub(in crate::wire) const ALL: u8 = 2;
    pub(in crate::wire) const POSITION: u8 = 3;
    pub(in crate::wire) const SINCE: u8 = 3;
    pub(in crate::wire) const PRESENCE: u8 = 4;
}

/// Outcomes in SUBACK.
pub(super) mod suback {
    pub(in crate::wire) const STARTED: u8 = 0;
    pub(in crate::wire) const RECOVERED: u8 = 1;
    pub(in crate::wire) const GAP: u8 = 2;
    pub(in crate::wire) const REFUSED: u8 = 3;
}

/// Flags of EVENT.
pub(super) mod event {
    pub(in crate::wire) const EPOCH: u8 = 1;
}

/// Changes in PRESENCE.
pub(super) mod presence {
    pub(in crate::wire) const FULL: u8 = 0;
    pub(in crate::wire) const JOINED: u8 = 1;
    pub(in crate::wire) const LEFT: u8 = 2;
    pub(in crate::wire) const CHANGED: u8 = 3;
    pub(in crate::wire) const REFUSED: u8 = 4;
}

/// Flags of VOLATILE.
pub(super) mod volatile {
    pub(in crate::wire) const SUBSCRIPTION: u8 = 1;
    pub(in crate::wire) const SENDER: u8 = 2;
}

/// Answers in PUBACK.
pub(super) mod puback {
    pub(in crate::wire) const APPENDED: u8 = 0;
    pub(in crate::wire) const ALREADY: u8 = 1;
    pub(in crate::wire) const REFUSED: u8 = 2;
    pub(in crate::wire) const CONFLICT: u8 = 3;
    pub(in crate::wire) const EXPECTED: u8 = 4;
    pub(in crate::wire) const RETRY_AFTER: u8 = 5;
}

/// Results in REPLY.
pub(super) mod reply {
    pub(in crate::wire) const ANSWERED: u8 = 0;
    pub(in crate::wire) const REFUSED: u8 = 1;
}
