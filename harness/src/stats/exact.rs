//! What so few blocks can show at all.
//!
//! Without a model of the noise, the evidence in n blocks is a count of
//! orderings, and the smallest p is one over how many there are. A report
//! must not print a p below it.

/// The smallest two-sided p of an exact Mann-Whitney test on `n` and `m`
/// values without ties: all of one arm below all of the other, two of the
/// C(n + m, n) equally likely arrangements.
pub fn smallest_mann_whitney_p(n: u32, m: u32) -> f64 {
    let arrangements: f64 = (1..=n).map(|i| f64::from(m + i) / f64::from(i)).product();
    (2.0 / arrangements).min(1.0)
}

/// The smallest two-sided p of a sign or signed-rank test on `n` pairs: all
/// of one sign, two of 2^n.
pub fn smallest_paired_p(n: u32) -> f64 {
    0.5_f64.powf(f64::from(n.saturating_sub(1)))
}

/// The highest probability that "A is faster than B" can have after `n`
/// blocks if nothing is assumed of the noise but that it is as likely to be
/// up as down: all n agreed, and by chance they would once in 2^n.
pub fn model_free_limit(n: u32) -> f64 {
    1.0 - 0.5_f64.powf(f64::from(n))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mann_whitney_agrees_with_scipy() {
        // stats.mannwhitneyu(range(n), range(n, n + m), method='exact').pvalue
        for (n, m, expected) in [
            (3, 3, 0.1),
            (4, 4, 0.028_571_428_571_428_57),
            (5, 5, 0.007_936_507_936_507_936),
            (3, 5, 0.035_714_285_714_285_71),
            (1, 1, 1.0),
            (0, 3, 1.0),
        ] {
            assert!((smallest_mann_whitney_p(n, m) - expected).abs() < 1e-12, "{n} and {m}");
        }
    }

    #[test]
    fn signed_rank_agrees_with_scipy() {
        // stats.wilcoxon(range(1, n + 1), method='exact').pvalue
        for (n, expected) in [(0, 1.0), (1, 1.0), (3, 0.25), (5, 0.0625), (6, 0.03125)] {
            assert!((smallest_paired_p(n) - expected).abs() < 1e-15, "{n}");
        }
        assert!((model_free_limit(3) - 0.875).abs() < 1e-15);
        assert!((model_free_limit(5) - 0.968_75).abs() < 1e-15);
    }
}
