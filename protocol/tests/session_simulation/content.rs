//! What is sent: contents that name themselves, so that a loss, a repetition or a mix-up can be told.

use rejoin_protocol::session::SessionMessage;
use rejoin_protocol::wire::Body;

/// A session message as its sender knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Letter {
    pub(crate) uid: u64,
    pub(crate) len: usize,
    pub(crate) binary: bool,
}

impl Letter {
    pub(crate) fn message(self) -> SessionMessage {
        SessionMessage { binary: self.binary, body: payload(self.uid, self.len) }
    }

    pub(crate) fn is(self, message: &SessionMessage) -> bool {
        message.binary == self.binary && message.body == payload(self.uid, self.len)
    }
}

/// Text that begins with its name, the quickest digit first, so that even one byte differs from its neighbours'.
pub(crate) fn payload(uid: u64, len: usize) -> Body {
    let filler = b'a' + u8::try_from(uid % 26).unwrap();
    let mut bytes = vec![filler; len];
    let name: Vec<u8> = format!("{uid:08x}").into_bytes();
    for (byte, digit) in bytes.iter_mut().zip(name.iter().rev()) {
        *byte = *digit;
    }
    bytes.into()
}

/// The name of a payload of eight bytes or more.
pub(crate) fn name_of(body: &Body) -> u64 {
    let digits: Vec<u8> = body.iter().take(8).rev().copied().collect();
    u64::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
}
