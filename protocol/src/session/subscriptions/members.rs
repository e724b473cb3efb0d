//! Who follows a channel, as the server has told, within the limits of what is kept of it.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use crate::wire::{Member, Presence};

/// Who is there, for a subscription that is listed itself. A trait object from then on, so that a client that is listed
/// nowhere does not carry the code.
pub(super) trait Roll: Send + Sync {
    fn all(&self) -> &[Member];

    /// True if somebody was there.
    fn clear(&mut self) -> bool;

    /// Takes what the server says. False if that is more members, or bytes of them, than may be.
    fn apply(&mut self, presence: Presence, most: (usize, u64)) -> bool;
}

// As a part of the trait it would be in every client that asks who is there.
impl fmt::Debug for dyn Roll {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Members")
    }
}

/// Nobody is known to be there yet.
pub(super) fn begin() -> Box<dyn Roll> {
    Box::new(Members::default())
}

#[derive(Debug, Default)]
struct Members {
    all: Vec<Member>,
    /// Bytes of all that they are listed with.
    bytes: u64,
}

impl Roll for Members {
    fn all(&self) -> &[Member] {
        &self.all
    }

    fn clear(&mut self) -> bool {
        self.bytes = 0;
        let some = !self.all.is_empty();
        self.all = Vec::new();
        some
    }

    fn apply(&mut self, presence: Presence, most: (usize, u64)) -> bool {
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
            // It changes nothing of who is there.
            Presence::Refused(_) => {}
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
        self.all.len() <= most.0 && self.bytes <= most.1
    }
}
