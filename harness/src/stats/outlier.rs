//! Values that stand apart. They are marked and stay in every calculation: a
//! restore that took twice as long is what a user of that host gets, too.

use super::median::median;
use super::moments;

/// How many interquartile ranges beyond the quartiles is an outlier (Tukey's
/// "far out").
const QUARTILE_RANGES: f64 = 3.0;
/// How many median absolute deviations from the median is one: 10 standard
/// deviations of a normal distribution, whose MAD is 0.6745 of them.
const DEVIATIONS: f64 = 14.8;
/// With fewer values the rules mostly mark what is ordinary. Simulated on
/// normal noise, a sample shows a mark by chance in 11 % (n = 3), 2 %
/// (n = 4) or 3 % (n = 5) of cases by the deviations, and in 13 % (n = 5),
/// 8 % (n = 6) or 5 % (n = 7) by the quartiles.
const MIN_FOR_DEVIATIONS: usize = 4;
const MIN_FOR_QUARTILES: usize = 7;

/// For each value, whether it stands apart from the others.
pub fn flags(values: &[f64]) -> Vec<bool> {
    let by_quartiles = beyond_quartiles(values);
    let by_deviations = beyond_deviations(values);
    values.iter().map(|&value| by_quartiles(value) || by_deviations(value)).collect()
}

fn beyond_quartiles(values: &[f64]) -> impl Fn(f64) -> bool + use<> {
    let sorted = moments::sorted(values);
    let quartile = |p| moments::quantile_of_sorted(&sorted, p).unwrap_or(f64::NAN);
    let (low, high) = (quartile(0.25), quartile(0.75));
    let reach = QUARTILE_RANGES * (high - low);
    let applies = values.len() >= MIN_FOR_QUARTILES && reach > 0.0;
    move |value| applies && (value < low - reach || value > high + reach)
}

fn beyond_deviations(values: &[f64]) -> impl Fn(f64) -> bool + use<> {
    let center = median(values).unwrap_or(f64::NAN);
    let deviations: Vec<f64> = values.iter().map(|value| (value - center).abs()).collect();
    // More than half the values equal: the unit is 0 and marks nothing.
    let reach = DEVIATIONS * median(&deviations).unwrap_or(0.0);
    let applies = values.len() >= MIN_FOR_DEVIATIONS && reach > 0.0;
    move |value| applies && (value - center).abs() > reach
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn marks_what_stands_apart_and_nothing_else() {
        let mut values = vec![1.00, 1.02, 0.98, 1.01, 0.99, 1.03, 0.97];
        assert!(flags(&values).iter().all(|flag| !flag));
        values.push(2.0);
        assert_eq!(flags(&values).iter().position(|&flag| flag), Some(7));
    }

    #[test]
    fn the_borders_are_where_the_rules_say() {
        // Median 0, MAD 1: 14.8 is within, more is beyond.
        assert!(!flags(&[-1.0, 1.0, 0.0, 14.8, -1.0]).contains(&true));
        assert_eq!(flags(&[-1.0, 1.0, 0.0, 14.9, -1.0]), [false, false, false, true, false]);
    }

    #[test]
    fn no_spread_and_few_values_mark_nothing() {
        assert!(!flags(&[1.0, 1.0, 1.0, 1.0, 9.0]).contains(&true));
        assert!(!flags(&[1.0, 1.01, 9.0]).contains(&true));
        assert!(flags(&[]).is_empty());
    }

    proptest! {
        #[test]
        fn marks_do_not_depend_on_the_unit(
            values in prop::collection::vec(0.1..10.0f64, 1..20)
        ) {
            let scaled: Vec<f64> = values.iter().map(|value| value * 1024.0).collect();
            prop_assert_eq!(flags(&values), flags(&scaled));
        }
    }
}
