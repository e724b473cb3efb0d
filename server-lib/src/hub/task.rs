//! The task of one connection: it alone holds the connection's machine, and does what the machine asks for.

use std::collections::{BTreeSet, HashMap};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesOrdered, FuturesUnordered};
use http::HeaderMap;
use rejoin_protocol::session::{ServerConnection, Violation, code};
use rejoin_protocol::wire::{BatchWriter, Bye, Frame, decode};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::application::Application;
use super::calls::Calls;
use super::follow::Following;
use super::greeting::{Greeted, body_of};
use super::session::{Entry, Line, SessionHandle, Word};
use super::subscribing::Subscribing;
use super::work::Done;
use super::{Inner, Metric};
use crate::account::Charge;
use crate::{Close, CloseCode, Connection, Message, SendError};

/// From one sign of life of a publisher to the next, at most: a quarter of its life is never exceeded.
const TOUCH: Duration = Duration::from_secs(3_600);
/// How long requests that come faster than they may are put off, before they are looked at again.
const PUT_OFF: Duration = Duration::from_millis(50);
/// What a subscription takes in memory: the task that watches its channel, and its place in the list of who is there.
const SUBSCRIPTION_BYTES: u64 = 2 << 10;
/// What a publication on its way into the log takes beside its bytes.
const APPEND_BYTES: u64 = 512;

/// One connection of a session.
pub(super) struct Task<A: Application> {
    pub(super) hub: Arc<Inner<A>>,
    pub(super) entry: Arc<Entry<A::Context>>,
    pub(super) handle: SessionHandle<A>,
    pub(super) machine: ServerConnection,
    pub(super) connection: Connection,
    pub(super) headers: HeaderMap,
    pub(super) line: Line,
    words: mpsc::Receiver<Word>,
    /// Nothing is done until then.
    frozen: Option<Instant>,
    pub(super) batch: BatchWriter,
    /// A message for which the socket's queue had no room.
    pub(super) sending: Option<BoxFuture<'static, bool>>,
    /// What was asked of the log and of the application.
    pub(super) work: FuturesUnordered<BoxFuture<'static, Done<A::Context>>>,
    /// Publications on their way, whose answers go out in their order.
    pub(super) appends: FuturesOrdered<BoxFuture<'static, Done<A::Context>>>,
    pub(super) append_bytes: usize,
    pub(super) calls: Calls,
    pub(super) subscribing: Subscribing,
    pub(super) following: HashMap<u64, Following>,
    /// Subscriptions that are to be told how the list of who is there has changed.
    pub(super) untold: BTreeSet<u64>,
    pub(super) expires: Option<Instant>,
    /// A token is being judged.
    pub(super) judging: bool,
    touch_at: Instant,
    charge: Charge,
    /// How the connection is to end, and what is said before that.
    pub(super) close: Option<Close>,
    pub(super) farewell: Option<Bye>,
}

/// Runs a connection from HELLO to its end.
pub(super) async fn run<A: Application>(hub: Arc<Inner<A>>, mut connection: Connection, headers: HeaderMap) {
    let draining = connection.draining();
    let greeted = tokio::select! {
        greeted = hub.greet(&mut connection, &headers) => greeted,
        () = draining => {
            connection.close(Close::new(CloseCode::RESTART, "the server is shutting down"));
            return;
        }
    };
    match greeted {
        Ok(greeted) => {
            connection.admit();
            Task::new(hub, greeted, connection, headers).run().await;
        }
        Err(refused) => {
            tracing::info!(id = connection.info().id, "HELLO refused: {}", refused.close);
            if let Some(bye) = refused.bye {
                let mut frame = Vec::new();
                Frame::Bye(bye).encode(&mut frame);
                // Whoever has left already needs no farewell.
                let _gone = connection.send(frame).await;
            }
            connection.close(refused.close);
        }
    }
}

impl<A: Application> Inner<A> {
    fn touch_interval(&self) -> Duration {
        TOUCH.min(self.life / 4)
    }
}

impl<A: Application> Task<A> {
    fn new(
        hub: Arc<Inner<A>>,
        greeted: Greeted<A::Context>,
        connection: Connection,
        headers: HeaderMap,
    ) -> Self {
        let Greeted { entry, machine, welcome, line, words, expires } = greeted;
        let mut batch = BatchWriter::default();
        batch.push(&welcome);
        let touch = hub.touch_interval();
        let charge = connection.holder().charge(0);
        Self {
            handle: SessionHandle { hub: Arc::clone(&hub), entry: Arc::clone(&entry) },
            hub,
            entry,
            machine,
            connection,
            headers,
            line,
            words,
            frozen: None,
            batch,
            sending: None,
            work: FuturesUnordered::new(),
            appends: FuturesOrdered::new(),
            append_bytes: 0,
            calls: Calls::default(),
            subscribing: Subscribing::default(),
            following: HashMap::new(),
            untold: BTreeSet::new(),
            expires,
            judging: false,
            touch_at: Instant::now() + touch,
            charge,
            close: None,
            farewell: None,
        }
    }

    async fn run(mut self) {
        let mut draining = false;
        let mut drained = pin!(self.connection.draining());
        let mut timer = pin!(tokio::time::sleep_until(self.wake_at()));
        loop {
            if let Some(until) = self.frozen.take() {
                tokio::time::sleep_until(until).await;
            }
            self.transmit();
            self.connection.forget_received();
            self.update_charge();
            if let Some(close) = self.close.take() {
                self.leave(close).await;
                break;
            }
            // To wake too early now and then costs less than to set the timer anew for every message.
            let wake_at = self.wake_at();
            if wake_at < timer.deadline() || timer.is_elapsed() {
                timer.as_mut().reset(wake_at);
            }
            let sending = async {
                match &mut self.sending {
                    Some(sending) => sending.await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                sent = sending => {
                    self.sending = None;
                    if !sent {
                        break;
                    }
                }
                message = self.connection.recv() => match message {
                    Some(message) => self.received(message),
                    None => break,
                },
                () = self.line.news.notified() => {}
                Some(done) = self.appends.next() => self.done(done),
                Some(done) = self.work.next() => self.done(done),
                Some(word) = self.words.recv() => self.word(word),
                () = &mut timer => self.wake(),
                () = &mut drained, if !draining => {
                    draining = true;
                    self.drain();
                }
            }
        }
    }

    /// Counts what the connection holds beside its queues.
    fn update_charge(&mut self) {
        let settings = &self.hub.settings;
        let appends = self.append_bytes as u64 + self.appends.len() as u64 * APPEND_BYTES;
        let subscriptions = self.following.len() as u64 * SUBSCRIPTION_BYTES + self.subscribing.memory();
        let calls = self.calls.memory(settings.max_answer);
        let gathered = self.batch.gathered() as u64;
        self.charge.set(self.machine.memory() + appends + subscriptions + calls + gathered);
    }

    fn word(&mut self, word: Word) {
        match word {
            Word::Volatile(target, payload) => {
                self.machine.volatile(target, None, payload);
            }
            Word::Cut => self.connection.abort(),
            Word::Unfollow(channel, denial) => {
                let all = self.following.iter().filter(|(_, following)| following.channel.name == channel);
                for number in all.map(|(number, _)| *number).collect::<Vec<_>>() {
                    self.machine.end_subscription(number, denial.clone());
                }
                self.tasks();
            }
            Word::Freeze(time) => self.frozen = Some(Instant::now() + time),
        }
    }

    fn wake_at(&self) -> Instant {
        // While the socket takes nothing, what is due can't go: its taking more is what wakes this task.
        let blocked = self.sending.is_some();
        let deadline = self.entry.with(|state| self.machine.deadline(&state.session));
        let of_machine = deadline.filter(|_| !blocked).map(|time| self.hub.instant(time));
        let put_off = self.subscribing.waits() || self.calls.waits(self.hub.settings.calls_at_once);
        let again = put_off.then(|| Instant::now() + PUT_OFF);
        let all = [of_machine, again, self.expires, Some(self.touch_at)];
        all.into_iter().flatten().min().unwrap_or(self.touch_at)
    }

    fn wake(&mut self) {
        let now = self.hub.now();
        self.entry.with(|state| self.machine.wake(now, &mut state.session));
        self.begin_subscriptions();
        self.begin_calls();
        self.tasks();
        let instant = Instant::now();
        if self.expires.is_some_and(|expires| expires <= instant) {
            self.expires = None;
            self.fail(code::UNAUTHENTICATED, "your authentication has expired");
        }
        if self.touch_at <= instant {
            self.touch_at = instant + self.hub.touch_interval();
            let (hub, id) = (Arc::clone(&self.hub), self.entry.id);
            self.work.push(Box::pin(async move { Done::Touched(hub.in_time(hub.log.touch(id)).await) }));
        }
    }

    /// The connection is to be closed with a code of the protocol.
    pub(super) fn fail(&mut self, code: u16, reason: &str) {
        let code = CloseCode::own(code).unwrap_or(CloseCode::POLICY);
        self.close.get_or_insert(Close::new(code, reason));
    }

    fn violated(&mut self, violation: &Violation) {
        self.hub.metrics.count(Metric::Violation);
        self.fail(violation.code, violation.reason);
    }

    fn received(&mut self, message: Message) {
        let Message::Binary(bytes) = message else {
            self.fail(code::BAD_FRAME, "rejoin.v1 is spoken in binary messages, not in text");
            return;
        };
        let body = body_of(bytes);
        let hub = Arc::clone(&self.hub);
        let now = hub.now();
        for frame in decode(&body, &hub.settings.wire) {
            let frame = match frame {
                Ok(frame) => frame,
                Err(error) => {
                    hub.metrics.count(Metric::Violation);
                    self.fail(code::BAD_FRAME, &error.to_string());
                    return;
                }
            };
            // Arriving is one step: the attempt is checked, the inbox appended to and the count advanced under the lock.
            // A session that has ended counts from 0, which is no fault of what is still on its way.
            let handled = self.entry.with(|state| match state.end {
                Some(_) => Ok(()),
                None => self.machine.handle(now, &mut state.session, frame),
            });
            if let Err(violation) = handled {
                self.violated(&violation);
                return;
            }
        }
        self.tasks();
    }

    /// Gathers what is ready and hands it to the socket while its queue takes more.
    fn transmit(&mut self) {
        let now = self.hub.now();
        while self.sending.is_none() {
            self.tell_presence();
            let current = self.entry.with(|state| {
                while self.batch.gathered() < BatchWriter::DEFAULT_LIMIT
                    && let Some(frame) = self.machine.poll_transmit(now, &mut state.session)
                {
                    self.batch.push(&frame);
                }
                self.machine.is_current(&state.session)
            });
            if !current {
                self.fail(code::TAKEN_OVER, "another connection has taken this session over");
            }
            // The feeds may read on.
            self.tasks();
            self.batch.flush();
            match self.batch.pop() {
                Some(message) => self.hand_over(message),
                None if self.untold.is_empty() || self.machine.backlog().0 > 0 => break,
                None => {}
            }
        }
        self.mind_end();
    }

    /// Tells who is there where that has changed, one channel after another and only when the socket has taken all that
    /// was to be told before: a slow reader gets the newest state and not each step.
    fn tell_presence(&mut self) {
        while self.machine.backlog().0 == 0
            && let Some(subscription) = self.untold.pop_first()
        {
            let changes = self.following.get_mut(&subscription).map(Following::changes);
            for change in changes.unwrap_or_default() {
                self.machine.presence(subscription, change);
            }
        }
    }

    fn hand_over(&mut self, message: Vec<u8>) {
        let sender = self.connection.sender();
        match sender.try_send(message) {
            Ok(()) => {}
            Err(SendError::Full(message)) => {
                self.sending = Some(Box::pin(async move { sender.send(message).await.is_ok() }));
            }
            Err(SendError::Closed(_)) => {
                // The reading side tells the end; what was in the message is resent over another connection.
                self.sending = Some(Box::pin(std::future::ready(false)));
            }
        }
    }
}
