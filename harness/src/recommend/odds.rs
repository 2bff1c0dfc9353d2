//! How probable it is that a number of jobs is as good as the best.

use restore_core::units::Jobs;

use crate::analysis::curve::Curve;
use crate::analysis::fit;
use crate::stats::bootstrap::{Basis, Draws};
use crate::stats::estimate::Estimate;
use crate::stats::interval::{Interval, Level};
use crate::stats::usl::{Fit, Law};
use crate::stats::{holm, moments, random};

/// How many times the levels of a curve are drawn for a verdict. A
/// probability of 0.95 is then known to 0.002.
pub const DRAWS: usize = 10_000;

/// A law is refitted to this many of the draws: enough for an interval.
const REFITS: usize = 2_000;

/// How far ahead more blocks are thought about.
pub const MOST_BLOCKS: usize = 100;

/// A curve's cells with their chances.
#[derive(Debug, Clone, PartialEq)]
pub struct Odds {
    jobs: Vec<Jobs>,
    draws: Draws,
    /// Blocks, or hosts where there are several.
    units: usize,
    /// The blocks of a unit: 1, or what a host has of them.
    blocks_per_unit: usize,
    tolerance: f64,
}

impl Odds {
    /// Draws the levels of those cells of `curve` that can be recommended.
    /// `None` where the blocks cannot tell noise from effects, and where there
    /// is nothing to choose from.
    pub fn new(curve: &Curve, tolerance: f64, seed: u64, draws: usize) -> Option<Self> {
        let measured = curve.measured();
        let columns: Vec<usize> =
            (0..measured.len()).filter(|&index| !measured[index].is_ruled_out()).collect();
        if columns.len() < 2 {
            return None;
        }
        let jobs = columns.iter().map(|&column| measured[column].jobs).collect();
        let table = curve.units().select(&columns);
        let mut random = random::stream(seed, &format!("levels of {}", curve.key));
        let units = table.blocks().len();
        let blocks_per_unit = curve.blocks().div_ceil(units.max(1));
        let draws = Draws::new(&table, draws, &mut random)?;
        Some(Self { jobs, draws, units, blocks_per_unit, tolerance })
    }

    pub fn basis(&self) -> Basis {
        self.draws.basis()
    }

    /// The candidates, by ascending jobs.
    pub fn jobs(&self) -> &[Jobs] {
        &self.jobs
    }

    /// For each candidate, P(T(j) <= (1 + tolerance) min T).
    pub fn as_good(&self) -> Vec<f64> {
        self.as_good_in(&self.draws)
    }

    fn as_good_in(&self, draws: &Draws) -> Vec<f64> {
        let allowed = self.tolerance.ln_1p();
        (0..self.jobs.len())
            .map(|cell| draws.probability(|levels| levels[cell] <= lowest(levels) + allowed))
            .collect()
    }

    /// How much slower than the best the candidate at `index` is, as a fraction,
    /// with 95 % of the draws: against measured cells neither end is negative.
    pub fn regret(&self, index: usize) -> Estimate {
        let regret = |levels: &[f64]| (levels[index] - lowest(levels)).exp_m1();
        summarise(regret(self.draws.center()), self.draws.iter().map(regret))
    }

    /// The candidates whose times cannot be told from that of `jobs`: the
    /// share of draws on the smaller side, doubled and adjusted by Holm for
    /// all of them, is not under 5 %.
    pub fn equivalent_to(&self, jobs: Jobs) -> Vec<Jobs> {
        let Some(own) = self.jobs.iter().position(|&known| known == jobs) else {
            return Vec::new();
        };
        let others: Vec<usize> = (0..self.jobs.len()).filter(|&other| other != own).collect();
        let p_values: Vec<f64> = others
            .iter()
            .map(|&other| {
                let slower = self.draws.probability(|levels| levels[other] >= levels[own]);
                let faster = self.draws.probability(|levels| levels[other] <= levels[own]);
                (2.0 * slower.min(faster)).min(1.0)
            })
            .collect();
        others
            .into_iter()
            .zip(holm::adjust(&p_values))
            .filter(|&(_, p)| p >= Level::P95.alpha())
            .map(|(other, _)| self.jobs[other])
            .collect()
    }

    /// The same of an unmeasured j, which can come out faster than every measured
    /// one: by the Universal Scalability Law, fitted
    /// anew to each draw, and never under `floor_seconds`; `None` where the
    /// law cannot be fitted.
    pub fn predicted_regret(&self, jobs: Jobs, floor_seconds: f64) -> Option<Estimate> {
        let predict = |levels: &[f64]| {
            let points: Vec<_> = self
                .jobs
                .iter()
                .zip(levels)
                .map(|(&jobs, level)| fit::point(jobs, level.exp(), 1.0))
                .collect();
            let law = Fit::new(Law::Usl, &points)?;
            let time = law.time(f64::from(jobs.get())).max(floor_seconds);
            Some(time / lowest(levels).exp() - 1.0)
        };
        let estimate = predict(self.draws.center())?;
        Some(summarise(estimate, self.draws.iter().take(REFITS).filter_map(predict)))
    }

    /// How many further blocks would likely bring some candidate to
    /// `confidence`, if the estimates stay where they are; `None` where
    /// [`MOST_BLOCKS`] would not. Where there are several hosts, they are blocks of
    /// further hosts.
    pub fn more_blocks_likely(&self, confidence: f64) -> Option<u32> {
        let enough = |units: usize| {
            let draws = self.draws.narrowed((self.units as f64 / units as f64).sqrt());
            self.as_good_in(&draws).iter().any(|&p| p >= confidence)
        };
        // The chance grows with the blocks: halve the range.
        let (mut short, mut long) = (self.units, MOST_BLOCKS.max(self.units + 1));
        if !enough(long) {
            return None;
        }
        while long - short > 1 {
            let middle = short.midpoint(long);
            if enough(middle) { long = middle } else { short = middle }
        }
        u32::try_from((long - self.units) * self.blocks_per_unit).ok()
    }
}

fn lowest(levels: &[f64]) -> f64 {
    levels.iter().copied().fold(f64::INFINITY, f64::min)
}

fn summarise(estimate: f64, draws: impl Iterator<Item = f64>) -> Estimate {
    let sorted = moments::sorted(&draws.collect::<Vec<_>>());
    let at = |p| moments::quantile_of_sorted(&sorted, p).unwrap_or(estimate);
    let upper = Level::P95.upper();
    Estimate::rounded(estimate, Some(Interval::between(at(1.0 - upper), at(upper))))
}
