//! How long the transactions of a production workload took around a restore:
//! the columns of `trials.csv`, and the rows of `latency/TRIAL.csv`.
//!
//! A latency counts from the instant at which its transaction was scheduled,
//! not from the one at which it could begin: a server that stands still for a
//! second is late for all that was scheduled in it.

use serde::{Deserialize, Serialize};

/// Where a transaction was scheduled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stretch {
    /// Before the restore began.
    Before,
    /// Between its start and its end.
    During,
    /// Once it had ended.
    After,
}

impl Stretch {
    /// All of them, in their order.
    pub const ALL: [Self; 3] = [Self::Before, Self::During, Self::After];

    /// In words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::During => "during",
            Self::After => "after",
        }
    }
}

/// One row of `latency/TRIAL.csv`: a step of the histogram of latencies, which
/// has three significant digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LatencyRow {
    /// Where the transactions were scheduled.
    pub stretch: Stretch,
    /// Their latency, from the scheduled start, in microseconds.
    pub latency_us: u64,
    /// How many they are.
    pub transactions: u64,
}

/// What the latencies of a trial come to. The columns stand in `trials.csv`
/// behind those of the load; they are empty where no workload ran beside.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct WorkloadSummary {
    /// Transactions a second that the workload reached, before the restore.
    pub workload_before_rate_per_s: Option<f64>,
    /// Median latency, before the restore.
    pub workload_before_p50_us: Option<u64>,
    /// Latency that 95 % of the transactions kept, before the restore.
    pub workload_before_p95_us: Option<u64>,
    /// Latency that 99 % kept, before the restore.
    pub workload_before_p99_us: Option<u64>,
    /// The longest latency, before the restore.
    pub workload_before_max_us: Option<u64>,
    /// Share of transactions later than the scenario calls late, before the restore.
    pub workload_before_late_ratio: Option<f64>,
    /// Transactions a second that the workload reached, during the restore.
    pub workload_during_rate_per_s: Option<f64>,
    /// Median latency, during the restore.
    pub workload_during_p50_us: Option<u64>,
    /// Latency that 95 % of the transactions kept, during the restore.
    pub workload_during_p95_us: Option<u64>,
    /// Latency that 99 % kept, during the restore.
    pub workload_during_p99_us: Option<u64>,
    /// The longest latency, during the restore.
    pub workload_during_max_us: Option<u64>,
    /// Share of transactions later than the scenario calls late, during the restore.
    pub workload_during_late_ratio: Option<f64>,
    /// Transactions a second that the workload reached, after the restore.
    pub workload_after_rate_per_s: Option<f64>,
    /// Median latency, after the restore.
    pub workload_after_p50_us: Option<u64>,
    /// Latency that 95 % of the transactions kept, after the restore.
    pub workload_after_p95_us: Option<u64>,
    /// Latency that 99 % kept, after the restore.
    pub workload_after_p99_us: Option<u64>,
    /// The longest latency, after the restore.
    pub workload_after_max_us: Option<u64>,
    /// Share of transactions later than the scenario calls late, after the restore.
    pub workload_after_late_ratio: Option<f64>,
}
