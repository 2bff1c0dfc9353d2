//! Curves: cells that differ in jobs alone.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use restore_core::format::{Compression, Format};
use restore_core::units::{Bytes, Jobs};

use super::cell::CellSummary;
use super::fit::{self, CurveFit};
use super::latency::Latencies;
use super::limits::Limits;
use super::load::Items;
use super::replay::CurveReplay;
use crate::record::trial::TrialRow;
use crate::stats::block_table::BlockTable;
use crate::stats::two_way::TwoWay;

/// The variant of a scenario that names none.
const USUAL_VARIANT: &str = "base";
/// The engine that every other one is compared with.
const USUAL_ENGINE: &str = "pg_restore";

/// What the cells of a curve share.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CurveKey {
    /// Name of the variant.
    pub variant: String,
    /// Name of the engine.
    pub engine: String,
    /// Format of the archive.
    pub format: Format,
    /// Compression of the archive.
    pub compression: Compression,
}

impl CurveKey {
    /// The curve that a trial belongs to.
    pub fn of(row: &TrialRow) -> Self {
        Self {
            variant: row.variant.clone(),
            engine: row.engine.clone(),
            format: row.format,
            compression: row.compression,
        }
    }
}

impl fmt::Display for CurveKey {
    /// `custom gzip:6`, with the variant and the engine before it where they
    /// are not the usual ones.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { variant, engine, format, compression } = self;
        let mut name = format!("{format} {compression}");
        if engine != USUAL_ENGINE {
            name = format!("{engine} {name}");
        }
        if variant != USUAL_VARIANT {
            name = format!("{variant} {name}");
        }
        f.pad(&name)
    }
}

/// The time of a restore over the number of jobs.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// What its cells share.
    pub key: CurveKey,
    /// Its cells, by ascending jobs.
    pub cells: Vec<CellSummary>,
    /// The laws that could be fitted.
    pub fits: Vec<CurveFit>,
    /// The replay of its schedule, where the run keeps enough for it.
    pub replay: Option<CurveReplay>,
    /// Size of the largest archive that its trials made; `None` where they
    /// restored one.
    pub made: Option<Bytes>,
}

impl Curve {
    /// The cell with this many jobs.
    pub fn cell(&self, jobs: Jobs) -> Option<&CellSummary> {
        self.cells.iter().find(|cell| cell.jobs == jobs)
    }

    /// The cells that have a time, by ascending jobs.
    pub fn measured(&self) -> Vec<&CellSummary> {
        self.cells.iter().filter(|cell| cell.n() > 0).collect()
    }

    /// The measured cell with the shortest geometric mean.
    pub fn fastest(&self) -> Option<&CellSummary> {
        let mean = |cell: &&CellSummary| cell.mean.unwrap_or(f64::INFINITY);
        self.measured().into_iter().min_by(|a, b| mean(a).total_cmp(&mean(b)))
    }

    /// ln seconds by block, a column for each of [`Self::measured`].
    pub fn table(&self) -> BlockTable {
        let cells = self.measured();
        let blocks: BTreeSet<u32> =
            cells.iter().flat_map(|cell| cell.observations.keys().copied()).collect();
        let mut table = BlockTable::new(cells.len());
        for block in blocks {
            let of_block = |cell: &&CellSummary| Some(cell.observations.get(&block)?.ln_seconds);
            table.push(cells.iter().map(of_block).collect());
        }
        table
    }

    /// How many blocks have a completed trial of this curve.
    pub fn blocks(&self) -> usize {
        self.table().blocks().len()
    }

    /// The noise within blocks: standard deviation of ln T once cells and
    /// blocks are taken out.
    pub fn noise(&self) -> Option<f64> {
        TwoWay::fit(&self.table()).map(|fit| fit.residual_sd)
    }
}

/// The curves of a run, by ascending key.
pub fn curves(rows: &[TrialRow], items: &Items) -> Vec<Curve> {
    let mut by_cell: BTreeMap<CurveKey, BTreeMap<Jobs, Vec<&TrialRow>>> = BTreeMap::new();
    for row in rows {
        by_cell.entry(CurveKey::of(row)).or_default().entry(row.jobs).or_default().push(row);
    }
    by_cell
        .into_iter()
        .map(|(key, cells)| {
            let rows = || cells.values().flatten();
            let made = rows().filter_map(|row| row.archive_bytes).max().map(Bytes);
            let cells: Vec<CellSummary> = cells
                .into_iter()
                .map(|(jobs, rows)| CellSummary::new(jobs, &rows, items))
                .collect();
            let fits = fit::fits(&cells);
            Curve { key, cells, fits, replay: None, made }
        })
        .collect()
}

/// Notes which cells are beyond `limits`.
pub fn respect(curves: &mut [Curve], limits: &Limits) {
    for cell in curves.iter_mut().flat_map(|curve| &mut curve.cells) {
        cell.breaches = limits.breaches(cell.jobs, &cell.load);
    }
}

/// Notes as well which cells a workload did not keep its limits beside.
pub fn respect_workload(curves: &mut [Curve], limits: &Limits, latencies: &Latencies) {
    for curve in curves {
        let Some(of_curve) = latencies.get(&curve.key) else { continue };
        for cell in &mut curve.cells {
            if let Some(latency) = of_curve.get(&cell.jobs) {
                cell.breaches.extend(limits.breaches_of_workload(latency));
            }
        }
    }
}
