//! When a sweep has seen enough.
//!
//! A rule that looks after every block stops on a lucky one sooner or later.
//! So the 5 % that a verdict may err by is divided among all the looks that
//! the plan allows (Bonferroni): each look demands 1 - 0.05 / looks.

use super::verdict::{CONFIDENCE, Judgement, MIN_BLOCKS, Reason, Verdict};
use crate::analysis::{CellSummary, Curve, RunFacts, Tables, curves};
use crate::record::{Ending, RunRecord, TrialRow};
use crate::stats::interval::{Interval, Level};
use crate::stats::student;

/// When a sweep has seen enough. It asks the judge that recommends, of the rows
/// so far: the same rows lead to the same decision after a resume.
#[derive(Debug, Clone, PartialEq)]
pub struct StopRule {
    pub facts: RunFacts,
    /// How many cells a block has: a look is taken when all were tried.
    pub cells_per_block: usize,
}

/// Whether to run another block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    Continue,
    /// It is enough: [`Ending::Precision`], [`Ending::Decided`] or
    /// [`Ending::MaxBlocks`].
    Stop(Ending),
}

/// How far a curve has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    /// Its verdict could still change.
    Open,
    /// So it could, but all that it rests on is known precisely.
    Precise,
    /// The verdict would stay.
    Decided,
}

impl StopRule {
    pub fn new(run: &RunRecord) -> Self {
        Self { facts: RunFacts::of(run), cells_per_block: run.design.cells().len() }
    }

    /// Looks at all rows so far. Within a block it says to continue.
    pub fn decide(&self, rows: &[TrialRow]) -> Decision {
        let blocks = rows.iter().map(|row| row.block).max().unwrap_or(0);
        let in_last = rows.iter().filter(|row| row.block == blocks).count();
        let least = self.facts.blocks.min.max(MIN_BLOCKS as u32);
        if in_last < self.cells_per_block || blocks == 0 {
            return Decision::Continue;
        }
        if blocks >= least
            && let Some(ending) = self.look(rows)
        {
            return Decision::Stop(ending);
        }
        if blocks >= self.facts.blocks.max {
            return Decision::Stop(Ending::MaxBlocks);
        }
        Decision::Continue
    }

    /// The level of a single look.
    fn level(&self) -> Level {
        let first = self.facts.blocks.min.max(MIN_BLOCKS as u32);
        Level::P95.split(self.facts.blocks.max.saturating_sub(first) + 1)
    }

    fn look(&self, rows: &[TrialRow]) -> Option<Ending> {
        let mut curves = curves(rows, &Tables::default(), &self.facts.limits);
        curves.retain(|curve| !curve.measured().is_empty());
        // Serial points of reference leave nothing to choose. They count only
        // where the run has nothing else.
        if curves.iter().any(|curve| curve.measured().len() > 1) {
            curves.retain(|curve| curve.measured().len() > 1);
        }
        let progress: Vec<Progress> = curves.iter().map(|curve| self.progress(curve)).collect();
        if progress.is_empty() || progress.contains(&Progress::Open) {
            None
        } else if progress.contains(&Progress::Precise) {
            Some(Ending::Precision)
        } else {
            Some(Ending::Decided)
        }
    }

    fn progress(&self, curve: &Curve) -> Progress {
        if let [only] = curve.measured()[..] {
            return self.judge(self.interval_of(only));
        }
        // What the tables of latencies would tell is not known here.
        if curve.cells.iter().any(|cell| cell.may_breach) {
            return Progress::Open;
        }
        let judgement = Judgement::new(curve, &self.facts);
        let Some(odds) = &judgement.odds else {
            return if limits_decide(&judgement.verdict) {
                Progress::Decided
            } else {
                Progress::Open
            };
        };
        let as_good = odds.as_good();
        let sure = self.level().get();
        let decided = as_good
            .iter()
            .position(|&p| p >= sure)
            .is_some_and(|chosen| as_good[..chosen].iter().all(|&p| p <= 1.0 - sure));
        if decided {
            return Progress::Decided;
        }
        let chosen = as_good.iter().position(|&p| p >= CONFIDENCE).map(|index| odds.jobs()[index]);
        let reference = chosen.and_then(|jobs| curve.cell(jobs)).or_else(|| curve.fastest());
        let Some(reference) = reference else { return Progress::Open };
        // What the verdict rests on: every number that is not ruled out,
        // against the one that would be recommended.
        let mut open = odds
            .jobs()
            .iter()
            .zip(&as_good)
            .filter(|&(&jobs, &p)| p > 1.0 - sure && jobs != reference.jobs)
            .filter_map(|(&jobs, _)| curve.cell(jobs));
        let precise = |cell: &CellSummary| {
            let ratio = cell.ratio_to(reference, self.level());
            self.judge(ratio.map(|ratio| ratio.interval)) == Progress::Precise
        };
        if open.all(precise) { Progress::Precise } else { Progress::Open }
    }

    /// The interval of a cell's own time, at the level of a look.
    fn interval_of(&self, cell: &CellSummary) -> Option<Interval> {
        let values: Vec<f64> = cell.observations.values().map(|seen| seen.ln_seconds).collect();
        student::mean_interval(&values, self.level()).map(|of_mean| of_mean.interval)
    }

    fn judge(&self, interval: Option<Interval>) -> Progress {
        let narrow = interval.is_some_and(|i| i.half_width() <= self.facts.precision.ln_1p());
        if narrow { Progress::Precise } else { Progress::Open }
    }
}

/// Whether limits alone leave one number of jobs, or none.
fn limits_decide(verdict: &Verdict) -> bool {
    match verdict {
        Verdict::Recommend { .. } => true,
        Verdict::Inconclusive { reasons, .. } => reasons[..] == [Reason::NothingWithinLimits],
    }
}
