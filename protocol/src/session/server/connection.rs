//! What a server keeps of one connection of a session: subscriptions, publications under way, what is to go out.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::string::String;
use core::time::Duration;

use super::calling::Calling;
use super::feed::{Feed, FeedEntry, FeedStart};
use super::outgoing::Outgoing;
use super::request::{Request, Task, Timing};
use super::session::ServerSession;
use crate::Time;
use crate::session::subscriptions::SLOW;
use crate::session::{SessionLimits, Violation};
use crate::wire::{
    Answer, Body, Bye, Denial, Frame, Missing, Position, Presence, Publish, SubOutcome, Target,
};

/// The longest time for which a call may be waited for.
const LONGEST_CALL: Duration = Duration::from_secs(24 * 3_600);
/// The most publications of one channel that may lie beyond the first one without an answer.
const UNSETTLED: u64 = 1_024;

/// One connection of a session, behind WELCOME. Whoever holds it holds the session's lock while it calls
/// [`handle`](Self::handle) or [`poll_transmit`](Self::poll_transmit), so that arriving is one step.
#[derive(Debug)]
pub struct ServerConnection {
    attempt: u64,
    timing: Timing,
    /// The most subscriptions, publications without an answer, and channels of those.
    most: (usize, usize, usize),
    feeds: BTreeMap<u64, Feed>,
    next_subscription: u64,
    /// The feed that may go next.
    turn: u64,
    /// Publications without an answer, by channel.
    asked: BTreeMap<String, VecDeque<u64>>,
    calling: Calling,
    outgoing: Outgoing,
    tasks: VecDeque<Task>,
    ping_at: Time,
    nonce: u64,
    bye: Option<Bye>,
    said_bye: bool,
    data_first: bool,
}

impl ServerConnection {
    /// A connection that the session has just welcomed.
    #[must_use]
    pub fn new(now: Time, session: &ServerSession, limits: &SessionLimits, timing: Timing) -> Self {
        Self {
            attempt: session.attempt(),
            timing,
            most: (limits.subscriptions, limits.publications, limits.channels),
            feeds: BTreeMap::new(),
            next_subscription: 0,
            turn: 0,
            asked: BTreeMap::new(),
            calling: Calling::new(limits),
            outgoing: Outgoing::new(limits.volatile_bytes),
            tasks: VecDeque::new(),
            ping_at: now + timing.ping_interval,
            nonce: 0,
            bye: None,
            said_bye: false,
            data_first: false,
        }
    }

    /// Whether the session still belongs to this connection. Of one that was taken over nothing more is read or written;
    /// it is to be closed with [`code::TAKEN_OVER`](crate::session::code::TAKEN_OVER).
    #[must_use]
    pub fn is_current(&self, session: &ServerSession) -> bool {
        self.attempt == session.attempt()
    }

    /// A frame came. On a violation the connection is to be closed with its code.
    ///
    /// # Errors
    /// The client's: it broke the protocol.
    pub fn handle(&mut self, now: Time, session: &mut ServerSession, frame: Frame) -> Result<(), Violation> {
        if !self.is_current(session) {
            return Err(Violation::taken_over());
        }
        match frame {
            Frame::Data(data) => {
                session.data(now, data)?;
                if session.has_message() {
                    self.request(Request::Messages);
                }
            }
            Frame::Ack(ack) => session.ack(ack)?,
            Frame::Ping(pulse) => session.ping(&pulse)?,
            Frame::Pong(pulse) => session.pong(&pulse)?,
            Frame::Sub(sub) => return self.sub(sub),
            Frame::Unsub { subscription, .. } => {
                if let Some(feed) = self.feeds.remove(&subscription) {
                    self.request(Request::Unsubscribe { subscription, channel: feed.channel });
                }
            }
            Frame::Credit { subscription, credit } => {
                // One that the server has ended is not known any more.
                if let Some(feed) = self.feeds.get_mut(&subscription) {
                    feed.give(now, credit);
                    self.pump(subscription);
                }
            }
            Frame::Presence { subscription, presence: Presence::Changed(member) } => {
                if self.feeds.contains_key(&subscription) {
                    self.request(Request::Presence { subscription, about: member.about.detached() });
                }
            }
            Frame::Pub(publish) => return self.publish(publish),
            Frame::Call { id, timeout, payload } => return self.call(id, timeout, payload),
            Frame::Cancel { id } => {
                if self.calling.end(id) {
                    self.request(Request::Cancel { id });
                }
            }
            Frame::Volatile { target: Target::Session, payload, .. } => {
                self.request(Request::Volatile { subscription: None, payload: payload.detached() });
            }
            Frame::Volatile { target: Target::Subscription(number), payload, .. } => {
                if self.feeds.get(&number).is_some_and(|feed| feed.started) {
                    let payload = payload.detached();
                    self.request(Request::Volatile { subscription: Some(number), payload });
                }
            }
            Frame::Auth(token) => self.request(Request::Authenticate(token.detached())),
            // One that is not the last says nothing that the end of the connection does not.
            Frame::Bye(bye) if bye.last => self.request(Request::Finish),
            Frame::Bye(_) => {}
            _ => {
                return Err(Violation::bad_frame("a frame came that only a server sends, or a second HELLO"));
            }
        }
        Ok(())
    }

    fn request(&mut self, request: Request) {
        let task = Task::Request(request);
        // One word about messages is enough, however many come.
        if self.tasks.back() != Some(&task) || !matches!(task, Task::Request(Request::Messages)) {
            self.tasks.push_back(task);
        }
    }

    fn sub(&mut self, sub: crate::wire::Subscribe) -> Result<(), Violation> {
        if sub.subscription < self.next_subscription {
            return Err(Violation::bad_frame("a subscription's number was used twice"));
        }
        self.next_subscription = sub.subscription + 1;
        if self.feeds.len() >= self.most.0 {
            let reason = alloc::format!("a session has at most {} subscriptions", self.most.0);
            let outcome = SubOutcome::Refused(Denial { code: crate::session::code::TOO_MANY, reason });
            self.outgoing.push(Frame::SubAck { subscription: sub.subscription, outcome });
            return Ok(());
        }
        self.feeds.insert(sub.subscription, Feed::new(sub.channel.clone(), sub.credit));
        self.request(Request::Subscribe {
            subscription: sub.subscription,
            channel: sub.channel,
            since: sub.since,
            presence: sub.presence.map(Body::detached),
        });
        Ok(())
    }

    fn publish(&mut self, publish: Publish) -> Result<(), Violation> {
        if publish.number >= publish.settled.saturating_add(UNSETTLED) {
            return Err(Violation::bad_frame("too many publications lie beyond the first one unsettled"));
        }
        let unanswered: usize = self.asked.values().map(VecDeque::len).sum();
        if unanswered >= self.most.1 {
            return Err(Violation::bad_frame("more publications are without an answer than WELCOME allows"));
        }
        if self.asked.len() >= self.most.2 && !self.asked.contains_key(&publish.channel) {
            return Err(Violation::bad_frame(
                "publications in more channels are without an answer than WELCOME allows",
            ));
        }
        let asked = self.asked.entry(publish.channel.clone()).or_default();
        if asked.len() as u64 >= 2 * UNSETTLED {
            return Err(Violation::bad_frame("publications come faster than their answers are awaited"));
        }
        asked.push_back(publish.number);
        self.request(Request::Publish(publish));
        Ok(())
    }

    fn call(&mut self, id: u64, timeout: u64, payload: Body) -> Result<(), Violation> {
        if !self.calling.begin(id, payload.len())? {
            let reason = "as many calls are under way as may be, or as many of their bytes";
            let denial = Denial::new(crate::session::code::TOO_MANY, reason);
            self.outgoing.push(Frame::Reply { id, result: Err(denial) });
            return Ok(());
        }
        self.request(Request::Call {
            id,
            timeout: Duration::from_millis(timeout).min(LONGEST_CALL),
            payload: payload.detached(),
        });
        Ok(())
    }

    /// The next thing to do.
    pub fn poll_task(&mut self) -> Option<Task> {
        self.tasks.pop_front()
    }

    /// The application and the log have answered a SUB.
    pub fn subscribed(&mut self, subscription: u64, outcome: Result<FeedStart, Denial>) {
        let Some(feed) = self.feeds.get_mut(&subscription) else { return };
        let outcome = match outcome {
            Ok(FeedStart { at, missing: Some(missing), .. }) => {
                feed.start(at);
                SubOutcome::Gap { at, missing }
            }
            Ok(FeedStart { at, recovered, missing: None }) => {
                feed.start(at);
                SubOutcome::Started { at, recovered }
            }
            Err(denial) => {
                self.feeds.remove(&subscription);
                SubOutcome::Refused(denial)
            }
        };
        self.outgoing.push(Frame::SubAck { subscription, outcome });
        self.pump(subscription);
    }

    /// The channel's newest offset is another.
    pub fn tail(&mut self, now: Time, subscription: u64, offset: u64) {
        if let Some(feed) = self.feeds.get_mut(&subscription) {
            feed.tail(now, offset);
            self.pump(subscription);
        }
    }

    fn pump(&mut self, subscription: u64) {
        if let Some(feed) = self.feeds.get_mut(&subscription)
            && let Some((behind, max_bytes)) = feed.wants_read()
        {
            let channel = feed.channel.clone();
            self.tasks.push_back(Task::Read { subscription, channel, behind, max_bytes });
        }
    }

    /// The entries that were read.
    pub fn entries(&mut self, now: Time, subscription: u64, entries: impl IntoIterator<Item = FeedEntry>) {
        if let Some(feed) = self.feeds.get_mut(&subscription) {
            feed.read(now, entries);
            self.pump(subscription);
        }
    }

    /// The entries behind the position are gone; the feed goes on behind another.
    pub fn gap(&mut self, subscription: u64, at: Position, missing: Missing) {
        if let Some(feed) = self.feeds.get_mut(&subscription) {
            feed.jump(at, missing);
        }
    }

    /// Ends a subscription.
    pub fn end_subscription(&mut self, subscription: u64, denial: Denial) {
        if let Some(feed) = self.feeds.remove(&subscription) {
            self.request(Request::Unsubscribe { subscription, channel: feed.channel });
            self.outgoing.push(Frame::Unsub { subscription, denial });
        }
    }

    /// The log's answer to a publication; there is one for each, in order within a channel.
    pub fn published(&mut self, channel: &str, number: u64, answer: Answer) {
        if let Some(asked) = self.asked.get_mut(channel) {
            asked.pop_front();
            if asked.is_empty() {
                self.asked.remove(channel);
            }
        }
        self.outgoing.push(Frame::PubAck { channel: channel.into(), number, answer });
    }

    /// The application's answer to a call. One that nobody waits for goes nowhere.
    pub fn reply(&mut self, id: u64, result: Result<Body, Denial>) {
        if self.calling.end(id) {
            self.outgoing.push(Frame::Reply { id, result });
        }
    }

    /// Who follows a channel, or why the subscriber itself is not listed.
    pub fn presence(&mut self, subscription: u64, presence: Presence) {
        if self.feeds.get(&subscription).is_some_and(|feed| feed.started) {
            self.outgoing.push(Frame::Presence { subscription, presence });
        }
    }

    /// What may be lost: it goes soon or not at all. Returns whether it was taken.
    pub fn volatile(&mut self, target: Target, sender: Option<u64>, payload: Body) -> bool {
        let known = match target {
            Target::Session => true,
            Target::Subscription(number) => self.feeds.get(&number).is_some_and(|feed| feed.started),
        };
        known && self.outgoing.volatile(target, sender, payload)
    }

    /// Says why the connection ends, behind what is ready to go; then it is to be closed with the same code.
    pub fn bye(&mut self, bye: Bye) {
        let Denial { reason, .. } = Denial::new(bye.code, bye.reason);
        self.bye.get_or_insert(Bye { reason, ..bye });
    }

    /// Whether BYE has gone out.
    #[must_use]
    pub fn said_bye(&self) -> bool {
        self.said_bye
    }

    /// Answers that wait to go out, and their bytes: what a client that reads nothing makes grow.
    #[must_use]
    pub fn backlog(&self) -> (usize, u64) {
        self.outgoing.backlog()
    }

    /// About how many bytes of memory it takes: what waits to go out, and the questions under way.
    #[must_use]
    pub fn memory(&self) -> u64 {
        let feeds: u64 = self.feeds.values().map(Feed::memory).sum();
        feeds + self.outgoing.memory() + self.calling.bytes()
    }

    /// The next frame to go out. To be called while the socket takes more.
    pub fn poll_transmit(&mut self, now: Time, session: &mut ServerSession) -> Option<Frame> {
        if !self.is_current(session) || self.said_bye {
            return None;
        }
        if let Some(frame) = session.next_control(now).or_else(|| self.outgoing.pop()) {
            return Some(frame);
        }
        if let Some(bye) = self.bye.take() {
            self.said_bye = true;
            return Some(Frame::Bye(bye));
        }
        // Entries and messages take turns while both wait.
        self.data_first = !self.data_first;
        if self.data_first {
            session.next_data(now).or_else(|| self.next_event(now))
        } else {
            self.next_event(now).or_else(|| session.next_data(now))
        }
    }

    /// The next entry, each feed in its turn.
    fn next_event(&mut self, now: Time) -> Option<Frame> {
        let next = |(number, feed): (&u64, &mut Feed)| Some((*number, feed.next_frame(now, *number)?));
        let behind = self.feeds.range_mut(self.turn..).find_map(next);
        let (number, frame) = behind.or_else(|| self.feeds.range_mut(..self.turn).find_map(next))?;
        self.turn = number + 1;
        self.pump(number);
        Some(frame)
    }

    /// When [`wake`](Self::wake) is to be called.
    #[must_use]
    pub fn deadline(&self, session: &ServerSession) -> Option<Time> {
        let starving =
            self.feeds.values().filter_map(|feed| feed.starved_until(self.timing.starvation)).min();
        Time::earliest(&[Some(self.ping_at), starving, session.ack_deadline()])
    }

    /// The time has come, or is past.
    pub fn wake(&mut self, now: Time, session: &mut ServerSession) {
        if !self.is_current(session) {
            return;
        }
        if self.ping_at <= now {
            self.ping_at = now + self.timing.ping_interval;
            self.nonce += 1;
            session.ask(self.nonce);
        }
        let patience = self.timing.starvation;
        let starved = |feed: &Feed| feed.starved_until(patience).is_some_and(|until| until <= now);
        let ended: alloc::vec::Vec<u64> =
            self.feeds.iter().filter(|(_, feed)| starved(feed)).map(|(number, _)| *number).collect();
        for number in ended {
            let reason = "nothing of this channel was taken for too long".into();
            self.end_subscription(number, Denial { code: SLOW, reason });
        }
    }
}
