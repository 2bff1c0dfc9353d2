//! One metric, two arms, one verdict.

use std::fmt;

use serde::Serialize;

use super::policy::{MIN_BLOCKS, MOST_BLOCKS, POWER, Policy};
use crate::stats::difference::Difference;
use crate::stats::holm;

/// What was found. The order is that of gravity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// Slower by less than the allowance, shown.
    Pass,
    /// Neither was shown.
    Inconclusive,
    /// Slower by more than the margin, shown.
    Regression,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Pass => "pass",
            Self::Inconclusive => "inconclusive",
            Self::Regression => "regression",
        })
    }
}

/// Why a finding is not what the numbers alone would say.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Reason {
    /// Fewer blocks than a verdict may rest on.
    TooFewBlocks { seen: usize },
    /// The noise hides what was asked for.
    TooNoisy {
        /// The smallest slowdown that would be found with probability
        /// [`POWER`], as a fraction.
        detectable_ratio: f64,
        /// The slowdown that must be excluded for a pass, as a fraction.
        allowance_ratio: f64,
    },
    /// Between the two thresholds, or too uncertain to tell.
    Undecided,
    /// Most of the candidate's restores did not complete, while the base's
    /// did.
    CandidateFails { lost: u32, trials: u32 },
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooFewBlocks { seen } => {
                write!(f, "{seen} of the {MIN_BLOCKS} blocks that a verdict needs")
            }
            Self::TooNoisy { detectable_ratio, allowance_ratio } => write!(
                f,
                "the noise hides slowdowns below {:.0} %, and a pass has to exclude {} %",
                detectable_ratio * 100.0,
                (allowance_ratio * 1e5).round() / 1e3
            ),
            Self::Undecided => f.write_str("the blocks show neither a regression nor a pass"),
            Self::CandidateFails { lost, trials } => {
                write!(f, "{lost} of {trials} restores of the candidate did not complete")
            }
        }
    }
}

/// A verdict on one metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judgement {
    pub finding: Finding,
    /// Why it is not a plain pass or regression.
    pub reason: Option<Reason>,
    /// The p of "slower by no more than the margin", adjusted for the tests
    /// that were made together.
    pub p: f64,
    /// How many further blocks would likely settle it.
    pub more_blocks_likely: Option<u32>,
}

/// Judges metrics that are looked at together: the more there are, the more
/// each must show to be a regression (Holm). A pass needs no adjustment: all
/// of them must be shown for the whole to pass.
pub fn together(differences: &[Difference], policy: &Policy) -> Vec<Judgement> {
    let raw: Vec<f64> = differences.iter().map(|d| d.p_above(policy.ln_margin())).collect();
    differences
        .iter()
        .zip(holm::adjust(&raw))
        .map(|(difference, p)| judge(difference, p, differences.len(), policy))
        .collect()
}

fn judge(difference: &Difference, p: f64, tests: usize, policy: &Policy) -> Judgement {
    let open = |reason, more| Judgement {
        finding: Finding::Inconclusive,
        reason: Some(reason),
        p,
        more_blocks_likely: more,
    };
    let shown = |finding| Judgement { finding, reason: None, p, more_blocks_likely: None };
    if difference.n < MIN_BLOCKS {
        let more = MIN_BLOCKS - difference.n;
        return open(Reason::TooFewBlocks { seen: difference.n }, u32::try_from(more).ok());
    }
    if p < policy.alpha {
        return shown(Finding::Regression);
    }
    if difference.bounds(policy.alpha).high < policy.ln_allowance() {
        return shown(Finding::Pass);
    }
    let detectable = difference.detectable(policy.alpha, POWER);
    let reason = if detectable > policy.ln_allowance() {
        Reason::TooNoisy {
            detectable_ratio: detectable.exp_m1(),
            allowance_ratio: policy.allowance,
        }
    } else {
        Reason::Undecided
    };
    open(reason, more_blocks_likely(difference, tests, policy))
}

/// How many further blocks would show a regression or a pass, if mean and
/// spread stay; `None` where [`MOST_BLOCKS`] would not.
fn more_blocks_likely(difference: &Difference, tests: usize, policy: &Policy) -> Option<u32> {
    let settles = |n: &usize| {
        let then = difference.with_blocks(*n);
        then.p_above(policy.ln_margin()) * tests as f64 <= policy.alpha
            || then.bounds(policy.alpha).high < policy.ln_allowance()
    };
    let enough = (difference.n + 1..=MOST_BLOCKS).find(settles)?;
    u32::try_from(enough - difference.n).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(mean: f64, error: f64, n: usize) -> Judgement {
        let difference = Difference { n, mean, error, df: (n - 1) as f64 };
        together(&[difference], &Policy::default())[0]
    }

    #[test]
    fn a_regression_and_a_pass_must_both_be_shown() {
        // t(0.95, 4) = 2.132: the bounds lie 0.0213 about the mean;
        // ln 1.03 = 0.0296, ln 1.10 = 0.0953.
        for (mean, finding) in
            [(0.052, Finding::Regression), (0.050, Finding::Pass), (-0.3, Finding::Pass)]
        {
            assert_eq!(one(mean, 0.01, 5).finding, finding, "{mean}");
        }
        // 0.0640 about the mean.
        for (mean, finding) in [
            (0.095, Finding::Regression),
            (0.093, Finding::Inconclusive),
            (0.032, Finding::Inconclusive),
            (0.031, Finding::Pass),
        ] {
            assert_eq!(one(mean, 0.03, 5).finding, finding, "{mean}");
        }
    }

    #[test]
    fn few_blocks_show_nothing_however_far_apart() {
        let seen = one(2.0, 0.001, 4);
        assert_eq!(seen.finding, Finding::Inconclusive);
        assert_eq!(seen.reason, Some(Reason::TooFewBlocks { seen: 4 }));
        assert_eq!(seen.more_blocks_likely, Some(1));
    }

    #[test]
    fn noise_beyond_what_was_asked_is_said() {
        let seen = one(0.0, 0.05, 5);
        let Some(Reason::TooNoisy { detectable_ratio, .. }) = seen.reason else {
            panic!("{seen:?}")
        };
        // (2.132 + 0.941) 0.05
        assert!((detectable_ratio - 0.153_7_f64.exp_m1()).abs() < 1e-3, "{detectable_ratio}");
        // 1.86 0.05 sqrt(5 / n) < 0.0953 from n = 5 + 1 on (t(0.95, 5) = 2.015).
        assert_eq!(seen.more_blocks_likely, Some(1));
    }

    #[test]
    fn what_lies_between_the_thresholds_is_undecided_until_it_is_shown() {
        let seen = one(0.06, 0.025, 5);
        assert_eq!(seen.reason, Some(Reason::Undecided));
        let more = seen.more_blocks_likely.unwrap();
        let then =
            Difference { n: 5, mean: 0.06, error: 0.025, df: 4.0 }.with_blocks(5 + more as usize);
        let judged = together(&[then], &Policy::default())[0];
        assert_ne!(judged.finding, Finding::Inconclusive);
    }

    #[test]
    fn more_tests_demand_more_of_each() {
        let clear = Difference { n: 5, mean: 0.053, error: 0.01, df: 4.0 };
        let none = Difference { mean: 0.0, ..clear };
        assert_eq!(one(0.053, 0.01, 5).finding, Finding::Regression);
        let seen = together(&[clear, none, none], &Policy::default());
        assert_ne!(seen[0].finding, Finding::Regression);
    }
}
