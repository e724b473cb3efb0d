//! Subscriptions of a connection: how often one begins, how they begin, and their reading.

use std::collections::VecDeque;
use std::sync::Arc;

use futures_util::future::Abortable;
use rejoin_protocol::session::{FeedStart, code};
use rejoin_protocol::wire::{Body, Denial, Position, Presence, Since};

use super::Metric;
use super::action::Action;
use super::application::Application;
use super::follow::{Following, Found};
use super::task::Task;
use super::work::{Done, TOO_LARGE, fault};
use crate::log::{LogError, Piece};

/// The most bytes that a reading of one feed may hold.
const READ_BYTES: u64 = 64 << 10;

/// A subscription that has not begun, because many have lately.
pub(super) struct Subscribe {
    pub(super) subscription: u64,
    pub(super) channel: String,
    pub(super) since: Since,
    pub(super) presence: Option<Body>,
}

/// A reading that has not begun, because others are under way.
struct Read {
    subscription: u64,
    behind: Position,
    max_bytes: usize,
}

/// What of a connection's subscriptions waits, and how much is being read.
#[derive(Default)]
pub(super) struct Subscribing {
    waiting: VecDeque<Subscribe>,
    reads: VecDeque<Read>,
    reading: usize,
}

impl Subscribing {
    /// Whether a subscription waits for its rate.
    pub(super) fn waits(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// About how much memory it takes.
    pub(super) fn memory(&self) -> u64 {
        let waiting =
            self.waiting.capacity() * size_of::<Subscribe>() + self.reads.capacity() * size_of::<Read>();
        let bodies: usize = self
            .waiting
            .iter()
            .map(|it| it.channel.len() + it.presence.as_ref().map_or(0, |it| it.len()))
            .sum();
        (waiting + bodies) as u64 + self.reading as u64 * READ_BYTES
    }
}

impl<A: Application> Task<A> {
    /// Begins a subscription, or puts it off while the session begins them faster than it may.
    pub(super) fn subscribe(&mut self, subscribe: Subscribe) {
        self.subscribing.waiting.push_back(subscribe);
        self.begin_subscriptions();
    }

    /// Begins those that were put off, as far as the rate allows.
    pub(super) fn begin_subscriptions(&mut self) {
        while self.subscribing.waits() && self.entry.pace.subscribe() {
            if let Some(subscribe) = self.subscribing.waiting.pop_front() {
                self.begin_subscription(subscribe);
            }
        }
    }

    /// The client wants it no longer.
    pub(super) fn unsubscribe(&mut self, subscription: u64) {
        self.following.remove(&subscription);
        self.subscribing.waiting.retain(|waiting| waiting.subscription != subscription);
        self.subscribing.reads.retain(|waiting| waiting.subscription != subscription);
    }

    fn begin_subscription(&mut self, subscribe: Subscribe) {
        let Subscribe { subscription, channel: name, since, presence } = subscribe;
        let allowed = self.hub.application.authorize(&self.handle, &name, Action::Subscribe);
        if let Err(denial) = allowed {
            self.machine.subscribed(subscription, Err(denial));
            return;
        }
        if let Some(denial) = presence.as_ref().and_then(|about| self.too_much(about)) {
            self.machine.subscribed(subscription, Err(denial));
            return;
        }
        let hub = Arc::clone(&self.hub);
        let (cache, most) = (hub.settings.cache(), hub.settings.channels);
        let Some(channel) = hub.channels.get(&name, &hub.log, cache, most) else {
            let reason = "the server has as many channels as it takes";
            self.machine.subscribed(subscription, Err(Denial::new(code::TOO_MANY, reason)));
            return;
        };
        let mut following = Following::new(Arc::clone(&channel), hub.serial(), presence.is_some());
        let registration = following.abortable();
        self.following.insert(subscription, following);
        let finding = async move {
            let found = hub
                .persist("locate", || async {
                    // The tail is watched before the start is found, so that no entry in between goes unnoticed.
                    let tail = hub.log.tail(&channel.name).await?;
                    let start = hub.log.locate(&channel.name, since).await?;
                    Ok(Found { start, channel: Arc::clone(&channel), tail })
                })
                .await;
            Done::Found(subscription, presence, found)
        };
        // Given up with the subscription.
        self.work.push(Box::pin(async move {
            Abortable::new(finding, registration).await.unwrap_or(Done::Nothing)
        }));
    }

    /// Why nobody can be listed with this.
    pub(super) fn too_much(&self, about: &Body) -> Option<Denial> {
        let most = self.hub.settings.member_bytes;
        let reason = || format!("a subscriber is listed with at most {most} bytes");
        (about.len() > most).then(|| Denial { code: TOO_LARGE, reason: reason() })
    }

    pub(super) fn appear(&mut self, subscription: u64, about: Body) {
        let settings = &self.hub.settings;
        let alias = self.entry.alias;
        let Some(following) = self.following.get_mut(&subscription) else { return };
        let name = &following.channel.name;
        match self.hub.application.authorize(&self.handle, name, Action::Appear(&about)) {
            Ok(()) => {
                if !following.appear(alias, about.detached(), settings.members) {
                    let reason = format!("at most {} are listed here", settings.members);
                    let full = Denial { code: code::TOO_MANY, reason };
                    self.machine.presence(subscription, Presence::Refused(full));
                }
                self.work.extend(following.watch_members(subscription));
            }
            Err(denial) => self.machine.presence(subscription, Presence::Refused(denial)),
        }
    }

    pub(super) fn found(
        &mut self,
        subscription: u64,
        presence: Option<Body>,
        found: Result<Found, LogError>,
    ) {
        let found = match found {
            Ok(found) => found,
            Err(error) => {
                self.machine.subscribed(subscription, Err(fault(&error)));
                self.following.remove(&subscription);
                return;
            }
        };
        let Some(following) = self.following.get_mut(&subscription) else { return };
        debug_assert!(Arc::ptr_eq(&following.channel, &found.channel));
        self.work.push(following.watch(subscription, found.tail));
        let FeedStart { at, recovered, missing } = found.start;
        if missing.is_some() {
            self.hub.metrics.count(Metric::Gap);
        }
        self.machine.subscribed(subscription, Ok(FeedStart { at, recovered, missing }));
        if let Some(about) = presence {
            self.appear(subscription, about);
        }
    }

    /// Reads a channel, or puts it off while as much is being read for this connection as may be.
    pub(super) fn read(&mut self, subscription: u64, behind: Position, max_bytes: usize) {
        self.subscribing.reads.push_back(Read { subscription, behind, max_bytes });
        self.begin_reads();
    }

    fn begin_reads(&mut self) {
        while self.subscribing.reading < self.hub.settings.reads_at_once
            && let Some(Read { subscription, behind, max_bytes }) = self.subscribing.reads.pop_front()
        {
            let Some(following) = self.following.get(&subscription) else { continue };
            let (hub, channel) = (Arc::clone(&self.hub), Arc::clone(&following.channel));
            self.subscribing.reading += 1;
            self.work.push(Box::pin(async move {
                Done::Read(subscription, hub.persist("read", || channel.read(behind, max_bytes)).await)
            }));
        }
    }

    /// What was read of a channel.
    pub(super) fn have_read(&mut self, subscription: u64, piece: Result<Piece, LogError>) {
        self.subscribing.reading -= 1;
        match piece {
            Ok(Piece::Entries(entries)) => self.machine.entries(self.hub.now(), subscription, entries),
            Ok(Piece::Gap(at, missing)) => {
                self.hub.metrics.count(Metric::Gap);
                self.machine.gap(subscription, at, missing);
            }
            Err(error) => self.machine.end_subscription(subscription, fault(&error)),
        }
        self.begin_reads();
    }
}
