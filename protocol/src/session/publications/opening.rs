//! Which channels have publications without an answer, and the numbers of those that have none.

use alloc::collections::VecDeque;

use super::Publications;
use super::channel::Channel;
use crate::Refusal;

impl Publications {
    /// Opens a channel that has no publications without an answer, at the number that comes next.
    pub(super) fn take_up(&mut self, name: &str) -> Result<(), Refusal> {
        if self.channels.len() >= self.limits.channels {
            return Err(Refusal::TooManyChannels { limit: self.limits.channels });
        }
        if self.open(name, 0, self.limits.numbered) {
            Ok(())
        } else {
            Err(Refusal::TooMany { limit: self.limits.numbered })
        }
    }

    /// Opens a channel at the number at which it was closed, or at `number` where it never was. False if the numbers of
    /// `most` channels are kept.
    pub(super) fn open(&mut self, name: &str, mut number: u64, most: usize) -> bool {
        let known = self.numbered.iter().position(|(other, _)| other == name);
        let numbered = known.unwrap_or(self.numbered.len());
        match self.numbered.get(numbered) {
            Some((_, next)) => number = *next,
            None if numbered >= most => return false,
            None => self.numbered.push((name.into(), number)),
        }
        self.channels.push(Channel {
            name: name.into(),
            numbered,
            answered: number,
            settled: number,
            pending: VecDeque::new(),
            cursor: number,
            asked: VecDeque::new(),
            stale: 0,
            wait: None,
        });
        true
    }

    /// Lets a channel go in which all is answered: of it only the next number is kept.
    pub(super) fn close_finished(&mut self, name: &str) {
        let finished = |channel: &Channel| channel.name == name && channel.is_finished();
        if let Some(index) = self.channels.iter().position(finished) {
            let channel = self.channels.swap_remove(index);
            if let Some((_, next)) = self.numbered.get_mut(channel.numbered) {
                *next = channel.answered;
            }
        }
    }
}
