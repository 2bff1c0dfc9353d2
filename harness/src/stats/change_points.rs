//! Where a series changes its level: E-divisive with a t test.
//!
//! D. S. Matteson and N. A. James, A nonparametric approach for multiple
//! change point analysis of multivariate data, Journal of the American
//! Statistical Association 109, 2014: a segment is split where the energy
//! distance of its two sides is the largest. Their permutation test is
//! replaced by Student's t between the segments on both sides, as performance
//! testing does (M. Fleming, P. Kołaczkowski et al., Hunter, ICPE 2023, now
//! Apache Otava): it is exact enough for means, repeats without a seed, and a
//! weak split can be taken back once its neighbours are known.

use super::{moments, student};

/// A split is followed up from this p on, so that a strong change beside it
/// can still bring it out.
const WEAK_P: f64 = 0.05;

/// Points that a split is looked for among at a time: what happened long ago
/// must not drown what happened last.
const WINDOW: usize = 50;

/// The fewest points of a segment: two alike are a coincidence.
const SHORTEST: usize = 3;

/// What counts as a change.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Threshold {
    /// The largest p of the t test between the segments.
    pub p: f64,
    /// The smallest difference of their means.
    pub difference: f64,
}

/// A change of level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChangePoint {
    /// Index of the first value at the new level.
    pub at: usize,
    /// Mean of the segment before.
    pub before: f64,
    /// Mean of the segment from here on.
    pub after: f64,
    /// The two-sided p of the t test between the two segments.
    pub p: f64,
}

/// The changes of level in `values`, in their order.
pub fn change_points(values: &[f64], threshold: Threshold) -> Vec<ChangePoint> {
    let mut splits = Vec::new();
    let last_start = values.len().saturating_sub(WINDOW);
    for start in (0..=last_start).step_by(WINDOW / 2).chain([last_start]) {
        split(values, start, (start + WINDOW).min(values.len()), &mut splits);
    }
    splits.sort_unstable();
    splits.dedup();
    merge(values, splits, threshold)
}

/// Splits `values[start..end]` for as long as a split is at least weak.
fn split(values: &[f64], start: usize, end: usize, splits: &mut Vec<usize>) {
    let Some(at) = best_split(&values[start..end]).map(|at| start + at) else { return };
    if p_between(&values[start..at], &values[at..end]) > WEAK_P {
        return;
    }
    splits.push(at);
    split(values, start, at, splits);
    split(values, at, end, splits);
}

/// The split with the largest scaled energy distance between its sides.
fn best_split(values: &[f64]) -> Option<usize> {
    let last = values.len().checked_sub(SHORTEST)?;
    (SHORTEST..=last)
        .map(|at| (at, scaled_energy_distance(&values[..at], &values[at..])))
        .max_by(|(_, a), (_, b)| a.total_cmp(b))
        .map(|(at, _)| at)
}

/// mn / (m + n) (2 E|X - Y| - E|X - X'| - E|Y - Y'|), equation 5 of Matteson
/// and James with the exponent 1.
fn scaled_energy_distance(left: &[f64], right: &[f64]) -> f64 {
    let (m, n) = (left.len() as f64, right.len() as f64);
    let between: f64 = left.iter().flat_map(|x| right.iter().map(move |y| (x - y).abs())).sum();
    let within = |values: &[f64]| {
        let pairs = values.len() as f64 * (values.len() as f64 - 1.0) / 2.0;
        let sum: f64 = values
            .iter()
            .enumerate()
            .flat_map(|(place, x)| values[..place].iter().map(move |y| (x - y).abs()))
            .sum();
        sum / pairs
    };
    m * n / (m + n) * (2.0 * between / (m * n) - within(left) - within(right))
}

/// Takes back the weakest split until all that are left count.
fn merge(values: &[f64], mut splits: Vec<usize>, threshold: Threshold) -> Vec<ChangePoint> {
    loop {
        let points = measure(values, &splits);
        let weakest = points
            .iter()
            .enumerate()
            .filter(|(_, point)| {
                point.p > threshold.p || (point.after - point.before).abs() < threshold.difference
            })
            .max_by(|(_, a), (_, b)| a.p.total_cmp(&b.p))
            .map(|(place, _)| place);
        match weakest {
            Some(place) => drop(splits.remove(place)),
            None => return points,
        }
    }
}

fn measure(values: &[f64], splits: &[usize]) -> Vec<ChangePoint> {
    splits
        .iter()
        .enumerate()
        .map(|(place, &at)| {
            let start = place.checked_sub(1).map_or(0, |before| splits[before]);
            let end = splits.get(place + 1).copied().unwrap_or(values.len());
            let (before, after) = (&values[start..at], &values[at..end]);
            let mean = |segment: &[f64]| moments::mean(segment).unwrap_or(f64::NAN);
            ChangePoint {
                at,
                before: mean(before),
                after: mean(after),
                p: p_between(before, after),
            }
        })
        .collect()
}

/// The two-sided p of Student's t test with one spread for both segments. A
/// short segment may be even by chance; with a spread of its own, as Welch's
/// test has it, that would look like certainty.
fn p_between(before: &[f64], after: &[f64]) -> f64 {
    let (Some(one), Some(other)) =
        (moments::standard_deviation(before), moments::standard_deviation(after))
    else {
        return 1.0;
    };
    let mean = |segment: &[f64]| moments::mean(segment).unwrap_or(f64::NAN);
    let (m, n) = (before.len() as f64, after.len() as f64);
    let df = m + n - 2.0;
    let variance = ((m - 1.0) * one * one + (n - 1.0) * other * other) / df;
    let error = (variance * (1.0 / m + 1.0 / n)).sqrt();
    let rise = (mean(after) - mean(before)).abs();
    if error > 0.0 {
        (2.0 * student::upper_tail(rise / error, df)).min(1.0)
    } else {
        f64::from(u8::from(rise == 0.0))
    }
}

#[cfg(test)]
mod tests {
    use rand_distr::{Distribution, StandardNormal};

    use super::*;
    use crate::stats::random;

    const THRESHOLD: Threshold = Threshold { p: 0.001, difference: 0.05 };

    /// Levels of so many points each, with normal noise.
    fn series(levels: &[(usize, f64)], noise: f64, seed: u64) -> Vec<f64> {
        let mut random = random::stream(seed, "series");
        let mut normal = || -> f64 { StandardNormal.sample(&mut random) };
        levels
            .iter()
            .flat_map(|&(count, level)| std::iter::repeat_n(level, count))
            .map(|level| level + noise * normal())
            .collect()
    }

    #[test]
    fn the_energy_distance_agrees_with_numpy() {
        // d = lambda a, b: np.abs(np.subtract.outer(a, b))
        // m*n/(m+n) * (2*d(x, y).mean() - d(x, x).sum()/(m*(m-1))
        //              - d(y, y).sum()/(n*(n-1)))
        let (x, y) = ([1.0, 1.2, 0.9], [1.5, 1.4, 1.7, 1.6]);
        let seen = scaled_energy_distance(&x, &y);
        assert!((seen - 1.142_857_142_857_143).abs() < 1e-12, "{seen}");
    }

    #[test]
    fn p_values_agree_with_scipy() {
        // stats.ttest_ind(x, y).pvalue
        let seen = p_between(&[1.0, 1.2, 0.9], &[1.5, 1.4, 1.7, 1.6]);
        assert!((seen - 0.004_612_244_656_160_933_5).abs() < 1e-10, "{seen}");
    }

    #[test]
    fn changes_are_found_where_they_are() {
        let values = series(&[(20, 1.0), (15, 1.15), (15, 1.05)], 0.02, 1);
        let seen = change_points(&values, THRESHOLD);
        let at: Vec<usize> = seen.iter().map(|point| point.at).collect();
        assert_eq!(at, [20, 35]);
        assert!((seen[0].after - seen[0].before - 0.15).abs() < 0.02, "{seen:?}");
        assert!(seen[0].p < 1e-6);
    }

    #[test]
    fn a_change_long_ago_does_not_hide_a_late_one() {
        let values = series(&[(60, 1.0), (80, 1.3), (8, 1.4)], 0.02, 2);
        let at: Vec<usize> =
            change_points(&values, THRESHOLD).iter().map(|point| point.at).collect();
        assert_eq!(at, [60, 140]);
    }

    #[test]
    fn noise_alone_is_quiet_and_small_changes_are_left_out() {
        // Tested at 0.001 per split, of which a series has 45: a few of 200.
        let loud = (0..200)
            .filter(|&seed| {
                let values = series(&[(50, 1.0)], 0.05, 100 + seed);
                !change_points(&values, THRESHOLD).is_empty()
            })
            .count();
        assert!(loud <= 6, "{loud}");
        let small = series(&[(25, 1.0), (25, 1.04)], 0.005, 3);
        assert_eq!(change_points(&small, THRESHOLD), []);
    }

    #[test]
    fn too_little_is_no_change() {
        for values in [&[][..], &[1.0], &[1.0, 2.0, 3.0, 4.0, 5.0]] {
            assert_eq!(change_points(values, THRESHOLD), []);
        }
        let steps = [1.0, 1.0, 1.0, 2.0, 2.0, 2.0];
        assert_eq!(change_points(&steps, THRESHOLD)[0].at, 3);
    }
}
