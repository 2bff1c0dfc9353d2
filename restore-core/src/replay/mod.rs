//! Predicts how long a restore takes with a number of jobs that was not
//! measured, from the item timings of one that was.
//!
//! The model: each item has its work, and keeps so many processors busy while
//! it runs alone; see [`Demand`]. While k items run
//! together that want D of the c processors, all of them are slowed by the same
//! factor
//!
//! ```text
//! phi = max(1, D / c) (1 + a (k' - 1) + b k (k - 1))       a, b >= 0
//! ```
//!
//! where k' is how many of them the processors carry; `slowdown.rs` says why.
//! The first factor is known before anything is fitted, and makes the plateau of
//! a small machine; the second is what is measured beyond it. The items are scheduled
//! as `pg_restore` schedules them.
//!
//! Because the slowdown is shared, it changes when things happen and not in
//! which order: in a clock that runs phi times slower while these items run,
//! nothing is slowed at all. So one simulation without contention per number
//! of jobs gives the time W that each number of items with each demand run
//! together, and
//!
//! ```text
//! T = O + sum of W phi = O + A + a B + b C
//! ```
//!
//! with A, B and C the sums of W times the parts of phi, and the overhead O of
//! the run outside its items. This is exact, linear in a and b, and makes the
//! fit a matter of microseconds.
//!
//! That all are slowed alike is a simplification. The kernel gives an item that
//! wants little of a processor nearly all that it wants, and slows the others
//! the more; and one that waits for the disk is held up by other things than
//! one that computes.

mod fit;
mod recording;
mod slowdown;

pub use recording::{RecordedItem, Recording, RecordingError};
pub use slowdown::{Contention, Processors};

use std::collections::HashMap;
use std::time::Duration;

use crate::plan::{Costs, Demand, Plan};
use crate::schedule::{Policy, Segment, Simulation};
use crate::units::{DumpId, Jobs};

use fit::{Fit, Observation};
use slowdown::Shape;

/// What a restore took, from start to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measured {
    /// With how many jobs.
    pub jobs: Jobs,
    /// How long: one trial's time, or the geometric mean of several.
    pub time: Duration,
}

/// Why a replay could not be fitted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// The recorded items do not make sense.
    #[error(transparent)]
    Recording(#[from] RecordingError),
    /// No restore's items were recorded.
    #[error("no restore's items were recorded")]
    NothingRecorded,
    /// Nothing was measured.
    #[error("no restore was measured: give the time of at least one number of jobs")]
    NothingMeasured,
    /// A time of zero.
    #[error("the restore with {jobs} jobs is said to have taken no time")]
    NoTime {
        /// The number of jobs.
        jobs: Jobs,
    },
    /// No item of the plan has a recorded duration.
    #[error("none of the {recorded} recorded items is in the archive: was it another archive?")]
    ForeignRecording {
        /// How many items were recorded.
        recorded: usize,
    },
}

/// The replay model of one archive on one machine, fitted.
#[derive(Debug, Clone)]
pub struct Replay<'plan> {
    plan: &'plan Plan,
    policy: Policy,
    processors: Processors,
    costs: Costs,
    overhead: f64,
    fit: Fit,
}

/// What the model says about one number of jobs.
#[derive(Debug, Clone)]
pub struct Prediction {
    /// The number of jobs.
    pub jobs: Jobs,
    /// How long the restore takes.
    pub time: Duration,
    /// The standard error of ln `time` for one further restore: the scatter
    /// about the fitted curve and the uncertainty of a and b together.
    pub ln_error: f64,
    /// The degrees of freedom of that standard error.
    pub degrees_of_freedom: u32,
    /// The time that workers wait for work, added up over them.
    pub idle: Duration,
    /// How long the restore goes on after the last moment at which every
    /// worker had work.
    pub tail: Duration,
    /// The item that keeps the workers up to their end.
    pub straggler: Option<DumpId>,
}

impl Prediction {
    /// The interval exp(ln T -+ `quantile` * [`ln_error`](Self::ln_error)).
    ///
    /// For a band that holds one further restore with probability p, give
    /// Student's t quantile at (1 + p) / 2 for the degrees of freedom.
    pub fn band(&self, quantile: f64) -> (Duration, Duration) {
        let factor = (quantile * self.ln_error).exp();
        (self.time.div_f64(factor), self.time.mul_f64(factor))
    }
}

/// Rounds of making work and contention agree, at most. With one job recorded
/// the first is final; with more, extrapolation settles it in about ten.
const ROUNDS: usize = 40;

impl<'plan> Replay<'plan> {
    /// Fits the model to what was measured.
    ///
    /// `recordings` are restores with the fewest jobs that there are: with
    /// one, items are not slowed by each other. With more, their work is what
    /// remains once the slowdown that the model finds has been taken out of
    /// their durations, and each is taken to keep one processor busy: whose
    /// the processor time was cannot be told. Of several recordings the mean
    /// counts.
    ///
    /// With a single measured number of jobs above one, only a is fitted; one
    /// number cannot tell a from b.
    pub fn fit(
        plan: &'plan Plan,
        policy: Policy,
        processors: Processors,
        recordings: &[Recording],
        measured: &[Measured],
    ) -> Result<Self, ReplayError> {
        check(measured)?;
        if recordings.is_empty() {
            return Err(ReplayError::NothingRecorded);
        }
        let count = recordings.len() as f64;
        let overhead =
            recordings.iter().map(|one| one.overhead().as_secs_f64()).sum::<f64>() / count;
        let demands = mean_demands(recordings);
        let observe = |costs: &Costs| {
            let mut shapes: HashMap<Jobs, Shape> = HashMap::new();
            let mut shape = |jobs| {
                let simulate = || Simulation::run(plan, costs, jobs, policy).segments;
                let of = || Shape::of(&simulate(), processors, overhead);
                *shapes.entry(jobs).or_insert_with(of)
            };
            let observation = |seen: &Measured| Observation {
                shape: shape(seen.jobs),
                time: seen.time.as_secs_f64(),
            };
            measured.iter().map(observation).collect::<Vec<_>>()
        };
        let mut search = fit::FixedPoint::default();
        let mut rounds = if recordings.iter().all(Recording::is_serial) { 1 } else { ROUNDS };
        loop {
            let work = mean_work(recordings, processors, search.point);
            let costs = costs(plan, &work)?.with_demands(plan, &demands);
            let fit = Fit::new(&observe(&costs));
            let settled = search.advance(fit.contention);
            rounds -= 1;
            if settled || rounds == 0 {
                return Ok(Self { plan, policy, processors, costs, overhead, fit });
            }
        }
    }

    /// The slowdown of items that run together, beyond the lack of processors.
    pub fn contention(&self) -> Contention {
        self.fit.contention
    }

    /// The work of the items, free of slowdown.
    pub fn costs(&self) -> &Costs {
        &self.costs
    }

    /// ln(measured / fitted) of each measured time, in the order given.
    pub fn residuals(&self) -> &[f64] {
        &self.fit.residuals
    }

    /// What the model says for this many jobs. Takes one simulation.
    pub fn predict(&self, jobs: Jobs) -> Prediction {
        let simulation = Simulation::run(self.plan, &self.costs, jobs, self.policy);
        let stretched =
            |segment: &Segment| self.processors.shape_of(segment).time(self.fit.contention);
        let idle = |segment: &Segment| stretched(segment) * f64::from(jobs.get() - segment.running);
        let parallel = simulation.segments.iter().filter(|segment| segment.parallel);
        let shape = Shape::of(&simulation.segments, self.processors, self.overhead);
        Prediction {
            jobs,
            time: seconds(shape.time(self.fit.contention)),
            ln_error: self.fit.ln_error(shape),
            degrees_of_freedom: self.fit.degrees_of_freedom(),
            idle: seconds(parallel.map(idle).sum()),
            tail: seconds(simulation.tail().iter().map(stretched).sum()),
            straggler: simulation.straggler().map(|span| self.plan.id(span.item)),
        }
    }

    /// How long a restore of some of the items takes with this many jobs, one of a section.
    /// Takes one simulation.
    pub fn predict_part(&self, jobs: Jobs, keep: impl Fn(DumpId) -> bool) -> Duration {
        let costs = self.costs.clone().only(self.plan, keep);
        let simulation = Simulation::run(self.plan, &costs, jobs, self.policy);
        let shape = Shape::of(&simulation.segments, self.processors, self.overhead);
        seconds(shape.time(self.fit.contention))
    }
}

fn check(measured: &[Measured]) -> Result<(), ReplayError> {
    if measured.is_empty() {
        return Err(ReplayError::NothingMeasured);
    }
    match measured.iter().find(|seen| seen.time.is_zero()) {
        Some(seen) => Err(ReplayError::NoTime { jobs: seen.jobs }),
        None => Ok(()),
    }
}

/// The work of each item, averaged over the recordings that have it.
fn mean_work(
    recordings: &[Recording],
    processors: Processors,
    contention: Contention,
) -> HashMap<DumpId, Duration> {
    let mut sums: HashMap<DumpId, (Duration, u32)> = HashMap::new();
    for recording in recordings {
        for (id, work) in recording.work(processors, contention) {
            let (sum, count) = sums.entry(id).or_default();
            *sum += work;
            *count += 1;
        }
    }
    sums.into_iter().map(|(id, (sum, count))| (id, sum / count)).collect()
}

/// How many processors each item keeps busy, averaged over the time in which
/// it ran in the recordings that tell.
fn mean_demands(recordings: &[Recording]) -> HashMap<DumpId, Demand> {
    let mut sums: HashMap<DumpId, (f64, f64)> = HashMap::new();
    for (id, demand, over) in recordings.iter().flat_map(Recording::demands) {
        let (used, time) = sums.entry(id).or_default();
        *used += f64::from(demand.0) * 1e-3 * over.as_secs_f64();
        *time += over.as_secs_f64();
    }
    let mean = |(used, time): (f64, f64)| Demand::of_processors(used / time);
    sums.into_iter().map(|(id, sum)| (id, mean(sum))).collect()
}

fn costs(plan: &Plan, work: &HashMap<DumpId, Duration>) -> Result<Costs, ReplayError> {
    let costs = Costs::measured(plan, work);
    if costs.total() == 0 {
        return Err(ReplayError::ForeignRecording { recorded: work.len() });
    }
    Ok(costs)
}

/// Seconds as a duration; at most what a duration holds.
fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
}
