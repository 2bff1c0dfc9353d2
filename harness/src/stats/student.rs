//! Student's t: quantiles, tail probabilities and the interval of a mean.
//!
//! "Student" (W. S. Gosset), The probable error of a mean, Biometrika 6, 1908.

use statrs::distribution::{ContinuousCDF, StudentsT};

use super::interval::{Interval, Level};
use super::moments;

/// The distribution with `df` degrees of freedom.
fn distribution(df: f64) -> StudentsT {
    StudentsT::new(0.0, 1.0, df.max(1.0))
        .expect("scale 1 and at least one degree of freedom are valid parameters")
}

/// The quantile `p` (between 0 and 1) at `df` degrees of freedom, at least 1.
pub fn quantile(p: f64, df: usize) -> f64 {
    quantile_at(p, df as f64)
}

/// The quantile at degrees of freedom that need not be whole, as Welch's are.
pub fn quantile_at(p: f64, df: f64) -> f64 {
    distribution(df).inverse_cdf(p)
}

/// How probable a t at least this large is, were there no difference.
pub fn upper_tail(t: f64, df: f64) -> f64 {
    distribution(df).cdf(-t)
}

/// How probable a |t| at least this large is, were there no difference.
pub fn two_sided_p(t: f64, df: usize) -> f64 {
    (2.0 * upper_tail(t.abs(), df as f64)).min(1.0)
}

/// A mean with its interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MeanInterval {
    /// How many values it rests on.
    pub n: usize,
    /// The arithmetic mean.
    pub mean: f64,
    /// Sample standard deviation of the values.
    pub sd: f64,
    /// mean +- t sd / sqrt n.
    pub interval: Interval,
}

/// The mean of `values` with its t interval; `None` under two values.
pub fn mean_interval(values: &[f64], level: Level) -> Option<MeanInterval> {
    let sd = moments::standard_deviation(values)?;
    let mean = moments::mean(values)?;
    let n = values.len();
    let half_width = quantile(level.upper(), n - 1) * sd / (n as f64).sqrt();
    Some(MeanInterval { n, mean, sd, interval: Interval::around(mean, half_width) })
}

#[cfg(test)]
mod tests {
    use rand_distr::{Distribution, StandardNormal};

    use super::*;
    use crate::stats::random;

    fn close(seen: f64, expected: f64) {
        assert!((seen / expected - 1.0).abs() < 1e-8, "{seen} is not {expected}");
    }

    #[test]
    fn quantiles_agree_with_scipy() {
        // SciPy 1.17: stats.t.ppf(p, df)
        for (p, df, expected) in [
            (0.975, 1, 12.706_204_736_174_694),
            (0.975, 2, 4.302_652_729_749_462),
            (0.975, 4, 2.776_445_105_197_793_4),
            (0.975, 9, 2.262_157_162_798_205),
            (0.975, 30, 2.042_272_456_301_237_8),
            (0.995, 3, 5.840_909_309_733_355),
            (0.95, 4, 2.131_846_786_326_649_5),
            (0.999_687_5, 2, 39.981_247_558_056_43),
        ] {
            close(quantile(p, df), expected);
            close(quantile(1.0 - p, df), -expected);
        }
    }

    #[test]
    fn tails_agree_with_scipy() {
        // SciPy 1.17: 2 * stats.t.sf(t, df)
        close(two_sided_p(2.5, 4), 0.066_766_544_811_988_14);
        close(two_sided_p(-28.6, 2), 0.001_220_316_272_325_979_8);
        close(two_sided_p(0.0, 7), 1.0);
    }

    #[test]
    fn mean_interval_agrees_with_scipy() {
        // stats.t.interval(.95, 4, loc=mean(x), scale=std(x, ddof=1) / sqrt(5))
        let seen = mean_interval(&[2.31, 2.44, 2.29, 2.52, 2.37], Level::P95).unwrap();
        assert_eq!(seen.n, 5);
        close(seen.interval.low, 2.268_009_249_326_689_7);
        close(seen.interval.high, 2.503_990_750_673_310_6);
        assert_eq!(mean_interval(&[2.31], Level::P95), None);
    }

    #[test]
    fn the_interval_covers_the_truth_as_often_as_it_says() {
        let mut random = random::stream(1908, "coverage of the t interval");
        for n in [3, 5, 10] {
            let experiments = 4000;
            let covered = (0..experiments)
                .filter(|_| {
                    let values: Vec<f64> =
                        (0..n).map(|_| StandardNormal.sample(&mut random)).collect();
                    mean_interval(&values, Level::P95).unwrap().interval.contains(0.0)
                })
                .count();
            let share = f64::from(u32::try_from(covered).unwrap()) / f64::from(experiments);
            assert!((0.93..=0.97).contains(&share), "n = {n}: {share}");
        }
    }
}
