//! Curves: cells that differ in jobs alone.

use std::collections::{BTreeMap, BTreeSet};

use restore_core::units::{Bytes, Jobs};

use super::cell::CellSummary;
use super::fit::{self, CurveFit};
use super::key::CurveKey;
use super::limits::RestoreLimits;
use super::serial_only::serial_only;
use super::tables::Tables;
use crate::record::TrialRow;
use crate::stats::block_table::BlockTable;
use crate::stats::two_way::TwoWay;

/// The time of a restore over the number of jobs.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    pub key: CurveKey,
    /// By ascending jobs.
    pub cells: Vec<CellSummary>,
    /// The scaling laws that could be fitted.
    pub fits: Vec<CurveFit>,
    /// Size of the largest archive that its trials made; `None` where they
    /// restored one.
    pub made: Option<Bytes>,
}

impl Curve {
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

/// The curves of a run by ascending key. Cells beyond `limits` say so.
pub fn curves(rows: &[TrialRow], tables: &Tables, limits: &RestoreLimits) -> Vec<Curve> {
    let mut by_cell: BTreeMap<CurveKey, BTreeMap<Jobs, Vec<&TrialRow>>> = BTreeMap::new();
    for row in rows {
        by_cell.entry(CurveKey::of(row)).or_default().entry(row.jobs).or_default().push(row);
    }
    let serial: BTreeSet<CurveKey> = serial_only(rows).into_iter().map(|of| of.key).collect();
    by_cell
        .into_iter()
        .map(|(key, cells)| {
            let rows = || cells.values().flatten();
            let made = rows().filter_map(|row| row.archive_bytes).max().map(Bytes);
            let cells: Vec<CellSummary> = cells
                .into_iter()
                .map(|(jobs, rows)| CellSummary {
                    is_left_to_chance: jobs > Jobs::ONE && serial.contains(&key),
                    ..CellSummary::new(jobs, &rows, tables, limits)
                })
                .collect();
            let fits = fit::fits(&cells);
            Curve { key, cells, fits, made }
        })
        .collect()
}

/// The curves by the rows alone, without limits: times, and how they scale.
pub fn curves_of_rows(rows: &[TrialRow]) -> Vec<Curve> {
    curves(rows, &Tables::default(), &RestoreLimits::default())
}
