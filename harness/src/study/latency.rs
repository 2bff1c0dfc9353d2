//! How a workload beside the restores did, over the number of jobs.

use restore_core::units::Jobs;
use serde::Serialize;

use super::judged::Study;
use crate::analysis::latency::Pooled;
use crate::analysis::{CellSummary, CurveKey, RestoreLimits};
use crate::recommend::CurveStudy;
use crate::record::{Outcome, Stretch, TrialRow, WorkloadSummary};
use crate::stats::estimate::{Estimate, digits};
use crate::stats::interval::Interval;

/// What of a workload's latencies is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LatencyKind {
    /// Half of the transactions take no longer.
    P50,
    /// 99 % take no longer.
    P99,
    /// Transactions that are late.
    Late,
}

impl LatencyKind {
    pub const ALL: [Self; 3] = [Self::P50, Self::P99, Self::Late];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::P50 => "median latency",
            Self::P99 => "99th percentile of latency",
            Self::Late => "late transactions",
        }
    }
}

/// The latencies of a workload by number of jobs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LatencyByJobs {
    /// What is shown: seconds; of late transactions, their share.
    pub kind: LatencyKind,
    pub title: &'static str,
    /// What the scenario allows during a restore.
    pub limit: Option<f64>,
    /// For each curve that had a workload beside it.
    pub curves: Vec<LatencyCurve>,
}

/// The latencies beside the restores of a curve.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LatencyCurve {
    /// Index of the curve.
    pub curve: usize,
    pub title: String,
    /// By ascending jobs.
    pub cells: Vec<LatencyCell>,
}

/// The latencies of all transactions of a cell, with intervals that count
/// trials.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LatencyCell {
    pub jobs: Jobs,
    pub before: Estimate,
    pub during: Estimate,
    pub after: Estimate,
    /// What the scenario allows in view of what was before.
    pub limit: Option<f64>,
    pub trials: Vec<LatencyTrial>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct LatencyTrial {
    pub trial: u32,
    pub before: Option<f64>,
    pub during: Option<f64>,
}

impl Study {
    /// Every kind, over the jobs of each curve beside a workload; empty where
    /// none ran.
    pub fn latency(&self) -> Vec<LatencyByJobs> {
        if self.workload.is_empty() {
            return Vec::new();
        }
        let limits = &self.facts().limits;
        let by_jobs = |kind: LatencyKind| LatencyByJobs {
            kind,
            title: kind.as_str(),
            limit: limit(kind, limits),
            curves: self
                .curves
                .iter()
                .enumerate()
                .map(|(index, curve)| of_curve(kind, (index, curve), &self.rows, limits))
                .filter(|curve| !curve.cells.is_empty())
                .collect(),
        };
        LatencyKind::ALL.into_iter().map(by_jobs).collect()
    }
}

/// What is allowed whatever was before.
fn limit(kind: LatencyKind, limits: &RestoreLimits) -> Option<f64> {
    match kind {
        LatencyKind::P50 => None,
        LatencyKind::P99 => limits.p99_latency.map(|latency| latency.as_secs_f64()),
        LatencyKind::Late => limits.missed,
    }
}

fn of_curve(
    kind: LatencyKind,
    (index, curve): (usize, &CurveStudy),
    rows: &[TrialRow],
    limits: &RestoreLimits,
) -> LatencyCurve {
    let cell = |cell: &CellSummary| {
        let latency = cell.latency.as_ref()?;
        let before = kind.of_all(&latency.before);
        let increase = limits.latency_increase.filter(|_| kind == LatencyKind::P99);
        Some(LatencyCell {
            jobs: cell.jobs,
            before,
            during: kind.of_all(&latency.during),
            after: kind.of_all(&latency.after),
            limit: increase.map(|increase| digits(before.value * (1.0 + increase))),
            trials: trials(kind, &curve.key, cell.jobs, rows),
        })
    };
    LatencyCurve {
        curve: index,
        title: curve.title.clone(),
        cells: curve.measured.cells.iter().filter_map(cell).collect(),
    }
}

fn trials(kind: LatencyKind, key: &CurveKey, jobs: Jobs, rows: &[TrialRow]) -> Vec<LatencyTrial> {
    rows.iter()
        .filter(|row| row.jobs == jobs && row.outcome == Outcome::Completed)
        .filter(|row| CurveKey::of(row) == *key)
        .map(|row| LatencyTrial {
            trial: row.trial,
            before: kind.of_trial(&row.workload, Stretch::Before).map(digits),
            during: kind.of_trial(&row.workload, Stretch::During).map(digits),
        })
        .collect()
}

impl LatencyKind {
    /// What the transactions of all trials come to.
    fn of_all(self, all: &Pooled) -> Estimate {
        let seconds = |us: u64, interval: Option<Interval>| {
            let seconds = |us: f64| digits(us / 1e6);
            Estimate {
                value: seconds(us as f64),
                low: interval.map(|interval| seconds(interval.low)),
                high: interval
                    .map(|interval| interval.high)
                    .filter(|high| high.is_finite())
                    .map(seconds),
            }
        };
        match self {
            Self::P50 => seconds(all.p50_us, all.p50_interval_us),
            Self::P99 => seconds(all.p99_us, all.p99_interval_us),
            Self::Late => Estimate::rounded(all.late_ratio, all.late_interval),
        }
    }

    /// What a trial has of it.
    fn of_trial(self, seen: &WorkloadSummary, stretch: Stretch) -> Option<f64> {
        let seconds = |us: Option<u64>| us.map(|us| us as f64 / 1e6);
        match (self, stretch) {
            (Self::P50, Stretch::Before) => seconds(seen.workload_before_p50_us),
            (Self::P50, Stretch::During) => seconds(seen.workload_during_p50_us),
            (Self::P50, Stretch::After) => seconds(seen.workload_after_p50_us),
            (Self::P99, Stretch::Before) => seconds(seen.workload_before_p99_us),
            (Self::P99, Stretch::During) => seconds(seen.workload_during_p99_us),
            (Self::P99, Stretch::After) => seconds(seen.workload_after_p99_us),
            (Self::Late, Stretch::Before) => seen.workload_before_late_ratio,
            (Self::Late, Stretch::During) => seen.workload_during_late_ratio,
            (Self::Late, Stretch::After) => seen.workload_after_late_ratio,
        }
    }
}
