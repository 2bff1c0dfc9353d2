//! What the gate lets pass, and what it looks at.

use serde::Serialize;

/// Fewer blocks than this carry no verdict of the gate. With five, the
/// one-sided t test at 5 % needs 2.1 standard errors; with three it needs 2.9,
/// and the spread itself is hardly known.
pub const MIN_BLOCKS: usize = 5;

/// The power at which "the gate can detect" is meant.
pub const POWER: f64 = 0.8;

/// How far ahead more blocks are thought about.
pub const MOST_BLOCKS: usize = 100;

/// What the gate lets pass.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Policy {
    /// A regression is more than this much slower, as a fraction.
    #[serde(rename = "margin_ratio")]
    pub margin: f64,
    /// A pass is less than this much slower, as a fraction; above the margin.
    #[serde(rename = "allowance_ratio")]
    pub allowance: f64,
    /// How often each one-sided test may err.
    pub alpha: f64,
    /// The metrics whose verdicts fail a build; all others inform.
    pub gated: Vec<GatedMetric>,
}

/// A kind of metric that can fail a build.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum GatedMetric {
    /// The mean over all -j of a curve.
    Curve,
    /// Each arm at its own fastest -j.
    Best,
    /// Each -j by itself.
    Each,
    /// WAL written.
    Wal,
}

impl Default for Policy {
    /// 3 % is noise to most users, 10 % is not; few metrics, so that few
    /// false alarms add up.
    fn default() -> Self {
        Self {
            margin: 0.03,
            allowance: 0.10,
            alpha: 0.05,
            gated: vec![GatedMetric::Curve, GatedMetric::Best, GatedMetric::Wal],
        }
    }
}

/// Why a policy makes no sense.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PolicyError {
    /// A pass and a regression would both be shown.
    #[error(
        "the margin ({margin} %) must be smaller than the allowance ({allowance} %): a regression \
         is slower by more than the margin, a pass by less than the allowance"
    )]
    MarginAboveAllowance {
        /// In percent.
        margin: f64,
        /// In percent.
        allowance: f64,
    },
    /// Alpha is no small probability.
    #[error("alpha {0} is no error rate: it lies above 0 and below 0.5")]
    Alpha(f64),
}

impl Policy {
    /// Checks that the parts fit together.
    pub fn checked(self) -> Result<Self, PolicyError> {
        if self.margin >= self.allowance {
            let percent = |share: f64| (share * 1e5).round() / 1e3;
            return Err(PolicyError::MarginAboveAllowance {
                margin: percent(self.margin),
                allowance: percent(self.allowance),
            });
        }
        if !(self.alpha > 0.0 && self.alpha < 0.5) {
            return Err(PolicyError::Alpha(self.alpha));
        }
        Ok(self)
    }

    /// Whether this kind of metric can fail a build.
    pub fn gates(&self, metric: GatedMetric) -> bool {
        self.gated.contains(&metric)
    }

    /// The threshold of a regression, as a logarithm.
    pub fn ln_margin(&self) -> f64 {
        self.margin.ln_1p()
    }

    /// The threshold of a pass, as a logarithm.
    pub fn ln_allowance(&self) -> f64 {
        self.allowance.ln_1p()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_that_contradicts_itself_is_refused() {
        assert!(Policy::default().checked().is_ok());
        let error = Policy { margin: 0.1, ..Policy::default() }.checked().unwrap_err();
        assert!(error.to_string().contains("margin (10 %)"), "{error}");
        for alpha in [0.0, 0.5, f64::NAN] {
            assert!(Policy { alpha, ..Policy::default() }.checked().is_err());
        }
    }
}
