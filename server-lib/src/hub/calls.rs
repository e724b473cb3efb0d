//! Calls of a connection: how often one begins, how many are under way, and their answers.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use futures_util::future::{AbortHandle, Abortable};
use rejoin_protocol::wire::{Body, Denial};
use tokio::time::Instant;

use super::application::Application;
use super::task::Task;
use super::work::{Done, TOO_LARGE};

/// A call that has not begun.
struct Call {
    id: u64,
    until: Instant,
    question: Body,
}

/// The calls of a connection. What the questions cost is counted by the machine.
#[derive(Default)]
pub(super) struct Calls {
    waiting: VecDeque<Call>,
    under_way: HashMap<u64, AbortHandle>,
}

impl Calls {
    /// Whether a call waits that could begin if its rate allowed it.
    pub(super) fn waits(&self, at_once: usize) -> bool {
        !self.waiting.is_empty() && self.under_way.len() < at_once
    }

    /// How much memory they may take, when each answer is as large as it may be.
    pub(super) fn memory(&self, max_answer: usize) -> u64 {
        (self.waiting.capacity() * size_of::<Call>() + self.under_way.len() * max_answer) as u64
    }
}

impl<A: Application> Task<A> {
    /// Asks the application, or puts it off while it is asked as much for this connection as it may be.
    pub(super) fn call(&mut self, id: u64, timeout: Duration, question: Body) {
        let now = Instant::now();
        let until = now.checked_add(timeout).unwrap_or(now);
        self.calls.waiting.push_back(Call { id, until, question });
        self.begin_calls();
    }

    /// Begins calls that were put off, as far as their rate, their number and what waits to go out allow.
    pub(super) fn begin_calls(&mut self) {
        let (at_once, backlog) = (self.hub.settings.calls_at_once, self.hub.settings.backlog.1 / 2);
        while self.calls.waits(at_once) && self.machine.backlog().1 <= backlog && self.entry.pace.call() {
            if let Some(call) = self.calls.waiting.pop_front() {
                self.begin_call(call);
            }
        }
    }

    fn begin_call(&mut self, call: Call) {
        let Call { id, until, question } = call;
        let handle = self.handle.clone();
        let (abort, registration) = AbortHandle::new_pair();
        self.calls.under_way.insert(id, abort);
        let answer = async move {
            let answer = handle.hub.application.call(&handle, question);
            match tokio::time::timeout_at(until, answer).await {
                Ok(answer) => answer,
                Err(_) => Err(Denial { code: 408, reason: "the answer was not ready in time".into() }),
            }
        };
        self.work.push(Box::pin(async move {
            match Abortable::new(answer, registration).await {
                Ok(answer) => Done::Called(id, answer),
                Err(_) => Done::Nothing,
            }
        }));
    }

    /// The client does not want the answer any more.
    pub(super) fn cancel(&mut self, id: u64) {
        match self.calls.under_way.remove(&id) {
            Some(call) => call.abort(),
            None => self.calls.waiting.retain(|call| call.id != id),
        }
        self.begin_calls();
    }

    /// The application has answered.
    pub(super) fn called(&mut self, id: u64, answer: Result<Body, Denial>) {
        self.calls.under_way.remove(&id);
        let most = self.hub.settings.max_answer;
        let answer = answer.and_then(|answer| {
            if answer.len() <= most {
                return Ok(answer);
            }
            let reason = format!("the answer has {} bytes, and {most} are the most", answer.len());
            tracing::error!("a call was not answered: {reason}");
            Err(Denial::new(TOO_LARGE, reason))
        });
        self.machine.reply(id, answer);
        self.begin_calls();
    }
}
