//! What several frames are made of, to bytes.

use alloc::vec::Vec;

use crate::wire::{Ack, Denial, Epoch, GapReason, Missing, Position, SessionId, Standing, varint};

/// The largest time of birth that six bytes hold, in the year 10889. A later one is written as this.
const LAST_BIRTH: u64 = (1 << 48) - 1;

/// A byte and the number that follows it.
pub(super) fn numbered(kind: u8, number: u64, out: &mut Vec<u8>) {
    out.push(kind);
    varint::write(out, number);
}

/// Bytes with their length before them.
pub(super) fn bytes(bytes: &[u8], out: &mut Vec<u8>) {
    varint::write(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

pub(super) fn text(text: &str, out: &mut Vec<u8>) {
    bytes(text.as_bytes(), out);
}

/// 64 random bits: eight bytes, for a shorter form would seldom be shorter.
pub(super) fn random(value: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(&value.to_le_bytes());
}

pub(super) fn session_id(id: &SessionId, out: &mut Vec<u8>) {
    let [_, _, born @ ..] = id.born.min(LAST_BIRTH).to_be_bytes();
    out.extend_from_slice(&born);
    out.extend_from_slice(&id.random);
}

pub(super) fn ack(ack: Ack, out: &mut Vec<u8>) {
    varint::write(out, ack.released);
    varint::write(out, ack.credit);
}

pub(super) fn standing(standing: &Standing, out: &mut Vec<u8>) {
    let Standing { received, position, credit, window, send_first, send_next } = *standing;
    for number in [received, position, credit, window, send_first, send_next] {
        varint::write(out, number);
    }
}

pub(super) fn epoch(epoch: Epoch, out: &mut Vec<u8>) {
    varint::write(out, epoch.ordinal);
    random(epoch.id, out);
}

pub(super) fn position(position: Position, out: &mut Vec<u8>) {
    epoch(position.epoch, out);
    varint::write(out, position.offset);
}

pub(super) fn missing(missing: Missing, out: &mut Vec<u8>) {
    varint::write(out, missing.from);
    varint::write(out, missing.to);
    out.push(match missing.reason {
        GapReason::Trimmed => 0,
        GapReason::Truncated => 1,
        GapReason::UnknownEpoch => 2,
    });
}

pub(super) fn denial(denial: &Denial, out: &mut Vec<u8>) {
    varint::write(out, u64::from(denial.code));
    text(&denial.reason, out);
}
