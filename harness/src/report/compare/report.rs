//! A comparison with its answer.

use serde::Serialize;

use super::phrases;
use crate::gate::{Comparison, MetricVerdict};
use crate::stats::estimate::digits;

pub const SCHEMA: u32 = 1;

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CompareReport {
    pub schema: u32,
    pub answer: String,
    #[serde(flatten)]
    pub comparison: Comparison,
}

impl CompareReport {
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
