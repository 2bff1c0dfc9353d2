//! From the rows of a run to summaries, curves, fits and comparisons.
//!
//! Nothing here decides anything: that is what `recommend` does with it.

pub mod cell;
pub mod compare;
pub mod curve;
pub mod facts;
pub mod fit;
mod from_run;
pub mod overview;

pub use cell::{CellSummary, OutcomeCounts};
pub use curve::{Curve, CurveKey};
pub use facts::{ArchiveFacts, BlockPlan, LargestItem, RunFacts};
pub use overview::Overview;

use crate::record::trial::TrialRow;

/// All that the rows of a run tell.
#[derive(Debug, Clone, PartialEq)]
pub struct Analysis {
    /// The curves, in the order of their keys.
    pub curves: Vec<Curve>,
    /// Counts and sums over all trials.
    pub overview: Overview,
}

impl Analysis {
    /// Analyses the rows of a run, in any order.
    pub fn new(rows: &[TrialRow]) -> Self {
        Self { curves: curve::curves(rows), overview: Overview::new(rows) }
    }

    /// The curve with this key.
    pub fn curve(&self, key: &CurveKey) -> Option<&Curve> {
        self.curves.iter().find(|curve| curve.key == *key)
    }
}
