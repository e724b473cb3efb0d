//! What the peer remembers for one key: sessions, logs, and who published what.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use rejoin_protocol::Time;
use rejoin_protocol::session::{
    Claim, FeedEntry, FeedStart, Greeting, Judgement, ServerSession, SessionLimits,
};
use rejoin_protocol::wire::{
    Alias, Answer, Body, Denial, Epoch, Frame, GapReason, Hello, Missing, Outcome, Position, Publish,
    SessionId, Since, Token,
};
use tokio::sync::watch;

/// The only epoch of all logs.
const EPOCH: Epoch = Epoch { ordinal: 1, id: 99 };
const TOKEN: Token = [7; 32];
/// How long a busy log wants to be left alone, in milliseconds.
const BUSY: u64 = 20;

/// The memory. Of a poisoned lock the data would still be good: nothing here panics while it holds it.
pub(crate) struct Hall {
    state: Mutex<State>,
    /// Grows with every entry.
    version: watch::Sender<u64>,
    start: Instant,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) sessions: HashMap<SessionId, ServerSession>,
    known: HashSet<SessionId>,
    logs: HashMap<String, Log>,
    /// The outcomes of each publisher in each channel, by number.
    rows: HashMap<(SessionId, String), Vec<Answer>>,
    /// What was refused for the moment once.
    postponed: HashSet<u64>,
    born: u64,
    incarnation: u64,
    pub(super) hellos: u64,
}

#[derive(Default)]
struct Log {
    entries: Vec<(Alias, u64, Body)>,
    /// So many of the first are gone.
    trimmed: u64,
}

impl Default for Hall {
    fn default() -> Self {
        Self { state: Mutex::default(), version: watch::Sender::new(0), start: Instant::now() }
    }
}

impl Hall {
    pub(super) fn now(&self) -> Time {
        Time::from_micros(u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX))
    }

    pub(super) fn moment(&self, at: Time) -> tokio::time::Instant {
        tokio::time::Instant::now() + at.since(self.now())
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn watch(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }

    /// The sessions are forgotten, as a restart forgets them. Logs and rows stay.
    pub(super) fn forget(&self) {
        self.state().sessions.clear();
    }

    /// Every entry there is now is gone.
    pub(super) fn trim(&self) {
        for log in self.state().logs.values_mut() {
            log.trimmed = log.entries.len() as u64;
        }
    }

    pub(super) fn published(&self) {
        self.version.send_modify(|version| *version += 1);
    }
}

impl State {
    /// Welcomes a client. Returns its session and WELCOME, or the close code that it is refused with.
    pub(super) fn welcome(
        &mut self,
        now: Time,
        hello: &Hello,
        fresh: bool,
    ) -> Result<(SessionId, Frame), u16> {
        let id = hello.resume.map(|resume| resume.id);
        let proven = !fresh && hello.resume.is_some_and(|resume| resume.token == TOKEN);
        let session = id.and_then(|id| self.sessions.get(&id));
        let known = id.is_some_and(|id| self.known.contains(&id));
        let claim = Claim { hello, proven, session, known, young: false, age_ms: u64::MAX };
        let outcome = match claim.judge() {
            Judgement::Welcome { outcome, .. } => outcome,
            Judgement::Refused(refusal) => return Err(refusal.code()),
        };
        let id = match id {
            Some(id) if outcome != Outcome::Fresh => id,
            _ => {
                self.born += 1;
                SessionId { born: self.born, random: [3; 12] }
            }
        };
        self.incarnation += 1;
        self.known.insert(id);
        let greeting = Greeting {
            outcome,
            id,
            token: TOKEN,
            incarnation: self.incarnation,
            alias: id.born,
            protocol: hello.protocols.first().cloned(),
            max_publication: 64 << 10,
            max_publications: 16_384,
            max_channels: 256,
            max_auth: 16 << 10,
            ping_interval: std::time::Duration::from_secs(25),
            ttl: std::time::Duration::from_secs(120),
            instance: "test-peer".into(),
        };
        let limits = SessionLimits::default();
        let session = self.sessions.entry(id).or_insert_with(|| ServerSession::new(&limits, false));
        let (frame, _lost) = session.welcome(now, hello, greeting);
        Ok((id, frame))
    }

    /// Appends as a log does: the row is asked first.
    pub(super) fn append(&mut self, id: SessionId, publish: &Publish) -> Answer {
        let row = self.rows.entry((id, publish.channel.clone())).or_default();
        let next = row.len() as u64;
        if publish.number > next {
            return Answer::Expected(next);
        }
        let index = usize::try_from(publish.number).unwrap_or(usize::MAX);
        match row.get(index) {
            Some(Answer::Appended(at)) => return Answer::Already(*at),
            Some(answer) => return answer.clone(),
            None => {}
        }
        if publish.payload.starts_with(b"busy") && self.postponed.insert(publish.id) {
            return Answer::RetryAfter(BUSY);
        }
        let answer = if publish.payload.starts_with(b"forbidden") {
            Answer::Refused(Denial { code: 4403, reason: "it says that it is forbidden".into() })
        } else {
            let log = self.logs.entry(publish.channel.clone()).or_default();
            log.entries.push((id.born, publish.number, publish.payload.clone()));
            Answer::Appended(Position { epoch: EPOCH, offset: log.entries.len() as u64 })
        };
        row.push(answer.clone());
        answer
    }

    pub(super) fn tail(&self, channel: &str) -> u64 {
        self.logs.get(channel).map_or(0, |log| log.entries.len() as u64)
    }

    /// Where a feed starts.
    ///
    /// # Errors
    /// A channel whose name says so may not be followed.
    pub(super) fn start(&self, channel: &str, since: Since) -> Result<FeedStart, Denial> {
        if channel.starts_with("finished") {
            return Err(Denial { code: 1000, reason: "its name says that it is finished".into() });
        }
        if channel.starts_with("forbidden") {
            return Err(Denial { code: 4403, reason: "its name says that it is forbidden".into() });
        }
        let tail = self.tail(channel);
        let trimmed = self.logs.get(channel).map_or(0, |log| log.trimmed);
        let offset = match since {
            Since::Now => tail,
            Since::Last(count) => tail.saturating_sub(count).max(trimmed),
            Since::All => trimmed,
            Since::Position(position) => position.offset,
        };
        let missing = (offset < trimmed).then_some(Missing {
            from: offset + 1,
            to: trimmed,
            reason: GapReason::Trimmed,
        });
        let at = Position { epoch: EPOCH, offset: offset.max(trimmed) };
        Ok(FeedStart { at, recovered: missing.is_none(), missing })
    }

    /// The entries behind a position.
    pub(super) fn read(&self, channel: &str, behind: Position, max_bytes: usize) -> Vec<FeedEntry> {
        let Some(log) = self.logs.get(channel) else { return Vec::new() };
        let start = usize::try_from(behind.offset).unwrap_or(usize::MAX);
        let mut bytes = 0;
        let mut entries = Vec::new();
        for (index, (alias, number, payload)) in log.entries.iter().enumerate().skip(start) {
            bytes += payload.len() + 32;
            if bytes > max_bytes && !entries.is_empty() {
                break;
            }
            entries.push(FeedEntry {
                position: Position { epoch: EPOCH, offset: index as u64 + 1 },
                distance: 1,
                time: 0,
                alias: *alias,
                number: *number,
                payload: payload.clone(),
            });
        }
        entries
    }
}
