//! Every cell against the fastest of its variant.

use restore_core::units::Jobs;
use serde::Serialize;

use super::judged::Study;
use crate::recommend::{CellStudy, CurveStudy};
use crate::stats::estimate::digits;

/// A curve's row in the map of all cells.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MapRow {
    /// Index of the curve.
    pub curve: usize,
    pub title: String,
    /// By ascending jobs.
    pub cells: Vec<MapCell>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MapCell {
    pub jobs: Jobs,
    /// Its mean time over that of the fastest cell of the variant; `None`
    /// where no trial completed.
    pub to_fastest_ratio: Option<f64>,
}

impl Study {
    /// Every cell against the fastest; empty for a single curve.
    pub fn map(&self) -> Vec<MapRow> {
        if self.curves.len() < 2 {
            return Vec::new();
        }
        let row = |(index, curve): (usize, &CurveStudy)| {
            let fastest = self.fastest_seconds(&curve.key.variant);
            let cell = |cell: &CellStudy| MapCell {
                jobs: cell.jobs,
                to_fastest_ratio: cell.time_seconds.map(|time| digits(time.value / fastest)),
            };
            let cells = curve.cells.iter().map(cell).collect();
            MapRow { curve: index, title: curve.title.clone(), cells }
        };
        self.curves.iter().enumerate().map(row).collect()
    }

    fn fastest_seconds(&self, variant: &str) -> f64 {
        let own = self.curves.iter().filter(|curve| curve.key.variant == variant);
        own.flat_map(|curve| &curve.cells)
            .filter_map(|cell| cell.time_seconds.map(|time| time.value))
            .fold(f64::INFINITY, f64::min)
    }
}
