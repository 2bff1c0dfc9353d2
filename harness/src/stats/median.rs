//! The median with an interval that assumes nothing about the distribution.
//!
//! The k-th smallest and k-th largest of n values enclose the median unless
//! fewer than k values fall on one side of it, and that count is
//! Binomial(n, 1/2): coverage = 1 - 2 P(B <= k - 1). Under six values not
//! even the extremes reach 95 % (five give 93.75 %).

use statrs::distribution::{Binomial, DiscreteCDF};

use super::interval::{Interval, Level};
use super::moments;

/// A median between two order statistics.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MedianInterval {
    /// How many values it rests on.
    pub n: usize,
    /// The sample median.
    pub median: f64,
    /// From the `rank`-th smallest to the `rank`-th largest value.
    pub interval: Interval,
    /// Which order statistics those are, from 1.
    pub rank: usize,
    /// How often such an interval covers the median: at least what was asked.
    pub coverage: f64,
}

/// The sample median; `None` of nothing.
pub fn median(values: &[f64]) -> Option<f64> {
    moments::quantile_of_sorted(&moments::sorted(values), 0.5)
}

/// The median with the narrowest symmetric order-statistic interval that
/// reaches `level`; `None` where not even the extremes do.
pub fn median_interval(values: &[f64], level: Level) -> Option<MedianInterval> {
    let sorted = moments::sorted(values);
    let n = sorted.len();
    let (rank, coverage) = (1..=n / 2)
        .map(|rank| (rank, coverage(n, rank)))
        .take_while(|&(_, coverage)| coverage >= level.get())
        .last()?;
    Some(MedianInterval {
        n,
        median: moments::quantile_of_sorted(&sorted, 0.5)?,
        interval: Interval::between(sorted[rank - 1], sorted[n - rank]),
        rank,
        coverage,
    })
}

/// How often the `rank`-th smallest and largest of `n` enclose the median.
fn coverage(n: usize, rank: usize) -> f64 {
    let below = Binomial::new(0.5, n as u64).expect("one half is a probability");
    1.0 - 2.0 * below.cdf(rank as u64 - 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ranks_agree_with_the_published_table() {
        // Conover, Practical Nonparametric Statistics; the coverages as
        // SciPy 1.17 has them: 1 - 2 * stats.binom.cdf(rank - 1, n, .5)
        for (n, rank, coverage) in [
            (6, 1, 0.968_75),
            (7, 1, 0.984_375),
            (8, 1, 0.992_187_5),
            (9, 2, 0.960_937_5),
            (10, 2, 0.978_515_625),
            (15, 4, 0.964_843_75),
            (20, 6, 0.958_610_534_667_968_8),
            (25, 8, 0.956_714_749_336_242_7),
        ] {
            let values: Vec<f64> = (1..=n).map(f64::from).collect();
            let seen = median_interval(&values, Level::P95).unwrap();
            assert_eq!(seen.rank, rank, "n = {n}");
            assert!((seen.coverage - coverage).abs() < 1e-9, "n = {n}: {}", seen.coverage);
            assert!((seen.interval.low - rank as f64).abs() < 1e-12);
            assert!((seen.interval.high - f64::from(n) + rank as f64 - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn five_values_cannot_enclose_the_median_at_95_percent() {
        assert_eq!(median_interval(&[1.0, 2.0, 3.0, 4.0, 5.0], Level::P95), None);
        assert_eq!(median_interval(&[], Level::P95), None);
    }

    proptest! {
        #[test]
        fn the_median_lies_within_and_order_does_not_matter(
            mut values in prop::collection::vec(-1e6..1e6f64, 6..40)
        ) {
            let seen = median_interval(&values, Level::P95).unwrap();
            prop_assert!(seen.interval.contains(seen.median));
            values.reverse();
            prop_assert_eq!(median_interval(&values, Level::P95).unwrap(), seen);
        }
    }
}
