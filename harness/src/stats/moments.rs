//! Mean, standard deviation and quantiles of a sample.

/// The arithmetic mean; `None` of nothing.
pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// The sample standard deviation (divisor n - 1); `None` under two values.
pub fn standard_deviation(values: &[f64]) -> Option<f64> {
    if values.len() < 2 {
        return None;
    }
    let mean = mean(values)?;
    // Two passes: the textbook one-pass form cancels on ln T, whose mean is
    // large beside its spread.
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    Some((squares / (values.len() - 1) as f64).sqrt())
}

/// The values in ascending order.
pub fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

/// The quantile `p` of values that are sorted already, interpolated linearly
/// between order statistics (Hyndman and Fan's type 7, the default of R and
/// `NumPy`). `None` of nothing.
pub fn quantile_of_sorted(sorted: &[f64], p: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let place = p.clamp(0.0, 1.0) * last as f64;
    let below = place.floor() as usize;
    let above = (below + 1).min(last);
    Some(sorted[below] + (place - below as f64) * (sorted[above] - sorted[below]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_agree_with_numpy() {
        let values = [2.31, 2.44, 2.29, 2.52, 2.37];
        // numpy.mean(x), numpy.std(x, ddof=1)
        assert!((mean(&values).unwrap() - 2.386).abs() < 1e-12);
        assert!((standard_deviation(&values).unwrap() - 0.095_026_312_145_636_77).abs() < 1e-12);
    }

    #[test]
    fn quantiles_agree_with_numpy() {
        // numpy.quantile([3, 1, 2, 5, 8, 13], [.25, .5, .75])
        let values = sorted(&[3.0, 1.0, 2.0, 5.0, 8.0, 13.0]);
        let quantile = |p| quantile_of_sorted(&values, p).unwrap();
        assert!((quantile(0.25) - 2.25).abs() < 1e-12);
        assert!((quantile(0.5) - 4.0).abs() < 1e-12);
        assert!((quantile(0.75) - 7.25).abs() < 1e-12);
    }

    #[test]
    fn too_little_is_not_a_number_made_up() {
        assert_eq!(mean(&[]), None);
        assert_eq!(standard_deviation(&[1.0]), None);
        assert_eq!(quantile_of_sorted(&[], 0.5), None);
    }

    #[test]
    fn a_large_offset_does_not_eat_the_spread() {
        let spread = standard_deviation(&[1e9 + 1.0, 1e9 + 2.0, 1e9 + 3.0]).unwrap();
        assert!((spread - 1.0).abs() < 1e-9);
    }
}
