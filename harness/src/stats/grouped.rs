//! Values that come in groups, as blocks do in hosts.
//!
//! What a group has of its own is in each of its values, so that the values of
//! a few groups tell less than as many that have nothing in common. Where there
//! are several groups, the observations of an interval are therefore the groups'
//! means, and the degrees of freedom those of the groups: with m groups the mean of the means
//! +- t(m - 1) s / sqrt m, s their standard deviation. It is the
//! interval that T. Kalibera and R. Jones, Rigorous Benchmarking in Reasonable
//! Time, ISMM 2013, give for repetition at several levels: the highest one alone
//! decides. s² / m is an unbiased estimate of the variance of the mean of means
//! whatever the sizes of the groups; its distribution is the chi-squared one
//! for equal sizes and close to it for others (unweighted means: R. K. Burdick
//! and F. A. Graybill, Confidence Intervals on Variance Components, 1992).
//!
//! No estimate of the spread between groups is ever set to nought on the way, as
//! a mixed model does: with few groups that makes intervals too narrow.

use std::collections::BTreeMap;

use super::moments;

/// The values that an interval may take for independent: the values themselves
/// where all are of one group, or else the mean of each group, by its number.
pub fn units(values: impl IntoIterator<Item = (u32, f64)>) -> Vec<f64> {
    let mut groups = by_group(values).into_values();
    match (groups.next(), groups.next()) {
        (Some(only), None) => only,
        (first, second) => {
            let all = first.into_iter().chain(second).chain(groups);
            all.filter_map(|group| moments::mean(&group)).collect()
        }
    }
}

fn by_group(values: impl IntoIterator<Item = (u32, f64)>) -> BTreeMap<u32, Vec<f64>> {
    let mut groups: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
    for (group, value) in values {
        groups.entry(group).or_default().push(value);
    }
    groups
}

/// What values differ by within their groups, and what groups differ by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// Standard deviation within groups.
    pub within: f64,
    /// Standard deviation of what each group has of its own; `None` with one
    /// group.
    pub between: Option<f64>,
}

impl Spread {
    /// By the mean squares of a one-way layout (the ANOVA estimates of unbalanced
    /// data: S. R. Searle, G. Casella and C. E. `McCulloch`, Variance Components,
    /// 1992). `None` where no group has two values.
    pub fn of(values: impl IntoIterator<Item = (u32, f64)>) -> Option<Self> {
        let groups = by_group(values);
        let all: Vec<f64> = groups.values().flatten().copied().collect();
        let (n, m) = (all.len() as f64, groups.len() as f64);
        if all.len() <= groups.len() {
            return None;
        }
        let mean = moments::mean(&all)?;
        let (mut within, mut between, mut squared_sizes) = (0.0, 0.0, 0.0);
        for group in groups.values() {
            let own = moments::mean(group)?;
            let size = group.len() as f64;
            within += group.iter().map(|value| (value - own).powi(2)).sum::<f64>();
            between += size * (own - mean).powi(2);
            squared_sizes += size * size;
        }
        let within = within / (n - m);
        let variance = || {
            let size = (n - squared_sizes / n) / (m - 1.0);
            ((between / (m - 1.0) - within) / size).max(0.0)
        };
        let between = (groups.len() > 1).then(|| variance().sqrt());
        Some(Self { within: within.sqrt(), between })
    }
}

#[cfg(test)]
mod tests {
    use rand_distr::{Distribution, StandardNormal};

    use super::*;
    use crate::stats::interval::Level;
    use crate::stats::{random, student};

    #[test]
    fn one_group_is_its_values_and_several_are_their_means() {
        assert_eq!(units([(3, 1.0), (3, 2.0), (3, 6.0)]), [1.0, 2.0, 6.0]);
        assert_eq!(units([(1, 1.0), (0, 4.0), (1, 3.0)]), [4.0, 2.0]);
        assert_eq!(units([]), Vec::<f64>::new());
    }

    #[test]
    fn spread_agrees_with_the_mean_squares() {
        // One-way layout by hand: groups (1, 3), (5, 9, 7), (4): MSW = (2 + 8) / 3,
        // MSB = (2 * (2 - 29/6)² + 3 * (7 - 29/6)² + (4 - 29/6)²) / 2,
        // n0 = (6 - 14 / 6) / 2.
        let values = [(0, 1.0), (0, 3.0), (1, 5.0), (1, 9.0), (1, 7.0), (2, 4.0)];
        let seen = Spread::of(values).unwrap();
        assert!((seen.within - (10.0_f64 / 3.0).sqrt()).abs() < 1e-12);
        let grand = 29.0 / 6.0;
        let of = |size: f64, mean: f64| size * (mean - grand) * (mean - grand);
        let between = (of(2.0, 2.0) + of(3.0, 7.0) + of(1.0, 4.0)) / 2.0;
        let expected = ((between - 10.0 / 3.0) / ((6.0 - 14.0 / 6.0) / 2.0)).sqrt();
        assert!((seen.between.unwrap() - expected).abs() < 1e-12);
        assert_eq!(Spread::of([(0, 1.0), (1, 2.0)]), None, "no group has two values");
        assert_eq!(Spread::of([(0, 1.0), (0, 2.0)]).unwrap().between, None);
        // Groups that differ by less than their values do not differ.
        let alike = Spread::of([(0, 0.0), (0, 2.0), (1, 0.1), (1, 2.1)]).unwrap();
        assert_eq!(alike.between, Some(0.0));
    }

    /// How often the interval of 95 % holds the truth in 2,000 experiments with
    /// so many values in each group, and how often the one that takes all values
    /// for independent does.
    fn coverage(sizes: &[usize], within: f64, between: f64, seed: u64) -> (f64, f64) {
        let experiments = 2_000;
        let mut random = random::stream(seed, "coverage over groups");
        let mut normal = || -> f64 { StandardNormal.sample(&mut random) };
        let (mut by_groups, mut by_values) = (0, 0);
        for _ in 0..experiments {
            let mut values = Vec::new();
            for (group, &size) in (0..).zip(sizes) {
                let own = between * normal();
                values.extend((0..size).map(|_| (group, own + within * normal())));
            }
            let all: Vec<f64> = values.iter().map(|(_, value)| *value).collect();
            let holds = |values: &[f64]| {
                let interval = student::mean_interval(values, Level::P95).unwrap().interval;
                i32::from(interval.contains(0.0))
            };
            by_groups += holds(&units(values));
            by_values += holds(&all);
        }
        let share = |held: i32| f64::from(held) / f64::from(experiments);
        (share(by_groups), share(by_values))
    }

    #[test]
    fn the_interval_over_groups_covers_the_truth_as_often_as_it_says() {
        let unequal = [1, 2, 2, 3, 3];
        for (place, (sizes, between)) in [
            (&[4, 4][..], 1.0),
            (&[3, 3, 3], 0.5),
            (&[3, 3, 3, 3], 2.0),
            (&[2; 8], 1.0),
            (&[2; 8], 0.0),
            (&unequal, 1.0),
            (&unequal, 0.0),
        ]
        .into_iter()
        .enumerate()
        {
            let (by_groups, by_values) = coverage(sizes, 1.0, between, place as u64);
            assert!((0.93..=0.97).contains(&by_groups), "{sizes:?}, {between}: {by_groups}");
            if between >= 1.0 {
                assert!(by_values < 0.92, "{sizes:?}, {between}: {by_values} for nothing");
            }
        }
    }
}
