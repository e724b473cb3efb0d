//! Settings as numbers, in the order of `js/session/options.js`. Not a number: the client's own default.

use std::time::Duration;

use rejoin::session::{KeepAlive, SessionLimits};
use rejoin::{Backoff, SessionBuilder, Watermarks};

use crate::{records, target};

/// The client's own bounds of those who wait for room, in calls and in bytes, where one of them is not set.
const MAX_WAITING: (usize, usize) = (4_096, 16 << 20);

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
    let mut builder = SessionBuilder::asking(move |attempt| target::ask(session, attempt));
    for name in protocols.split('\n').filter(|name| !name.is_empty()) {
        builder = builder.protocol(name);
    }
    builder = builder.reconnect(backoff(&mut settings));
    for set in [
        SessionBuilder::connect_timeout,
        SessionBuilder::close_timeout,
        SessionBuilder::greeting_timeout,
        SessionBuilder::drain_timeout,
        SessionBuilder::provider_timeout,
        SessionBuilder::pause_hidden_after,
        SessionBuilder::close_hidden_after,
    ] {
        if let Some(value) = settings.next() {
            builder = set(builder, duration(value));
        }
    }
    builder = builder.close_on_page_hide(settings.next() != Some(0.0));
    builder = builder.keep_alive(keep_alive(&mut settings));
    if let Some(high) = settings.next() {
        // The low mark is a quarter of the high one, as by default.
        builder = builder.watermarks(Watermarks::new(high as u64 / 4, high as u64));
    }
    if let Some(seed) = settings.next() {
        builder = builder.seed(seed as u64);
    }
    builder = builder.limits(limits(&mut settings));
    let (count, bytes) = (settings.next(), settings.next());
    if count.is_some() || bytes.is_some() {
        let usize = |value: f64| value as usize;
        builder = builder.max_waiting(count.map_or(MAX_WAITING.0, usize), bytes.map_or(MAX_WAITING.1, usize));
    }
    if let Some(most) = settings.next() {
        builder = builder.max_disagreed(most.is_finite().then_some(most as u32));
    }
    if settings.next().is_some() {
        builder = builder.log(move |record| records::tell(session, record));
    }
    builder
}

/// None where it shall not come back.
fn backoff(settings: &mut Settings<'_>) -> Option<Backoff> {
    let comes_back = settings.next() != Some(0.0);
    let mut backoff = Backoff::default();
    settings.put(&mut backoff.first, duration);
    settings.put(&mut backoff.cap, duration);
    settings.put(&mut backoff.floor, duration);
    settings.put(&mut backoff.first_floor, duration);
    settings.put(&mut backoff.growth_percent, |percent| percent as u32);
    settings.put(&mut backoff.stable, duration);
    settings.put(&mut backoff.max_attempts, |attempts| Some(attempts as u32));
    comes_back.then_some(backoff)
}

/// None where it shall not ping.
fn keep_alive(settings: &mut Settings<'_>) -> Option<KeepAlive> {
    let mut timing = KeepAlive::default();
    settings.put(&mut timing.interval, duration);
    settings.put(&mut timing.deadline, duration);
    settings.put(&mut timing.probe, duration);
    Some(timing).filter(|timing| !timing.interval.is_zero())
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
    settings.put(&mut limits.channels, |count| count as usize);
    settings.put(&mut limits.members, |count| count as usize);
    settings.put(&mut limits.member_bytes, |bytes| bytes as u64);
    settings.put(&mut limits.volatile_bytes, |bytes| bytes as usize);
    settings.put(&mut limits.presence_bytes, |bytes| bytes as usize);
    settings.put(&mut limits.max_auth, |bytes| bytes as usize);
    settings.put(&mut limits.numbered_channels, |count| count as usize);
    limits
}

fn duration(millis: f64) -> Duration {
    Duration::from_micros((millis * 1_000.0) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNSET: f64 = f64::NAN;

    fn settings(values: &[f64]) -> Settings<'_> {
        Settings(values.iter())
    }

    #[test]
    fn what_is_not_set_has_the_clients_default() {
        assert_eq!(backoff(&mut settings(&[UNSET; 8])), Some(Backoff::default()));
        assert_eq!(keep_alive(&mut settings(&[UNSET; 3])), Some(KeepAlive::default()));
        assert_eq!(limits(&mut settings(&[UNSET; 17])), SessionLimits::default());
        assert_eq!(limits(&mut settings(&[])), SessionLimits::default());
    }

    #[test]
    fn what_is_set_reaches_its_place() {
        let found = backoff(&mut settings(&[UNSET, 250.0, 5_000.0, 1.0, 2.0, 130.0, 3.0, 4.0])).unwrap();
        let millis = Duration::from_millis;
        assert_eq!((found.first, found.cap, found.floor), (millis(250), millis(5_000), millis(1)));
        assert_eq!((found.first_floor, found.growth_percent, found.stable), (millis(2), 130, millis(3)));
        assert_eq!(found.max_attempts, Some(4));
        let found = keep_alive(&mut settings(&[5.0, 6.0, 0.5])).unwrap();
        assert_eq!(
            (found.interval, found.deadline, found.probe),
            (millis(5), millis(6), Duration::from_micros(500))
        );
        let numbers: Vec<f64> = (1..=17).map(f64::from).collect();
        let found = limits(&mut settings(&numbers));
        assert_eq!((found.window, found.queue_messages, found.queue_bytes, found.max_message), (1, 2, 3, 4));
        assert_eq!((found.subscription_window, found.subscriptions), (5, 6));
        assert_eq!((found.publications, found.publication_bytes), (7, 8));
        assert_eq!((found.calls, found.call_bytes), (9, 10));
        assert_eq!((found.channels, found.members, found.member_bytes), (11, 12, 13));
        assert_eq!((found.volatile_bytes, found.presence_bytes), (14, 15));
        assert_eq!((found.max_auth, found.numbered_channels), (16, 17));
    }

    #[test]
    fn a_session_that_shall_not_come_back_or_ping_does_neither() {
        assert_eq!(backoff(&mut settings(&[0.0])), None);
        assert_eq!(keep_alive(&mut settings(&[0.0])), None);
        assert_eq!(duration(f64::INFINITY), Duration::from_micros(u64::MAX));
    }
}
