//! A moment on the clock of whoever looks at the page.

/// A date and time of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LocalTime {
    pub(crate) year: i32,
    /// 1 to 12.
    pub(crate) month: u8,
    /// 1 to 31.
    pub(crate) day: u8,
    /// 0 to 23.
    pub(crate) hour: u8,
    /// 0 to 59.
    pub(crate) minute: u8,
}

impl LocalTime {
    /// The moment `at_ms` milliseconds after 1970 (UTC) in the browser's time zone; in UTC outside of browsers.
    pub(crate) fn at(at_ms: u64) -> Self {
        local(at_ms)
    }

    /// "09:41".
    pub(crate) fn clock(self) -> String {
        format!("{:02}:{:02}", self.hour, self.minute)
    }

    /// Whether both lie on the same day.
    pub(crate) fn same_day(self, other: Self) -> bool {
        (self.year, self.month, self.day) == (other.year, other.month, other.day)
    }
}

/// Now, in milliseconds since 1970 (UTC).
pub(crate) fn now_ms() -> u64 {
    #[cfg(target_arch = "wasm32")]
    {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a clock after 1970")]
        let now = js_sys::Date::now() as u64;
        now
    }
    #[cfg(not(target_arch = "wasm32"))]
    {
        std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }
}

#[cfg(target_arch = "wasm32")]
fn local(at_ms: u64) -> LocalTime {
    #[expect(clippy::cast_precision_loss, reason = "dates stay below 2^53 ms")]
    let date = js_sys::Date::new(&wasm_bindgen::JsValue::from_f64(at_ms as f64));
    let small = |value: u32| u8::try_from(value).unwrap_or(0);
    LocalTime {
        year: i32::try_from(date.get_full_year()).unwrap_or(1970),
        month: small(date.get_month() + 1),
        day: small(date.get_date()),
        hour: small(date.get_hours()),
        minute: small(date.get_minutes()),
    }
}

#[cfg(not(target_arch = "wasm32"))]
fn local(at_ms: u64) -> LocalTime {
    let minutes = at_ms / 60_000;
    let small = |value: u64| u8::try_from(value).unwrap_or(0);
    let mut days = minutes / 1_440;
    let mut year = 1970;
    let leap = |y: i32| (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
    while days >= 365 + u64::from(leap(year)) {
        days -= 365 + u64::from(leap(year));
        year += 1;
    }
    let mut month = 1;
    for length in [31, 28 + u64::from(leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    LocalTime {
        year,
        month,
        day: small(days + 1),
        hour: small(minutes / 60 % 24),
        minute: small(minutes % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_has_its_date() {
        let t = LocalTime::at(1_709_210_460_000);
        assert_eq!((t.year, t.month, t.day, t.hour, t.minute), (2024, 2, 29, 12, 41));
        assert_eq!(t.clock(), "12:41");
        assert!(!t.same_day(LocalTime::at(1_709_210_460_000 + 86_400_000)));
    }
}
