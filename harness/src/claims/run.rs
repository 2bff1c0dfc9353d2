//! What claims are judged by.

use crate::analysis::{Curve, RunFacts, curves_over};
use crate::record::TrialRow;

/// The times of a run: its rows tell all that claims ask of it.
#[derive(Debug, Clone)]
pub struct MeasuredRun {
    /// What the evidence calls it.
    pub(super) name: String,
    pub facts: RunFacts,
    pub(super) rows: Vec<TrialRow>,
    pub(super) curves: Vec<Curve>,
}

impl MeasuredRun {
    pub fn new(name: String, rows: Vec<TrialRow>, facts: RunFacts) -> Self {
        let curves = curves_over(&rows, &facts.hosts.of_block);
        Self { name, facts, rows, curves }
    }
}
