//! The task of a session: it hands messages to the application, one after another, and ends a session that has been
//! away too long.

use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;

use futures_util::FutureExt;
use rejoin_protocol::session::SessionMessage;
use tokio::time::Instant;

use super::Inner;
use super::application::{Application, SessionEnd};
use super::session::{Entry, SessionHandle};
use crate::account::block;

impl<A: Application> Inner<A> {
    pub(super) fn spawn_session(self: &Arc<Self>, entry: &Arc<Entry<A::Context>>) {
        tokio::spawn(Arc::clone(self).run_session(Arc::clone(entry)));
    }

    async fn run_session(self: Arc<Self>, entry: Arc<Entry<A::Context>>) {
        let handle = SessionHandle { hub: Arc::clone(&self), entry: Arc::clone(&entry) };
        while !entry.over.is_cancelled() {
            let mut arrived = pin!(entry.arrived.notified());
            arrived.as_mut().enable();
            let now = self.now();
            let (taken, away, finishing) =
                entry.with(|state| (state.session.take(now), state.away_since, state.finishing));
            if let Some((message, _)) = taken {
                // Taking may have made an acknowledgement due.
                entry.nudge();
                self.handle_message(&handle, message).await;
            } else if finishing {
                self.end(&entry, SessionEnd::Finished);
            } else {
                tokio::select! {
                    () = arrived => {}
                    () = entry.over.cancelled() => {}
                    () = entry.holder.gives_way().cancelled() => self.end(&entry, SessionEnd::Memory),
                    () = self.outlived(away) => self.expire(&entry, away),
                }
            }
        }
    }

    /// Waits for the application. A session that is away too long meanwhile ends all the same: then what its handler
    /// waits to send comes back to it.
    async fn handle_message(self: &Arc<Self>, handle: &SessionHandle<A>, message: SessionMessage) {
        let entry = &handle.entry;
        // The application has it until it is done.
        let _memory = entry.holder.charge(block(message.body.len()));
        // Called within, so that a panic before its first await is caught as well.
        let handled = async { self.application.message(handle, message).await };
        let mut handled = pin!(AssertUnwindSafe(handled).catch_unwind());
        loop {
            let mut arrived = pin!(entry.arrived.notified());
            arrived.as_mut().enable();
            let away = entry.with(|state| state.away_since.filter(|_| state.end.is_none()));
            tokio::select! {
                outcome = &mut handled => {
                    if outcome.is_err() {
                        tracing::error!(alias = entry.alias, "the handler of a session's messages panicked");
                        self.end(entry, SessionEnd::Ended);
                    }
                    return;
                }
                () = arrived => {}
                () = entry.holder.gives_way().cancelled(), if !entry.over.is_cancelled() => {
                    self.end(entry, SessionEnd::Memory);
                }
                () = self.outlived(away) => self.expire(entry, away),
            }
        }
    }

    async fn outlived(&self, away: Option<Instant>) {
        match away {
            Some(since) => tokio::time::sleep_until(since + self.settings.ttl).await,
            None => std::future::pending().await,
        }
    }

    fn expire(self: &Arc<Self>, entry: &Arc<Entry<A::Context>>, away: Option<Instant>) {
        self.end_if(entry, SessionEnd::Expired, |state| away.is_some() && state.away_since == away);
    }
}
