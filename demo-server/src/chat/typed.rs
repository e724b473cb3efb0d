//! The typed chat's connections: each reads requests, and gets what the hall has for it.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use demo_messages::chat::{Chat, Refusal, Request};
use rejoin_server::{Bucket, Close, CloseCode, Connection, Message, Rate, Received, Sender, Typed, encode};
use tokio::sync::Notify;

use super::hall::{Audience, Delivery, Hall, Settings, Tab, refuse};
use crate::undecodable;

/// Changes of the list of rooms within this time are told once.
const ROOMS_PAUSE: Duration = Duration::from_millis(250);

#[derive(Debug)]
struct State {
    hall: Hall,
    senders: HashMap<Tab, Sender>,
}

/// The typed chat.
#[derive(Debug)]
pub(crate) struct TypedChat {
    state: Mutex<State>,
    rooms_changed: Notify,
    rate: Rate,
}

impl TypedChat {
    pub(crate) fn new(settings: Settings, epoch: u64) -> Self {
        let rate = Rate { per_second: f64::from(settings.pace.per_second), burst: settings.pace.burst };
        let state = State { hall: Hall::new(settings, epoch), senders: HashMap::new() };
        Self { state: Mutex::new(state), rooms_changed: Notify::new(), rate }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Serves one connection.
    pub(crate) async fn serve(&self, connection: Connection) {
        let tab = connection.info().id;
        let sender = connection.sender();
        let mut typed = Typed::<Chat>::new(connection);
        self.state().senders.insert(tab, sender.clone());
        let mut bucket = Bucket::new(self.rate, Instant::now());
        while let Some(received) = typed.recv().await {
            match received {
                // A keep-alive that is refused for haste would look like a dead link.
                Received::Value(Request::Ping) => self.handle(tab, Request::Ping),
                Received::Value(request) if bucket.take(Instant::now()) => self.handle(tab, request),
                // It is not answered, so neither is its refusal.
                Received::Value(Request::Typing { .. }) => {}
                Received::Value(request) => self.too_fast(tab, &request),
                Received::Undecodable { message: Message::Binary(_), .. } => {
                    let reason = "chat.rejoin.v1 has text messages, not binary ones";
                    sender.close(Close::new(CloseCode::UNSUPPORTED, reason));
                    break;
                }
                Received::Undecodable { error, .. } => {
                    tracing::info!(id = tab, "chat: {error}");
                    sender.close(undecodable::<Chat>(&error));
                    break;
                }
            }
        }
        let mut state = self.state();
        state.senders.remove(&tab);
        let deliveries = state.hall.leave(tab);
        state.deliver(&deliveries);
        self.rooms_changed.notify_one();
    }

    /// Tells everybody about changes of the list of rooms, for as long as it is polled.
    pub(crate) async fn announce_rooms(&self) {
        loop {
            self.rooms_changed.notified().await;
            {
                let mut state = self.state();
                if let Some(delivery) = state.hall.changed_rooms() {
                    state.deliver(&[delivery]);
                }
            }
            tokio::time::sleep(ROOMS_PAUSE).await;
        }
    }

    fn handle(&self, tab: Tab, request: Request) {
        if let Request::Say { text, .. } = &request {
            tracing::info!(id = tab, bytes = text.len(), "chat: message received");
        }
        let mut state = self.state();
        let deliveries = state.hall.handle(tab, request, now_ms());
        state.deliver(&deliveries);
        self.rooms_changed.notify_one();
    }

    fn too_fast(&self, tab: Tab, request: &Request) {
        let key = if let Request::Say { key, .. } = request { Some(*key) } else { None };
        let reason = format!("too many requests: at most {} a second are taken", self.rate.per_second);
        self.state().deliver(&refuse(tab, key, Refusal::TooFast, reason));
    }
}

impl State {
    /// Sends under the lock, so that everybody gets events in the same order. Nothing waits here: a reader
    /// that is too slow is cut off.
    fn deliver(&self, deliveries: &[Delivery]) {
        for Delivery { to, event } in deliveries {
            let message = match encode::<Chat>(event) {
                Ok(message) => message,
                Err(error) => {
                    tracing::error!("an event of the chat can't be written: {error}");
                    continue;
                }
            };
            let send = |tab: Tab| {
                if let Some(sender) = self.senders.get(&tab) {
                    sender.push(message.clone());
                }
            };
            match to {
                Audience::Tab(tab) => send(*tab),
                Audience::Tabs(tabs) => tabs.iter().copied().for_each(send),
                Audience::Everybody => self.hall.tabs().for_each(send),
            }
        }
    }
}

/// Milliseconds since 1970; 0 on a machine whose clock stands before that.
fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
