//! Histograms of latencies: G. Tene's `HdrHistogram`, which keeps every
//! percentile to three significant digits, and can be added to others.
//!
//! Intervals count trials, not transactions: those of one trial share what
//! happened in it. A share of all transactions is a ratio estimate over the
//! trials (W. G. Cochran, Sampling Techniques, 3rd edition 1977, section 6.3);
//! a percentile lies between those whose shares are the ends of the interval
//! of its own (R. S. Woodruff, Confidence intervals for medians and other
//! position measures, Journal of the American Statistical Association 47,
//! 1952). Trials may look more alike than they are, above all if they are few:
//! no interval is narrower than if all transactions were drawn by themselves.

use hdrhistogram::Histogram;

use super::interval::{Interval, Level};
use super::{moments, student};

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

/// The interval of the share that parts are of their wholes, over all trials;
/// `None` under two trials. Each trial is its part and its whole.
pub fn share_interval(trials: &[(f64, f64)], level: Level) -> Option<Interval> {
    let (part, whole) = sums(trials);
    let share = part / whole;
    let interval = Interval::around(share, share_error(share, trials, level)?);
    Some(interval.map(|share| share.clamp(0.0, 1.0)))
}

/// The interval of a quantile of all trials' values, which `pooled` holds;
/// `None` under two trials. Each trial is how many of its values lie below that
/// quantile, and how many it has. The upper end is infinite where no value is
/// left above it to say where it is.
pub fn quantile_interval(
    pooled: &Histogram<u64>,
    quantile: f64,
    trials: &[(f64, f64)],
    level: Level,
) -> Option<Interval> {
    let shares = Interval::around(quantile, share_error(quantile, trials, level)?);
    let at = |share: f64| pooled.value_at_quantile(share.clamp(0.0, 1.0)) as f64;
    let above = (1.0 - shares.high) * pooled.len() as f64;
    let high = if above < 1.0 { f64::INFINITY } else { at(shares.high) };
    Some(Interval::between(at(shares.low), high))
}

fn sums(trials: &[(f64, f64)]) -> (f64, f64) {
    let part = trials.iter().map(|(part, _)| part).sum();
    (part, trials.iter().map(|(_, whole)| whole).sum())
}

/// Half the width of the interval of a share that is about `share`.
fn share_error(share: f64, trials: &[(f64, f64)], level: Level) -> Option<f64> {
    let (part, whole) = sums(trials);
    if whole <= 0.0 {
        return None;
    }
    let n = trials.len() as f64;
    let (seen, mean) = (part / whole, whole / n);
    let residuals: Vec<f64> =
        trials.iter().map(|(part, whole)| (part - seen * whole) / mean).collect();
    let of_trials = moments::standard_deviation(&residuals)? / n.sqrt();
    let of_transactions = (share * (1.0 - share) / whole).sqrt();
    let t = student::quantile(level.upper(), trials.len() - 1);
    Some(t * of_trials.max(of_transactions))
}

#[cfg(test)]
mod tests {
    use rand_distr::{Distribution, StandardNormal};

    use super::*;
    use crate::stats::random;

    #[test]
    fn shares_of_trials_of_one_size_have_the_t_interval_of_their_mean() {
        let trials = [(2.0, 100.0), (3.0, 100.0), (7.0, 100.0), (4.0, 100.0)];
        let seen = share_interval(&trials, Level::P95).unwrap();
        let expected = student::mean_interval(&[0.02, 0.03, 0.07, 0.04], Level::P95).unwrap();
        assert!((seen.low - expected.interval.low.max(0.0)).abs() < 1e-12, "{seen:?}");
        assert!((seen.high - expected.interval.high).abs() < 1e-12, "{seen:?}");
        assert_eq!(share_interval(&trials[..1], Level::P95), None);
        assert_eq!(share_interval(&[(0.0, 0.0), (0.0, 0.0)], Level::P95), None);
    }

    #[test]
    fn what_lies_beyond_all_values_is_not_known() {
        let mut pooled = histogram();
        (1..=60).for_each(|value| pooled.saturating_record(value));
        let trials = [(29.0, 30.0), (30.0, 30.0)];
        let seen = quantile_interval(&pooled, 0.99, &trials, Level::P95).unwrap();
        assert!(seen.high.is_infinite() && seen.low < 60.0, "{seen:?}");
        // Equal trials are no certainty.
        let equal = [(15.0, 30.0), (15.0, 30.0)];
        let seen = quantile_interval(&pooled, 0.5, &equal, Level::P95).unwrap();
        assert!(seen.low < 25.0 && seen.high > 35.0, "{seen:?}");
    }

    /// How often the interval of a quantile has the true one, for trials that
    /// differ by more than their transactions.
    fn coverage(quantile: f64, z: f64, trials: usize) -> f64 {
        const RUNS: u32 = 200;
        let (own, shared): (f64, f64) = (0.5, 0.15);
        let truth = (7.0 + z * own.hypot(shared)).exp();
        let mut random = random::stream(5, "latencies of trials");
        let mut normal = || -> f64 { StandardNormal.sample(&mut random) };
        let mut hits = 0;
        for _ in 0..RUNS {
            let tables: Vec<Vec<u64>> = (0..trials)
                .map(|_| {
                    let level = 7.0 + shared * normal();
                    (0..400).map(|_| (level + own * normal()).exp() as u64).collect()
                })
                .collect();
            let mut pooled = histogram();
            tables.iter().flatten().for_each(|&value| pooled.saturating_record(value));
            let at = pooled.value_at_quantile(quantile);
            let parts: Vec<(f64, f64)> = tables
                .iter()
                .map(|table| (table.iter().filter(|&&value| value <= at).count() as f64, 400.0))
                .collect();
            let interval = quantile_interval(&pooled, quantile, &parts, Level::P95).unwrap();
            hits += u32::from(interval.contains(truth));
        }
        f64::from(hits) / f64::from(RUNS)
    }

    #[test]
    fn intervals_of_percentiles_hold_about_as_often_as_they_say() {
        let z = |quantile| if quantile < 0.9 { 0.0 } else { 2.326 };
        let seen = [(0.5, 5), (0.5, 10), (0.99, 5), (0.99, 10)]
            .map(|(quantile, trials)| coverage(quantile, z(quantile), trials));
        // docs/statistics.md has them.
        assert_eq!(
            seen.map(|share| format!("{:.1}", share * 100.0)),
            ["95.0", "94.5", "94.5", "93.5"]
        );
    }

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
