//! Who follows a channel, as the server has told, within the limits of what is kept of it.

use alloc::vec::Vec;

use crate::session::Violation;
use crate::wire::{Member, Presence};

/// Who is there.
#[derive(Debug, Default)]
pub(super) struct Members {
    all: Vec<Member>,
    /// Bytes of all that they are listed with.
    bytes: u64,
}

impl Members {
    pub(super) fn all(&self) -> &[Member] {
        &self.all
    }

    /// True if somebody was there.
    pub(super) fn clear(&mut self) -> bool {
        self.bytes = 0;
        let some = !self.all.is_empty();
        self.all = Vec::new();
        some
    }

    /// Takes what the server says, unless that is more members or bytes of them than may be.
    pub(super) fn apply(&mut self, presence: Presence, most: (usize, u64)) -> Result<(), Violation> {
        match presence {
            Presence::Full(all) => {
                self.bytes = all.iter().map(|member| member.about.len() as u64).sum();
                self.all = all;
            }
            Presence::Left(alias) => {
                if let Some(index) = self.all.iter().position(|member| member.alias == alias) {
                    self.bytes -= self.all.remove(index).about.len() as u64;
                }
            }
            Presence::Joined(mut new) | Presence::Changed(mut new) => {
                // Or a few bytes would keep the message in which they came.
                new.about = new.about.detached();
                self.bytes += new.about.len() as u64;
                match self.all.iter_mut().find(|member| member.alias == new.alias) {
                    Some(member) => self.bytes -= core::mem::replace(member, new).about.len() as u64,
                    None => self.all.push(new),
                }
            }
        }
        if self.all.len() > most.0 || self.bytes > most.1 {
            return Err(Violation::bad_frame("more members of a channel were told than are kept"));
        }
        Ok(())
    }
}
