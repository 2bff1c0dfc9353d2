//! What an arm has measured, by curve, number of jobs and block.

use std::collections::BTreeMap;

use restore_core::units::Jobs;

use crate::analysis::{CellSummary, CurveKey, curves_over};
use crate::record::{BlockHosts, TrialRow};
use crate::scenario::Variant;

/// A value per block.
pub type Series = BTreeMap<u32, f64>;

/// The cells of one curve.
pub type CurveReadings = BTreeMap<Jobs, CellSummary>;

/// Everything that one arm has measured. The name of its variant is taken out
/// of the keys, so that arms can be laid side by side.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Readings {
    pub curves: BTreeMap<CurveKey, CurveReadings>,
    /// Which host each block was run on.
    pub hosts: BlockHosts,
}

impl Readings {
    /// The readings of a variant; `jobs` keeps some numbers of jobs alone.
    pub fn of(rows: &[TrialRow], hosts: &BlockHosts, variant: &str, jobs: Option<&[Jobs]>) -> Self {
        let kept = |cell: &CellSummary| jobs.is_none_or(|jobs| jobs.contains(&cell.jobs));
        let curves = curves_over(rows, hosts).into_iter();
        let curves = curves.filter(|curve| curve.key.variant == variant);
        let curves = curves.map(|curve| {
            let key = CurveKey { variant: Variant::BASE.to_owned(), ..curve.key };
            let cells = curve.cells.into_iter().filter(kept).map(|cell| (cell.jobs, cell));
            (key, cells.collect())
        });
        Self {
            curves: curves.filter(|(_, cells): &(_, CurveReadings)| !cells.is_empty()).collect(),
            hosts: hosts.clone(),
        }
    }
}

/// ln seconds by block; nothing where the number of jobs was not tried.
pub fn ln_seconds(curve: &CurveReadings, jobs: Jobs) -> Series {
    let observations = curve.get(&jobs).into_iter().flat_map(|cell| &cell.observations);
    observations.map(|(&block, observed)| (block, observed.ln_seconds)).collect()
}

fn ln_wal(cell: &CellSummary) -> Series {
    let observations = cell.observations.iter();
    observations.filter_map(|(&block, observed)| Some((block, observed.ln_wal?))).collect()
}

/// The mean over `jobs` of each block that has all of them: the curve as a
/// whole.
pub fn mean_over(curve: &CurveReadings, jobs: &[Jobs]) -> Series {
    let tried = jobs.iter().filter(|jobs| curve.contains_key(jobs));
    blockwise_mean(tried.map(|&jobs| ln_seconds(curve, jobs)).collect())
}

/// The same of the WAL written.
pub fn mean_wal(curve: &CurveReadings, jobs: &[Jobs]) -> Series {
    blockwise_mean(jobs.iter().filter_map(|jobs| Some(ln_wal(curve.get(jobs)?))).collect())
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
        let series = ln_seconds(curve, *jobs);
        series.values().sum::<f64>() / series.len() as f64
    };
    jobs.iter().copied().min_by(|a, b| mean(a).total_cmp(&mean(b)))
}
