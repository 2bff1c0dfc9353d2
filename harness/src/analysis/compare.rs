//! Several cells against one, judged together.

use super::cell::CellSummary;
use crate::stats::holm;
use crate::stats::interval::Level;
use crate::stats::paired::PairedLogRatio;

/// A cell against the reference cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Comparison {
    /// Time of the cell over that of the reference, with its own 95 %
    /// interval.
    pub ratio: PairedLogRatio,
    /// Whether the two differ: the paired t test at 5 %, adjusted by Holm for
    /// all cells that were compared.
    pub differs: bool,
}

/// Compares each of `cells` with `reference`, pairing by block; `None` for
/// cells that share fewer than two blocks with it.
pub fn with_reference(cells: &[&CellSummary], reference: &CellSummary) -> Vec<Option<Comparison>> {
    let ratios: Vec<Option<PairedLogRatio>> =
        cells.iter().map(|cell| cell.ratio_to(reference, Level::P95)).collect();
    let p_values: Vec<f64> = ratios.iter().flatten().map(PairedLogRatio::p_value).collect();
    let mut adjusted = holm::adjust(&p_values).into_iter();
    ratios
        .into_iter()
        .map(|ratio| {
            let ratio = ratio?;
            let differs = adjusted.next()? < Level::P95.alpha();
            Some(Comparison { ratio, differs })
        })
        .collect()
}
