//! The numbering of publications: what a log answers under a number, and what it must remember for that.
//!
//! Pure, and used by every log of this crate: a log loads the row and what is recorded under the number, asks, and
//! stores in one transaction what comes out.

use rejoin_protocol::wire::{Answer, Denial, Position};

use super::{LogError, Verdict};

/// The most publications of one publisher in one channel that may be unsettled. A PUB whose number is this much or more
/// above its `settled` breaks the protocol (4400).
pub const MAX_UNSETTLED: u64 = 1024;

/// What is known of one publisher in one channel. The outcomes under `settled..next` are recorded beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Row {
    /// The number that comes next: one more than the last one taken.
    pub(super) next: u64,
    /// All below have been answered, and the answers have been taken: their outcomes are forgotten.
    pub(super) settled: u64,
}

/// What became of a publication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It is the entry at this position.
    Appended(Position),
    /// It was refused for good.
    Refused(Denial),
}

/// What is remembered under a number until it is settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Recorded {
    /// The publication's random id.
    pub(super) id: u64,
    /// What became of it.
    pub(super) outcome: Outcome,
}

/// One publication, as far as the numbering is concerned.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    /// Its number.
    pub(super) number: u64,
    /// All below this number are settled.
    pub(super) settled: u64,
    /// Its random id.
    pub(super) id: u64,
    /// What the application says of it. It is heeded for a new number alone.
    pub(super) verdict: &'a Verdict,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing changes; this is the answer.
    Answer(Answer),
    /// It was answered before: this is the answer again, and the row becomes this one.
    Again(Row, Answer),
    /// Append the entry, record its position under the number; the row becomes this one.
    Append(Row),
    /// Record the refusal under the number; the row becomes this one.
    Refuse(Row, Denial),
}

impl Row {
    /// Whether an outcome must be recorded under this number: if none is, the store is corrupt.
    pub(super) fn remembers(&self, number: u64) -> bool {
        (self.settled..self.next).contains(&number)
    }

    /// Says what a publication leads to. `recorded` is what stands under its number; the row comes first, and the
    /// application's verdict counts only for a number that is new.
    pub(super) fn ask(&self, asked: Asked<'_>, recorded: Option<&Recorded>) -> Result<Step, LogError> {
        let number = asked.number;
        if number > self.next {
            return Ok(Step::Answer(Answer::Expected(self.next)));
        }
        // A client that calls a number settled and sends it contradicts itself, as only two clients can.
        if number < self.settled || number < asked.settled {
            return Ok(Step::Answer(Answer::Conflict));
        }
        let settled = self.settled.max(asked.settled);
        if number < self.next {
            let recorded = recorded.ok_or_else(|| LogError::Corrupt("an outcome is missing".into()))?;
            if recorded.id != asked.id {
                return Ok(Step::Answer(Answer::Conflict));
            }
            let answer = match &recorded.outcome {
                Outcome::Appended(position) => Answer::Already(*position),
                Outcome::Refused(denial) => Answer::Refused(denial.clone()),
            };
            return Ok(Step::Again(Self { settled, ..*self }, answer));
        }
        if let Verdict::Later(delay) = asked.verdict {
            let delay = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
            return Ok(Step::Answer(Answer::RetryAfter(delay)));
        }
        if number - settled >= MAX_UNSETTLED {
            return Err(LogError::Unsettled);
        }
        let row = Self { next: number + 1, settled };
        match asked.verdict {
            Verdict::Refuse(denial) => Ok(Step::Refuse(row, denial.clone())),
            Verdict::Take | Verdict::Later(_) => Ok(Step::Append(row)),
        }
    }
}

#[cfg(test)]
#[path = "publisher_tests.rs"]
mod tests;
