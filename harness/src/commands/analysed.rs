//! A run, read and analysed: what `recommend` and `report` begin with.

use std::collections::BTreeMap;

use crate::analysis::{Analysis, Items, RunFacts, replay};
use crate::recommend::Recommendation;
use crate::record::{RunFolder, RunRecord, TrialRow};
use crate::report::{Report, errors};

/// A run, read and analysed.
pub(super) struct Analysed {
    /// `run.json`.
    pub(super) run: RunRecord,
    /// `trials.csv`.
    pub(super) rows: Vec<TrialRow>,
    /// The tables in `items/`.
    pub(super) items: Items,
    /// What they come to.
    pub(super) analysis: Analysis,
    /// What else is known of the run.
    pub(super) facts: RunFacts,
    /// What is recommended, and why.
    pub(super) report: Report,
}

impl Analysed {
    /// Reads `folder`, which has the record `run`, and analyses it.
    pub(super) fn read(folder: &RunFolder, run: RunRecord) -> anyhow::Result<Self> {
        let rows = folder.trials()?;
        let facts = RunFacts::of(&run);
        let (mut items, mut latencies, mut errors) =
            (Items::new(), BTreeMap::new(), BTreeMap::new());
        for row in &rows {
            items.insert(row.trial, folder.items(row.trial)?);
            latencies.insert(row.trial, folder.latency(row.trial)?);
            errors.insert(row.trial, folder.errors(row.trial)?);
        }
        let analysis = Analysis::with_items(&rows, &items)
            .with_latencies(&rows, &latencies)
            .respecting(&facts.limits);
        let sources = replay::sources(folder, &run, &analysis)?;
        let analysis = analysis.with_replays(&sources, &facts);
        let facts = facts.with_floors(&analysis.curves);
        let recommendation = Recommendation::new(&analysis, &facts);
        let mut report = Report::new(&analysis, &recommendation, &facts);
        report.errors = errors::reports(&rows, &errors);
        Ok(Self { run, rows, items, analysis, facts, report })
    }
}
