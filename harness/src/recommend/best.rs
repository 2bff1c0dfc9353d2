//! Which of the curves that do the same is the fastest, each at its own number of jobs.

use std::collections::BTreeMap;

use restore_core::units::Jobs;
use serde::Serialize;

use super::curve::CurveStudy;
use crate::analysis::cell::CellSummary;
use crate::analysis::compare::paired_tests;
use crate::analysis::{CurveKey, RunFacts};
use crate::stats::estimate::{Estimate, digits};

/// A curve at one number of jobs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Contender {
    #[serde(flatten)]
    pub key: CurveKey,
    /// The curve's name in sentences.
    pub title: String,
    /// The recommended number of jobs, or else the fastest measured one.
    pub jobs: Jobs,
    /// Whether that number is recommended.
    pub recommended: bool,
    /// Geometric mean of its time there.
    pub time_seconds: f64,
    /// Its time over that of the fastest, paired by block; `None` for the
    /// fastest itself, and where they share fewer than two blocks.
    pub to_fastest: Option<Estimate>,
    /// Whether the two differ beyond doubt (Holm over the others, 5 %).
    pub differs: Option<bool>,
}

/// The fastest of the curves that do the same, by engine, format, settings of the sessions or
/// section by section, against the others.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BestCurve {
    /// The first of their variants.
    pub variant: String,
    pub fastest: Contender,
    /// Fastest first.
    pub others: Vec<Contender>,
    /// Whether every other curve is slower beyond doubt.
    pub told_apart: bool,
}

impl BestCurve {
    /// Whether a curve is one of those that were compared.
    pub fn has(&self, key: &CurveKey) -> bool {
        self.fastest.key == *key || self.others.iter().any(|other| other.key == *key)
    }
}

/// The best of all curves that do the same, where there are several.
pub fn best_curves(curves: &[CurveStudy], facts: &RunFacts) -> Vec<BestCurve> {
    let mut alike: BTreeMap<&str, Vec<&CurveStudy>> = BTreeMap::new();
    for curve in curves {
        alike.entry(facts.first_alike(&curve.key.variant)).or_default().push(curve);
    }
    alike.into_iter().filter_map(|(variant, curves)| best_of(variant, &curves)).collect()
}

fn best_of(variant: &str, curves: &[&CurveStudy]) -> Option<BestCurve> {
    let mut contenders: Vec<(f64, Contender, &CellSummary)> =
        curves.iter().filter_map(|curve| contender(curve)).collect();
    contenders.sort_by(|(a, ..), (b, ..)| a.total_cmp(b));
    let mut contenders = contenders.into_iter().map(|(_, contender, cell)| (contender, cell));
    let (fastest, reference) = contenders.next()?;
    let (mut others, pairs): (Vec<Contender>, Vec<_>) =
        contenders.map(|(contender, cell)| (contender, (cell, reference))).unzip();
    if others.is_empty() {
        return None;
    }
    for (other, test) in others.iter_mut().zip(paired_tests(&pairs)) {
        other.to_fastest = test.map(|test| Estimate::of_ratio(&test.ratio));
        other.differs = test.map(|test| test.differs);
    }
    let told_apart = others.iter().all(|other| other.differs == Some(true));
    Some(BestCurve { variant: variant.to_owned(), fastest, others, told_apart })
}

fn contender(curve: &CurveStudy) -> Option<(f64, Contender, &CellSummary)> {
    let recommended = curve.verdict.recommended().and_then(|jobs| curve.measured.cell(jobs));
    let cell = recommended.or_else(|| curve.measured.fastest())?;
    let seconds = cell.seconds()?;
    let contender = Contender {
        key: curve.key.clone(),
        title: curve.title.clone(),
        jobs: cell.jobs,
        recommended: recommended.is_some(),
        time_seconds: digits(seconds),
        to_fastest: None,
        differs: None,
    };
    Some((seconds, contender, cell))
}
