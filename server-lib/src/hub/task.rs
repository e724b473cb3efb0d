//! The task of one connection: it alone holds the connection's machine, and does what the machine asks for.

use std::collections::{BTreeSet, HashMap};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::{AbortHandle, BoxFuture};
use futures_util::stream::{FuturesOrdered, FuturesUnordered};
use http::HeaderMap;
use rejoin_protocol::session::{ServerConnection, Violation, code};
use rejoin_protocol::wire::{BatchWriter, Bye, Frame, decode};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::application::{Application, SessionEnd};
use super::follow::Following;
use super::greeting::{Greeted, body_of};
use super::session::{Entry, Line, SessionHandle, Word};
use super::work::Done;
use super::{Inner, Metric};
use crate::{Close, CloseCode, Connection, Message, SendError};

/// From one sign of life of a publisher to the next, at most: a quarter of its life is never exceeded.
const TOUCH: Duration = Duration::from_secs(3_600);
/// How long a client that is being left may take for what goes before the close frame.
const LEAVE: Duration = Duration::from_secs(5);

/// One connection of a session.
pub(super) struct Task<A: Application> {
    pub(super) hub: Arc<Inner<A>>,
    pub(super) entry: Arc<Entry<A::Context>>,
    pub(super) handle: SessionHandle<A>,
    pub(super) machine: ServerConnection,
    pub(super) connection: Connection,
    pub(super) headers: HeaderMap,
    line: Line,
    words: mpsc::Receiver<Word>,
    /// Nothing is done until then.
    frozen: Option<Instant>,
    batch: BatchWriter,
    /// A message for which the socket's queue had no room.
    sending: Option<BoxFuture<'static, bool>>,
    /// What was asked of the log and of the application.
    pub(super) work: FuturesUnordered<BoxFuture<'static, Done<A::Context>>>,
    /// Publications on their way, whose answers go out in their order.
    pub(super) appends: FuturesOrdered<BoxFuture<'static, Done<A::Context>>>,
    pub(super) append_bytes: usize,
    pub(super) calls: HashMap<u64, AbortHandle>,
    pub(super) following: HashMap<u64, Following>,
    /// Subscriptions that are to be told how the list of who is there has changed.
    pub(super) untold: BTreeSet<u64>,
    pub(super) expires: Option<Instant>,
    /// A token is being judged.
    pub(super) judging: bool,
    touch_at: Instant,
    /// How the connection is to end, and what is said before that.
    pub(super) close: Option<Close>,
    farewell: Option<Bye>,
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
            calls: HashMap::new(),
            following: HashMap::new(),
            untold: BTreeSet::new(),
            expires,
            judging: false,
            touch_at: Instant::now() + touch,
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

    /// The connection has ended: unless another has taken the session over, it is away from now on.
    fn gone(&mut self) {
        let mine = Arc::clone(&self.line.news);
        self.entry.with(|state| {
            if state.line.as_ref().is_some_and(|line| Arc::ptr_eq(&line.news, &mine)) {
                state.line = None;
                state.away_since = Some(Instant::now());
            }
        });
        self.entry.arrived.notify_one();
    }

    fn wake_at(&self) -> Instant {
        // While the socket takes nothing, what is due can't go: its taking more is what wakes this task.
        let blocked = self.sending.is_some();
        let deadline = self.entry.with(|state| self.machine.deadline(&state.session));
        let of_machine = deadline.filter(|_| !blocked).map(|time| self.hub.instant(time));
        let all = [of_machine, self.expires, Some(self.touch_at)];
        all.into_iter().flatten().min().unwrap_or(self.touch_at)
    }

    fn wake(&mut self) {
        let now = self.hub.now();
        self.entry.with(|state| self.machine.wake(now, &mut state.session));
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
        self.hub.mind_memory();
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

    /// Says that the session is over, or that too much waits for the client, if that is so.
    fn mind_end(&mut self) {
        if self.entry.over.is_cancelled() && self.close.is_none() {
            let ended = self.entry.with(|state| state.end);
            if matches!(ended, Some(SessionEnd::Ended | SessionEnd::Finished)) {
                let reason = "the session is over";
                self.farewell =
                    Some(Bye { code: 1000, reason: reason.into(), retry_after: None, last: true });
                self.close = Some(Close::new(CloseCode::NORMAL, reason));
            } else {
                self.close = Some(Close::new(CloseCode::AWAY, "the session was ended"));
            }
        }
        let ((frames, bytes), (most, most_bytes)) = (self.machine.backlog(), self.hub.settings.backlog);
        if frames > most || bytes > most_bytes {
            let reason = "answers are not read: come back and they are given again";
            self.close.get_or_insert(Close::new(CloseCode::TRY_AGAIN, reason));
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

    /// Says that the server stops, and when to come back: a different time to each, so that they do not all come at once.
    fn drain(&mut self) {
        let spread = u64::try_from(self.hub.settings.drain_spread.as_millis()).unwrap_or(u64::MAX);
        let retry_after = Some(self.hub.random_below(spread));
        let reason: String = "the server is shutting down".into();
        self.farewell = Some(Bye { code: code::DRAINING, reason: reason.clone(), retry_after, last: false });
        self.fail(code::DRAINING, &reason);
    }

    /// Says farewell behind what has been gathered, and closes. Nothing that comes is heeded any more, and a client that
    /// reads nothing is not waited for.
    async fn leave(&mut self, close: Close) {
        if let Some(bye) = self.farewell.take() {
            self.batch.push(&Frame::Bye(bye));
        }
        self.batch.flush();
        let gathered: Vec<Vec<u8>> = std::iter::from_fn(|| self.batch.pop()).collect();
        let (sending, sender) = (self.sending.take(), self.connection.sender());
        let handed_over = async move {
            if let Some(sending) = sending {
                let _gone = sending.await;
            }
            for message in gathered {
                // Whoever has left already needs no farewell.
                let _gone = sender.send(message).await;
            }
        };
        let ended = async { while self.connection.recv().await.is_some() {} };
        tokio::select! {
            () = handed_over => {}
            () = ended => {}
            () = tokio::time::sleep(LEAVE) => {}
        }
        self.connection.close(close);
    }
}

impl<A: Application> Drop for Task<A> {
    /// However it ends, by a panic of the application too, the session is away from now on.
    fn drop(&mut self) {
        self.gone();
    }
}
