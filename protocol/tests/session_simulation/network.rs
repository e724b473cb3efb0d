//! Connections: messages arrive in order and late, or are swallowed; either end can believe in a dead one.

use std::collections::VecDeque;

use rejoin_protocol::wire::{BatchWriter, Body, Frame, WireLimits, decode};

/// One direction of a connection.
#[derive(Default)]
pub(crate) struct Pipe {
    pub(crate) parcels: VecDeque<Vec<u8>>,
    pub(crate) bytes: usize,
    /// When the last one that was handed over arrives.
    pub(crate) last: u64,
    pub(crate) stalled_until: u64,
    /// Nothing that is handed over from now on arrives.
    pub(crate) swallows: bool,
}

impl Pipe {
    pub(crate) fn lose(&mut self) {
        self.parcels.clear();
        self.bytes = 0;
        self.swallows = true;
    }

    pub(crate) fn pop(&mut self) -> Option<Vec<u8>> {
        let parcel = self.parcels.pop_front()?;
        self.bytes -= parcel.len();
        Some(parcel)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Up,
    Down,
}

pub(crate) struct Wire {
    pub(crate) client: usize,
    pub(crate) instance: usize,
    pub(crate) latency: u64,
    pub(crate) up: Pipe,
    pub(crate) down: Pipe,
    /// Whether each end believes that it is open.
    pub(crate) at_client: bool,
    pub(crate) at_server: bool,
}

impl Wire {
    pub(crate) fn pipe(&mut self, way: Way) -> &mut Pipe {
        match way {
            Way::Up => &mut self.up,
            Way::Down => &mut self.down,
        }
    }
}

/// Frames that are ready together, as messages.
pub(crate) fn pack(frames: &[Frame]) -> Vec<Vec<u8>> {
    let mut writer = BatchWriter::default();
    for frame in frames {
        writer.push(frame);
    }
    writer.flush();
    std::iter::from_fn(|| writer.pop()).collect()
}

/// A message's frames.
pub(crate) fn unpack(parcel: Vec<u8>) -> Vec<Frame> {
    let body = Body::from(parcel);
    decode(&body, &WireLimits::default()).collect::<Result<_, _>>().expect("what was encoded can be decoded")
}
