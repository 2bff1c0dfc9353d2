//! Curves: cells that differ in jobs alone.

use std::collections::{BTreeMap, BTreeSet};

use restore_core::units::{Bytes, Jobs};

use super::cell::CellSummary;
use super::fit::{self, CurveFit};
use super::key::CurveKey;
use super::limits::RestoreLimits;
use super::serial_only::serial_only;
use super::tables::Tables;
use crate::record::{BlockHosts, TrialRow};
use crate::stats::block_table::BlockTable;
use crate::stats::two_way::{self, TwoWay};

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

    /// The same with a row for each host where there are several: what can be
    /// taken for independent. A host's cells are compared within its blocks.
    pub fn units(&self) -> BlockTable {
        if !self.cells.iter().any(|cell| cell.over_hosts) {
            return self.table();
        }
        let mut table = BlockTable::new(self.measured().len());
        for host in self.hosts() {
            let of_host = self.table_of(host);
            let levels = match two_way::cell_levels(&of_host) {
                Some(levels) => levels.into_iter().map(Some).collect(),
                None => of_host.means(),
            };
            table.push(levels);
        }
        table
    }

    /// The rows of [`Self::table`] that are of one host.
    pub fn table_of(&self, host: u32) -> BlockTable {
        let cells = self.measured();
        let observed = || cells.iter().flat_map(|cell| &cell.observations);
        let blocks: BTreeSet<u32> =
            observed().filter(|(_, of)| of.host == host).map(|(&block, _)| block).collect();
        let mut table = BlockTable::new(cells.len());
        for block in blocks {
            let of_block = |cell: &&CellSummary| Some(cell.observations.get(&block)?.ln_seconds);
            table.push(cells.iter().map(of_block).collect());
        }
        table
    }

    /// The hosts that have completed trials of this curve; ascending.
    pub fn hosts(&self) -> Vec<u32> {
        let observed = self.cells.iter().flat_map(|cell| cell.observations.values());
        let hosts: BTreeSet<u32> = observed.map(|observed| observed.host).collect();
        hosts.into_iter().collect()
    }

    /// How many blocks have a completed trial of this curve.
    pub fn blocks(&self) -> usize {
        self.table().blocks().len()
    }

    /// The noise within blocks: standard deviation of ln T once cells and
    /// blocks are taken out, those of each host apart.
    pub fn noise(&self) -> Option<f64> {
        self.noise_within_hosts().map(|(noise, _)| noise)
    }

    /// That, with its degrees of freedom.
    pub fn noise_within_hosts(&self) -> Option<(f64, usize)> {
        let fits: Vec<TwoWay> =
            self.hosts().into_iter().filter_map(|host| TwoWay::fit(&self.table_of(host))).collect();
        if let [only] = &fits[..] {
            return Some((only.residual_sd, only.degrees_of_freedom));
        }
        let df: usize = fits.iter().map(|fit| fit.degrees_of_freedom).sum();
        let squares: f64 =
            fits.iter().map(|fit| fit.residual_sd.powi(2) * fit.degrees_of_freedom as f64).sum();
        (df > 0).then(|| ((squares / df as f64).sqrt(), df))
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
/// All rows are of one host.
pub fn curves_of_rows(rows: &[TrialRow]) -> Vec<Curve> {
    curves_over(rows, &BlockHosts::default())
}

/// The same of rows that several hosts may have recorded.
pub fn curves_over(rows: &[TrialRow], hosts: &BlockHosts) -> Vec<Curve> {
    let tables = Tables { hosts: hosts.clone(), ..Tables::default() };
    curves(rows, &tables, &RestoreLimits::default())
}
