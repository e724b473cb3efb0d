//! Every word that the pages show, so that they can be read, weighed and translated in one place.

mod chat;
mod connection;
mod lab;
mod speed;

pub(crate) use chat::*;
pub(crate) use connection::*;
pub(crate) use lab::*;
pub(crate) use speed::*;

use crate::local_time::LocalTime;

pub(crate) const PRODUCT: &str = "rejoin";
pub(crate) const CHAT: &str = "Chat";
pub(crate) const SPEED: &str = "Speed";
pub(crate) const PAGES: &str = "Pages";
pub(crate) const SKIP_TO_PAGE: &str = "Skip to the page";
pub(crate) const CLOSE: &str = "Close";
pub(crate) const MISSING_TITLE: &str = "No such page";
pub(crate) const GO_TO_CHAT: &str = "Go to the chat";
/// Follows the number of unread messages.
pub(crate) const UNREAD_COUNT: &str = "unread";

pub(crate) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

pub(crate) fn missing(path: &str) -> String {
    format!("Nothing is at {path}. The pages here are the chat, the speed test and the connection lab.")
}

/// The document's title; `unread` messages wait.
pub(crate) fn title(page: &str, unread: u32) -> String {
    if unread == 0 {
        format!("{page} \u{2013} {PRODUCT}")
    } else {
        format!("({unread}) {page} \u{2013} {PRODUCT}")
    }
}

/// "22 November 2026".
pub(crate) fn date(at: LocalTime) -> String {
    let month = MONTHS.get(usize::from(at.month) - 1).copied().unwrap_or_default();
    format!("{} {month} {}", at.day, at.year)
}

/// "22 Nov 2026".
pub(crate) fn short_date(at: LocalTime) -> String {
    let month = MONTHS.get(usize::from(at.month) - 1).map_or("", |month| &month[..3]);
    format!("{} {month} {}", at.day, at.year)
}

/// The day `at` as seen from `today`.
pub(crate) fn day(at: LocalTime, today: LocalTime) -> String {
    if at.same_day(today) {
        "Today".to_owned()
    } else if is_day_before(at, today) {
        "Yesterday".to_owned()
    } else {
        date(at)
    }
}

fn is_day_before(at: LocalTime, today: LocalTime) -> bool {
    let same_month = (at.year, at.month) == (today.year, today.month);
    // Across a month's end the date is clear enough in itself, except on its first day.
    (same_month && at.day + 1 == today.day)
        || (today.day == 1 && !same_month && is_last_of_month_before(at, today))
}

fn is_last_of_month_before(at: LocalTime, today: LocalTime) -> bool {
    let (year, month) = if today.month == 1 { (today.year - 1, 12) } else { (today.year, today.month - 1) };
    let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let last = match month {
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => 31,
    };
    (at.year, at.month, at.day) == (year, month, last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(year: i32, month: u8, day: u8) -> LocalTime {
        LocalTime { year, month, day, hour: 0, minute: 0 }
    }

    #[test]
    fn a_day_is_called_by_how_far_it_is() {
        assert_eq!(day(on(2026, 11, 22), on(2026, 11, 22)), "Today");
        assert_eq!(day(on(2026, 11, 21), on(2026, 11, 22)), "Yesterday");
        assert_eq!(day(on(2025, 12, 31), on(2026, 1, 1)), "Yesterday");
        assert_eq!(day(on(2024, 2, 29), on(2024, 3, 1)), "Yesterday");
        assert_eq!(day(on(2026, 11, 20), on(2026, 11, 22)), "20 November 2026");
        assert_eq!(day(on(2025, 11, 21), on(2026, 11, 22)), "21 November 2025");
    }

    #[test]
    fn the_title_counts_what_is_unread() {
        assert_eq!(title(CHAT, 0), "Chat \u{2013} rejoin");
        assert_eq!(title(CHAT, 3), "(3) Chat \u{2013} rejoin");
    }
}
