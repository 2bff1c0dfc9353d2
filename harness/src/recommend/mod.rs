//! From an analysis to verdicts: which number of jobs, how sure, why.

pub mod best;
pub mod bound;
pub mod busy;
pub mod odds;
pub mod probability;
pub mod rules;
pub mod stop;
pub mod verdict;
pub mod warning;

pub use best::BestCurve;
pub use bound::{Bound, Cause};
pub use probability::Probability;
pub use stop::{Decision, StopRule};
pub use verdict::{CurveVerdict, Reason, Verdict};
pub use warning::Warning;

use crate::analysis::{Analysis, RunFacts};
use busy::IdleAndBusy;

/// What a run recommends.
#[derive(Debug, Clone, PartialEq)]
pub struct Recommendation {
    /// A verdict for each curve, in the order of the analysis.
    pub curves: Vec<CurveVerdict>,
    /// For each variant with several curves, which is the fastest.
    pub best: Vec<BestCurve>,
    /// What each cell of each curve is bound by, in the same order; empty where
    /// no load was recorded.
    pub bounds: Vec<Vec<Bound>>,
    /// The best number of jobs on an idle server and beside a workload.
    pub idle_and_busy: Vec<IdleAndBusy>,
    /// What is known to go wrong and was seen.
    pub warnings: Vec<Warning>,
}

impl Recommendation {
    /// Judges every curve of `analysis`. The same input gives the same
    /// verdicts.
    pub fn new(analysis: &Analysis, facts: &RunFacts) -> Self {
        let curves: Vec<CurveVerdict> =
            analysis.curves.iter().map(|curve| CurveVerdict::new(curve, facts)).collect();
        let best = best::best_curves(analysis, &curves);
        let bounds: Vec<Vec<Bound>> = analysis
            .curves
            .iter()
            .map(|curve| {
                let place = facts.place(&curve.key);
                curve
                    .measured()
                    .iter()
                    // Of restores that mostly failed, the others may be the lucky ones.
                    .filter(|cell| !cell.is_unreliable())
                    .filter_map(|cell| Bound::new(facts.phase, cell, place))
                    .collect()
            })
            .collect();
        let mut warnings = warning::warnings(analysis, &curves, facts);
        warnings.extend(warning::unaccounted(analysis, &bounds));
        let idle_and_busy = busy::idle_and_busy(analysis, &curves, facts);
        Self { curves, best, bounds, idle_and_busy, warnings }
    }
}
