//! How a workload beside the restores did, per number of jobs.

use restore_core::units::Jobs;
use serde::{Deserialize, Serialize};

use super::format;
use crate::analysis::Analysis;
use crate::analysis::latency::{CellLatency, Pooled};
use crate::recommend::busy::IdleAndBusy;

/// The latencies beside one cell of a curve.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WorkloadReport {
    /// The curve's title.
    pub title: String,
    /// The number of jobs.
    pub jobs: Jobs,
    /// Before the restores.
    pub before: StretchReport,
    /// Beside them.
    pub during: StretchReport,
    /// After them.
    pub after: StretchReport,
}

/// The latencies of one stretch, from the scheduled start of each transaction.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct StretchReport {
    /// How many transactions.
    pub transactions: u64,
    /// Median.
    pub p50_seconds: f64,
    /// What 95 % keep.
    pub p95_seconds: f64,
    /// What 99 % keep.
    pub p99_seconds: f64,
    /// The longest.
    pub max_seconds: f64,
    /// Share that was late.
    pub late_ratio: f64,
    /// Transactions a second.
    pub rate_per_s: f64,
}

/// The best number of jobs on an idle server and beside the workload.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IdleAndBusyReport {
    /// Title of the curve on an idle server.
    pub idle: String,
    /// The best number there; `null` where it is not known.
    pub idle_jobs: Option<Jobs>,
    /// Title of the curve beside the workload.
    pub busy: String,
    /// The best number there, within the limits.
    pub busy_jobs: Option<Jobs>,
    /// The best number there without limits.
    pub unlimited_jobs: Option<Jobs>,
}

/// What is shown of the workload; empty where none ran.
pub(super) fn reports(analysis: &Analysis) -> Vec<WorkloadReport> {
    let all = analysis.latencies.iter().flat_map(|(key, cells)| {
        cells.iter().map(|(&jobs, latency)| {
            let CellLatency { before, during, after } = *latency;
            WorkloadReport {
                title: key.to_string(),
                jobs,
                before: stretch(before),
                during: stretch(during),
                after: stretch(after),
            }
        })
    });
    all.collect()
}

pub(super) fn idle_and_busy(pairs: &[IdleAndBusy]) -> Vec<IdleAndBusyReport> {
    pairs
        .iter()
        .map(|pair| IdleAndBusyReport {
            idle: pair.idle.to_string(),
            idle_jobs: pair.idle_jobs,
            busy: pair.busy.to_string(),
            busy_jobs: pair.busy_jobs,
            unlimited_jobs: pair.unlimited_jobs,
        })
        .collect()
}

fn stretch(of: Pooled) -> StretchReport {
    let seconds = |us: u64| us as f64 / 1e6;
    StretchReport {
        transactions: of.transactions,
        p50_seconds: seconds(of.p50_us),
        p95_seconds: seconds(of.p95_us),
        p99_seconds: seconds(of.p99_us),
        max_seconds: seconds(of.max_us),
        late_ratio: (of.late_ratio * 1e6).round() / 1e6,
        rate_per_s: (of.rate_per_s * 1e3).round() / 1e3,
    }
}

/// The sentences on the workload.
pub(super) fn phrases(cells: &[WorkloadReport], pairs: &[IdleAndBusyReport]) -> Vec<String> {
    let jobs =
        |jobs: Option<Jobs>| jobs.map_or("not known".to_owned(), |jobs| format!("-j {jobs}"));
    let of_pair = |pair: &IdleAndBusyReport| {
        format!(
            "Best on an idle server ({}): {}. Beside the workload ({}): {} within the limits, {} \
             without them.",
            pair.idle,
            jobs(pair.idle_jobs),
            pair.busy,
            jobs(pair.busy_jobs),
            jobs(pair.unlimited_jobs)
        )
    };
    pairs.iter().map(of_pair).chain(cells.iter().map(of_cell)).collect()
}

fn of_cell(cell: &WorkloadReport) -> String {
    let WorkloadReport { title, jobs, before, during, after } = cell;
    format!(
        "{title} -j {jobs}: p99 latency {} before, {} during, {} after; longest {}, {} late, {:.0} \
         transactions a second during.",
        format::time(before.p99_seconds),
        format::time(during.p99_seconds),
        format::time(after.p99_seconds),
        format::time(during.max_seconds),
        format::percent(during.late_ratio),
        during.rate_per_s
    )
}
