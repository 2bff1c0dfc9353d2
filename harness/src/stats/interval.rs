//! Intervals and the levels at which they hold.

/// How often a procedure's intervals cover the truth: above 0, below 1.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Level(f64);

impl Level {
    /// 95 %: the level of every interval that is shown.
    pub const P95: Self = Self(0.95);

    /// A level strictly between 0 and 1.
    pub fn new(level: f64) -> Option<Self> {
        (level > 0.0 && level < 1.0).then_some(Self(level))
    }

    /// The level itself, as a fraction.
    pub fn get(self) -> f64 {
        self.0
    }

    /// How often an interval misses the truth.
    pub fn alpha(self) -> f64 {
        1.0 - self.0
    }

    /// The upper quantile that a two-sided interval of this level needs.
    pub fn upper(self) -> f64 {
        1.0 - self.alpha() / 2.0
    }

    /// Bonferroni: the level of each of `parts` intervals for all of them
    /// together to hold at this level.
    #[must_use]
    pub fn split(self, parts: u32) -> Self {
        Self(1.0 - self.alpha() / f64::from(parts.max(1)))
    }
}

/// A closed interval on the real line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end; never below the lower one.
    pub high: f64,
}

impl Interval {
    /// The interval between two ends, given in any order.
    pub fn between(a: f64, b: f64) -> Self {
        Self { low: a.min(b), high: a.max(b) }
    }

    /// The interval that reaches `half_width` to both sides of `center`.
    pub fn around(center: f64, half_width: f64) -> Self {
        Self::between(center - half_width, center + half_width)
    }

    /// Half the distance between the ends.
    pub fn half_width(self) -> f64 {
        (self.high - self.low) / 2.0
    }

    /// Whether `value` lies within, ends included.
    pub fn contains(self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }

    /// The image under a monotone function.
    #[must_use]
    pub fn map(self, monotone: impl Fn(f64) -> f64) -> Self {
        Self::between(monotone(self.low), monotone(self.high))
    }

    /// From a scale of logarithms to one of ratios.
    #[must_use]
    pub fn exp(self) -> Self {
        self.map(f64::exp)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_lies_between_never_and_always() {
        assert!(Level::new(0.0).is_none() && Level::new(1.0).is_none());
        assert!(Level::new(f64::NAN).is_none());
        assert!((Level::P95.upper() - 0.975).abs() < 1e-15);
        assert!((Level::P95.split(8).alpha() - 0.006_25).abs() < 1e-15);
    }

    #[test]
    fn a_falling_map_keeps_the_ends_in_order() {
        let inverse = Interval::between(2.0, 4.0).map(f64::recip);
        assert_eq!(inverse, Interval { low: 0.25, high: 0.5 });
        assert!(inverse.contains(0.25) && !inverse.contains(0.51));
    }
}
