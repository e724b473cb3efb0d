//! A client: its session, the loop that reconnects it, its application, and what that was promised.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use rejoin_protocol::session::{
    CallId, CallOutcome, ChannelEvent, ClientConfig, ClientEvent, ClientSession, Lost, LostReason,
    Publication, Settlement, SubscriptionId, Taken,
};
use rejoin_protocol::wire::{Position, SessionId};
use rejoin_protocol::{Time, wire};
use rejoin_test_support::Random;

use crate::content::{name_of, payload};
use crate::ledger::Ledger;
use crate::log::{History, Log};
use crate::network::Way;
use crate::plan::Plan;

pub(crate) struct Published {
    pub(crate) channel: String,
    pub(crate) uid: u64,
    pub(crate) number: u64,
    pub(crate) publisher: Option<SessionId>,
}

/// A subscriber, and what it has seen.
pub(crate) struct Follower {
    pub(crate) id: SubscriptionId,
    pub(crate) channel: String,
    /// Where it stands: behind an entry that it saw, or where it was told to be.
    pub(crate) at: Option<(Position, bool)>,
    pub(crate) over: bool,
}

pub(crate) struct Client {
    pub(crate) session: ClientSession,
    /// The connection that is open, or being opened.
    pub(crate) wire: Option<u64>,
    pub(crate) opening: Option<u64>,
    pub(crate) attempts: u64,
    pub(crate) instance: usize,
    pub(crate) timer_at: Option<u64>,
    /// How far its clock is ahead of the world's.
    pub(crate) skew: u64,
    pub(crate) frozen_until: u64,
    pub(crate) heard: u64,
    pub(crate) probed: Option<u64>,
    pub(crate) stopped: bool,
    pub(crate) failed: Option<rejoin_protocol::session::Violation>,
    pub(crate) fast: bool,
    pub(crate) track: usize,
    /// Of the numbering that it knows.
    pub(crate) incarnation: Option<u64>,
    /// The numberings of the messages that came and were not taken.
    pub(crate) arrived: VecDeque<u64>,
    pub(crate) unreleased: Vec<Taken>,
    pub(crate) published: BTreeMap<Publication, Published>,
    pub(crate) calls: BTreeMap<CallId, u64>,
    pub(crate) followers: Vec<Follower>,
    /// What happened since it was last asked, for the coverage.
    pub(crate) news: Vec<&'static str>,
}

impl Client {
    pub(crate) fn new(plan: &Plan, ledger: &mut Ledger, fast: bool) -> Self {
        let mut config = ClientConfig::default();
        config.limits = plan.client.clone();
        config.release_by_hand = plan.by_hand[0];
        Self {
            session: ClientSession::new(config),
            wire: None,
            opening: None,
            attempts: 0,
            instance: 0,
            timer_at: None,
            skew: 0,
            frozen_until: 0,
            heard: 0,
            probed: None,
            stopped: false,
            failed: None,
            fast,
            track: ledger.track(),
            incarnation: None,
            arrived: VecDeque::new(),
            unreleased: Vec::new(),
            published: BTreeMap::new(),
            calls: BTreeMap::new(),
            followers: Vec::new(),
            news: Vec::new(),
        }
    }

    pub(crate) fn time(&self, now: u64) -> Time {
        Time::from_micros(now + self.skew)
    }

    pub(crate) fn phase(&self) -> &'static str {
        if self.wire.is_none() {
            "away"
        } else if !self.session.is_live() {
            "greeting"
        } else if self.session.queued().1.0 > 0 {
            "midway"
        } else {
            "live"
        }
    }

    /// Hears what the session tells, and holds it against what was promised.
    pub(crate) fn hear(&mut self, now: u64, ledger: &mut Ledger, log: &Log, history: &History) {
        let events: Vec<_> = std::iter::from_fn(|| self.session.poll_event()).collect();
        let too_large: usize = events.iter().map(handed_back).sum();
        for event in events {
            match event {
                ClientEvent::Live { resumed, .. } => {
                    self.news.push(if resumed { "resumed" } else { "begun" });
                }
                ClientEvent::Lost(lost) => self.lose(&lost, ledger, too_large),
                ClientEvent::Settled(publication, settlement) => {
                    self.settled(publication, &settlement, log, history);
                }
                ClientEvent::Called(id, outcome) => self.called(id, &outcome),
                ClientEvent::Message => {
                    if self.fast {
                        self.take(now, usize::MAX, ledger);
                    }
                }
                ClientEvent::Channel(id) => {
                    if self.fast {
                        self.read(id, usize::MAX, history);
                    }
                }
                ClientEvent::Fail(violation) => self.failed = Some(violation),
                ClientEvent::Volatile(_) => self.news.push("volatile came"),
                ClientEvent::Pong(_) => self.probed = None,
                other => panic!("what is {other:?}?"),
            }
        }
    }

    fn lose(&mut self, lost: &Lost, ledger: &mut Ledger, too_large: usize) {
        self.news.push(match lost.reason {
            LostReason::Kept => "kept",
            LostReason::Fresh => "fresh",
            LostReason::GivenUp => "gave up",
            LostReason::TooLarge => "too large for the instance",
            _ => "stopped",
        });
        let stopped = lost.reason == LostReason::Stopped;
        let begun = self.incarnation.is_some();
        assert!(begun || lost.unacked.is_empty());
        if lost.reason == LostReason::TooLarge {
            assert!(!lost.unsent.is_empty() && lost.unacked.is_empty());
            return ledger.handed_back(self.track, &lost.unsent);
        }
        let waiting = self.session.queued().0.0 + if stopped { lost.unsent.len() } else { too_large };
        if let Some(incarnation) = self.incarnation.take() {
            ledger.lost(incarnation, Way::Up, &lost.unacked, waiting);
        }
        if stopped {
            ledger.handed_back(self.track, &lost.unsent);
        }
    }

    fn settled(&mut self, which: Publication, how: &Settlement, log: &Log, history: &History) {
        let published = self.published.remove(&which).expect("a publication is settled once");
        let Published { channel, uid, number, publisher } = published;
        match how {
            Settlement::Durable(at) => {
                let entry = history.entries.get(&(channel.clone(), at.epoch, at.offset));
                assert_eq!(entry.map(|(uid, _)| *uid), Some(uid), "a receipt names another entry");
                if let Some(entry) = log.channels.get(&channel).and_then(|all| all.entries.get(&at.offset))
                    && entry.epoch == at.epoch
                {
                    assert_eq!(entry.number, number);
                    assert!(publisher.is_none_or(|publisher| publisher == entry.publisher));
                }
                self.news.push("durable");
            }
            Settlement::Refused(denial) => {
                assert_eq!(denial.code, 4403);
                let is = |entry: &crate::log::Entry| name_of(&entry.payload) == uid;
                assert!(
                    !log.channels.values().any(|all| all.entries.values().any(is)),
                    "refused and in the log"
                );
                self.news.push("refused");
            }
            Settlement::Unknown => self.news.push("unknown"),
            Settlement::Unsent(body) => {
                assert_eq!(name_of(body), uid);
                assert!(!history.appended.contains(&uid), "unsent and in the log");
                self.news.push("unsent");
            }
        }
    }

    fn called(&mut self, id: CallId, outcome: &CallOutcome) {
        let uid = self.calls.remove(&id).expect("a call ends once");
        match outcome {
            CallOutcome::Answer(body) => assert_eq!(*body, payload(uid, 24)),
            CallOutcome::Unsent(body) => assert_eq!(*body, payload(uid, 16)),
            _ => {}
        }
        self.news.push(match outcome {
            CallOutcome::Answer(_) => "call answered",
            CallOutcome::Denied(_) => "call denied",
            CallOutcome::TimedOut => "call timed out",
            CallOutcome::Unknown => "call unknown",
            CallOutcome::Unsent(_) => "call unsent",
        });
    }

    pub(crate) fn take(&mut self, now: u64, most: usize, ledger: &mut Ledger) {
        let time = self.time(now);
        for _ in 0..most {
            let Some((message, taken)) = self.session.take(time) else { break };
            let incarnation = self.arrived.pop_front().expect("what is taken has come");
            ledger.received(incarnation, Way::Down, &message);
            self.unreleased.push(taken);
        }
    }

    /// Releases what was taken up to one of those messages.
    pub(crate) fn release(&mut self, now: u64, count: usize) {
        let time = self.time(now);
        if let Some(taken) = self.unreleased.drain(..count).next_back() {
            self.session.release(time, taken);
        }
    }

    /// Reads a feed: each entry must be the next one of its channel.
    pub(crate) fn read(&mut self, id: SubscriptionId, most: usize, history: &History) {
        for _ in 0..most {
            let Some(event) = self.session.take_channel_event(id) else { break };
            let Some(follower) = self.followers.iter_mut().find(|follower| follower.id == id) else {
                panic!("a subscription that was given up has news");
            };
            assert!(!follower.over, "something comes behind the end");
            match event {
                ChannelEvent::Started(at) => {
                    assert!(follower.at.is_none(), "a feed begins twice");
                    follower.at = Some((at, false));
                }
                ChannelEvent::Entry { position, payload, .. } => {
                    let key = (follower.channel.clone(), position.epoch, position.offset);
                    let (uid, before) = history.entries.get(&key).expect("an entry was appended");
                    assert_eq!(name_of(&payload), *uid, "an entry is another's");
                    let (at, seen) = follower.at.expect("a feed has begun");
                    assert_eq!(before.offset, at.offset, "an entry is not the next");
                    assert!(!seen || before.epoch == at.epoch, "entries of two logs are mixed");
                    follower.at = Some((position, true));
                    self.news.push("entry");
                }
                ChannelEvent::Gap { at, .. } => {
                    follower.at = Some((at, false));
                    self.news.push("gap");
                }
                ChannelEvent::Ended(denial) => {
                    follower.over = true;
                    self.news.push(if denial.code == 4403 {
                        "subscription refused"
                    } else {
                        "subscription over"
                    });
                }
                ChannelEvent::Members => self.news.push("members"),
                ChannelEvent::NotListed(_) => self.news.push("not listed"),
                ChannelEvent::Volatile { .. } => self.news.push("volatile came"),
            }
        }
    }

    pub(crate) fn read_all(&mut self, now: u64, ledger: &mut Ledger, history: &History) {
        self.take(now, usize::MAX, ledger);
        let ids: BTreeSet<_> = self.followers.iter().map(|follower| follower.id).collect();
        for id in ids {
            self.read(id, usize::MAX, history);
        }
        let count = self.unreleased.len();
        self.release(now, count);
    }

    /// What may be held at most.
    pub(crate) fn check(&self, plan: &Plan) {
        let ((_, waiting), (_, held)) = self.session.queued();
        assert!(waiting + held <= plan.client.queue_bytes + 32 * 4_096, "{waiting} + {held} in the queue");
        let (count, bytes) = self.session.unanswered();
        assert!(count <= plan.client.publications && bytes <= plan.client.publication_bytes);
        assert!(self.calls.len() <= plan.client.calls);
        let inbox = plan.client.window + plan.client.max_message + 32 * (plan.client.max_message >> 10) + 64;
        assert!(self.session.untaken() <= inbox, "{} not taken", self.session.untaken());
    }
}

fn handed_back(event: &ClientEvent) -> usize {
    match event {
        ClientEvent::Lost(lost) if lost.reason != LostReason::Stopped => lost.unsent.len(),
        _ => 0,
    }
}

/// What the server knows a client by.
pub(crate) fn identity(seed: u64, serial: u64) -> SessionId {
    let mut random = [0; 12];
    random[..8].copy_from_slice(&Random::new(seed).next_u64().to_le_bytes());
    wire::SessionId { born: serial, random }
}
