//! From the rows of a run to summaries, curves, fits and comparisons.
//!
//! Nothing here decides anything: that is what `recommend` does with it.

pub mod cell;
pub mod chain;
pub mod compare;
pub mod curve;
pub mod facts;
pub mod fit;
mod from_run;
pub mod latency;
pub mod limits;
pub mod load;
pub mod load_lines;
pub mod overview;
pub mod pairs;
pub mod replay;
pub mod serial_only;
pub mod timeline;
mod usage;

pub use cell::{CellSummary, OutcomeCounts};
pub use curve::{Curve, CurveKey};
pub use facts::{ArchiveFacts, BlockPlan, LargestItem, Place, RunFacts};
pub use limits::{Breach, Limit, Limits};
pub use load::Items;
pub use overview::Overview;
pub use replay::CurveReplay;
pub use serial_only::SerialOnly;

use std::collections::BTreeMap;

use crate::record::LatencyRow;
use crate::record::trial::TrialRow;
use latency::Latencies;

/// All that the rows of a run tell.
#[derive(Debug, Clone, PartialEq)]
pub struct Analysis {
    /// The curves, in the order of their keys.
    pub curves: Vec<Curve>,
    /// Counts and sums over all trials.
    pub overview: Overview,
    /// The curves that only one job restores reliably.
    pub serial_only: Vec<SerialOnly>,
    /// How a workload beside the restores did, by curve and jobs; empty where
    /// none ran.
    pub latencies: Latencies,
}

impl Analysis {
    /// Analyses the rows of a run, in any order.
    pub fn new(rows: &[TrialRow]) -> Self {
        Self::with_items(rows, &Items::new())
    }

    /// The same with the items of each trial, which tell its course.
    pub fn with_items(rows: &[TrialRow], items: &Items) -> Self {
        Self {
            curves: curve::curves(rows, items),
            overview: Overview::new(rows),
            serial_only: serial_only::serial_only(rows),
            latencies: Latencies::new(),
        }
    }

    /// The same with the latencies of the trials' workload.
    #[must_use]
    pub fn with_latencies(
        self,
        rows: &[TrialRow],
        tables: &BTreeMap<u32, Vec<LatencyRow>>,
    ) -> Self {
        Self { latencies: latency::pool(rows, tables), ..self }
    }

    /// Notes which cells are beyond `limits`: they cannot be recommended.
    #[must_use]
    pub fn respecting(mut self, limits: &Limits) -> Self {
        curve::respect(&mut self.curves, limits);
        curve::respect_workload(&mut self.curves, limits, &self.latencies);
        self
    }

    /// The curve with this key.
    pub fn curve(&self, key: &CurveKey) -> Option<&Curve> {
        self.curves.iter().find(|curve| curve.key == *key)
    }
}
