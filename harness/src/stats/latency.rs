//! Histograms of latencies: G. Tene's `HdrHistogram`, which keeps every
//! percentile to three significant digits, and can be added to others.

use hdrhistogram::Histogram;

/// Three significant digits: the error of a percentile is under 0.1 %.
const DIGITS: u8 = 3;

/// An hour: what is longer counts as that.
const LONGEST_US: u64 = 3_600_000_000;

/// An empty histogram of latencies in microseconds. Values are to be added by
/// `saturating_record`.
///
/// # Panics
///
/// Never: the bounds are constants that the crate takes.
pub fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, LONGEST_US, DIGITS)
        .expect("the bounds and the number of digits are in the ranges of the crate")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_keep_three_digits() {
        let mut seen = histogram();
        for value in 1..=100_000 {
            seen.saturating_record(value);
        }
        for (quantile, expected) in [(0.5, 50_000.0), (0.99, 99_000.0)] {
            let ratio = seen.value_at_quantile(quantile) as f64 / expected;
            assert!((ratio - 1.0).abs() < 0.001, "{ratio}");
        }
        seen.saturating_record(u64::MAX);
        assert!(seen.max() >= LONGEST_US);
    }
}
