//! Numbers as people read them.

use crate::stats::estimate::Estimate;

/// The unit that a column of times is shown in, so that its numbers compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TimeUnit {
    Milliseconds,
    Seconds,
    Minutes,
}

/// Three significant digits, and no more than two decimals.
pub fn significant(value: f64) -> String {
    let magnitude = value.abs();
    if magnitude >= 99.95 {
        format!("{value:.0}")
    } else if magnitude >= 9.995 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
}

/// A time with its unit: `412 ms`, `12.3 s`, `4 min 05 s`, `2 h 03 min`.
pub fn time(seconds: f64) -> String {
    match unit(seconds) {
        TimeUnit::Milliseconds => format!("{} ms", significant(seconds * 1e3)),
        TimeUnit::Seconds => format!("{} s", significant(seconds)),
        TimeUnit::Minutes => clock(seconds),
    }
}

/// Both ends of an interval of time, with the unit once where it is the same:
/// `11.9 - 12.8 s`. What is open above is `over 11.9 s`.
pub fn time_interval(estimate: &Estimate) -> Option<String> {
    let low = estimate.low?;
    let Some(high) = estimate.high else { return Some(format!("over {}", time(low))) };
    let of_both = unit(estimate.value);
    Some(match of_both {
        TimeUnit::Milliseconds => {
            format!("{} - {} ms", significant(low * 1e3), significant(high * 1e3))
        }
        TimeUnit::Seconds => format!("{} - {} s", significant(low), significant(high)),
        TimeUnit::Minutes if estimate.value < 3599.5 => {
            format!("{} - {} min", colon(low), colon(high))
        }
        TimeUnit::Minutes => format!("{} - {} h", colon(low / 60.0), colon(high / 60.0)),
    })
}

/// A time with its interval, where it has one: `12.3 s (11.9 - 12.8 s)`.
pub fn time_with_interval(estimate: &Estimate) -> String {
    in_brackets(time(estimate.value), time_interval(estimate))
}

/// A share with its interval, where it has one: `2.1 % (0.0 to 4.2 %)`.
pub fn percent_with_interval(estimate: &Estimate) -> String {
    in_brackets(percent(estimate.value), percent_interval(estimate))
}

fn in_brackets(value: String, interval: Option<String>) -> String {
    match interval {
        Some(interval) => format!("{value} ({interval})"),
        None => value,
    }
}

fn unit(seconds: f64) -> TimeUnit {
    // The rounded number decides, so that 999.7 ms is 1.00 s.
    if seconds < 0.9995 {
        TimeUnit::Milliseconds
    } else if seconds < 119.5 {
        TimeUnit::Seconds
    } else {
        TimeUnit::Minutes
    }
}

fn clock(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    if whole < 3600 {
        format!("{} min {:02} s", whole / 60, whole % 60)
    } else {
        let minutes = (seconds / 60.0).round() as u64;
        format!("{} h {:02} min", minutes / 60, minutes % 60)
    }
}

/// Sixties and their remainder: `4:05`.
fn colon(value: f64) -> String {
    let whole = value.round() as u64;
    format!("{}:{:02}", whole / 60, whole % 60)
}

/// A ratio: `1.85`.
pub fn ratio(value: f64) -> String {
    significant(value)
}

/// Both ends of an interval of ratios: `1.71 - 2.00`.
pub fn ratio_interval(estimate: &Estimate) -> Option<String> {
    Some(format!("{} - {}", significant(estimate.low?), significant(estimate.high?)))
}

/// Bytes per second: `41.2 MB/s`.
pub fn rate(bytes: f64) -> String {
    if bytes < 1e6 {
        format!("{} kB/s", significant(bytes / 1e3))
    } else {
        format!("{} MB/s", significant(bytes / 1e6))
    }
}

/// A share: `4.2 %`.
pub fn percent(share: f64) -> String {
    let percent = share * 100.0;
    // No "-0.0".
    let shown = if percent.abs() < 0.05 { 0.0 } else { percent };
    if shown.abs() >= 9.95 { format!("{shown:.0} %") } else { format!("{shown:.1} %") }
}

/// A share that was asked for, as it was asked for: `5 %`, `2.5 %`.
pub fn round_percent(share: f64) -> String {
    // Takes off what the conversion to binary adds: 0.07 * 100 is not 7.
    format!("{} %", (share * 1e5).round() / 1e3)
}

/// Both ends of an interval of shares: `0.0 to 4.2 %`.
pub fn percent_interval(estimate: &Estimate) -> Option<String> {
    let low = percent(estimate.low?);
    let low = low.strip_suffix(" %").unwrap_or(&low);
    Some(format!("{low} to {}", percent(estimate.high?)))
}

/// A time in RFC 3339 without its seconds, for people.
pub fn minute(at: &str) -> String {
    at.chars().take("2026-01-09T03:00".len()).collect::<String>().replace('T', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_a_unit_and_sensible_digits() {
        for (seconds, shown) in [
            (0.000_9, "0.90 ms"),
            (0.412_3, "412 ms"),
            (0.999_7, "1.00 s"),
            (12.345, "12.3 s"),
            (99.96, "100 s"),
            (119.4, "119 s"),
            (245.2, "4 min 05 s"),
            (3599.6, "1 h 00 min"),
            (7380.0, "2 h 03 min"),
        ] {
            assert_eq!(time(seconds), shown);
        }
    }

    #[test]
    fn an_interval_keeps_the_unit_of_its_estimate() {
        let estimate = |value, low, high| Estimate { value, low: Some(low), high: Some(high) };
        assert_eq!(time_interval(&estimate(1.0, 0.9, 1.1)).unwrap(), "0.90 - 1.10 s");
        assert_eq!(time_interval(&estimate(250.0, 245.2, 3605.0)).unwrap(), "4:05 - 60:05 min");
        assert_eq!(time_interval(&estimate(7380.0, 7200.0, 7560.0)).unwrap(), "2:00 - 2:06 h");
        assert_eq!(time_interval(&Estimate { value: 1.0, low: None, high: None }), None);
        let open = Estimate { value: 1.0, low: Some(0.4), high: None };
        assert_eq!(time_interval(&open).unwrap(), "over 400 ms");
        assert_eq!(percent_interval(&estimate(0.0, -0.000_1, 0.042)).unwrap(), "0.0 to 4.2 %");
        assert_eq!(ratio_interval(&estimate(2.0, 1.714, 12.04)).unwrap(), "1.71 - 12.0");
    }

    #[test]
    fn shares() {
        assert_eq!(percent(0.123_4), "12 %");
        assert_eq!(percent(-0.000_01), "0.0 %");
        assert_eq!(round_percent(0.07), "7 %");
        assert_eq!(round_percent(0.025), "2.5 %");
    }
}
