//! The difference of two means with its one-sided tests, from pairs or from
//! two samples that share nothing.
//!
//! Pairs: Student's t of the differences. Two samples: B. L. Welch, The
//! generalization of "Student's" problem when several different population
//! variances are involved, Biometrika 34, 1947, with the degrees of freedom of
//! Satterthwaite (1946).

use super::interval::Interval;
use super::{grouped, moments, student};

/// An estimated difference of two means.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    /// The number of pairs, or the size of the smaller sample.
    pub n: usize,
    /// The estimate.
    pub mean: f64,
    /// Its standard error.
    pub error: f64,
    /// The degrees of freedom of that error.
    pub df: f64,
}

/// A part of a variance, with the degrees of freedom that it is known by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Component {
    /// The variance.
    pub variance: f64,
    /// Its degrees of freedom.
    pub df: f64,
}

impl Difference {
    /// From the differences of pairs; `None` under two of them.
    pub fn paired(differences: &[f64]) -> Option<Self> {
        let n = differences.len();
        let sd = moments::standard_deviation(differences)?;
        let mean = moments::mean(differences)?;
        Some(Self { n, mean, error: sd / (n as f64).sqrt(), df: (n - 1) as f64 })
    }

    /// The same of differences that come in groups: the observations are the
    /// groups' means (see [`super::grouped`]), though `n` counts pairs. `None`
    /// under two pairs.
    pub fn paired_in_groups(
        is_grouped: bool,
        differences: impl IntoIterator<Item = (u32, f64)> + Clone,
    ) -> Option<Self> {
        let n = differences.clone().into_iter().count();
        Some(Self { n, ..Self::paired(&grouped::units(is_grouped, differences))? })
    }

    /// The mean of `a` less that of `b`; `None` where one has under two
    /// values.
    pub fn apart(a: &[f64], b: &[f64]) -> Option<Self> {
        let component = |values: &[f64]| {
            let sd = moments::standard_deviation(values)?;
            let n = values.len() as f64;
            Some(Component { variance: sd * sd / n, df: n - 1.0 })
        };
        let parts = [component(a)?, component(b)?];
        let mean = moments::mean(a)? - moments::mean(b)?;
        Some(Self::from_components(a.len().min(b.len()), mean, &parts))
    }

    fn from_components(n: usize, mean: f64, parts: &[Component]) -> Self {
        let variance: f64 = parts.iter().map(|part| part.variance).sum();
        let doubt: f64 = parts.iter().map(|part| part.variance.powi(2) / part.df).sum();
        // Without any spread there is no doubt, and no degrees of freedom.
        let df = if doubt > 0.0 {
            variance * variance / doubt
        } else {
            parts.iter().map(|part| part.df).sum()
        };
        Self { n, mean, error: variance.sqrt(), df }
    }

    /// The difference with a further part of doubt, such as what two runs
    /// differ by when nothing has changed.
    #[must_use]
    pub fn widened(self, by: Component) -> Self {
        let own = Component { variance: self.error * self.error, df: self.df };
        Self::from_components(self.n, self.mean, &[own, by])
    }

    /// The one-sided p of "the difference is at most `threshold`".
    pub fn p_above(&self, threshold: f64) -> f64 {
        let excess = self.mean - threshold;
        if self.error > 0.0 {
            student::upper_tail(excess / self.error, self.df)
        } else if excess > 0.0 {
            0.0
        } else {
            1.0
        }
    }

    /// From the lower to the upper bound, each of which holds with
    /// probability 1 - `alpha`: an interval of level 1 - 2 `alpha`.
    pub fn bounds(&self, alpha: f64) -> Interval {
        Interval::around(self.mean, self.reach(1.0 - alpha))
    }

    /// How far beyond a threshold the truth must lie for a test at `alpha` to
    /// find it with probability `power`: (t(1 - alpha) + t(power)) times the
    /// standard error.
    pub fn detectable(&self, alpha: f64, power: f64) -> f64 {
        self.reach(1.0 - alpha) + self.reach(power)
    }

    fn reach(&self, p: f64) -> f64 {
        if self.error > 0.0 { student::quantile_at(p, self.df) * self.error } else { 0.0 }
    }

    /// What `n` blocks would likely give, if mean and spread stay as they are; of
    /// groups, those of as many more groups.
    #[must_use]
    pub fn with_blocks(&self, n: usize) -> Self {
        let (now, then) = (self.n as f64, n as f64);
        Self {
            n,
            mean: self.mean,
            error: self.error * (now / then).sqrt(),
            df: self.df * (then - 1.0) / (now - 1.0).max(1.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: [f64; 5] = [2.31, 2.44, 2.29, 2.52, 2.37];
    const B: [f64; 6] = [2.25, 2.41, 2.30, 2.34, 2.29, 2.27];

    fn close(seen: f64, expected: f64) {
        assert!((seen - expected).abs() < 1e-9, "{seen} is not {expected}");
    }

    #[test]
    fn apart_agrees_with_scipy() {
        // SciPy 1.17: r = stats.ttest_ind(a, b, equal_var=False,
        // alternative='greater'); r.pvalue, r.df, and
        // r.confidence_interval(.95).low
        let seen = Difference::apart(&A, &B).unwrap();
        close(seen.p_above(0.0), 0.082_994_052_353_432_63);
        close(seen.df, 6.349_727_198_442_651);
        close(seen.bounds(0.05).low, -0.017_463_145_066_459_268);
        assert_eq!(seen.n, 5);
    }

    #[test]
    fn pairs_agree_with_scipy() {
        // stats.ttest_1samp(d, 0.02, alternative='greater').pvalue
        let d: Vec<f64> = A.iter().zip(B).map(|(a, b)| a - b).collect();
        let seen = Difference::paired(&d).unwrap();
        close(seen.p_above(0.02), 0.103_097_357_803_447_52);
        close(seen.df, 4.0);
    }

    #[test]
    fn no_spread_leaves_no_doubt() {
        let same = Difference::paired(&[0.1, 0.1, 0.1]).unwrap();
        close(same.p_above(0.05), 0.0);
        close(same.p_above(0.2), 1.0);
        close(same.detectable(0.05, 0.8), 0.0);
        close(same.bounds(0.05).half_width(), 0.0);
        close(Difference::apart(&[1.0, 1.0], &[2.0, 2.0]).unwrap().mean, -1.0);
        assert_eq!(Difference::paired(&[1.0]), None);
        assert_eq!(Difference::apart(&[1.0], &[1.0, 2.0]), None);
    }

    #[test]
    fn a_further_part_widens_by_satterthwaite() {
        // (v1 + v2)^2 / (v1^2 / 4 + v2^2 / 2) with v1 = v2: 4 / (1/4 + 1/2)
        let own = Difference { n: 5, mean: 0.1, error: 0.02, df: 4.0 };
        let seen = own.widened(Component { variance: 0.0004, df: 2.0 });
        close(seen.error, 0.02 * 2.0_f64.sqrt());
        close(seen.df, 16.0 / 3.0);
    }

    #[test]
    fn more_blocks_narrow_by_the_square_root() {
        let seen = Difference { n: 5, mean: 0.1, error: 0.02, df: 4.0 }.with_blocks(20);
        close(seen.error, 0.01);
        close(seen.df, 19.0);
    }
}
