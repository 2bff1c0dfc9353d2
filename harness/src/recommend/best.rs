//! Which curve of a variant is the fastest, each at its own number of jobs.

use std::collections::BTreeSet;

use restore_core::units::Jobs;

use super::verdict::CurveVerdict;
use crate::analysis::cell::CellSummary;
use crate::analysis::compare::{self, Comparison};
use crate::analysis::{Analysis, CurveKey};

/// A curve at one number of jobs.
#[derive(Debug, Clone, PartialEq)]
pub struct Contender {
    /// The curve.
    pub key: CurveKey,
    /// The recommended number of jobs, or else the fastest measured one.
    pub jobs: Jobs,
    /// Whether that number is recommended.
    pub recommended: bool,
    /// Geometric mean of its time there, in seconds.
    pub seconds: f64,
}

/// The fastest curve of a variant against its others.
#[derive(Debug, Clone, PartialEq)]
pub struct BestCurve {
    /// The variant.
    pub variant: String,
    /// The fastest.
    pub fastest: Contender,
    /// The others, fastest first, each with its time over that of the
    /// fastest; `None` where they share fewer than two blocks.
    pub others: Vec<(Contender, Option<Comparison>)>,
}

impl BestCurve {
    /// Whether every other curve is slower beyond doubt.
    pub fn is_told_apart(&self) -> bool {
        self.others.iter().all(|(_, other)| other.is_some_and(|other| other.differs))
    }
}

/// The best curve of each variant that has more than one.
pub fn best_curves(analysis: &Analysis, verdicts: &[CurveVerdict]) -> Vec<BestCurve> {
    let variants: BTreeSet<&str> =
        verdicts.iter().map(|verdict| verdict.key.variant.as_str()).collect();
    variants.into_iter().filter_map(|variant| best_of(variant, analysis, verdicts)).collect()
}

fn best_of(variant: &str, analysis: &Analysis, verdicts: &[CurveVerdict]) -> Option<BestCurve> {
    let mut contenders: Vec<(Contender, &CellSummary)> = verdicts
        .iter()
        .filter(|verdict| verdict.key.variant == variant)
        .filter_map(|verdict| contender(analysis, verdict))
        .collect();
    contenders.sort_by(|(a, _), (b, _)| a.seconds.total_cmp(&b.seconds));
    let mut contenders = contenders.into_iter();
    let (fastest, reference) = contenders.next()?;
    let (others, cells): (Vec<_>, Vec<_>) = contenders.unzip();
    if others.is_empty() {
        return None;
    }
    let comparisons = compare::with_reference(&cells, reference);
    let others = others.into_iter().zip(comparisons).collect();
    Some(BestCurve { variant: variant.to_owned(), fastest, others })
}

fn contender<'a>(
    analysis: &'a Analysis,
    verdict: &CurveVerdict,
) -> Option<(Contender, &'a CellSummary)> {
    let curve = analysis.curve(&verdict.key)?;
    let recommended = verdict.recommended().and_then(|jobs| curve.cell(jobs));
    let cell = recommended.or_else(|| curve.fastest())?;
    let contender = Contender {
        key: curve.key.clone(),
        jobs: cell.jobs,
        recommended: recommended.is_some(),
        seconds: cell.seconds()?,
    };
    Some((contender, cell))
}
