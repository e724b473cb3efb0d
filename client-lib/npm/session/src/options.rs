//! Settings as numbers, in the order of `js/session/options.js`. Not a number: the client's own default.

use std::time::Duration;

use rejoin::session::SessionLimits;
use rejoin::{Backoff, SessionBuilder, Watermarks};

use crate::target;

/// Settings in the order in which they come.
struct Settings<'a>(std::slice::Iter<'a, f64>);

impl Settings<'_> {
    fn next(&mut self) -> Option<f64> {
        self.0.next().copied().filter(|value| !value.is_nan())
    }

    fn put<T>(&mut self, place: &mut T, read: impl FnOnce(f64) -> T) {
        if let Some(value) = self.next() {
            *place = read(value);
        }
    }
}

/// A builder with these settings; the names of subprotocols are parted by line feeds.
pub(crate) fn builder(session: u32, settings: &[f64], protocols: &str) -> SessionBuilder {
    let mut settings = Settings(settings.iter());
    let mut builder = rejoin::SessionBuilder::asking(move |attempt| target::ask(session, attempt));
    for name in protocols.split('\n').filter(|name| !name.is_empty()) {
        builder = builder.protocol(name);
    }
    builder = reconnecting(builder, &mut settings);
    for set in [
        SessionBuilder::connect_timeout,
        SessionBuilder::close_timeout,
        SessionBuilder::greeting_timeout,
        SessionBuilder::drain_timeout,
    ] {
        if let Some(value) = settings.next() {
            builder = set(builder, duration(value));
        }
    }
    let mut keep_alive = rejoin::session::KeepAlive::default();
    settings.put(&mut keep_alive.interval, duration);
    settings.put(&mut keep_alive.deadline, duration);
    settings.put(&mut keep_alive.probe, duration);
    builder = builder.keep_alive(Some(keep_alive).filter(|timing| !timing.interval.is_zero()));
    if let Some(high) = settings.next() {
        // The low mark is a quarter of the high one, as by default.
        builder = builder.watermarks(Watermarks::new(high as u64 / 4, high as u64));
    }
    if let Some(seed) = settings.next() {
        builder = builder.seed(seed as u64);
    }
    builder.limits(limits(&mut settings))
}

fn reconnecting(builder: SessionBuilder, settings: &mut Settings<'_>) -> SessionBuilder {
    let comes_back = settings.next() != Some(0.0);
    let mut backoff = Backoff::default();
    settings.put(&mut backoff.first, duration);
    settings.put(&mut backoff.cap, duration);
    settings.put(&mut backoff.floor, duration);
    settings.put(&mut backoff.first_floor, duration);
    settings.put(&mut backoff.growth_percent, |percent| percent as u32);
    settings.put(&mut backoff.stable, duration);
    settings.put(&mut backoff.max_attempts, |attempts| Some(attempts as u32));
    builder.reconnect(comes_back.then_some(backoff))
}

fn limits(settings: &mut Settings<'_>) -> SessionLimits {
    let mut limits = SessionLimits::default();
    settings.put(&mut limits.window, |bytes| bytes as u64);
    settings.put(&mut limits.queue_messages, |messages| messages as usize);
    settings.put(&mut limits.queue_bytes, |bytes| bytes as u64);
    settings.put(&mut limits.max_message, |bytes| bytes as u64);
    settings.put(&mut limits.subscription_window, |bytes| bytes as u64);
    settings.put(&mut limits.subscriptions, |count| count as usize);
    settings.put(&mut limits.publications, |count| count as usize);
    settings.put(&mut limits.publication_bytes, |bytes| bytes as u64);
    settings.put(&mut limits.calls, |count| count as usize);
    settings.put(&mut limits.call_bytes, |bytes| bytes as u64);
    limits
}

fn duration(millis: f64) -> Duration {
    Duration::from_micros((millis * 1_000.0) as u64)
}
