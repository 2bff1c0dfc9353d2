//! A curve with its verdict and all that it rests on.

use restore_core::units::{Bytes, Jobs};
use serde::Serialize;

use super::bottleneck::Bottleneck;
use super::rules::{self, RuleOfThumb};
use super::verdict::{Judgement, Verdict};
use crate::analysis::fit::CurveFit;
use crate::analysis::{Breach, CellSummary, Curve, CurveKey, CurveReplay, RunFacts};
use crate::stats::estimate::{Estimate, digits};
use crate::stats::interval::Level;

/// A curve with its verdict and all that it rests on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CurveStudy {
    #[serde(flatten)]
    pub key: CurveKey,
    /// Its name in sentences.
    pub title: String,
    /// Size of the archive that was restored or, of dumps, made.
    pub archive_bytes: Option<Bytes>,
    /// Blocks with completed trials.
    pub blocks: usize,
    /// Hosts that ran them; `None` for one alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hosts: Option<usize>,
    pub verdict: Verdict,
    /// By ascending jobs.
    pub cells: Vec<CellStudy>,
    /// What the usual rules of thumb would have cost.
    pub rules: Vec<RuleOfThumb>,
    /// The scaling laws that were fitted.
    pub fits: Vec<CurveFit>,
    /// What limits each number of jobs; empty where no load was recorded.
    #[serde(rename = "bounds", skip_serializing_if = "Vec::is_empty")]
    pub bottlenecks: Vec<Bottleneck>,
    /// The numbers of jobs that a limit of the scenario rules out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub beyond_limits: Vec<Breach>,
    /// `None` where the run keeps too little for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replay: Option<CurveReplay>,
    /// The summaries that all of this was computed from.
    #[serde(skip)]
    pub measured: Curve,
}

/// A cell as answers show it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CellStudy {
    pub jobs: Jobs,
    /// Completed trials.
    pub n: usize,
    /// Trials that count in no curve.
    pub lost: u32,
    /// Geometric mean of the times, with its t interval.
    pub time_seconds: Option<Estimate>,
    /// Median of the times with its order-statistic interval: from six
    /// completed trials.
    pub median_seconds: Option<Estimate>,
    /// Standard deviation of ln T.
    pub spread_ratio: Option<f64>,
    /// Time with one job over this time, paired by block.
    pub speedup: Option<Estimate>,
    /// This time over that of the fastest cell, paired by block.
    pub to_fastest: Option<Estimate>,
    /// That it is within the tolerance of the best; `None` where it cannot be
    /// recommended, or nothing can be.
    pub as_good_probability: Option<f64>,
    /// How much slower than the best it is.
    pub regret_ratio: Option<Estimate>,
    /// Trials that stand apart; they count.
    pub outlier_trials: Vec<u32>,
    pub marks: Vec<Mark>,
}

/// What is to be marked on a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    Recommended,
    /// It has the shortest time.
    Fastest,
    /// Its time cannot be told from that of the recommended one.
    CannotBeTold,
    /// It was ruled out: most of its trials did not complete.
    RuledOut,
    /// It was ruled out: it is beyond a limit.
    BeyondLimit,
    /// Some of its trials count in no curve.
    Lost,
    /// Some of its trials stand apart.
    Outliers,
}

impl CurveStudy {
    pub fn new(curve: Curve, replay: Option<CurveReplay>, facts: &RunFacts) -> Self {
        let judgement = Judgement::new(&curve, facts);
        let archive = facts.archive(&curve.key);
        let resources = facts.resources(&curve.key);
        let measured = curve.measured();
        Self {
            key: curve.key.clone(),
            title: curve.key.to_string(),
            archive_bytes: archive.and_then(|archive| archive.bytes).or(curve.made),
            blocks: curve.blocks(),
            hosts: Some(curve.hosts().len()).filter(|&hosts| hosts > 1),
            cells: curve
                .cells
                .iter()
                .map(|cell| CellStudy::new(&curve, cell, &judgement))
                .collect(),
            rules: rules::rules(rules::Measured {
                curve: &curve,
                odds: judgement.odds.as_ref(),
                replay: replay.as_ref(),
                cores: facts.cores,
            }),
            fits: curve.fits.clone(),
            bottlenecks: measured
                .into_iter()
                // Of restores that mostly failed, the others may be the lucky ones.
                .filter(|cell| !cell.is_unreliable())
                .filter_map(|cell| Bottleneck::new(facts.phase, cell, resources))
                .collect(),
            beyond_limits: curve.cells.iter().flat_map(|cell| cell.breaches.clone()).collect(),
            verdict: judgement.verdict,
            replay,
            measured: curve,
        }
    }

    /// Whether anything is known of what the rules of thumb cost.
    pub fn says_what_rules_cost(&self) -> bool {
        self.rules.iter().any(|rule| rule.regret.estimate().is_some())
    }

    /// Whether a verdict compared any of its cells.
    pub fn was_compared(&self) -> bool {
        self.cells.iter().any(|cell| cell.as_good_probability.is_some())
    }

    pub fn best_cell(&self) -> Option<&CellStudy> {
        let marked = |mark| self.cells.iter().find(|cell| cell.marks.contains(&mark));
        marked(Mark::Recommended).or_else(|| marked(Mark::Fastest))
    }
}

impl CellStudy {
    fn new(curve: &Curve, cell: &CellSummary, judgement: &Judgement) -> Self {
        let mut candidates = judgement.candidates.iter();
        let candidate = candidates.find(|candidate| candidate.jobs == cell.jobs);
        let against = |reference: Option<&CellSummary>| {
            reference.filter(|_| cell.n() > 0).and_then(|reference| versus(cell, reference))
        };
        Self {
            jobs: cell.jobs,
            n: cell.n(),
            lost: cell.counts.lost(),
            time_seconds: cell.seconds().map(|seconds| {
                Estimate::rounded(seconds, cell.interval.map(|of_mean| of_mean.interval.exp()))
            }),
            median_seconds: cell
                .median
                .map(|median| Estimate::rounded(median.median.exp(), Some(median.interval.exp()))),
            spread_ratio: cell.spread().map(digits),
            speedup: against(curve.cell(Jobs::ONE)).map(Estimate::inverse),
            to_fastest: against(curve.fastest()),
            as_good_probability: candidate.map(|candidate| candidate.as_good.get()),
            regret_ratio: candidate.map(|candidate| candidate.regret),
            outlier_trials: cell.outliers(),
            marks: marks(curve, cell, &judgement.verdict),
        }
    }
}

/// The ratio of a cell to another or to itself, which is 1 without doubt.
fn versus(cell: &CellSummary, reference: &CellSummary) -> Option<Estimate> {
    if cell.jobs == reference.jobs {
        return Some(Estimate { value: 1.0, low: None, high: None });
    }
    let paired = cell.ratio_to(reference, Level::P95).map(|ratio| Estimate::of_ratio(&ratio));
    // One block gives a ratio, and nothing to judge it by.
    paired.or_else(|| Some(Estimate::rounded(cell.seconds()? / reference.seconds()?, None)))
}

fn marks(curve: &Curve, cell: &CellSummary, verdict: &Verdict) -> Vec<Mark> {
    let (recommended, equivalent) = match verdict {
        Verdict::Recommend { jobs, cannot_be_told_from, .. } => {
            (Some(*jobs), cannot_be_told_from.as_slice())
        }
        Verdict::Inconclusive { .. } => (None, [].as_slice()),
    };
    [
        (Mark::Recommended, recommended == Some(cell.jobs)),
        (Mark::Fastest, curve.fastest().is_some_and(|fastest| fastest.jobs == cell.jobs)),
        (Mark::CannotBeTold, equivalent.contains(&cell.jobs)),
        (Mark::RuledOut, cell.is_unreliable()),
        (Mark::BeyondLimit, !cell.breaches.is_empty()),
        (Mark::Lost, cell.counts.lost() > 0 && !cell.is_unreliable()),
        (Mark::Outliers, !cell.outliers().is_empty()),
    ]
    .into_iter()
    .filter_map(|(mark, applies)| applies.then_some(mark))
    .collect()
}
