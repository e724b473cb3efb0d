//! Settings as numbers: each has an index, and what is not set has the link's default.

use core::time::Duration;

use rejoin_protocol::{Backoff, KeepAlive, LinkConfig, Overflow, Watermarks};

/// How many settings there are.
const COUNT: usize = 20;

/// What has been set, by index; the order is the one in which [`Settings::config`] reads them. What has not been set is not
/// a number.
pub(crate) struct Settings([f64; COUNT]);

impl Default for Settings {
    fn default() -> Self {
        Self([f64::NAN; COUNT])
    }
}

impl Settings {
    pub(crate) fn set(&mut self, setting: u32, value: f64) {
        if let Some(place) = self.0.get_mut(setting as usize) {
            *place = value;
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
        let mut backoff = Backoff::default();
        put_time(&mut backoff.first, first);
        put_time(&mut backoff.cap, cap);
        put_time(&mut backoff.floor, floor);
        put_time(&mut backoff.first_floor, first_floor);
        backoff.growth_percent = number(growth_percent, u64::from(backoff.growth_percent)) as u32;
        put_time(&mut backoff.stable, stable);
        backoff.max_attempts = (!max_attempts.is_nan()).then_some(max_attempts as u32);
        config.reconnect = (reconnect != 0.0).then_some(backoff);
        put_time(&mut config.connect_timeout, connect_timeout);
        put_time(&mut config.close_timeout, close_timeout);
        let mut keep_alive = KeepAlive::default();
        put_time(&mut keep_alive.interval, ping_interval);
        put_time(&mut keep_alive.deadline, ping_deadline);
        put_time(&mut keep_alive.probe, ping_probe);
        config.keep_alive = (!ping_interval.is_nan()).then_some(keep_alive);
        config.queue.messages = number(messages, config.queue.messages as u64) as usize;
        config.queue.bytes = number(bytes, config.queue.bytes as u64) as usize;
        config.queue.overflow = if drop_oldest == 1.0 { Overflow::DropOldest } else { Overflow::Refuse };
        // The low mark is a quarter of the high one, as by default.
        let high = number(marks, config.watermarks.high);
        config.watermarks = Watermarks::new(high / 4, high);
        config.provider_timeout = time(provider_timeout);
        config.renew_after = time(renew_after);
        config.seed = number(seed, 0);
        config
    }
}

fn number(value: f64, usual: u64) -> u64 {
    if value.is_nan() { usual } else { value as u64 }
}

#[inline(never)]
fn time(millis: f64) -> Option<Duration> {
    (!millis.is_nan()).then(|| Duration::from_micros((millis * 1_000.0) as u64))
}

fn put_time(place: &mut Duration, millis: f64) {
    if let Some(time) = time(millis) {
        *place = time;
    }
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
