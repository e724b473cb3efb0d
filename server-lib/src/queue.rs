//! The queue: messages between a connection's task and its handler, bounded in bytes and in number.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio::sync::Notify;

use crate::account::{Charge, Holder, block};
use crate::close::Close;
use crate::message::Message;

/// Why a message was not queued; it is handed back.
#[derive(Debug)]
pub(crate) enum Rejected {
    Full(Message),
    Ended(Message),
}

/// A message, and whether others have its bytes too, so that they are no memory of this queue.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) message: Message,
    pub(crate) is_shared: bool,
}

impl Item {
    fn memory(&self) -> u64 {
        if self.is_shared { 0 } else { block(self.message.len()) }
    }
}

impl<M: Into<Message>> From<M> for Item {
    fn from(message: M) -> Self {
        Self { message: message.into(), is_shared: false }
    }
}

/// What the consumer gets.
#[derive(Debug)]
pub(crate) enum Popped {
    Message(Item),
    /// The queue was finished and is empty now.
    Finished(Close),
    /// The queue was cut: what was in it is gone.
    Cut(Close),
}

#[derive(Debug, Default)]
enum Phase {
    #[default]
    Open,
    Finished(Close),
    Cut(Close),
}

#[derive(Debug)]
struct State {
    items: VecDeque<Item>,
    bytes: usize,
    /// The memory of the messages, and what the account has of the queue.
    memory: u64,
    charge: Charge,
    phase: Phase,
    /// The task that waits for messages.
    consumer: Option<Waker>,
    /// The connection's task, when it waits for room.
    producer: Option<Waker>,
}

impl State {
    fn append(&mut self, item: Item) {
        self.bytes += item.message.len();
        self.memory += item.memory();
        self.items.push_back(item);
        self.update_charge();
    }

    fn take(&mut self) -> Option<Item> {
        let item = self.items.pop_front()?;
        self.bytes -= item.message.len();
        self.memory -= item.memory();
        self.update_charge();
        Some(item)
    }

    fn clear(&mut self) {
        self.items = VecDeque::new();
        (self.bytes, self.memory) = (0, 0);
        self.update_charge();
    }

    fn update_charge(&mut self) {
        let slots = self.items.capacity() * size_of::<Item>();
        self.charge.set(self.memory + slots as u64);
    }
}

/// A bounded queue of messages. An empty queue takes any message, so that one larger than the bound passes.
#[derive(Debug)]
pub(crate) struct Queue {
    state: Mutex<State>,
    holder: Arc<Holder>,
    room: Notify,
    max_bytes: usize,
    max_messages: usize,
}

impl Queue {
    pub(crate) fn new(max_bytes: usize, max_messages: usize, holder: &Arc<Holder>) -> Self {
        let state = State {
            items: VecDeque::new(),
            bytes: 0,
            memory: 0,
            charge: holder.charge(0),
            phase: Phase::Open,
            consumer: None,
            producer: None,
        };
        let holder = Arc::clone(holder);
        Self { state: Mutex::new(state), holder, room: Notify::new(), max_bytes, max_messages }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No code that can panic runs under the lock, so a poisoned state is still whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fits(&self, state: &State, len: usize) -> bool {
        state.items.is_empty()
            || (state.items.len() < self.max_messages && state.bytes.saturating_add(len) <= self.max_bytes)
    }

    /// Queues a message if there is room.
    pub(crate) fn try_push(&self, item: Item) -> Result<(), Rejected> {
        let consumer = {
            let mut state = self.lock();
            if !matches!(state.phase, Phase::Open) {
                return Err(Rejected::Ended(item.message));
            }
            if !self.fits(&state, item.message.len()) {
                return Err(Rejected::Full(item.message));
            }
            state.append(item);
            state.consumer.take()
        };
        if let Some(waker) = consumer {
            waker.wake();
        }
        Ok(())
    }

    /// Queues a message, waiting for room. Dropping the future queues nothing.
    pub(crate) async fn push(&self, item: Item) -> Result<(), Message> {
        let Item { mut message, is_shared } = item;
        let mut waiting = None;
        loop {
            let mut room = std::pin::pin!(self.room.notified());
            // Registered before the attempt, so that room made in between is not missed.
            room.as_mut().enable();
            match self.try_push(Item { message, is_shared }) {
                Ok(()) => return Ok(()),
                Err(Rejected::Ended(back)) => return Err(back),
                Err(Rejected::Full(back)) => message = back,
            }
            if !is_shared {
                waiting.get_or_insert_with(|| self.holder.charge(block(message.len())));
            }
            room.await;
        }
    }

    /// Ready when a next message would be taken whatever its size; for the connection's task alone.
    pub(crate) fn poll_room(&self, cx: &Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        let open = matches!(state.phase, Phase::Open);
        if !open || (state.items.len() < self.max_messages && state.bytes < self.max_bytes) {
            return Poll::Ready(());
        }
        state.producer = Some(cx.waker().clone());
        Poll::Pending
    }

    /// Queues a message for which [`Self::poll_room`] was ready. An ended queue drops it: nobody reads.
    pub(crate) fn push_with_room(&self, message: Message) {
        let consumer = {
            let mut state = self.lock();
            if !matches!(state.phase, Phase::Open) {
                return;
            }
            state.append(message.into());
            state.consumer.take()
        };
        if let Some(waker) = consumer {
            waker.wake();
        }
    }

    /// Takes the next message, or tells how the queue ended.
    pub(crate) fn poll_pop(&self, cx: &Context<'_>) -> Poll<Popped> {
        let (popped, producer) = {
            let mut state = self.lock();
            if let Phase::Cut(close) = &state.phase {
                return Poll::Ready(Popped::Cut(close.clone()));
            }
            if let Some(item) = state.take() {
                (Popped::Message(item), state.producer.take())
            } else if let Phase::Finished(close) = &state.phase {
                return Poll::Ready(Popped::Finished(close.clone()));
            } else {
                state.consumer = Some(cx.waker().clone());
                return Poll::Pending;
            }
        };
        if let Some(waker) = producer {
            waker.wake();
        }
        self.room.notify_waiters();
        Poll::Ready(popped)
    }

    /// Tells whether the queue was cut, and registers the consumer for news.
    pub(crate) fn poll_cut(&self, cx: &Context<'_>) -> Option<Close> {
        let mut state = self.lock();
        if let Phase::Cut(close) = &state.phase {
            return Some(close.clone());
        }
        state.consumer = Some(cx.waker().clone());
        None
    }

    /// Takes no more messages; what is queued still goes out. False if the queue had ended before.
    pub(crate) fn finish(&self, close: Close) -> bool {
        self.end(|state| {
            let open = matches!(state.phase, Phase::Open);
            if open {
                state.phase = Phase::Finished(close);
            }
            open
        })
    }

    /// Takes no more messages and drops what is queued. False if the queue had been cut before.
    pub(crate) fn cut(&self, close: Close) -> bool {
        self.end(|state| {
            if matches!(state.phase, Phase::Cut(_)) {
                return false;
            }
            state.phase = Phase::Cut(close);
            state.clear();
            true
        })
    }

    fn end(&self, change: impl FnOnce(&mut State) -> bool) -> bool {
        let (changed, consumer, producer) = {
            let mut state = self.lock();
            let changed = change(&mut state);
            (changed, state.consumer.take(), state.producer.take())
        };
        for waker in [consumer, producer].into_iter().flatten() {
            waker.wake();
        }
        self.room.notify_waiters();
        changed
    }

    /// Bytes that wait.
    pub(crate) fn bytes(&self) -> usize {
        self.lock().bytes
    }

    /// True unless the queue was finished or cut.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.lock().phase, Phase::Open)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;
    use crate::account::{Account, Kind};
    use crate::close::CloseCode;

    fn bounded(max_bytes: usize, max_messages: usize) -> Queue {
        let account = Account::new(u64::MAX, u64::MAX);
        Queue::new(max_bytes, max_messages, &account.holder(Kind::Connection, None))
    }

    async fn pop(queue: &Queue) -> Popped {
        poll_fn(|cx| queue.poll_pop(cx)).await
    }

    #[tokio::test]
    async fn a_full_queue_hands_the_message_back_and_an_empty_one_takes_any_size() {
        let queue = bounded(4, 10);
        queue.try_push("too large for the bound".into()).unwrap();
        let Err(Rejected::Full(back)) = queue.try_push("x".into()) else { panic!("taken") };
        assert_eq!(back.as_text(), Some("x"));
        assert!(matches!(pop(&queue).await, Popped::Message(_)));
        queue.try_push("x".into()).unwrap();
    }

    #[tokio::test]
    async fn the_number_of_messages_is_bounded_too() {
        let queue = bounded(1_000, 2);
        queue.try_push("".into()).unwrap();
        queue.try_push("".into()).unwrap();
        assert!(matches!(queue.try_push("".into()), Err(Rejected::Full(_))));
    }

    #[tokio::test]
    async fn a_sender_that_waits_goes_on_when_there_is_room() {
        let queue = Arc::new(bounded(1, 1));
        queue.try_push("a".into()).unwrap();
        let waiting = tokio::spawn({
            let queue = Arc::clone(&queue);
            async move { queue.push("b".into()).await.is_ok() }
        });
        tokio::task::yield_now().await;
        assert!(matches!(pop(&queue).await, Popped::Message(_)));
        assert!(waiting.await.unwrap());
        assert!(matches!(pop(&queue).await, Popped::Message(_)));
    }

    #[tokio::test]
    async fn a_finished_queue_gives_what_it_holds_and_a_cut_one_nothing() {
        let queue = bounded(100, 100);
        queue.try_push("a".into()).unwrap();
        assert!(queue.finish(Close::new(CloseCode::NORMAL, "")));
        assert!(matches!(queue.try_push("b".into()), Err(Rejected::Ended(_))));
        assert!(matches!(pop(&queue).await, Popped::Message(_)));
        assert!(matches!(pop(&queue).await, Popped::Finished(_)));

        let queue = bounded(100, 100);
        queue.try_push("a".into()).unwrap();
        assert!(queue.cut(Close::new(CloseCode::POLICY, "")));
        assert!(!queue.finish(Close::new(CloseCode::NORMAL, "")));
        assert!(matches!(pop(&queue).await, Popped::Cut(_)));
        assert_eq!(queue.bytes(), 0);
    }

    #[tokio::test]
    async fn a_sender_that_waits_gets_its_message_back_when_the_queue_ends() {
        let queue = Arc::new(bounded(1, 1));
        queue.try_push("a".into()).unwrap();
        let waiting = tokio::spawn({
            let queue = Arc::clone(&queue);
            async move { queue.push("b".into()).await }
        });
        tokio::task::yield_now().await;
        queue.cut(Close::new(CloseCode::POLICY, ""));
        assert_eq!(waiting.await.unwrap().unwrap_err().as_text(), Some("b"));
    }

    #[tokio::test]
    async fn what_waits_is_on_the_holder_s_account_also_in_front_of_a_full_queue() {
        let account = Account::new(u64::MAX, u64::MAX);
        let queue = Arc::new(Queue::new(1_000, 1, &account.holder(Kind::Connection, None)));
        queue.try_push("a".repeat(1_000).into()).unwrap();
        let one = account.held();
        assert!((1_000..1_400).contains(&one), "{one}");
        let waiting = tokio::spawn({
            let queue = Arc::clone(&queue);
            async move { queue.push("b".repeat(500).into()).await.is_ok() }
        });
        tokio::task::yield_now().await;
        assert!((one + 500..one + 600).contains(&account.held()));
        queue.cut(Close::new(CloseCode::POLICY, ""));
        assert!(!waiting.await.unwrap());
        assert_eq!(account.held(), 0);
    }
}
