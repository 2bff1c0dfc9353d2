//! What an arm has measured, by curve, number of jobs and block.

use std::collections::BTreeMap;

use restore_core::units::Jobs;

use crate::analysis::{CurveKey, OutcomeCounts};
use crate::record::trial::{Outcome, TrialRow};
use crate::scenario::Variant;

/// A value per block.
pub type Series = BTreeMap<u32, f64>;

/// One completed restore.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Reading {
    ln_seconds: f64,
    ln_wal: Option<f64>,
}

/// The trials of one cell.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CellReadings {
    /// How they ended.
    pub counts: OutcomeCounts,
    by_block: BTreeMap<u32, Reading>,
}

impl CellReadings {
    /// Whether half of its trials or more did not complete.
    pub fn is_struck(&self) -> bool {
        self.counts.lost() > 0 && self.counts.lost() >= self.counts.completed
    }

    /// ln seconds by block.
    pub fn ln_seconds(&self) -> Series {
        self.by_block.iter().map(|(&block, reading)| (block, reading.ln_seconds)).collect()
    }

    fn ln_wal(&self) -> Series {
        let wal = |(&block, reading): (&u32, &Reading)| Some((block, reading.ln_wal?));
        self.by_block.iter().filter_map(wal).collect()
    }
}

/// The cells of one curve.
pub type CurveReadings = BTreeMap<Jobs, CellReadings>;

/// Everything that one arm has measured. The name of its variant is taken out
/// of the keys, so that arms can be laid side by side.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Readings {
    /// The curves.
    pub curves: BTreeMap<CurveKey, CurveReadings>,
}

impl Readings {
    /// The readings of a variant.
    pub fn of(rows: &[TrialRow], variant: &str) -> Self {
        let mut readings = Self::default();
        for row in rows.iter().filter(|row| row.variant == variant) {
            let key = CurveKey { variant: Variant::BASE.to_owned(), ..CurveKey::of(row) };
            let cell = readings.curves.entry(key).or_default().entry(row.jobs).or_default();
            cell.counts.add(row.outcome);
            if row.outcome == Outcome::Completed {
                cell.by_block.insert(row.block, reading(row));
            }
        }
        readings
    }

    /// Keeps these numbers of jobs alone.
    pub fn keep_jobs(&mut self, jobs: &[Jobs]) {
        for curve in self.curves.values_mut() {
            curve.retain(|known, _| jobs.contains(known));
        }
        self.curves.retain(|_, curve| !curve.is_empty());
    }
}

fn reading(row: &TrialRow) -> Reading {
    Reading {
        // A clock's tick at least, so that the logarithm exists.
        ln_seconds: (row.wall_ns.max(1) as f64 / 1e9).ln(),
        ln_wal: row.wal_bytes.filter(|&bytes| bytes > 0).map(|bytes| (bytes as f64).ln()),
    }
}

/// The mean over `jobs` of each block that has all of them: the curve as a
/// whole.
pub fn mean_over(curve: &CurveReadings, jobs: &[Jobs]) -> Series {
    blockwise_mean(jobs.iter().filter_map(|jobs| Some(curve.get(jobs)?.ln_seconds())).collect())
}

/// The same of the WAL written.
pub fn mean_wal(curve: &CurveReadings, jobs: &[Jobs]) -> Series {
    blockwise_mean(jobs.iter().filter_map(|jobs| Some(curve.get(jobs)?.ln_wal())).collect())
}

fn blockwise_mean(all: Vec<Series>) -> Series {
    let mut all = all.into_iter();
    let Some(first) = all.next() else { return Series::new() };
    let count = (all.len() + 1) as f64;
    let sums = all.fold(first, |sums, next| {
        sums.into_iter().filter_map(|(block, sum)| Some((block, sum + next.get(&block)?))).collect()
    });
    sums.into_iter().map(|(block, sum)| (block, sum / count)).collect()
}

/// The number of jobs with the shortest geometric mean.
pub fn fastest(curve: &CurveReadings, jobs: &[Jobs]) -> Option<Jobs> {
    let mean = |jobs: &Jobs| {
        let series = curve.get(jobs).map(CellReadings::ln_seconds).unwrap_or_default();
        series.values().sum::<f64>() / series.len() as f64
    };
    jobs.iter().copied().min_by(|a, b| mean(a).total_cmp(&mean(b)))
}
