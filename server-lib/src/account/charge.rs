//! A charge: bytes that a holder has, for as long as the charge lives.

use std::sync::Arc;

use super::holder::Holder;

/// Bytes on a holder's account. Dropping it gives them back.
#[derive(Debug)]
pub(crate) struct Charge {
    holder: Arc<Holder>,
    bytes: u64,
}

impl Charge {
    pub(super) fn new(holder: Arc<Holder>, bytes: u64) -> Self {
        holder.replace(0, bytes);
        Self { holder, bytes }
    }

    /// Replaces the bytes. When there is not enough memory for them, the largest holder is told to give way, which may be
    /// this one.
    pub(crate) fn set(&mut self, bytes: u64) {
        if bytes != self.bytes {
            let before = std::mem::replace(&mut self.bytes, bytes);
            self.holder.replace(before, bytes);
        }
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.set(0);
    }
}
