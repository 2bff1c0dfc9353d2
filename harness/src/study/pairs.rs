//! Formats against each other: the same number of jobs, the same blocks.

use restore_core::units::Jobs;
use serde::Serialize;

use super::judged::Study;
use crate::analysis::{CellSummary, Curve};
use crate::recommend::CurveStudy;
use crate::stats::estimate::{Estimate, digits};
use crate::stats::holm;
use crate::stats::interval::Level;
use crate::stats::paired::PairedLogRatio;

/// Two curves that differ in the archive alone, compared at every number of
/// jobs that both have.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Pair {
    /// Index of the curve in the denominator.
    pub base: usize,
    pub base_title: String,
    /// Index of the curve in the numerator.
    pub other: usize,
    pub other_title: String,
    /// By ascending jobs.
    pub cells: Vec<PairCell>,
}

/// Two curves at one number of jobs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PairCell {
    pub jobs: Jobs,
    /// Time of the other over that of the base, paired by block.
    pub ratio: Estimate,
    /// Whether they differ: the paired t test at 5 %, adjusted by Holm for all
    /// numbers of jobs of this pair; `None` under two common blocks.
    pub differs: Option<bool>,
    /// How many blocks have both.
    pub n: usize,
    pub blocks: Vec<BlockRatio>,
}

/// A ratio of two times in one block.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct BlockRatio {
    pub block: u32,
    pub ratio: f64,
}

impl Study {
    /// Every later curve against the first that has its variant and engine.
    pub fn pairs(&self) -> Vec<Pair> {
        let curves = &self.curves;
        let base_of = |index: usize| {
            let same = |curve: &CurveStudy| {
                let (one, other) = (&curve.key, &curves[index].key);
                one.variant == other.variant && one.engine == other.engine
            };
            curves[..index].iter().position(same)
        };
        let pair = |other: usize| {
            let base = base_of(other)?;
            let cells = cells(&curves[base].measured, &curves[other].measured);
            (!cells.is_empty()).then(|| Pair {
                base,
                base_title: curves[base].title.clone(),
                other,
                other_title: curves[other].title.clone(),
                cells,
            })
        };
        (0..curves.len()).filter_map(pair).collect()
    }
}

fn cells(base: &Curve, other: &Curve) -> Vec<PairCell> {
    let compared: Vec<(PairCell, Option<PairedLogRatio>)> =
        base.cells.iter().filter_map(|of_base| cell(of_base, other.cell(of_base.jobs)?)).collect();
    let p_values: Vec<f64> =
        compared.iter().filter_map(|(_, ratio)| ratio.map(|ratio| ratio.p_value())).collect();
    let mut adjusted = holm::adjust(&p_values).into_iter();
    compared
        .into_iter()
        .map(|(cell, ratio)| {
            let p = ratio.and_then(|_| adjusted.next());
            PairCell { differs: p.map(|p| p < Level::P95.alpha()), ..cell }
        })
        .collect()
}

fn cell(base: &CellSummary, other: &CellSummary) -> Option<(PairCell, Option<PairedLogRatio>)> {
    let blocks: Vec<BlockRatio> = other
        .observations
        .iter()
        .filter_map(|(&block, own)| {
            let difference = own.ln_seconds - base.observations.get(&block)?.ln_seconds;
            Some(BlockRatio { block, ratio: digits(difference.exp()) })
        })
        .collect();
    let only = blocks.first()?.ratio;
    let ratio = other.ratio_to(base, Level::P95);
    let estimate =
        ratio.map_or_else(|| Estimate::rounded(only, None), |ratio| Estimate::of_ratio(&ratio));
    let n = blocks.len();
    let cell = PairCell { jobs: base.jobs, ratio: estimate, differs: None, n, blocks };
    Some((cell, ratio))
}
