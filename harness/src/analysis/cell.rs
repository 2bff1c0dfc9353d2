//! The summary of one cell.

use std::collections::BTreeMap;

use restore_core::units::Jobs;

use super::latency::CellLatency;
use super::limits::{Breach, RestoreLimits};
use super::load::CellLoad;
use super::tables::Tables;
use crate::record::trial::{Outcome, TrialRow};
use crate::stats::interval::Level;
use crate::stats::median::{self, MedianInterval};
use crate::stats::outlier;
use crate::stats::student::{self, MeanInterval};
use crate::stats::{grouped, moments, paired::PairedLogRatio};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OutcomeCounts {
    /// Restored, verified.
    pub completed: u32,
    /// The engine reported errors.
    pub failed: u32,
    /// Stopped at the time limit.
    pub timed_out: u32,
    /// Restored something else than what was dumped.
    pub invalid: u32,
}

impl OutcomeCounts {
    pub fn add(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Completed => self.completed += 1,
            Outcome::Failed => self.failed += 1,
            Outcome::TimedOut => self.timed_out += 1,
            Outcome::Invalid => self.invalid += 1,
        }
    }

    /// Trials that count in no curve.
    pub fn lost(self) -> u32 {
        self.failed + self.timed_out + self.invalid
    }

    pub fn trials(self) -> u32 {
        self.completed + self.lost()
    }
}

/// A completed trial as the analysis sees it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Observation {
    /// Number of the trial in the designed order.
    pub trial: u32,
    /// ln of its wall time in seconds.
    pub ln_seconds: f64,
    /// ln of the bytes of WAL that it wrote; `None` where none were counted.
    pub ln_wal: Option<f64>,
    /// Whether it stands apart from the cell's other trials. It counts all
    /// the same.
    pub outlier: bool,
    /// The host that ran the block.
    pub host: u32,
}

/// What is known of a cell: its completed trials by block, and how the others
/// ended.
#[derive(Debug, Clone, PartialEq)]
pub struct CellSummary {
    pub jobs: Jobs,
    pub counts: OutcomeCounts,
    /// Completed trials by block.
    pub observations: BTreeMap<u32, Observation>,
    /// ln of the geometric mean in seconds, each host of the same weight; `None`
    /// without completed trials.
    pub mean: Option<f64>,
    /// Its t interval, on ln seconds; `None` under two completed trials. Over
    /// several hosts their means are what is observed.
    pub interval: Option<MeanInterval>,
    /// The median of ln seconds with its order-statistic interval; `None`
    /// under six completed trials, or hosts where there are several.
    pub median: Option<MedianInterval>,
    /// What the machine and the server were doing.
    pub load: CellLoad,
    /// How a workload beside its restores did, over all trials together;
    /// `None` where none ran, or its tables are not at hand.
    pub latency: Option<CellLatency>,
    /// Readings beyond the scenario's limits.
    pub breaches: Vec<Breach>,
    /// Whether the tables of latencies are needed to tell if it is within the
    /// limits of the workload: some trials are and others are not.
    pub may_breach: bool,
    /// Whether the archive is one that only -j 1 restores reliably, and this is another -j:
    /// that some of its restores completed was luck.
    pub is_left_to_chance: bool,
}

impl CellSummary {
    pub fn new(jobs: Jobs, rows: &[&TrialRow], tables: &Tables, limits: &RestoreLimits) -> Self {
        let mut counts = OutcomeCounts::default();
        let mut observations = BTreeMap::new();
        for row in rows {
            counts.add(row.outcome);
            if row.outcome == Outcome::Completed {
                let host = tables.hosts.of(row.block);
                observations.insert(row.block, Observation { host, ..observation(row) });
            }
        }
        let values: Vec<f64> = observations.values().map(|observed| observed.ln_seconds).collect();
        for (observed, flag) in observations.values_mut().zip(outlier::flags(&values)) {
            observed.outlier = flag;
        }
        let units = grouped::units(of_hosts(&observations));
        let load = CellLoad::new(jobs, rows, &tables.items);
        let latency = CellLatency::pooled(rows, tables);
        let mut breaches = limits.breaches(jobs, &load);
        let mut may_breach = false;
        if let Some(latency) = &latency {
            breaches.extend(limits.breaches_of_workload(jobs, latency));
        } else {
            let of_trials = limits.breaches_of_trials(jobs, rows);
            breaches.extend(of_trials.all);
            may_breach = of_trials.is_open;
        }
        Self {
            jobs,
            counts,
            observations,
            mean: moments::mean(&units),
            interval: student::mean_interval(&units, Level::P95),
            median: median::median_interval(&units, Level::P95),
            load,
            latency,
            breaches,
            may_breach,
            is_left_to_chance: false,
        }
    }

    pub fn n(&self) -> usize {
        self.observations.len()
    }

    /// Whether it cannot be recommended: too many of its trials were lost, or
    /// it is beyond a limit.
    pub fn is_ruled_out(&self) -> bool {
        self.is_unreliable() || !self.breaches.is_empty()
    }

    /// Whether those of its trials that completed may be the lucky ones: half of them or more
    /// did not, or the archive leaves it to chance.
    pub fn is_unreliable(&self) -> bool {
        let most_are_lost = self.counts.lost() > 0 && self.counts.lost() >= self.counts.completed;
        most_are_lost || self.is_left_to_chance
    }

    /// Geometric mean of the times, in seconds.
    pub fn seconds(&self) -> Option<f64> {
        self.mean.map(f64::exp)
    }

    /// Standard deviation of ln T: close to the relative standard deviation
    /// of the times. Drift between blocks is in it, and what hosts differ by.
    pub fn spread(&self) -> Option<f64> {
        let values: Vec<f64> = of_hosts(&self.observations).map(|(_, value)| value).collect();
        moments::standard_deviation(&values)
    }

    pub fn outliers(&self) -> Vec<u32> {
        self.observations
            .values()
            .filter(|observed| observed.outlier)
            .map(|observed| observed.trial)
            .collect()
    }

    /// ln of this cell's times less `other`'s, in the blocks that have both; over
    /// several hosts, the mean of each. A host that is faster as a whole cancels,
    /// and one that takes more or less well to the difference between the two
    /// cells does not: so hosts are what is observed.
    pub fn differences_to(&self, other: &Self) -> Vec<f64> {
        grouped::units(self.observations.iter().filter_map(|(block, own)| {
            let other = other.observations.get(block)?;
            Some((own.host, own.ln_seconds - other.ln_seconds))
        }))
    }

    /// The ratio of this cell's time to `other`'s, over the blocks that have
    /// both; `None` under two of them.
    pub fn ratio_to(&self, other: &Self, level: Level) -> Option<PairedLogRatio> {
        PairedLogRatio::from_differences(&self.differences_to(other), level)
    }
}

/// ln seconds of each block with its host.
fn of_hosts(observations: &BTreeMap<u32, Observation>) -> impl Iterator<Item = (u32, f64)> {
    observations.values().map(|observed| (observed.host, observed.ln_seconds))
}

fn observation(row: &TrialRow) -> Observation {
    // A clock's tick at least, so that the logarithm exists.
    let seconds = row.wall_ns.max(1) as f64 / 1e9;
    let ln_wal = row.wal_bytes.filter(|&bytes| bytes > 0).map(|bytes| (bytes as f64).ln());
    Observation { trial: row.trial, ln_seconds: seconds.ln(), ln_wal, outlier: false, host: 0 }
}
