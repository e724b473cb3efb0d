//! Settings as numbers: each has an index, and what is not set has the link's default.

use core::time::Duration;

use rejoin_protocol::{Backoff, KeepAlive, LinkConfig, Overflow, QueueLimits, Watermarks};

/// How many settings there are.
const COUNT: usize = 20;

/// What has been set, by index; the order is the one in which [`Settings::config`] reads them.
#[derive(Default)]
pub(crate) struct Settings([Option<f64>; COUNT]);

impl Settings {
    pub(crate) fn set(&mut self, setting: u32, value: f64) {
        if let Some(place) = self.0.get_mut(setting as usize) {
            *place = Some(value);
        }
    }

    pub(crate) fn config(self) -> LinkConfig {
        let [
            reconnect,
            first,
            cap,
            floor,
            first_floor,
            growth_percent,
            stable,
            max_attempts,
            connect_timeout,
            close_timeout,
            ping_interval,
            ping_deadline,
            ping_probe,
            messages,
            bytes,
            drop_oldest,
            marks,
            seed,
            renew_after,
            provider_timeout,
        ] = self.0;
        let mut config = LinkConfig::default();
        config.reconnect = (reconnect != Some(0.0)).then(|| {
            let mut backoff = Backoff::default();
            put(&mut backoff.first, first.map(duration));
            put(&mut backoff.cap, cap.map(duration));
            put(&mut backoff.floor, floor.map(duration));
            put(&mut backoff.first_floor, first_floor.map(duration));
            put(&mut backoff.growth_percent, growth_percent.map(|percent| percent as u32));
            put(&mut backoff.stable, stable.map(duration));
            backoff.max_attempts = max_attempts.map(|attempts| attempts as u32);
            backoff
        });
        put(&mut config.connect_timeout, connect_timeout.map(duration));
        put(&mut config.close_timeout, close_timeout.map(duration));
        config.keep_alive = ping_interval.map(|interval| {
            let mut keep_alive = KeepAlive::default();
            keep_alive.interval = duration(interval);
            put(&mut keep_alive.deadline, ping_deadline.map(duration));
            put(&mut keep_alive.probe, ping_probe.map(duration));
            keep_alive
        });
        let usual = QueueLimits::default();
        config.queue = QueueLimits::new(
            messages.map_or(usual.messages, |messages| messages as usize),
            bytes.map_or(usual.bytes, |bytes| bytes as usize),
            if drop_oldest == Some(1.0) { Overflow::DropOldest } else { Overflow::Refuse },
        );
        put(&mut config.watermarks, marks.map(watermarks));
        config.provider_timeout = provider_timeout.map(duration);
        config.renew_after = renew_after.map(duration);
        config.seed = seed.unwrap_or_default() as u64;
        config
    }
}

/// The low mark is a quarter of the high one, as by default.
fn watermarks(high: f64) -> Watermarks {
    let high = high as u64;
    Watermarks::new(high / 4, high)
}

fn put<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

fn duration(millis: f64) -> Duration {
    Duration::from_micros((millis * 1_000.0) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_set_has_the_links_default() {
        let mut expected = LinkConfig::default();
        expected.queue.overflow = Overflow::Refuse;
        assert_eq!(Settings::default().config(), expected);
    }

    #[test]
    fn what_is_set_reaches_its_place_and_an_index_out_of_range_none() {
        let mut settings = Settings::default();
        for (setting, value) in
            [(1, 250.0), (5, 130.0), (7, 3.0), (8, f64::INFINITY), (10, 5_000.0), (16, 400.0), (99, 1.0)]
        {
            settings.set(setting, value);
        }
        let config = settings.config();
        let backoff = config.reconnect.unwrap();
        assert_eq!(backoff.first, Duration::from_millis(250));
        assert_eq!((backoff.growth_percent, backoff.max_attempts), (130, Some(3)));
        assert_eq!(config.connect_timeout, Duration::from_micros(u64::MAX));
        assert_eq!(config.keep_alive.unwrap().interval, Duration::from_secs(5));
        assert_eq!(config.watermarks, Watermarks::new(100, 400));
    }

    #[test]
    fn a_link_that_shall_not_come_back_has_no_back_off() {
        let mut settings = Settings::default();
        settings.set(0, 0.0);
        assert_eq!(settings.config().reconnect, None);
    }
}
