//! Which restore comes next, and when it is enough.

use std::time::Duration;

use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};
use restore_core::units::Jobs;
use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, Normal};

use super::model::{Draw, ObservedRestore, Posterior};
use super::prior::Prior;
use crate::analysis::serial_only::failed_by_archive;
use crate::design::Adaptive;
use crate::recommend::verdict::CONFIDENCE;
use crate::record::{Ending, Outcome, RunRecord, TrialRow};
use crate::stats::{moments, random};

/// Fewer completed restores than this decide nothing, whatever the model
/// says: one of them has no other to be compared with.
const FEWEST: usize = 3;

/// A number of jobs that was restored with fewer times is not recommended: once
/// may have been luck.
const FEWEST_OF_CHOSEN: usize = 2;

/// Equal restores that differ by more than this (standard deviation of ln seconds) decide
/// nothing within a tuning: to tell 5 % would take more than thirty of each.
const TOO_NOISY: f64 = 0.2;

/// -j 1 is tried when no more restores than this are left: on a disk that commits slowly it can
/// be the fastest, which no curve of the family is. One more can then confirm it.
const LEFT_FOR_SERIAL: usize = 2;

/// Differences between equal restores that are enough to end by.
const FEWEST_DIFFERENCES: usize = 2;

/// Imagined outcomes of each restore that could come next.
const FANTASIES: usize = 24;

/// Draws that imagined outcomes are weighed by.
const WEIGHED: usize = 500;

/// A restore is stopped when it has taken so many standard deviations of the
/// noise longer than would still be as good as the best.
const HOPELESS: f64 = 3.0;

/// Chooses the restores of one curve.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// The numbers of jobs to choose from, ascending.
    pub jobs: Vec<Jobs>,
    /// What is known before the first restore.
    pub prior: Prior,
    /// How much slower than the best is as good, as a fraction.
    pub tolerance: f64,
    /// At most so many restores.
    pub max_restores: usize,
    /// Seeds the draws.
    pub seed: u64,
}

/// What comes next.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Place of the number of jobs among the candidates.
    pub cell: usize,
    /// Stop the restore after this time.
    pub limit: Option<Duration>,
    /// Why this one.
    pub reason: String,
}

/// What is known of a candidate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// The number of jobs.
    pub jobs: Jobs,
    /// Completed restores.
    pub n: usize,
    /// Geometric mean of their times.
    pub seconds: Option<f64>,
    /// It takes longer than this: a restore was stopped then.
    pub longer_than_seconds: Option<f64>,
    /// What the model expects.
    pub expected_seconds: Option<f64>,
    /// That it is within the tolerance of the best.
    pub probability: f64,
    /// Whether restores with it failed, which rules it out.
    pub failed: bool,
}

/// What is known after some restores.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    /// The candidates, ascending.
    pub candidates: Vec<Candidate>,
    /// The smallest number of jobs that is sure enough to be as good as the
    /// best.
    pub chosen: Option<Jobs>,
    /// The likeliest to be, where none is sure enough.
    pub likeliest: Option<Jobs>,
    /// How much equal restores differ: the standard deviation of the logarithm of their times,
    /// where any was repeated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noise: Option<f64>,
}

impl Standing {
    /// Whether equal restores differ too much for a few of them to decide.
    pub fn is_too_noisy(&self) -> bool {
        self.noise.is_some_and(|noise| noise > TOO_NOISY)
    }
}

/// What the rows of a curve say.
struct Known {
    seen: Vec<ObservedRestore>,
    /// Whether restores with a candidate failed.
    failed: Vec<bool>,
    /// Place of -j 1 among the candidates.
    serial: Option<usize>,
    /// Place of the restore that comes next.
    next: usize,
    /// Seconds that a trial takes besides the restore.
    overhead: f64,
}

impl Known {
    fn new(jobs: &[Jobs], rows: &[TrialRow]) -> Self {
        let mut known = Self {
            seen: Vec::new(),
            failed: vec![false; jobs.len()],
            serial: jobs.iter().position(|&jobs| jobs == Jobs::ONE),
            next: rows.len(),
            overhead: 0.0,
        };
        for (place, row) in rows.iter().enumerate() {
            let Some(cell) = jobs.iter().position(|&jobs| jobs == row.jobs) else { continue };
            let ln_seconds = (row.wall_ns.max(1) as f64 / 1e9).ln();
            let was_stopped = row.outcome == Outcome::TimedOut;
            match row.outcome {
                Outcome::Completed | Outcome::TimedOut => {
                    known.seen.push(ObservedRestore { cell, place, ln_seconds, was_stopped });
                }
                Outcome::Failed | Outcome::Invalid => known.failed[cell] = true,
            }
            known.overhead += row.overhead().as_secs_f64() / rows.len() as f64;
        }
        known.leave_what_is_left_to_chance(jobs, rows);
        known
    }

    /// After a restore with several jobs that an error of the archive's own ended, none with
    /// more than one is tried: the archive may be one that only -j 1 restores reliably.
    fn leave_what_is_left_to_chance(&mut self, jobs: &[Jobs], rows: &[TrialRow]) {
        let Some(serial) = self.serial else { return };
        let is_parallel = |row: &&TrialRow| row.jobs > Jobs::ONE;
        if !self.failed[serial] && rows.iter().filter(is_parallel).any(failed_by_archive) {
            for (failed, &jobs) in self.failed.iter_mut().zip(jobs) {
                *failed |= jobs > Jobs::ONE;
            }
        }
    }

    /// ln seconds of what completed with a candidate.
    fn completed(&self, cell: usize) -> Vec<f64> {
        self.of(cell, false)
    }

    /// ln seconds after which restores with it were stopped.
    fn bounds(&self, cell: usize) -> Vec<f64> {
        self.of(cell, true)
    }

    fn of(&self, cell: usize, was_stopped: bool) -> Vec<f64> {
        let wanted = |seen: &&ObservedRestore| seen.cell == cell && seen.was_stopped == was_stopped;
        self.seen.iter().filter(wanted).map(|seen| seen.ln_seconds).collect()
    }

    fn all_completed(&self) -> usize {
        self.seen.iter().filter(|seen| !seen.was_stopped).count()
    }

    /// The standard deviation of ln seconds within the candidates, where there are so many
    /// differences between equal restores.
    fn noise_of(&self, fewest: usize) -> Option<f64> {
        let groups: Vec<Vec<f64>> = (0..self.failed.len()).map(|of| self.completed(of)).collect();
        let differences: usize = groups.iter().map(|group| group.len().saturating_sub(1)).sum();
        let squares = |group: &Vec<f64>| {
            let mean = moments::mean(group).unwrap_or_default();
            group.iter().map(|value| (value - mean).powi(2)).sum::<f64>()
        };
        let squares: f64 = groups.iter().map(squares).sum();
        (differences >= fewest).then(|| (squares / differences as f64).sqrt())
    }

    /// The restore that is missing before `cell` may be chosen: once may have been
    /// luck, and a neighbour that nobody has tried, or -j 1, is only what the model
    /// makes of it, which a curve need not follow.
    fn missing(&self, cell: usize) -> Option<usize> {
        let is_open = |cell: &usize| self.failed.get(*cell) == Some(&false);
        let beside = [cell.checked_sub(1), Some(cell + 1), self.serial].into_iter().flatten();
        let untried = beside.filter(is_open).find(|&cell| !self.is_tried(cell));
        untried.or_else(|| (self.completed(cell).len() < FEWEST_OF_CHOSEN).then_some(cell))
    }

    /// Place of -j 1, if it is open and was never tried.
    fn untried_serial(&self) -> Option<usize> {
        self.serial.filter(|&cell| !self.failed[cell] && !self.is_tried(cell))
    }

    fn is_tried(&self, cell: usize) -> bool {
        self.seen.iter().any(|seen| seen.cell == cell)
    }

    /// The candidate that would be chosen but for a restore that is missing, and
    /// that restore.
    fn to_confirm(&self, probabilities: &[f64]) -> Option<(usize, usize)> {
        let is_enough = self.all_completed() + 1 >= FEWEST;
        let sure = self.open().into_iter().find(|&cell| probabilities[cell] >= CONFIDENCE);
        sure.filter(|_| is_enough).and_then(|sure| Some((sure, self.missing(sure)?)))
    }

    fn open(&self) -> Vec<usize> {
        (0..self.failed.len()).filter(|&cell| !self.failed[cell]).collect()
    }
}

/// A restore that could come next.
struct Prospect {
    cell: usize,
    /// It is stopped after this time.
    limit: Option<Duration>,
    /// What it and all about it will likely take.
    seconds: f64,
    /// By how much it lowers the doubt for its time.
    gain_per_second: f64,
}

impl Rule {
    /// The rule of a run that chooses its restores.
    pub fn of(run: &RunRecord, adaptive: &Adaptive) -> Self {
        Self {
            jobs: run.design.cells().iter().map(|cell| cell.jobs).collect(),
            prior: Prior { floors: adaptive.floors.clone(), cores: adaptive.cores },
            tolerance: run.scenario.limits.tolerance.share(),
            max_restores: adaptive.max_restores as usize,
            seed: run.design.seed(),
        }
    }

    fn believe(&self, known: &Known) -> Posterior {
        let mut random = random::stream(self.seed, "tune");
        Posterior::new(&self.jobs, &self.prior, &known.seen, known.next, &mut random)
    }

    /// For each candidate, whether it is as good as the best in a draw.
    fn good(&self, draw: &Draw, open: &[usize]) -> Vec<bool> {
        let best = open.iter().map(|&cell| draw.levels[cell]).fold(f64::INFINITY, f64::min);
        let allowed = best + self.tolerance.ln_1p();
        (0..self.jobs.len())
            .map(|cell| open.contains(&cell) && draw.levels[cell] <= allowed)
            .collect()
    }

    fn probabilities(&self, posterior: &Posterior, open: &[usize]) -> Vec<f64> {
        let all: Vec<(Vec<bool>, f64)> =
            posterior.draws.iter().map(|draw| (self.good(draw, open), draw.weight)).collect();
        shares(&all, self.jobs.len())
    }

    /// What is known after these rows.
    pub fn standing(&self, rows: &[TrialRow]) -> Standing {
        let known = Known::new(&self.jobs, rows);
        let open = known.open();
        let posterior = self.believe(&known);
        let probabilities = self.probabilities(&posterior, &open);
        let candidates: Vec<Candidate> = (0..self.jobs.len())
            .map(|cell| {
                let (completed, bounds) = (known.completed(cell), known.bounds(cell));
                let expected = (!posterior.draws.is_empty())
                    .then(|| posterior.mean(|draw| draw.levels[cell]).exp());
                Candidate {
                    jobs: self.jobs[cell],
                    n: completed.len(),
                    seconds: moments::mean(&completed).map(f64::exp),
                    longer_than_seconds: bounds.into_iter().reduce(f64::max).map(f64::exp),
                    expected_seconds: expected,
                    probability: probabilities[cell],
                    failed: known.failed[cell],
                }
            })
            .collect();
        let is_enough = known.all_completed() >= FEWEST;
        let sure = |cell: &usize| {
            candidates[*cell].probability >= CONFIDENCE && known.missing(*cell).is_none()
        };
        // One difference is too few to end by, and enough to decide nothing.
        let noise = known.noise_of(1);
        let can_decide = is_enough && noise.is_none_or(|noise| noise <= TOO_NOISY);
        let chosen = open.iter().copied().find(sure).filter(|_| can_decide);
        let chosen = chosen.map(|cell| self.jobs[cell]);
        let likeliest = candidates
            .iter()
            .filter(|candidate| candidate.n > 0)
            .max_by(|a, b| a.probability.total_cmp(&b.probability))
            .map(|candidate| candidate.jobs);
        Standing { candidates, chosen, likeliest, noise }
    }

    /// Why no further restore is worth its time.
    pub fn ending(&self, rows: &[TrialRow]) -> Option<Ending> {
        if rows.len() >= self.max_restores {
            return Some(Ending::MaxTrials);
        }
        let known = Known::new(&self.jobs, rows);
        if known.open().is_empty() {
            return Some(Ending::Failures);
        }
        if known.noise_of(FEWEST_DIFFERENCES).is_some_and(|noise| noise > TOO_NOISY) {
            return Some(Ending::Noise);
        }
        self.standing(rows).chosen.map(|_| Ending::Decided)
    }

    /// The restore that follows these rows; `None` where no candidate is
    /// left.
    pub fn next(&self, rows: &[TrialRow]) -> Option<Step> {
        let known = Known::new(&self.jobs, rows);
        let open = known.open();
        if known.all_completed() == 0 {
            return self.first(&open);
        }
        let posterior = self.believe(&known);
        let is_late = rows.len() + LEFT_FOR_SERIAL >= self.max_restores;
        if let Some(cell) = known.untried_serial().filter(|_| is_late) {
            let limit = Some(self.hopeless(&posterior, &open));
            let reason = "-j 1: it was not tried, and no curve says whether workers pay at all";
            return Some(Step { cell, limit, reason: reason.to_owned() });
        }
        let now = self.probabilities(&posterior, &open);
        if let Some((chosen, cell)) = known.to_confirm(&now) {
            let limit = (cell != chosen).then(|| self.hopeless(&posterior, &open));
            let reason = format!(
                "-j {}: as good as the best with a probability of {:.2}, which a restore with -j \
                 {} should confirm",
                self.jobs[chosen], now[chosen], self.jobs[cell],
            );
            return Some(Step { cell, limit, reason });
        }
        let Prospect { cell, limit, seconds, .. } = open
            .iter()
            .map(|&cell| self.prospect(cell, doubt(&now), &known, &posterior))
            .max_by(|a, b| a.gain_per_second.total_cmp(&b.gain_per_second))?;
        let reason = format!(
            "-j {}: as good as the best with a probability of {:.2}; of all restores, one of about \
             {seconds:.1} s here lowers the doubt most for its time",
            self.jobs[cell], now[cell],
        );
        Some(Step { cell, limit, reason })
    }

    /// What a further restore of `cell` would likely take, and do to the `doubt`.
    fn prospect(&self, cell: usize, doubt: f64, known: &Known, posterior: &Posterior) -> Prospect {
        let open = known.open();
        // Where none has completed, a bound says enough.
        let is_new = known.completed(cell).is_empty();
        let limit = is_new.then(|| self.hopeless(posterior, &open));
        let until = limit.map_or(f64::INFINITY, |limit| limit.as_secs_f64());
        let restoring = posterior.mean(|draw| draw.next(cell).exp().min(until));
        let seconds = restoring + known.overhead;
        let left = self.doubt_after(cell, until.ln(), posterior, &open);
        Prospect { cell, limit, seconds, gain_per_second: (doubt - left) / seconds }
    }

    fn first(&self, open: &[usize]) -> Option<Step> {
        let wanted = self.prior.first(&self.jobs);
        let cell = *open.iter().min_by_key(|cell| cell.abs_diff(wanted))?;
        let useful = self.jobs[self.prior.useful(&self.jobs)];
        let cores = self.prior.cores.map_or_else(
            || "the number of processors is not known".to_owned(),
            |cores| format!("the server has {cores} processors"),
        );
        let reason = format!(
            "-j {} first: {cores}, and the archive gives up to {useful} workers something to do",
            self.jobs[cell]
        );
        Some(Step { cell, limit: None, reason })
    }

    /// The doubt that a further restore would likely leave: over outcomes
    /// imagined from what is believed, each weighing the draws anew. One that
    /// takes longer than `limit` (ln seconds) is stopped, and tells no more than
    /// that.
    fn doubt_after(&self, cell: usize, limit: f64, posterior: &Posterior, open: &[usize]) -> f64 {
        let draws = &posterior.draws[..posterior.draws.len().min(DRAWS_EVERY * WEIGHED)];
        let draws: Vec<&Draw> = draws.iter().step_by(DRAWS_EVERY).collect();
        let good: Vec<Vec<bool>> = draws.iter().map(|draw| self.good(draw, open)).collect();
        let mut random = random::stream(self.seed, "fantasies");
        let mut left = 0.0;
        let mut total = 0.0;
        for _ in 0..FANTASIES {
            let from = draws[random.random_range(0..draws.len())];
            let normal: f64 = StandardNormal.sample(&mut random);
            let outcome = from.next(cell) + from.noise * normal;
            let weighed: Vec<(Vec<bool>, f64)> = draws
                .iter()
                .zip(&good)
                .map(|(draw, good)| {
                    (good.clone(), draw.weight * likelihood(draw, cell, outcome, limit))
                })
                .collect();
            left += from.weight * doubt(&shares(&weighed, self.jobs.len()));
            total += from.weight;
        }
        if total > 0.0 { left / total } else { 0.0 }
    }

    /// From this time on a restore cannot be as good as the best any more.
    fn hopeless(&self, posterior: &Posterior, open: &[usize]) -> Duration {
        let best = open
            .iter()
            .map(|&cell| posterior.mean(|draw| draw.next(cell)))
            .fold(f64::INFINITY, f64::min);
        let noise = posterior.noise();
        Duration::from_secs_f64((best + self.tolerance.ln_1p() + HOPELESS * noise).exp())
    }
}

/// Every so many draws are weighed by imagined outcomes.
const DRAWS_EVERY: usize = 4;

/// How likely a draw makes an outcome, up to a factor that all draws share; one
/// beyond `limit` is only known to be so.
fn likelihood(draw: &Draw, cell: usize, outcome: f64, limit: f64) -> f64 {
    let off = |at: f64| (at - draw.next(cell)) / draw.noise;
    if outcome > limit {
        Normal::standard().sf(off(limit))
    } else {
        (-0.5 * off(outcome).powi(2)).exp() / draw.noise
    }
}

/// The share of weight in which each candidate is good.
fn shares(weighed: &[(Vec<bool>, f64)], candidates: usize) -> Vec<f64> {
    let mut sums = vec![0.0; candidates];
    let mut total = 0.0;
    for (good, weight) in weighed {
        total += weight;
        for (sum, &good) in sums.iter_mut().zip(good) {
            *sum += if good { *weight } else { 0.0 };
        }
    }
    sums.iter().map(|sum| if total > 0.0 { sum / total } else { 0.0 }).collect()
}

/// How far the probabilities are from certainty: the sum of p (1 - p). Unlike
/// the largest p, it falls with everything that is learnt.
fn doubt(probabilities: &[f64]) -> f64 {
    probabilities.iter().map(|p| p * (1.0 - p)).sum()
}
