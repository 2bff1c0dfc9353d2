//! Formats against each other: the same number of jobs, the same blocks.

use restore_core::units::Jobs;

use super::curve::Curve;
use crate::stats::holm;
use crate::stats::interval::Level;
use crate::stats::paired::PairedLogRatio;

/// Two curves that differ in the archive alone, compared at every number of
/// jobs that both have.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    /// Index of the curve in the denominator.
    pub base: usize,
    /// Index of the curve in the numerator.
    pub other: usize,
    /// By ascending jobs.
    pub cells: Vec<PairCell>,
}

/// Two curves at one number of jobs.
#[derive(Debug, Clone, PartialEq)]
pub struct PairCell {
    /// The number.
    pub jobs: Jobs,
    /// Block and ln(other / base), for each block that has both.
    pub differences: Vec<(u32, f64)>,
    /// Their mean with its 95 % interval; `None` under two blocks.
    pub ratio: Option<PairedLogRatio>,
    /// Whether the two differ: the paired t test at 5 %, adjusted by Holm for
    /// all numbers of jobs of this pair.
    pub differs: Option<bool>,
}

/// Compares every later curve with the first that has its variant and engine.
pub fn pairs(curves: &[Curve]) -> Vec<Pair> {
    let base_of = |index: usize| {
        let key = &curves[index].key;
        curves[..index]
            .iter()
            .position(|curve| curve.key.variant == key.variant && curve.key.engine == key.engine)
    };
    (0..curves.len())
        .filter_map(|other| {
            let base = base_of(other)?;
            let cells = cells(&curves[base], &curves[other]);
            (!cells.is_empty()).then_some(Pair { base, other, cells })
        })
        .collect()
}

fn cells(base: &Curve, other: &Curve) -> Vec<PairCell> {
    let mut cells: Vec<PairCell> = base
        .cells
        .iter()
        .filter_map(|of_base| {
            let of_other = other.cell(of_base.jobs)?;
            let differences: Vec<(u32, f64)> = of_other
                .observations
                .iter()
                .filter_map(|(block, own)| {
                    let base = of_base.observations.get(block)?;
                    Some((*block, own.ln_seconds - base.ln_seconds))
                })
                .collect();
            let ratio = of_other.ratio_to(of_base, Level::P95);
            (!differences.is_empty()).then_some(PairCell {
                jobs: of_base.jobs,
                differences,
                ratio,
                differs: None,
            })
        })
        .collect();
    let p_values: Vec<f64> =
        cells.iter().filter_map(|cell| cell.ratio.map(|ratio| ratio.p_value())).collect();
    let mut adjusted = holm::adjust(&p_values).into_iter();
    for cell in cells.iter_mut().filter(|cell| cell.ratio.is_some()) {
        cell.differs = adjusted.next().map(|p| p < Level::P95.alpha());
    }
    cells
}
