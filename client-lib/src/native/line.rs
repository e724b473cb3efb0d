//! What a socket's owner and the task that serves it have in common.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::{Rc, Weak};
use std::task::{Context, Waker};

use rejoin_protocol::{Close, Generation, ReadyState};
use tokio_tungstenite::tungstenite::Message;

use crate::driver::Driver;

/// One socket: what was handed to it and where it is.
#[doc(hidden)]
pub struct Line {
    pub(crate) generation: Generation,
    url: String,
    protocol: RefCell<String>,
    state: Cell<ReadyState>,
    /// Whom to tell, until the owner has left.
    driver: RefCell<Option<Weak<Driver>>>,
    /// Messages that are not with the WebSocket yet.
    waiting: RefCell<VecDeque<Message>>,
    /// The payload bytes of what waits, and of what is with the WebSocket and not wholly written to TCP.
    waiting_bytes: Cell<u64>,
    writing_bytes: Cell<u64>,
    /// Of the latter, what TCP has taken, heads of frames included.
    taken_bytes: Cell<u64>,
    /// What to say at the end, once the owner wants it to end.
    closing: RefCell<Option<Close>>,
    task: Cell<Option<Waker>>,
}

impl std::fmt::Debug for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Line").field("state", &self.state.get()).finish_non_exhaustive()
    }
}

impl Line {
    pub(crate) fn new(driver: Weak<Driver>, generation: Generation, url: String) -> Self {
        Self {
            generation,
            url,
            protocol: RefCell::default(),
            state: Cell::new(ReadyState::Connecting),
            driver: RefCell::new(Some(driver)),
            waiting: RefCell::default(),
            waiting_bytes: Cell::new(0),
            writing_bytes: Cell::new(0),
            taken_bytes: Cell::new(0),
            closing: RefCell::default(),
            task: Cell::new(None),
        }
    }

    // For the owner.

    pub(crate) fn url(&self) -> String {
        self.url.clone()
    }

    pub(crate) fn protocol(&self) -> String {
        self.protocol.borrow().clone()
    }

    /// None is offered, so that none is agreed.
    pub(crate) fn extensions(&self) -> String {
        String::new()
    }

    pub(crate) fn state(&self) -> ReadyState {
        self.state.get()
    }

    /// Payload bytes that were handed over and are not written; not 0 before all is, heads of frames included. What is
    /// handed over after the end stays in it, as in a browser.
    pub(crate) fn buffered(&self) -> u64 {
        let writing = self.writing_bytes.get();
        let left = writing - self.taken_bytes.get().min(writing.saturating_sub(1));
        self.waiting_bytes.get().saturating_add(left)
    }

    pub(crate) fn push_text(&self, text: &str) -> Result<(), String> {
        self.push(text.len(), || Message::text(text))
    }

    pub(crate) fn push_bytes(&self, bytes: &[u8]) -> Result<(), String> {
        self.push(bytes.len(), || Message::binary(bytes.to_vec()))
    }

    fn push(&self, len: usize, message: impl FnOnce() -> Message) -> Result<(), String> {
        if self.state.get() == ReadyState::Connecting {
            return Err("the connection is not open yet".into());
        }
        self.waiting_bytes.set(self.waiting_bytes.get().saturating_add(len as u64));
        // As in a browser, what comes too late is counted and goes nowhere.
        if self.state.get() == ReadyState::Open {
            self.waiting.borrow_mut().push_back(message());
            self.wake();
        }
        Ok(())
    }

    /// Begins the close handshake, once. What was handed over goes out before.
    pub(crate) fn close(&self, close: &Close) {
        if self.state.get() <= ReadyState::Open {
            self.closing.replace(Some(close.clone()));
            self.state.set(ReadyState::Closing);
            self.wake();
        }
    }

    /// The owner leaves: nobody is told of anything more.
    pub(crate) fn leave(&self) {
        self.driver.take();
        self.close(&Close::normal());
        self.wake();
    }

    fn wake(&self) {
        if let Some(task) = self.task.take() {
            task.wake();
        }
    }

    // For the task.

    pub(crate) fn listen(&self, context: &Context<'_>) {
        self.task.set(Some(context.waker().clone()));
    }

    pub(crate) fn is_left(&self) -> bool {
        self.driver.borrow().is_none()
    }

    pub(crate) fn driver(&self) -> Option<Rc<Driver>> {
        self.driver.borrow().as_ref()?.upgrade()
    }

    pub(crate) fn set_state(&self, state: ReadyState) {
        self.state.set(state);
    }

    pub(crate) fn opened(&self, protocol: String) {
        self.protocol.replace(protocol);
        self.state.set(ReadyState::Open);
    }

    pub(crate) fn closing(&self) -> Option<Close> {
        self.closing.borrow().clone()
    }

    /// The next message for the WebSocket. It counts as being written from now on.
    pub(crate) fn next(&self) -> Option<Message> {
        let message = self.waiting.borrow_mut().pop_front()?;
        let len = message.len() as u64;
        self.waiting_bytes.set(self.waiting_bytes.get().saturating_sub(len));
        self.writing_bytes.set(self.writing_bytes.get().saturating_add(len));
        Some(message)
    }

    pub(crate) fn has_waiting(&self) -> bool {
        !self.waiting.borrow().is_empty()
    }

    pub(crate) fn writing(&self) -> u64 {
        self.writing_bytes.get()
    }

    /// All that was with the WebSocket has been written.
    pub(crate) fn written(&self) {
        self.writing_bytes.set(0);
        self.taken_bytes.set(0);
    }

    /// TCP has taken bytes.
    pub(crate) fn bytes_left(&self, count: usize) {
        self.taken_bytes.set(self.taken_bytes.get().saturating_add(count as u64));
    }

    /// Bytes came, which need not be a whole message: a sign of life all the same.
    pub(crate) fn bytes_came(&self) {
        if let Some(driver) = self.driver() {
            // Whether they are of the present connection makes no difference here.
            let _current = driver.link.borrow_mut().received(self.generation);
        }
    }
}
