//! Numbers as people read them.

/// A number with as many decimals as its size deserves: 412.7, 41.3, 4.13, 0.41.
pub(crate) fn three_digits(value: f64) -> String {
    if !value.is_finite() {
        return "\u{2013}".to_owned();
    }
    let decimals = match value.abs() {
        v if v >= 999.5 => 0,
        v if v >= 9.995 => 1,
        _ => 2,
    };
    grouped(&format!("{value:.decimals$}"))
}

/// A speed in megabits a second as number and unit: kbit/s below one megabit, so that slow lines keep three digits.
pub(crate) fn rate_parts(megabits: f64) -> (String, &'static str) {
    if megabits.abs() >= 0.9995 {
        return (three_digits(megabits), "Mbit/s");
    }
    (three_digits(megabits * 1_000.0), "kbit/s")
}

/// A speed in megabits a second as text: 412.7 Mbit/s, 30.1 kbit/s.
pub(crate) fn rate(megabits: f64) -> String {
    let (number, unit) = rate_parts(megabits);
    format!("{number} {unit}")
}

/// Thin spaces between groups of three digits before the point: 12 345.6.
fn grouped(number: &str) -> String {
    let (whole, rest) = number.find('.').map_or((number, ""), |dot| number.split_at(dot));
    let (sign, digits) = whole.strip_prefix('-').map_or(("", whole), |digits| ("-", digits));
    let mut out = String::with_capacity(number.len() + 8);
    out.push_str(sign);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i) % 3 == 0 {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out + rest
}

/// A whole number with groups of three digits.
pub(crate) fn whole(value: u64) -> String {
    grouped(&value.to_string())
}

/// Milliseconds: whole from 10 on, one decimal below.
pub(crate) fn millis(value: f64) -> String {
    if value >= 9.95 { format!("{value:.0} ms") } else { format!("{value:.1} ms") }
}

/// Bytes in decimal units.
pub(crate) fn bytes(value: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
    let v = value as f64;
    match value {
        0..1_000 => format!("{value} B"),
        1_000..1_000_000 => format!("{} kB", three_digits(v / 1e3)),
        1_000_000..1_000_000_000 => format!("{} MB", three_digits(v / 1e6)),
        _ => format!("{} GB", three_digits(v / 1e9)),
    }
}

/// A span of time in its two largest units at most: 40 s, 3 min 20 s, 2 h 5 min, 3 d 4 h.
pub(crate) fn span(seconds: u64) -> String {
    let pair = |large: u64, large_unit: &str, small: u64, small_unit: &str| {
        if small == 0 {
            format!("{large} {large_unit}")
        } else {
            format!("{large} {large_unit} {small} {small_unit}")
        }
    };
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => pair(seconds / 60, "min", seconds % 60, "s"),
        3_600..86_400 => pair(seconds / 3_600, "h", seconds % 3_600 / 60, "min"),
        _ => pair(seconds / 86_400, "d", seconds % 86_400 / 3_600, "h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_keeps_three_digits_or_more() {
        let cases = [
            (412.74, "412.7"),
            (41.26, "41.3"),
            (9.994, "9.99"),
            (9.996, "10.0"),
            (0.412, "0.41"),
            (0.0, "0.00"),
        ];
        for (value, shown) in cases {
            assert_eq!(three_digits(value), shown);
        }
        assert_eq!(three_digits(1234.6), "1\u{202f}235");
        assert_eq!(three_digits(12_345_678.0), "12\u{202f}345\u{202f}678");
        assert_eq!(three_digits(f64::NAN), "\u{2013}");
        assert_eq!(three_digits(f64::INFINITY), "\u{2013}");
    }

    #[test]
    fn a_slow_rate_is_in_kilobits() {
        let cases = [
            (0.030_1, "30.1 kbit/s"),
            (0.256, "256.0 kbit/s"),
            (0.999_4, "999.4 kbit/s"),
            (0.999_6, "1.00 Mbit/s"),
            (16.02, "16.0 Mbit/s"),
            (0.0, "0.00 kbit/s"),
        ];
        for (value, shown) in cases {
            assert_eq!(rate(value), shown);
        }
    }

    #[test]
    fn spans_and_bytes_have_the_unit_that_fits() {
        assert_eq!(span(40), "40 s");
        assert_eq!(span(200), "3 min 20 s");
        assert_eq!(span(120), "2 min");
        assert_eq!(span(7_500), "2 h 5 min");
        assert_eq!(span(100_000), "1 d 3 h");
        assert_eq!(bytes(999), "999 B");
        assert_eq!(bytes(65_536), "65.5 kB");
        assert_eq!(bytes(10_000_000), "10.0 MB");
        assert_eq!(bytes(2_500_000_000), "2.50 GB");
    }

    #[test]
    fn short_times_have_a_decimal() {
        assert_eq!(millis(0.42), "0.4 ms");
        assert_eq!(millis(24.4), "24 ms");
    }
}
