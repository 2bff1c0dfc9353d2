//! The ratio of two times that were measured in the same blocks.
//!
//! What a block shares (the hour, its neighbours, a half-full disk) cancels in
//! the difference of logarithms.

use super::interval::{Interval, Level};
use super::student;

/// The ratio A / B over the blocks that have both.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairedLogRatio {
    /// How many blocks had both.
    pub n: usize,
    /// Mean of d = ln A - ln B.
    pub mean: f64,
    /// Sample standard deviation of d.
    pub sd: f64,
    /// t interval of the mean of d.
    pub interval: Interval,
}

impl PairedLogRatio {
    /// From the differences ln A - ln B, one for each common block; `None`
    /// under two of them.
    pub fn from_differences(differences: &[f64], level: Level) -> Option<Self> {
        let of_mean = student::mean_interval(differences, level)?;
        Some(Self { n: of_mean.n, mean: of_mean.mean, sd: of_mean.sd, interval: of_mean.interval })
    }

    /// A / B.
    pub fn ratio(&self) -> f64 {
        self.mean.exp()
    }

    /// The interval of A / B.
    pub fn ratio_interval(&self) -> Interval {
        self.interval.exp()
    }

    /// The two-sided p of the paired t test that A and B are equal. It leans
    /// on normal differences: [`super::exact`] has what so few blocks can
    /// show without that.
    pub fn p_value(&self) -> f64 {
        if self.sd > 0.0 {
            let t = self.mean / (self.sd / (self.n as f64).sqrt());
            student::two_sided_p(t, self.n - 1)
        } else if self.mean == 0.0 {
            1.0
        } else {
            0.0
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn agrees_with_scipy() {
        // r = stats.ttest_rel(a, b); r.pvalue, r.confidence_interval(.95)
        let a = [2.31, 2.44, 2.29, 2.52, 2.37];
        let b = [2.25, 2.41, 2.30, 2.44, 2.29];
        let differences: Vec<f64> = a.iter().zip(b).map(|(a, b)| a - b).collect();
        let seen = PairedLogRatio::from_differences(&differences, Level::P95).unwrap();
        assert!((seen.p_value() - 0.048_840_574_920_876_85).abs() < 1e-9);
        assert!((seen.interval.low - 0.000_393_883_353_922_167).abs() < 1e-10);
        assert!((seen.interval.high - 0.095_606_116_646_077_92).abs() < 1e-10);
    }

    #[test]
    fn what_a_block_shares_cancels() {
        let drift = [0.0, 0.4, 0.9, -0.3];
        let differences: Vec<f64> =
            drift.iter().map(|shared| (shared + 2.0_f64.ln()) - shared).collect();
        let seen = PairedLogRatio::from_differences(&differences, Level::P95).unwrap();
        assert!((seen.ratio() - 2.0).abs() < 1e-12);
        assert!(seen.sd < 1e-12);
    }

    #[test]
    fn no_spread_is_certain_and_one_block_is_nothing() {
        let same = PairedLogRatio::from_differences(&[0.0, 0.0], Level::P95).unwrap();
        assert!((same.p_value() - 1.0).abs() < f64::EPSILON);
        let differs = PairedLogRatio::from_differences(&[0.5, 0.5], Level::P95).unwrap();
        assert!(differs.p_value() < f64::EPSILON);
        assert_eq!(PairedLogRatio::from_differences(&[0.5], Level::P95), None);
    }

    proptest! {
        #[test]
        fn swapping_the_arms_inverts_the_ratio(
            differences in prop::collection::vec(-2.0..2.0f64, 2..12)
        ) {
            let swapped: Vec<f64> = differences.iter().map(|d| -d).collect();
            let forth = PairedLogRatio::from_differences(&differences, Level::P95).unwrap();
            let back = PairedLogRatio::from_differences(&swapped, Level::P95).unwrap();
            prop_assert!((forth.ratio() * back.ratio() - 1.0).abs() < 1e-9);
            prop_assert!((forth.interval.low + back.interval.high).abs() < 1e-9);
            prop_assert!((forth.p_value() - back.p_value()).abs() < 1e-9);
        }
    }
}
