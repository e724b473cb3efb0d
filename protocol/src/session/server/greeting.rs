//! Judging a HELLO: which session it resumes, keeps or begins. Never a guess.

use alloc::string::String;

use super::ServerSession;
use crate::session::code;
use crate::wire::{Hello, Outcome};

/// What the server knows of a HELLO's claim to be a session.
#[derive(Debug, Clone, Copy)]
pub struct Claim<'a> {
    /// What the client said.
    pub hello: &'a Hello,
    /// Whether its token is that of its id and of the principal that this connection has been authenticated as.
    pub proven: bool,
    /// The session, if this process has it in memory.
    pub session: Option<&'a ServerSession>,
    /// Whether the log knows the publisher.
    pub known: bool,
    /// Whether the id is younger than the life of a publisher's rows.
    pub young: bool,
}

/// What becomes of a HELLO.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judgement {
    /// It is welcome.
    Welcome {
        /// As what.
        outcome: Outcome,
        /// Whether the two ends did not agree though they should have: to be logged as a fault of one of them.
        disagreed: bool,
    },
    /// The connection is to be closed, and takes nothing over.
    Refused(HelloRefusal),
}

/// Why a HELLO was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HelloRefusal {
    /// A later connection of the same session has been there already.
    Abandoned,
}

impl HelloRefusal {
    /// The close code that says so.
    #[must_use]
    pub fn code(self) -> u16 {
        match self {
            Self::Abandoned => code::TAKEN_OVER,
        }
    }

    /// In words.
    #[must_use]
    pub fn reason(self) -> String {
        match self {
            Self::Abandoned => "a later connection of this session was here before".into(),
        }
    }
}

impl Claim<'_> {
    /// Judges the claim.
    #[must_use]
    pub fn judge(&self) -> Judgement {
        let welcome = |outcome| Judgement::Welcome { outcome, disagreed: false };
        let Some(resume) = self.hello.resume.filter(|_| self.proven) else { return welcome(Outcome::Fresh) };
        let Some(session) = self.session else {
            return welcome(if self.known || self.young { Outcome::Kept } else { Outcome::Fresh });
        };
        if self.hello.attempt <= session.attempt() {
            return Judgement::Refused(HelloRefusal::Abandoned);
        }
        if resume.incarnation != Some(session.incarnation()) {
            return welcome(Outcome::Kept);
        }
        if session.can_resume(&self.hello.standing) {
            welcome(Outcome::Resumed)
        } else {
            Judgement::Welcome { outcome: Outcome::Kept, disagreed: true }
        }
    }
}
