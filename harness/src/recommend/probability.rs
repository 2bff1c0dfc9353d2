//! Probabilities that do not claim more than they can.

use std::fmt;

/// A probability that was estimated, from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, serde::Serialize)]
#[serde(transparent)]
pub struct Probability(f64);

impl Probability {
    /// Holds `value` within 0 and 1.
    pub fn new(value: f64) -> Self {
        Self(value.clamp(0.0, 1.0))
    }

    pub fn get(self) -> f64 {
        self.0
    }
}

impl fmt::Display for Probability {
    /// Two digits, rounded towards doubt; never 1.00: the draws see the noise
    /// of the run, and not that of the next week.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 >= 0.99 {
            f.pad("over 0.99")
        } else if self.0 < 0.01 {
            f.pad("under 0.01")
        } else {
            f.pad(&format!("{:.2}", (self.0 * 100.0).floor() / 100.0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certainty_is_not_printed() {
        let shown = |p| Probability::new(p).to_string();
        assert_eq!(shown(1.0), "over 0.99");
        assert_eq!(shown(0.9499), "0.94");
        assert_eq!(shown(0.5), "0.50");
        assert_eq!(shown(0.0), "under 0.01");
    }
}
