//! The verdict on one curve.

use std::fmt;

use restore_core::units::Jobs;
use serde::{Serialize, Serializer};

use super::odds::{DRAWS, MOST_BLOCKS, Odds};
use super::probability::Probability;
use crate::analysis::{Curve, RunFacts};
use crate::stats::bootstrap::Basis;
use crate::stats::estimate::Estimate;

/// The probability that a recommendation needs.
pub const CONFIDENCE: f64 = 0.95;

/// The fewest blocks that a verdict may rest on.
pub const MIN_BLOCKS: usize = 3;

/// What is known of the numbers of jobs of a curve: the one judge, which
/// recommendations and the end of a sweep both ask.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// `None` where nothing can be compared.
    pub odds: Option<Odds>,
    /// The numbers of jobs that were compared, ascending.
    pub candidates: Vec<Candidate>,
    pub verdict: Verdict,
}

/// A number of jobs that can be recommended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate {
    pub jobs: Jobs,
    /// That it is within the tolerance of the best.
    pub as_good: Probability,
    /// How much slower than the best it is, as a fraction.
    pub regret: Estimate,
}

/// The answer for a curve.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    /// The smallest number of jobs that is as good as the best.
    Recommend {
        jobs: Jobs,
        /// That it is within the tolerance of the best: at least
        /// [`CONFIDENCE`].
        probability: Probability,
        basis: Basis,
        /// How much slower than the best it is.
        regret_ratio: Estimate,
        /// The others whose times cannot be told from its time.
        cannot_be_told_from: Vec<Jobs>,
    },
    Inconclusive {
        #[serde(serialize_with = "as_texts")]
        reasons: Vec<Reason>,
        /// The numbers that may be as good as the best: probability of at
        /// least 1 - [`CONFIDENCE`].
        candidates: Vec<Jobs>,
        /// How many further blocks would likely settle it, where that can be
        /// said.
        more_blocks_likely: Option<u32>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Reason {
    NothingCompleted,
    /// Every number of jobs is beyond a limit of the scenario.
    NothingWithinLimits,
    /// Only one number of jobs can be chosen.
    OneJobCount {
        jobs: Jobs,
    },
    /// Restores with more than one job failed.
    OnlySerialIsReliable {
        failed: u32,
        trials: u32,
    },
    /// Fewer blocks than a verdict may rest on.
    TooFewBlocks {
        seen: usize,
    },
    /// Trials are missing, so that no block compares some cells with others.
    Incomparable,
    /// No number of jobs is good enough with enough probability.
    NoneSureEnough {
        jobs: Jobs,
        probability: Probability,
        /// How much slower than the best was allowed, as a fraction.
        tolerance: f64,
    },
    /// The noise is so wide that [`MOST_BLOCKS`] would not settle it.
    TooNoisy,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NothingCompleted => f.write_str("no trial completed"),
            Self::NothingWithinLimits => f.write_str("every -j is beyond a limit of the scenario"),
            Self::OnlySerialIsReliable { failed, trials } => write!(
                f,
                "only -j 1 restores this archive reliably, {failed} of {trials} restores with more \
                 jobs failed"
            ),
            Self::OneJobCount { jobs } => {
                write!(f, "only -j {jobs} can be chosen, there is nothing to compare it with")
            }
            Self::TooFewBlocks { seen } => {
                write!(f, "{seen} of the {MIN_BLOCKS} blocks that a verdict needs")
            }
            Self::Incomparable => {
                f.write_str("too many trials are missing for the blocks to compare all -j")
            }
            Self::NoneSureEnough { jobs, probability, tolerance } => write!(
                f,
                "-j {jobs} is the likeliest to be within {} % of the fastest, with a \
                 probability of {probability} where {CONFIDENCE} is needed",
                // Takes off what the conversion to binary adds.
                (tolerance * 1e5).round() / 1e3
            ),
            Self::TooNoisy => write!(
                f,
                "the noise is so wide that {MOST_BLOCKS} blocks would likely not settle it: \
                 measure on a quieter host"
            ),
        }
    }
}

impl Judgement {
    pub fn new(curve: &Curve, facts: &RunFacts) -> Self {
        let blocks = curve.blocks();
        let odds = (blocks >= MIN_BLOCKS)
            .then(|| Odds::new(curve, facts.tolerance, facts.seed, DRAWS))
            .flatten();
        let candidates = odds.as_ref().map(candidates).unwrap_or_default();
        let verdict = match &odds {
            Some(odds) => choose(odds, &candidates, facts.tolerance),
            None => unjudged(curve, blocks),
        };
        Self { odds, candidates, verdict }
    }
}

impl Verdict {
    pub fn recommended(&self) -> Option<Jobs> {
        match self {
            Self::Recommend { jobs, .. } => Some(*jobs),
            Self::Inconclusive { .. } => None,
        }
    }
}

fn as_texts<S: Serializer>(reasons: &[Reason], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(reasons.iter().map(ToString::to_string))
}

fn candidates(odds: &Odds) -> Vec<Candidate> {
    odds.jobs()
        .iter()
        .zip(odds.as_good())
        .enumerate()
        .map(|(index, (&jobs, as_good))| Candidate {
            jobs,
            as_good: Probability::new(as_good),
            regret: odds.regret(index),
        })
        .collect()
}

/// The smallest j that is sure enough, or why there is none.
fn choose(odds: &Odds, candidates: &[Candidate], tolerance: f64) -> Verdict {
    let sure = candidates.iter().find(|candidate| candidate.as_good.get() >= CONFIDENCE);
    if let Some(sure) = sure {
        return Verdict::Recommend {
            jobs: sure.jobs,
            probability: sure.as_good,
            basis: odds.basis(),
            regret_ratio: sure.regret,
            cannot_be_told_from: odds.equivalent_to(sure.jobs),
        };
    }
    let likeliest = candidates
        .iter()
        .max_by(|a, b| a.as_good.get().total_cmp(&b.as_good.get()))
        .map(|likeliest| Reason::NoneSureEnough {
            jobs: likeliest.jobs,
            probability: likeliest.as_good,
            tolerance,
        });
    let more_blocks_likely = odds.more_blocks_likely(CONFIDENCE);
    let hopeless = more_blocks_likely.is_none().then_some(Reason::TooNoisy);
    Verdict::Inconclusive {
        reasons: likeliest.into_iter().chain(hopeless).collect(),
        candidates: candidates
            .iter()
            .filter(|candidate| candidate.as_good.get() >= 1.0 - CONFIDENCE)
            .map(|candidate| candidate.jobs)
            .collect(),
        more_blocks_likely,
    }
}

/// Why there is one number of jobs to choose from: only it was tried, or the others failed.
fn one_job_count(curve: &Curve, jobs: Jobs) -> Reason {
    let others = || curve.cells.iter().filter(|cell| cell.jobs != jobs);
    let failed: u32 = others().map(|cell| cell.counts.failed).sum();
    if jobs != Jobs::ONE || failed == 0 {
        return Reason::OneJobCount { jobs };
    }
    let trials = others().map(|cell| cell.counts.trials()).sum();
    Reason::OnlySerialIsReliable { failed, trials }
}

/// Why a curve has no odds.
fn unjudged(curve: &Curve, blocks: usize) -> Verdict {
    let choice: Vec<Jobs> =
        curve.measured().iter().filter(|cell| !cell.is_ruled_out()).map(|cell| cell.jobs).collect();
    let mut reasons = Vec::new();
    match choice[..] {
        [] if curve.cells.iter().any(|cell| !cell.breaches.is_empty()) => {
            reasons.push(Reason::NothingWithinLimits);
        }
        [] => reasons.push(Reason::NothingCompleted),
        // The only one within the limits needs no comparison.
        [jobs] if blocks >= MIN_BLOCKS && curve.cells.iter().any(|c| !c.breaches.is_empty()) => {
            return Verdict::Recommend {
                jobs,
                probability: Probability::new(1.0),
                basis: Basis::NormalModel,
                regret_ratio: Estimate { value: 0.0, low: Some(0.0), high: Some(0.0) },
                cannot_be_told_from: Vec::new(),
            };
        }
        [jobs] => reasons.push(one_job_count(curve, jobs)),
        _ => {}
    }
    if blocks < MIN_BLOCKS && blocks > 0 {
        reasons.push(Reason::TooFewBlocks { seen: blocks });
    }
    if reasons.is_empty() {
        reasons.push(Reason::Incomparable);
    }
    Verdict::Inconclusive { reasons, candidates: choice, more_blocks_likely: None }
}
