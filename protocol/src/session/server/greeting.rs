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
    /// The age of the id, in milliseconds.
    pub age_ms: u64,
}

/// How far an attempt may be ahead of the one before it: so many connections may have ended before the server saw their HELLO.
/// Without a bound, whoever has stolen the credentials could take the largest number, and lock the owner out.
const MOST_AHEAD: u64 = 1_024;
/// No client connects more often than once in so many milliseconds for long.
const ATTEMPT_MS: u64 = 100;

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
    /// Its attempt is larger than the number of connections that the session can have had.
    TooFarAhead,
}

impl HelloRefusal {
    /// The close code that says so.
    #[must_use]
    pub fn code(self) -> u16 {
        match self {
            Self::Abandoned => code::TAKEN_OVER,
            Self::TooFarAhead => code::BAD_FRAME,
        }
    }

    /// In words.
    #[must_use]
    pub fn reason(self) -> String {
        match self {
            Self::Abandoned => "a later connection of this session was here before".into(),
            Self::TooFarAhead => {
                "the attempt is larger than the number of connections that this session can have had".into()
            }
        }
    }
}

impl Claim<'_> {
    /// Judges the claim.
    #[must_use]
    pub fn judge(&self) -> Judgement {
        let welcome = |outcome| Judgement::Welcome { outcome, disagreed: false };
        let Some(resume) = self.hello.resume.filter(|_| self.proven) else { return welcome(Outcome::Fresh) };
        let before = self.session.map_or(self.age_ms / ATTEMPT_MS, ServerSession::attempt);
        if self.hello.attempt > before.saturating_add(MOST_AHEAD) {
            return Judgement::Refused(HelloRefusal::TooFarAhead);
        }
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
