//! Formats and engines against each other: the same number of jobs, the same blocks.

use restore_core::units::Jobs;
use serde::Serialize;

use super::judged::Study;
use crate::analysis::compare::{PairedTest, paired_tests};
use crate::analysis::{CellSummary, Curve};
use crate::recommend::CurveStudy;
use crate::stats::estimate::{Estimate, digits};

/// Two curves that differ in the archive alone, or in the engine alone, compared
/// at every number of jobs that both have.
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

#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct BlockRatio {
    pub block: u32,
    pub ratio: f64,
}

impl Study {
    /// Every later curve against the first that has its archive, by another
    /// engine, or else its variant and engine.
    pub fn pairs(&self) -> Vec<Pair> {
        let curves = &self.curves;
        let base_of = |index: usize| {
            let key = &curves[index].key;
            let earlier = &curves[..index];
            let has_archive = |curve: &CurveStudy| curve.key.has_archive_of(key);
            let has_engine = |curve: &CurveStudy| curve.key.has_engine_of(key);
            earlier.iter().position(has_archive).or_else(|| earlier.iter().position(has_engine))
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
    let pairs: Vec<(&CellSummary, &CellSummary)> =
        base.cells.iter().filter_map(|base| Some((other.cell(base.jobs)?, base))).collect();
    let tests = paired_tests(&pairs);
    pairs.into_iter().zip(tests).filter_map(|((own, base), test)| cell(own, base, test)).collect()
}

fn cell(own: &CellSummary, base: &CellSummary, test: Option<PairedTest>) -> Option<PairCell> {
    let blocks: Vec<BlockRatio> = own
        .observations
        .iter()
        .filter_map(|(&block, own)| {
            let difference = own.ln_seconds - base.observations.get(&block)?.ln_seconds;
            Some(BlockRatio { block, ratio: digits(difference.exp()) })
        })
        .collect();
    let only = blocks.first()?.ratio;
    Some(PairCell {
        jobs: base.jobs,
        ratio: test
            .map_or_else(|| Estimate::rounded(only, None), |test| Estimate::of_ratio(&test.ratio)),
        differs: test.map(|test| test.differs),
        n: blocks.len(),
        blocks,
    })
}
