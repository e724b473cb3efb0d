//! Settings that can't work, found before a link is made of them.

use core::error::Error;
use core::fmt;
use core::time::Duration;

use super::config::LinkConfig;

/// Settings that can't work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InvalidConfig {
    /// A duration of zero where something would happen without a pause, or end before it began; or a number of zero where
    /// nothing would ever happen.
    Zero {
        /// The setting's name, such as `keep_alive.interval`.
        setting: &'static str,
    },
    /// The low watermark is above the high one.
    Watermarks {
        /// [`crate::Watermarks::low`].
        low: u64,
        /// [`crate::Watermarks::high`].
        high: u64,
    },
}

impl fmt::Display for InvalidConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Zero { setting } => write!(f, "{setting} is zero: it must be above zero"),
            Self::Watermarks { low, high } => {
                write!(f, "the low watermark of {low} bytes must not be above the high one of {high}")
            }
        }
    }
}

impl Error for InvalidConfig {}

impl LinkConfig {
    /// Looks for settings that can't work. A link takes any settings and stays within its contract, but with these
    /// it would connect, ping or give up without a pause.
    ///
    /// # Errors
    /// The first setting that can't work.
    pub fn check(&self) -> Result<(), InvalidConfig> {
        not_zero("connect_timeout", self.connect_timeout)?;
        not_zero("close_timeout", self.close_timeout)?;
        if let Some(timeout) = self.provider_timeout {
            not_zero("provider_timeout", timeout)?;
        }
        if let Some(keep_alive) = &self.keep_alive {
            not_zero("keep_alive.interval", keep_alive.interval)?;
            not_zero("keep_alive.deadline", keep_alive.deadline)?;
            not_zero("keep_alive.probe", keep_alive.probe)?;
        }
        if let Some(renew_after) = self.renew_after {
            not_zero("renew_after", renew_after)?;
        }
        if let Some(backoff) = &self.reconnect {
            not_zero("reconnect.first", backoff.first)?;
            not_zero("reconnect.cap", backoff.cap)?;
            if backoff.max_attempts == Some(0) {
                return Err(InvalidConfig::Zero { setting: "reconnect.max_attempts" });
            }
        }
        let (low, high) = (self.watermarks.low, self.watermarks.high);
        if low > high { Err(InvalidConfig::Watermarks { low, high }) } else { Ok(()) }
    }
}

fn not_zero(setting: &'static str, duration: Duration) -> Result<(), InvalidConfig> {
    if duration.is_zero() { Err(InvalidConfig::Zero { setting }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Backoff, KeepAlive};
    use alloc::string::ToString;

    fn refused(set: impl FnOnce(&mut LinkConfig)) -> InvalidConfig {
        let mut config = LinkConfig::default();
        set(&mut config);
        config.check().unwrap_err()
    }

    #[test]
    fn the_defaults_work_and_so_do_switches_that_are_off() {
        assert_eq!(LinkConfig::default().check(), Ok(()));
        let keep_alive = Some(KeepAlive::default());
        assert_eq!(LinkConfig { keep_alive, reconnect: None, ..LinkConfig::default() }.check(), Ok(()));
    }

    #[test]
    fn each_setting_of_zero_is_named() {
        let zero = Duration::ZERO;
        let keep_alive = KeepAlive::default();
        let backoff = Backoff::default();
        type Set<'a> = &'a dyn Fn(&mut LinkConfig);
        let cases: [(&str, Set<'_>); 9] = [
            ("connect_timeout", &|config| config.connect_timeout = zero),
            ("close_timeout", &|config| config.close_timeout = zero),
            ("keep_alive.interval", &|config| {
                config.keep_alive = Some(KeepAlive { interval: zero, ..keep_alive });
            }),
            ("keep_alive.deadline", &|config| {
                config.keep_alive = Some(KeepAlive { deadline: zero, ..keep_alive });
            }),
            ("keep_alive.probe", &|config| config.keep_alive = Some(KeepAlive { probe: zero, ..keep_alive })),
            ("renew_after", &|config| config.renew_after = Some(zero)),
            ("reconnect.first", &|config| config.reconnect = Some(Backoff { first: zero, ..backoff })),
            ("reconnect.cap", &|config| config.reconnect = Some(Backoff { cap: zero, ..backoff })),
            ("reconnect.max_attempts", &|config| {
                config.reconnect = Some(backoff.with_max_attempts(0));
            }),
        ];
        for (setting, set) in cases {
            let refused = refused(set);
            assert_eq!(refused, InvalidConfig::Zero { setting });
            assert!(refused.to_string().contains(setting), "{refused}");
        }
    }

    #[test]
    fn watermarks_the_wrong_way_round_are_refused_and_equal_ones_work() {
        let refused = refused(|config| (config.watermarks.low, config.watermarks.high) = (8, 7));
        assert_eq!(refused, InvalidConfig::Watermarks { low: 8, high: 7 });
        assert!(refused.to_string().contains("8 bytes") && refused.to_string().contains('7'));
        let mut config = LinkConfig::default();
        config.watermarks.low = config.watermarks.high;
        assert_eq!(config.check(), Ok(()));
    }
}
