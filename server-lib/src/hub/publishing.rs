//! Publications of a connection: what the application says of them, their way into the log, and its answers.

use std::sync::Arc;
use std::time::Duration;

use rejoin_protocol::session::code;
use rejoin_protocol::wire::{Answer, Denial, Publish};

use super::Metric;
use super::action::Action;
use super::application::Application;
use super::task::Task;
use super::work::{Done, TOO_LARGE};
use crate::log::{Append, LogError, Verdict};
use crate::{Close, CloseCode};

/// What a publisher is told to wait when the log can't take anything.
const RETRY_MILLIS: u64 = 1_000;

impl<A: Application> Task<A> {
    /// What the application says of a publication. It is heeded only if the number is new.
    fn verdict(&self, publish: &Publish) -> Verdict {
        let settings = &self.hub.settings;
        // Before the refusals: they are recorded, and cost as much as an entry.
        if !self.entry.pace.publish() {
            return Verdict::Later(Duration::from_millis(RETRY_MILLIS));
        }
        if publish.withheld.is_some() || publish.payload.len() > settings.max_publication {
            let reason = format!("a publication has at most {} bytes", settings.max_publication);
            return Verdict::Refuse(Denial { code: TOO_LARGE, reason });
        }
        let action = Action::Publish(&publish.payload);
        match self.hub.application.authorize(&self.handle, &publish.channel, action) {
            Ok(()) => Verdict::Take,
            Err(Denial { code, reason }) => Verdict::Refuse(Denial::new(code, reason)),
        }
    }

    pub(super) fn publish(&mut self, publish: Publish) {
        let (most, most_bytes) = self.hub.settings.appends;
        let bytes = publish.payload.len();
        let Publish { channel, number, .. } = publish.clone();
        if self.appends.len() >= most || self.append_bytes + bytes > most_bytes {
            // In its turn behind those that are under way.
            let answer = Ok(Answer::RetryAfter(RETRY_MILLIS));
            let done = Done::Published { channel, number, bytes: 0, paid: false, answer };
            self.appends.push_back(Box::pin(std::future::ready(done)));
            return;
        }
        let verdict = self.verdict(&publish);
        let paid = !matches!(verdict, Verdict::Later(_));
        self.append_bytes += bytes;
        let append = Append {
            channel: publish.channel,
            publisher: self.entry.id,
            alias: self.entry.alias,
            number: publish.number,
            settled: publish.settled,
            id: publish.id,
            payload: publish.payload.detached(),
            verdict,
        };
        let hub = Arc::clone(&self.hub);
        let began = tokio::time::Instant::now();
        self.appends.push_back(Box::pin(async move {
            let answer = hub.in_time(hub.log.append(append)).await;
            hub.metrics.appended(began.elapsed());
            Done::Published { channel, number, bytes, paid, answer }
        }));
    }

    /// The log has answered.
    /// `paid`: a token of the rate was taken.
    pub(super) fn published(
        &mut self,
        channel: &str,
        number: u64,
        paid: bool,
        answer: Result<Answer, LogError>,
    ) {
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) if error.is_retryable() => {
                tracing::warn!("a publication was not taken: {error}");
                Answer::RetryAfter(RETRY_MILLIS)
            }
            Err(LogError::Unsettled) => {
                self.fail(code::BAD_FRAME, "too many publications are not settled");
                return;
            }
            Err(error) => {
                tracing::error!("publications can't be taken: {error}");
                let reason = "the server can't take publications";
                self.close.get_or_insert(Close::new(CloseCode::INTERNAL, reason));
                return;
            }
        };
        if paid && matches!(answer, Answer::Already(_) | Answer::Expected(_)) {
            self.entry.pace.unpublish();
        }
        match &answer {
            Answer::Appended(_) => self.hub.metrics.count(Metric::Appended),
            Answer::Already(_) => self.hub.metrics.count(Metric::Repeat),
            Answer::Conflict => self.fail(code::TAKEN_OVER, "two writers share this session's identity"),
            _ => {}
        }
        self.machine.published(channel, number, answer);
    }
}
