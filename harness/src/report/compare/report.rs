//! A comparison with its answer.

use serde::{Deserialize, Serialize};

use super::phrases;
use crate::gate::{Comparison, MetricVerdict};
use crate::stats::estimate::digits;

/// The schema of the JSON form.
pub const SCHEMA: u32 = 1;

/// A comparison with its answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CompareReport {
    /// [`SCHEMA`].
    pub schema: u32,
    /// The answer in one sentence.
    pub answer: String,
    /// What it rests on.
    #[serde(flatten)]
    pub comparison: Comparison,
}

impl CompareReport {
    /// Puts an answer on a comparison.
    pub fn new(comparison: Comparison) -> Self {
        let answer = phrases::answer(&comparison);
        let metrics = comparison.metrics.into_iter().map(rounded).collect();
        Self { schema: SCHEMA, answer, comparison: Comparison { metrics, ..comparison } }
    }
}

/// As all reports have their numbers.
fn rounded(metric: MetricVerdict) -> MetricVerdict {
    let round = |value: Option<f64>| value.map(digits);
    MetricVerdict {
        base: round(metric.base),
        candidate: round(metric.candidate),
        ratio: round(metric.ratio),
        ratio_low: round(metric.ratio_low),
        ratio_high: round(metric.ratio_high),
        p: round(metric.p),
        detectable_ratio: round(metric.detectable_ratio),
        ..metric
    }
}
