//! The summary of one cell.

use std::collections::BTreeMap;

use restore_core::units::Jobs;

use super::limits::Breach;
use super::load::{CellLoad, Items};
use crate::record::trial::{Outcome, TrialRow};
use crate::stats::interval::Level;
use crate::stats::median::{self, MedianInterval};
use crate::stats::outlier;
use crate::stats::student::{self, MeanInterval};
use crate::stats::{moments, paired::PairedLogRatio};

/// How the trials of a cell ended.
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
    /// Counts `outcome`.
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

    /// All trials.
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
    /// Whether it stands apart from the cell's other trials. It counts all
    /// the same.
    pub outlier: bool,
}

/// What is known of a cell: its completed trials by block, and how the others
/// ended.
#[derive(Debug, Clone, PartialEq)]
pub struct CellSummary {
    /// The number of jobs.
    pub jobs: Jobs,
    /// How its trials ended.
    pub counts: OutcomeCounts,
    /// Completed trials by block.
    pub observations: BTreeMap<u32, Observation>,
    /// ln of the geometric mean in seconds; `None` without completed trials.
    pub mean: Option<f64>,
    /// Its t interval, on ln seconds; `None` under two completed trials.
    pub interval: Option<MeanInterval>,
    /// The median of ln seconds with its order-statistic interval; `None`
    /// under six completed trials.
    pub median: Option<MedianInterval>,
    /// What the machine and the server were doing.
    pub load: CellLoad,
    /// Readings beyond the scenario's limits.
    pub breaches: Vec<Breach>,
}

impl CellSummary {
    /// Summarises the rows of one cell.
    pub fn new(jobs: Jobs, rows: &[&TrialRow], items: &Items) -> Self {
        let mut counts = OutcomeCounts::default();
        let mut observations = BTreeMap::new();
        for row in rows {
            counts.add(row.outcome);
            if row.outcome == Outcome::Completed {
                observations.insert(row.block, observation(row));
            }
        }
        let values: Vec<f64> = observations.values().map(|seen| seen.ln_seconds).collect();
        for (seen, flag) in observations.values_mut().zip(outlier::flags(&values)) {
            seen.outlier = flag;
        }
        Self {
            jobs,
            counts,
            observations,
            mean: moments::mean(&values),
            interval: student::mean_interval(&values, Level::P95),
            median: median::median_interval(&values, Level::P95),
            load: CellLoad::new(jobs, rows, items),
            breaches: Vec::new(),
        }
    }

    /// How many observations it has.
    pub fn n(&self) -> usize {
        self.observations.len()
    }

    /// Whether it can not be recommended: too many of its trials were lost, or
    /// it is beyond a limit.
    pub fn is_struck(&self) -> bool {
        self.is_unreliable() || !self.breaches.is_empty()
    }

    /// Whether half of its trials or more did not complete: those that did may
    /// be the lucky ones.
    pub fn is_unreliable(&self) -> bool {
        self.counts.lost() > 0 && self.counts.lost() >= self.counts.completed
    }

    /// Geometric mean of the times, in seconds.
    pub fn seconds(&self) -> Option<f64> {
        self.mean.map(f64::exp)
    }

    /// Standard deviation of ln T: close to the relative standard deviation
    /// of the times. Drift between blocks is in it.
    pub fn spread(&self) -> Option<f64> {
        self.interval.map(|interval| interval.sd)
    }

    /// The trials that stand apart.
    pub fn outliers(&self) -> Vec<u32> {
        self.observations.values().filter(|seen| seen.outlier).map(|seen| seen.trial).collect()
    }

    /// The ratio of this cell's time to `other`'s, over the blocks that have
    /// both; `None` under two of them.
    pub fn ratio_to(&self, other: &Self, level: Level) -> Option<PairedLogRatio> {
        let differences: Vec<f64> = self
            .observations
            .iter()
            .filter_map(|(block, own)| {
                let other = other.observations.get(block)?;
                Some(own.ln_seconds - other.ln_seconds)
            })
            .collect();
        PairedLogRatio::from_differences(&differences, level)
    }
}

fn observation(row: &TrialRow) -> Observation {
    // A clock's tick at least, so that the logarithm exists.
    let seconds = row.wall_ns.max(1) as f64 / 1e9;
    Observation { trial: row.trial, ln_seconds: seconds.ln(), outlier: false }
}
