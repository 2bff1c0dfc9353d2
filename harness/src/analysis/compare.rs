//! Pairs of cells, judged together.

use super::cell::CellSummary;
use crate::stats::holm;
use crate::stats::interval::Level;
use crate::stats::paired::PairedLogRatio;

/// A cell against another one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairedTest {
    /// Time of the cell over that of the other, with its own 95 % interval.
    pub ratio: PairedLogRatio,
    /// Whether the two differ: the paired t test at 5 %, adjusted by Holm for
    /// all pairs that were compared.
    pub differs: bool,
}

/// Compares each cell with the one beside it, pairing by block; `None` for
/// pairs that share fewer than two blocks.
pub fn paired_tests(pairs: &[(&CellSummary, &CellSummary)]) -> Vec<Option<PairedTest>> {
    let ratios: Vec<Option<PairedLogRatio>> =
        pairs.iter().map(|(cell, other)| cell.ratio_to(other, Level::P95)).collect();
    let p_values: Vec<f64> = ratios.iter().flatten().map(PairedLogRatio::p_value).collect();
    let mut adjusted = holm::adjust(&p_values).into_iter();
    ratios
        .into_iter()
        .map(|ratio| {
            let ratio = ratio?;
            let differs = adjusted.next()? < Level::P95.alpha();
            Some(PairedTest { ratio, differs })
        })
        .collect()
}
