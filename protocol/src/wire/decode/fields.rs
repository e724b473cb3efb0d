//! What several frames are made of, from bytes.

use super::reader::{Blame, Reader};
use crate::wire::{Ack, Denial, Epoch, GapReason, Missing, Position, SessionId, Standing};

impl<B: Blame> Reader<'_, B> {
    pub(super) fn random(&mut self, field: &'static str) -> u64 {
        u64::from_le_bytes(self.array(field))
    }

    pub(super) fn session_id(&mut self) -> SessionId {
        let [a, b, c, d, e, f] = self.array("id.born");
        let born = u64::from_be_bytes([0, 0, a, b, c, d, e, f]);
        SessionId { born, random: self.array("id.random") }
    }

    pub(super) fn ack(&mut self) -> Ack {
        Ack { released: self.integer("released"), credit: self.integer("credit") }
    }

    pub(super) fn standing(&mut self) -> Standing {
        Standing {
            received: self.integer("received"),
            position: self.integer("position"),
            credit: self.integer("credit"),
            window: self.integer("window"),
            send_first: self.integer("send_first"),
            send_next: self.integer("send_next"),
        }
    }

    pub(super) fn epoch(&mut self) -> Epoch {
        Epoch { ordinal: self.integer("ordinal"), id: self.random("epoch") }
    }

    pub(super) fn position(&mut self) -> Position {
        Position { epoch: self.epoch(), offset: self.integer("offset") }
    }

    pub(super) fn missing(&mut self) -> Missing {
        Missing {
            from: self.integer("from"),
            to: self.integer("to"),
            reason: match self.value("gap_reason", 2) {
                0 => GapReason::Trimmed,
                1 => GapReason::Truncated,
                _ => GapReason::UnknownEpoch,
            },
        }
    }

    pub(super) fn denial(&mut self) -> Denial {
        Denial {
            // No larger than the largest, so that nothing is cut off.
            code: self.at_most(u64::from(u16::MAX), "code") as u16,
            reason: self.text(self.limits.max_reason, "reason"),
        }
    }
}
